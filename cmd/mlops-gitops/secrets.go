package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/repo"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/rotation"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

func secretsCmd(at *workdir) *cobra.Command {
	cmd := &cobra.Command{
		Use:                        "secrets",
		Short:                      "make, set and rotate secrets, say who can read them, and prove that nobody else does",
		SuggestionsMinimumDistance: 2,
		Example:                    "  mlops-gitops secrets generate prod\n  mlops-gitops secrets rotate dev postgres.admin",
		Args:                       noVerb,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(generateCmd(at), setCmd(at), rotateCmd(at), recipientsCmd(at), auditCmd(at))
	return cmd
}

// noVerb refuses a word that is no verb of secrets, and says who does what was meant.
func noVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	env := "ENV"
	if len(args) > 1 {
		env = shellWord(args[1])
	}
	hint := cmd.CommandPath() + " --help lists the verbs"
	switch args[0] {
	case "show", "get", "view", "cat", "print", "decrypt":
		hint = fmt.Sprintf("values are never printed here; with a private key: sops decrypt deploy/%s/secrets/NAME.yaml; on this machine: cat .secrets/%[1]s/NAME", env)
	case "edit":
		hint = fmt.Sprintf("sops edit deploy/%s/secrets/NAME.yaml, with a private key; without one: %s set %[1]s NAME", env, cmd.CommandPath())
	case "list", "ls":
		hint = fmt.Sprintf("%s rotate %s lists them", cmd.CommandPath(), env)
	default:
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = fmt.Sprintf("did you mean %q?", near[0])
		}
	}
	return &refusal{fmt.Sprintf("secrets has no verb %q", args[0]), hint}
}

