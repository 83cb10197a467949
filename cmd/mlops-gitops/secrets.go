package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/engine"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/repo"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

func secretsCmd(at *place) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "secrets",
		Short:   "make the values of secrets that environments declare",
		Example: "  mlops-gitops secrets generate prod\n  mlops-gitops secrets rotate dev postgres.admin",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(generateCmd(at), rotateCmd(at))
	return cmd
}

func generateCmd(at *place) *cobra.Command {
	return &cobra.Command{
		Use:   "generate ENV...",
		Short: "make the secrets that have no value yet",
		Long: `generate makes the values of declared secrets, once: for this machine as files in
.secrets/ENV, which Git ignores; for a cluster as SOPS files in deploy/ENV/secrets,
encrypted to the age recipients of the environment. A value that is there stays.

Certificates for this machine come with an authority of the environment's own, which
can vouch for their names and nothing else. One that ends within 30 days, or is for
other names than the environment's, is made anew.`,
		Example:           "  mlops-gitops secrets generate prod",
		Args:              named,
		ValidArgsFunction: at.complete,
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
				if err := repo.makeLocalSecrets(cmd.Context(), false, cmd.ErrOrStderr(), l.Environment); err != nil {
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
	return &usage{
		"Git keeps values of secrets, so they are known to others: " + text,
		"if they came with the repository: git rm -r --force .secrets; if they are your own: git rm -r --cached .secrets, commit, and give all of them new values: mlops-gitops secrets rotate ENV --all",
	}
}

// makeLocalSecrets makes what the components on this machine lack.
// When careful it makes none that data on this machine may have been made with.
func (r *repository) makeLocalSecrets(ctx context.Context, careful bool, stderr io.Writer, e *schema.Environment) error {
	declared, err := localSecrets(e)
	if err != nil || len(declared) == 0 {
		return err
	}
	local := secrets.Local{Dir: r.dir, Env: e.Name}
	if missing, err := local.Missing(declared); err != nil {
		return err
	} else if err := r.sameAsCluster(e, missing); err != nil {
		return err
	} else if len(missing) > 0 && careful {
		if err := r.noDataWithoutSecrets(ctx, e, missing); err != nil {
			return err
		}
	}
	made, err := local.Generate(declared, rand.Reader, time.Now())
	if err != nil {
		return err
	}
	say(stderr, e.Name, ".secrets/"+e.Name, made)
	if err := r.sayRenewed(stderr, e, made); err != nil {
		return err
	}
	if len(made.Unfinished) > 0 {
		fmt.Fprintf(stderr, "%s: %s: a new value is not in force everywhere yet\n  hint: mlops-gitops secrets rotate %[1]s %s\n", e.Name, strings.Join(made.Unfinished, ", "), strings.Join(made.Unfinished, " "))
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

// sayRenewed tells of certificates that were made anew, and whom to trust.
func (r *repository) sayRenewed(stderr io.Writer, e *schema.Environment, made secrets.Result) error {
	var names []string
	for _, c := range made.Renewed {
		fmt.Fprintf(stderr, "%s: made %s anew: %s\n", e.Name, c.Name, c.Why)
		names = append(names, c.Name)
	}
	if len(names) > 0 {
		uses, err := mountsOf(e)
		if err != nil {
			return err
		}
		start, err := r.startCommand(e.Name)
		if err != nil {
			return err
		}
		if services := uses.of(e, names...); len(services) > 0 {
			fmt.Fprintf(stderr, "  hint: where it runs, %s --force-recreate %s\n", start, strings.Join(services, " "))
		}
	}
	return r.sayAuthority(stderr, e, made.Authority)
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
	trust(stderr, e, filepath.ToSlash(filepath.Join(under, ".secrets", e.Name, authority)), names, runtime.GOOS)
	return nil
}

// sameAsCluster refuses to make a second value for a secret that the cluster has
// already: both sides use the same one, and only the holder of an age key can read it.
func (r *repository) sameAsCluster(e *schema.Environment, missing []string) error {
	inCluster, err := kube.Secrets(e)
	if err != nil {
		return err
	}
	lacking, err := r.missingClusterSecrets(e)
	if err != nil {
		return err
	}
	for _, name := range missing {
		if slices.Contains(inCluster, name) && !slices.Contains(lacking, name) {
			return &usage{
				fmt.Sprintf("%s has a value for the cluster, and this machine needs the same one in .secrets/%s", name, e.Name),
				fmt.Sprintf("with the age key at hand: (umask 077; mkdir -p .secrets/%[1]s && sops decrypt --extract '[\"stringData\"][\"value\"]' deploy/%[1]s/secrets/%[2]s.yaml > .secrets/%[1]s/%[2]s)", e.Name, name),
			}
		}
	}
	return nil
}

// noDataWithoutSecrets refuses to make a secret for a workload whose volumes are there
// already: what is in them was made with one that is lost, or that has yet to be brought
// where they are taken over, and a new one would not open it. The password of a claim, or
// of a database or bucket that is only asked for, is no such secret: a task sets a new one.
func (r *repository) noDataWithoutSecrets(ctx context.Context, e *schema.Environment, missing []string) error {
	volumes, _, err := engine.Volumes(ctx, e.Settings.Namespace)
	if err != nil {
		return err
	}
	takenOver, _, err := engine.TakenOver(ctx, e)
	if err != nil {
		return err
	}
	uses, err := mountsOf(e)
	if err != nil {
		return err
	}
	there := func(name string) bool {
		return slices.ContainsFunc(takenOver, func(t engine.Taken) bool { return t.Volume == name && t.There })
	}
	var lost, data, lacking, old []string
	for _, name := range missing {
		component := e.Components[e.Secrets[name].Component]
		if !slices.Contains(slices.Collect(maps.Keys(component.Secrets)), strings.TrimPrefix(name, component.Name+".")) {
			continue
		}
		for w, x := range component.Workloads {
			if !slices.Contains(uses.services[name], schema.FullName(component.Name, w)) {
				continue
			}
			for v, volume := range x.Volumes {
				if ours := compose.Volume(component.Name, w, v); volume.Existing == "" && slices.Contains(volumes, ours) {
					lost, data = append(lost, name), append(data, ours)
				}
				if there(volume.Existing) {
					lacking, old = append(lacking, name), append(old, volume.Existing)
				}
			}
		}
	}
	list := func(names []string) string {
		slices.Sort(names)
		return strings.Join(slices.Compact(names), ", ")
	}
	var refused []error
	if len(lost) > 0 {
		refused = append(refused, &usage{
			fmt.Sprintf("%s has data on this machine (%s), but %s is gone from .secrets/%s, and a new one would not open it", e.Name, list(data), list(lost), e.Name),
			fmt.Sprintf("bring it back; or, when it is newly declared, make it: mlops-gitops secrets generate %s; or delete the data for good: docker compose --project-name %s down --volumes", e.Name, e.Settings.Namespace),
		})
	}
	if len(lacking) > 0 {
		text := list(lacking)
		refused = append(refused, &usage{
			fmt.Sprintf("%s takes over data on this machine (%s), and what they were made with is not in .secrets/%s: %s", e.Name, list(old), e.Name, text),
			fmt.Sprintf("put each value into its file, without a newline at its end; this reads one from the keyboard:\nmkdir -p .secrets/%[1]s && read -rs value && printf %%s \"$value\" > .secrets/%[1]s/%[2]s", e.Name, lacking[0]),
		})
	}
	return errors.Join(refused...)
}

// sayTaken warns of volumes that can't be taken over as things are.
func sayTaken(ctx context.Context, stderr io.Writer, e *schema.Environment) error {
	all, _, err := engine.TakenOver(ctx, e)
	for _, t := range all {
		if message, hint := t.Trouble(); message != "" {
			fmt.Fprintf(stderr, "%s: %s\n  hint: %s\n", e.Name, message, hint)
		}
	}
	return err
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
		fmt.Fprintf(w, "%s: nothing uses these secrets in %s any longer: %s\n", env, where, strings.Join(r.Orphaned, ", "))
	}
}

func only(all map[string]schema.Secret, names []string) map[string]schema.Secret {
	some := map[string]schema.Secret{}
	for _, n := range names {
		some[n] = all[n]
	}
	return some
}

// named demands the names of environments.
func named(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return &usage{cmd.CommandPath() + " needs the name of an environment", "mlops-gitops vet lists them"}
	}
	return nil
}

// makeClusterSecrets makes what the components in the cluster lack.
func (r *repository) makeClusterSecrets(stderr io.Writer, e *schema.Environment, now time.Time) error {
	names, err := kube.Secrets(e)
	if err != nil || len(names) == 0 {
		return err
	}
	made, err := clusterSecrets(r, e).Generate(only(e.Secrets, names), rand.Reader, now)
	if err != nil {
		return err
	}
	say(stderr, e.Name, "deploy/"+e.Name+"/secrets", made)
	if len(made.Made) == 0 {
		fmt.Fprintf(stderr, "%s: %s in deploy/%s/secrets, each with a value\n", e.Name, count(len(made.Kept), "secret"), e.Name)
	}
	return nil
}

// missingClusterSecrets are the secrets without which Flux could not apply an environment.
func (r *repository) missingClusterSecrets(e *schema.Environment) ([]string, error) {
	names, err := kube.Secrets(e)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	return clusterSecrets(r, e).Missing(only(e.Secrets, names))
}

func clusterSecrets(r *repository, e *schema.Environment) secrets.Cluster {
	return secrets.Cluster{Dir: r.dir, Env: e.Name, Namespace: e.Settings.Namespace, Recipients: e.Settings.Secrets.Recipients}
}
