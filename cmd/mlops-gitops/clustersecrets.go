package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/repo"
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
	if kept, err := r.keptInGit(e, declared, lacking); err != nil {
		return err
	} else if i := slices.IndexFunc(missing, func(name string) bool { return kept[name] != nil }); i >= 0 {
		return kept[missing[i]]
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
	cluster := clusterSecrets(r, e.Name, e.Settings)
	missing, err := cluster.Missing(declared)
	if err != nil {
		return err
	}
	kept, err := r.keptInGit(e, declared, missing)
	if err != nil {
		return err
	}
	toMake := maps.Clone(declared)
	var refused []error
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		delete(toMake, name)
		refused = append(refused, kept[name])
	}
	made, err := cluster.Generate(toMake, rand.Reader, now)
	made.Orphaned = nil // which is said with what to do
	if err == nil || len(made.Made) > 0 {
		say(stderr, e.Name, "deploy/"+e.Name+"/secrets", made)
	}
	if err := errors.Join(err, errors.Join(refused...)); err != nil {
		return err
	}
	unused, err := r.unused(e.Name, rendering{Settings: e.Settings, InCluster: declared})
	if err != nil {
		return err
	}
	lack{whats: unused}.say(stderr, e.Name)
	if len(made.Made) > 0 {
		fmt.Fprintf(stderr, "  hint: mlops-gitops commit %s --push, which renders it with them\n", e.Name)
	} else {
		fmt.Fprintf(stderr, "%s: %s in deploy/%s/secrets, each with a value\n", e.Name, count(len(made.Kept), "secret"), e.Name)
	}
	return nil
}

// keptInGit refuses to make what can't get another value where Git keeps the one that it has,
// and only the file is gone: why, by name.
func (r *repository) keptInGit(e *schema.Environment, declared map[string]schema.Secret, missing []string) (kept map[string]error, err error) {
	missing = slices.DeleteFunc(slices.Clone(missing), func(name string) bool { return declared[name].Rotate.Never == "" })
	if len(missing) == 0 {
		return nil, nil
	}
	folder := "deploy/" + e.Name + "/secrets"
	tracked, err := repo.Tracked(r.dir, folder)
	if err != nil {
		return nil, err
	}
	kept = map[string]error{}
	for _, name := range missing {
		file := folder + "/" + name + ".yaml"
		if !slices.Contains(tracked, file) {
			continue
		}
		kept[name] = &refusal{
			fmt.Sprintf("Git keeps a value of %s, and with a new one %s", name, declared[name].Rotate.Never),
			fmt.Sprintf("take it back: git checkout -- %s\nor seal the one that a cluster has: mlops-gitops secrets set %s %s\n"+
				"or, where nothing was stored with it yet, take it out of Git, and a new one is made: git rm --cached %[1]s", file, e.Name, name),
		}
	}
	return kept, nil
}

// inCluster are the secrets that components in a cluster use.
func inCluster(e *schema.Environment) (map[string]schema.Secret, error) {
	c, err := kube.Of(e)
	return only(e.Secrets, c.Secrets), err
}

// usable is why Flux could not use the encrypted secrets that are there, all of it at once.
func (r *repository) usable(env string, about rendering) error {
	if len(about.InCluster) == 0 {
		return nil
	}
	_, err := clusterSecrets(r, env, about.Settings).Missing(about.InCluster)
	return err
}

func clusterSecrets(r *repository, env string, s schema.Settings) secrets.Cluster {
	return secrets.Cluster{Dir: r.dir, Env: env, Namespace: s.Namespace, Recipients: s.Secrets.Recipients}
}