func generateCmd(at *workdir) *cobra.Command {
	return &cobra.Command{
		Use:   "generate ENV...",
		Short: "make the secrets that have no value yet",
		Long: `generate makes the values of declared secrets, once: for this machine as files in
.secrets/ENV, which Git ignores; for a cluster as SOPS files in deploy/ENV/secrets,
encrypted to the age recipients of the environment. A value that is there stays. What a
person supplies is named, and the others are made. What can't get another value is not
made where Git keeps the one that it has.

Certificates for this machine come with an authority of the environment's own, which
can vouch for their names and nothing else. One that ends within 30 days, or is for
other names than the environment's, is made anew.`,
		Example:           "  mlops-gitops secrets generate prod",
		Args:              named,
		ValidArgsFunction: at.offer(environments),
		RunE: func(cmd *cobra.Command, args []string) error {
			repo, err := at.open()
			if err != nil {
				return err
			}
			loaded, err := repo.envs.Load(args...)
			if err != nil {
				return err
			}
			if err := repo.ownSecrets(); err != nil {
				return err
			}
			for _, l := range loaded {
				declared, err := localSecrets(l.Environment)
				if err != nil {
					return err
				}
				if err := repo.makeLocalSecrets(cmd.Context(), false, cmd.ErrOrStderr(), l.Sound(), declared); err != nil {
					return err
				}
				if err := repo.makeClusterSecrets(cmd.ErrOrStderr(), l.Environment, time.Now()); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// ownSecrets refuses values that Git keeps: whoever may read the repository knows them,
// and who made it may have put them there, an authority with its key included.
func (r *repository) ownSecrets() error {
	files, err := repo.Tracked(r.dir, ".secrets")
	files = slices.DeleteFunc(files, func(name string) bool { return name == ".secrets/.gitignore" })
	if err != nil || len(files) == 0 {
		return err
	}
	text := files[0]
	if more := len(files) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return &refusal{
		"Git keeps values of secrets, so they are known to others: " + text,
		"if they came with the repository: git rm -r --force .secrets; if they are your own: git rm -r --cached .secrets, commit, and give all of them new values: mlops-gitops secrets rotate ENV --all",
	}
}

// makeLocalSecrets makes what the components on this machine lack of what is declared.
// When careful it makes none that data on this machine may have been made with.
func (r *repository) makeLocalSecrets(ctx context.Context, careful bool, stderr io.Writer, s load.Sound, declared map[string]schema.Secret) error {
	if len(declared) == 0 {
		return nil
	}
	var unseen []secretOfData
	made, err := secrets.Local{Dir: r.dir, Env: s.Name, Before: func(missing []string) error {
		l, err := s.Whole()
		if err != nil {
			return err
		}
		e := l.Environment
		if err := r.sameAsCluster(e, missing); err != nil || !careful {
			return err
		}
		unseen, err = r.noDataWithoutSecrets(ctx, e, missing)
		return err
	}}.Generate(declared, rand.Reader, time.Now())
	if err != nil {
		if len(made.Made) > 0 {
			say(stderr, s.Name, ".secrets/"+s.Name, made)
		}
		return err
	}
	say(stderr, s.Name, ".secrets/"+s.Name, made)
	if !careful && len(made.Made)+len(made.Renewed) == 0 { // who asked for nothing else gets an answer
		fmt.Fprintf(stderr, "%s: %s in .secrets/%s, each with a value\n", s.Name, count(len(made.Kept), "secret"), s.Name)
	}
	sayUnseen(stderr, s.Name, unseen)
	if len(made.Made)+len(made.Renewed)+len(made.Authority) > 0 {
		l, err := s.Whole()
		if err != nil {
			return err
		}
		if err := r.sayRenewed(stderr, l.Environment, made); err != nil {
			return err
		}
	}
	if len(made.Unfinished) > 0 {
		fmt.Fprintf(stderr, "%s: %s: a new value is not in force everywhere yet\n  hint: mlops-gitops secrets rotate %[1]s %s\n", s.Name, strings.Join(made.Unfinished, ", "), strings.Join(made.Unfinished, " "))
	}
	return nil
}

// localSecrets are the secrets that local components mount, with what belongs to them:
// a certificate's other part, and the authority that vouches for it.
func localSecrets(e *schema.Environment) (map[string]schema.Secret, error) {
	names, err := compose.Secrets(e)
	if err != nil {
		return nil, err
	}
	declared := only(e.Secrets, names)
	for _, name := range names {
		base, isPart := strings.CutSuffix(name, "."+e.Secrets[name].Part)
		if !isPart {
			continue
		}
		for other, secret := range e.Secrets {
			if other == base+"."+secret.Part || secret.Part == "ca" && !e.Secrets[name].Supplied {
				declared[other] = secret
			}
		}
	}
	return declared, nil
}

// sayRenewed tells of certificates that were made anew, of what runs with other values than
// are there now, and whom to trust.
func (r *repository) sayRenewed(stderr io.Writer, e *schema.Environment, made secrets.Result) error {
	var names []string
	for _, c := range made.Renewed {
		fmt.Fprintf(stderr, "%s: made %s anew: %s\n", e.Name, c.Name, c.Why)
		names = append(names, c.Name)
	}
	services, err := r.mountedBefore(e.Name, made)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		more, err := rotation.Using(e, names...)
		if err != nil {
			return err
		}
		services = append(services, more...)
	}
	if len(services) > 0 {
		start, err := r.startCommand(e.Name)
		if err != nil {
			return err
		}
		slices.Sort(services)
		fmt.Fprintf(stderr, "  hint: where it runs, %s --force-recreate %s\n", start, strings.Join(slices.Compact(services), " "))
	}
	return r.sayAuthority(stderr, e, made.Authority)
}

// mountedBefore are the services that were rendered with secrets which were made now: what
// they run with is gone, and Compose does not look into files. Where all was made, none runs.
func (r *repository) mountedBefore(env string, made secrets.Result) (services []string, err error) {
	if len(made.Made) == 0 || len(made.Kept) == 0 {
		return nil, nil
	}
	rendered, err := r.renderedServices(env)
	for name, s := range rendered {
		if s.mounts(made.Made) {
			services = append(services, name)
		}
	}
	return services, err
}

// sayAuthority says how to trust an authority that was made for these names.
func (r *repository) sayAuthority(stderr io.Writer, e *schema.Environment, names []string) error {
	if names == nil {
		return nil
	}
	under, err := fromHere(r.dir)
	if err != nil {
		return err
	}
	return trust(stderr, e, r.dir, filepath.ToSlash(filepath.Join(under, ".secrets", e.Name, schema.Authority)), names, runtime.GOOS)
}

// say tells what was made and what is left over. Names are no secret.
func say(w io.Writer, env, where string, r secrets.Result) {
	if len(r.Made) > 0 {
		fmt.Fprintf(w, "%s: made %s in %s: %s\n", env, count(len(r.Made), "secret"), where, strings.Join(r.Made, ", "))
	}
	for _, text := range slices.Concat(r.Repaired, r.Warned) {
		fmt.Fprintf(w, "%s: %s\n", env, text)
	}
	if len(r.Orphaned) > 0 {
		fmt.Fprintf(w, "%s: nothing uses these secrets in %s any longer: %s\n", env, where, listed(r.Orphaned))
	}
}

func only(all map[string]schema.Secret, names []string) map[string]schema.Secret {
	some := map[string]schema.Secret{}
	for _, n := range names {
		some[n] = all[n]
	}
	return some
}
