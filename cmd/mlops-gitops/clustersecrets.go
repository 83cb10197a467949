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
	inCluster, err := kube.Secrets(e)
	if err != nil || len(inCluster) == 0 {
		return err
	}
	lacking, err := clusterSecrets(r, e).Missing(only(e.Secrets, inCluster))
	if err != nil {
		return err
	}
	for _, name := range missing {
		_, key := e.InCluster(name)
		if slices.Contains(inCluster, name) && !slices.Contains(lacking, name) {
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
