package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/engine"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

func secretsCmd(at *place) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "secrets",
		Short:   "make the values of secrets that environments declare",
		Example: "  mlops-gitops secrets generate prod",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(generateCmd(at))
	return cmd
}

func generateCmd(at *place) *cobra.Command {
	return &cobra.Command{
		Use:   "generate ENV...",
		Short: "make the secrets that have no value yet",
		Long: `generate makes the values of declared secrets, once: for this machine as files in
.secrets/ENV, which Git ignores; for a cluster as SOPS files in deploy/ENV/secrets,
encrypted to the age recipients of the environment. A value that is there stays.`,
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

// makeLocalSecrets makes what the components on this machine lack.
// When careful it makes none that data on this machine may have been made with.
func (r *repository) makeLocalSecrets(ctx context.Context, careful bool, stderr io.Writer, e *schema.Environment) error {
	names, err := compose.Secrets(e)
	if err != nil || len(names) == 0 {
		return err
	}
	local, declared := secrets.Local{Dir: r.dir, Env: e.Name}, only(e.Secrets, names)
	if missing, err := local.Missing(declared); err != nil {
		return err
	} else if err := r.sameAsCluster(e, missing); err != nil {
		return err
	} else if len(missing) > 0 && careful {
		if err := r.noDataWithoutSecrets(ctx, e, missing); err != nil {
			return err
		}
	}
	made, err := local.Generate(declared, rand.Reader)
	if err != nil {
		return err
	}
	say(stderr, e.Name, ".secrets/"+e.Name, made)
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

// noDataWithoutSecrets refuses to make a secret of a component whose volumes are there
// already: what is in them was made with one that is lost, and a new one would not open
// it. The password of a claim is no such secret: its task sets a new one.
func (r *repository) noDataWithoutSecrets(ctx context.Context, e *schema.Environment, missing []string) error {
	volumes, _, err := engine.Volumes(ctx, e.Settings.Namespace)
	if err != nil {
		return err
	}
	var lost, data []string
	for _, name := range missing {
		component := e.Components[e.Secrets[name].Component]
		if !slices.Contains(slices.Collect(maps.Keys(component.Secrets)), strings.TrimPrefix(name, component.Name+".")) {
			continue
		}
		for w, x := range component.Workloads {
			for v := range x.Volumes {
				if volume := compose.Volume(component.Name, w, v); slices.Contains(volumes, volume) {
					lost, data = append(lost, name), append(data, volume)
				}
			}
		}
	}
	if len(lost) == 0 {
		return nil
	}
	slices.Sort(lost)
	slices.Sort(data)
	return &usage{
		fmt.Sprintf("%s has data on this machine (%s), but %s is gone from .secrets/%s, and a new one would not open it",
			e.Name, strings.Join(slices.Compact(data), ", "), strings.Join(slices.Compact(lost), ", "), e.Name),
		fmt.Sprintf("bring it back; or, when it is newly declared, make it: mlops-gitops secrets generate %s; or delete the data for good: docker compose --project-name %s down --volumes", e.Name, e.Settings.Namespace),
	}
}

// say tells what was made and what is left over. Names are no secret.
func say(w io.Writer, env, where string, r secrets.Result) {
	if len(r.Made) > 0 {
		fmt.Fprintf(w, "%s: made %s in %s: %s\n", env, count(len(r.Made), "secret"), where, strings.Join(r.Made, ", "))
	}
	for _, text := range r.Repaired {
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
