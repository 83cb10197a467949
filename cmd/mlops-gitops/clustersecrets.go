package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// sameAsCluster refuses to make a second value for a secret that the cluster has
// already: both sides use the same one, and only the holder of an age key can read it.
func (r *repository) sameAsCluster(e *schema.Environment, missing []string) error {
	if len(missing) == 0 {
		return nil
	}
	declared, err := inCluster(e)
	if err != nil || len(declared) == 0 {
		return err
	}
	lacking, err := clusterSecrets(r, e.Name, e.Settings).Missing(declared)
	if err != nil {
		return err
	}
	for _, name := range missing {
		_, key := e.InCluster(name)
		if _, both := declared[name]; both && !slices.Contains(lacking, name) {
			return &refusal{
				fmt.Sprintf("%s has a value for the cluster, and this machine needs the same one in .secrets/%s", name, e.Name),
				fmt.Sprintf("with the age key at hand: (umask 077; mkdir -p .secrets/%[1]s && sops decrypt --extract '[\"stringData\"][\"%[3]s\"]' deploy/%[1]s/secrets/%[2]s.yaml > .secrets/%[1]s/%[2]s)", e.Name, name, key),
			}
		}
	}
	return nil
}

// makeClusterSecrets makes what the components in the cluster lack.
func (r *repository) makeClusterSecrets(stderr io.Writer, e *schema.Environment, now time.Time) error {
	declared, err := inCluster(e)
	if err != nil || len(declared) == 0 {
		return err
	}
	made, err := clusterSecrets(r, e.Name, e.Settings).Generate(declared, rand.Reader, now)
	if err != nil {
		return err
	}
	say(stderr, e.Name, "deploy/"+e.Name+"/secrets", made)
	if len(made.Made) > 0 {
		fmt.Fprintf(stderr, "  hint: mlops-gitops commit %s --push, which renders it with them\n", e.Name)
	} else {
		fmt.Fprintf(stderr, "%s: %s in deploy/%s/secrets, each with a value\n", e.Name, count(len(made.Kept), "secret"), e.Name)
	}
	return nil
}

// inCluster are the secrets that components in a cluster use.
func inCluster(e *schema.Environment) (map[string]schema.Secret, error) {
	c, err := kube.Of(e)
	return only(e.Secrets, c.Secrets), err
}

// missingClusterSecrets are the secrets without which Flux could not apply an environment.
func (r *repository) missingClusterSecrets(env string, about rendering) ([]string, error) {
	if len(about.InCluster) == 0 {
		return nil, nil
	}
	return clusterSecrets(r, env, about.Settings).Missing(about.InCluster)
}

// usable is why Flux could not use the encrypted secrets that are there, all of it at once.
func (r *repository) usable(env string, about rendering) error {
	_, err := r.missingClusterSecrets(env, about)
	return err
}

func clusterSecrets(r *repository, env string, s schema.Settings) secrets.Cluster {
	return secrets.Cluster{Dir: r.dir, Env: env, Namespace: s.Namespace, Recipients: s.Secrets.Recipients}
}
