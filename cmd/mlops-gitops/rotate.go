package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/repo"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/rotation"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

func rotateCmd(at *workdir) *cobra.Command {
	var all bool
	var from []string
	cmd := &cobra.Command{
		Use:   "rotate ENV [NAME...]",
		Short: "give secrets new values, and their programs too",
		Long: `rotate gives secrets new values.

On this machine the program that keeps a value of its own, such as the password of a
database role, is told the new one first; then the file in .secrets/ENV is replaced, and
what uses the secret is started anew by Compose. Where a program does not take the new
value, the old one stays in force. A rotation that was interrupted goes on when it is
run again.

For a cluster the new value is sealed in deploy/ENV/secrets, for which public keys are
enough. Flux applies it with the next commit: tasks that use it run again, and pods that
use it are replaced. What both have is sealed first.

Without NAME it shows what can be rotated, and what each takes. A certificate goes by
its name without .crt and .key; ca is the authority that vouches for certificates.
A value that a person supplies, the first one included, comes from a file, or from
standard input for "-".`,
		Example: `  mlops-gitops secrets rotate dev
  mlops-gitops secrets rotate dev postgres.admin mlflow.postgres.password
  mlops-gitops secrets rotate prod --all
  mlops-gitops secrets rotate dev --from nginx.tls.crt=fullchain.pem --from nginx.tls.key=privkey.pem`,
		ValidArgsFunction: at.offer(completeRotate),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return named(cmd, nil)
			}
			if all && (len(args) > 1 || len(from) > 0) {
				return &refusal{"--all and names of secrets exclude each other", "say one of them"}
			}
			repo, e, r, err := at.rotation(args[0])
			if err != nil {
				return err
			}
			given, err := readGiven(cmd.Context(), from, cmd.InOrStdin(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			var chosen []rotation.Secret
			switch {
			case all:
				sayLeftOut(cmd.ErrOrStderr(), e.Name, r.All)
				chosen, err = r.Made()
			case len(args) == 1 && len(given) == 0:
				return showSecrets(cmd.OutOrStdout(), r.All)
			default:
				chosen, err = r.Choose(args[1:], given, false)
			}
			if err != nil {
				return err
			}
			defer func() {
				for _, value := range given {
					clear(value)
				}
			}()
			return repo.rotate(cmd.Context(), cmd.ErrOrStderr(), e, r, chosen, given)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every secret that can be rotated")
	cmd.Flags().StringArrayVar(&from, "from", nil, "NAME=FILE: the new value of a secret that a person supplies")
	return cmd
}

// rotate gives what was chosen new values.
func (r *repository) rotate(ctx context.Context, stderr io.Writer, e *schema.Environment, what *rotation.Rotation, chosen []rotation.Secret, given map[string][]byte) (err error) {
	var project rotation.Project
	if slices.ContainsFunc(chosen, func(s rotation.Secret) bool { return s.Here }) {
		if project, err = r.project(e); err != nil {
			return err
		}
	}
	others, err := clusterSecrets(r, e.Name, e.Settings).SealedForOthers()
	if err != nil {
		return err
	}
	progress := rotating{stderr, e.Name, project.Start, others}
	result, err := what.Run(ctx, chosen, given, project, progress, rand.Reader, time.Now())
	for _, text := range result.Warned {
		fmt.Fprintf(stderr, "%s: %s\n", e.Name, text)
	}
	return errors.Join(err, r.sayAuthority(stderr, e, result.Authority))
}

// readGiven reads the values that --from names.
func readGiven(ctx context.Context, from []string, stdin io.Reader, stderr io.Writer) (map[string][]byte, error) {
	given := map[string][]byte{}
	for _, text := range from {
		name, file, ok := strings.Cut(text, "=")
		if !ok || name == "" || file == "" {
			return nil, &refusal{fmt.Sprintf("--from %q is not NAME=FILE", text), "--from NAME=FILE, or --from NAME=- for standard input"}
		}
		if _, twice := given[name]; twice {
			return nil, &refusal{"--from says twice where " + name + " comes from", "say it once"}
		}
		value, err := readValue(ctx, name, file, stdin, stderr)
		if err != nil {
			return nil, err
		}
		given[name] = value
	}
	return given, nil
}

// completeRotate is an environment, and then what can be rotated there.
func completeRotate(repo *repository, args []string, _ string) (names []string, err error) {
	if len(args) == 0 {
		return repo.envs.Names(), nil
	}
	loaded, err := repo.envs.Load(args[0])
	if err != nil {
		return nil, err
	}
	r, err := repo.rotation(loaded[0].Environment)
	if err != nil {
		return nil, err
	}
	for _, s := range r.All {
		if s.Refused == nil && !slices.Contains(args[1:], s.Name) {
			names = append(names, s.Name)
		}
	}
	return names, nil
}

// rotation opens the repository and finds what can get a new value in an environment of it.
func (w *workdir) rotation(env string) (*repository, *schema.Environment, *rotation.Rotation, error) {
	repo, err := w.open()
	if err != nil {
		return nil, nil, nil, err
	}
	loaded, err := repo.envs.Load(env)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := repo.ownSecrets(); err != nil {
		return nil, nil, nil, err
	}
	r, err := repo.rotation(loaded[0].Environment)
	return repo, loaded[0].Environment, r, err
}

// rotation is what can be rotated of an environment.
func (r *repository) rotation(e *schema.Environment) (*rotation.Rotation, error) {
	local, err := localSecrets(e)
	if err != nil {
		return nil, err
	}
	cluster, err := inCluster(e)
	if err != nil {
		return nil, err
	}
	if len(local)+len(cluster) == 0 {
		return nil, &refusal{e.Name + " has no secrets", "a component declares them: environment: components: NAME: secrets"}
	}
	return rotation.Of(e,
		rotation.Here{Local: secrets.Local{Dir: r.dir, Env: e.Name}, Declared: local},
		rotation.There{Cluster: clusterSecrets(r, e.Name, e.Settings), Declared: cluster, InGit: r.inGit})
}

// inGit reports whether the last commit has a file as it is. Where there is no Git that could be
// asked, the file gets to its cluster in another way, which nobody here can know: then it may have.
func (r *repository) inGit(file string) (bool, error) {
	git, err := repo.Open(r.dir, os.LookupEnv)
	if _, none := errors.AsType[*repo.Problem](err); none {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	there, err := git.Files([]string{file})
	if err != nil || len(there) == 0 {
		return false, err
	}
	changed, err := git.Changed(context.Background(), []string{file})
	return len(changed) == 0, err
}

// project is an environment's project as people start it.
func (r *repository) project(e *schema.Environment) (p rotation.Project, err error) {
	if err := r.oneProject(e.Name, e.Settings.Namespace); err != nil {
		return p, err
	}
	own, err := r.ownCompose(e.Name)
	if err != nil {
		return p, err
	}
	p.Name, p.Dir = e.Settings.Namespace, r.dir
	if !own.includes {
		p.File = []string{"--file", composeFile(e.Name)}
	}
	if _, err := os.Stat(r.path(composeFile(e.Name))); errors.Is(err, fs.ErrNotExist) {
		p.Unrendered = &refusal{composeFile(e.Name) + " is not there", "mlops-gitops render " + e.Name}
	}
	p.Start, err = r.startCommand(e.Name)
	return p, err
}
