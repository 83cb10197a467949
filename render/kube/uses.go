package kube

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A Use is something in the cluster that takes a secret.
type Use struct {
	Stage Stage
	Name  string // of a program's objects, or Kind/name of an object that names the Secret
	How   How
}

// A How is what a new value of a secret does to who takes it.
type How int

// A task runs again, a service's pods are replaced, and an object's operator reads the value.
const (
	RunsAgain How = iota
	Rolls
	IsRead
)

// uses are who takes each of the platform's own secrets.
func uses(e *schema.Environment, programs map[string][]program) (map[string][]Use, error) {
	uses := map[string][]Use{}
	for _, of := range programs {
		for _, p := range of {
			use := Use{p.stage(), p.name(), Rolls}
			if p.Kind == "task" {
				use.How = RunsAgain
			}
			for _, name := range p.secrets() {
				uses[name] = append(uses[name], use)
			}
		}
	}
	for component, c := range e.Components {
		if c.Place != schema.Cluster {
			continue
		}
		for name, o := range c.Kubernetes.Objects {
			secrets, err := namedIn(o.Manifest, e.Secrets)
			if err != nil {
				return nil, fmt.Errorf("object %s of %s: %w", name, component, err)
			}
			use := Use{cmp.Or(Stage(o.Stage), StageApps), calledIn(o.Manifest, name), IsRead}
			if patch, is := c.Kubernetes.Patches[use.Name]; is {
				more, err := namedIn(patch, e.Secrets)
				if err != nil {
					return nil, fmt.Errorf("patch of %s: %w", use.Name, err)
				}
				secrets = append(secrets, more...)
			}
			for _, secret := range secrets {
				uses[secret] = append(uses[secret], use)
			}
		}
	}
	maps.DeleteFunc(uses, func(name string, _ []Use) bool { return e.Secrets[name].Existing.Name != "" })
	for secret, of := range uses {
		slices.SortFunc(of, func(a, b Use) int {
			return cmp.Or(a.Stage.compare(b.Stage), cmp.Compare(a.How, b.How), cmp.Compare(a.Name, b.Name))
		})
		uses[secret] = slices.Compact(of)
	}
	return uses, nil
}

// secrets are those that p's pods take, in order.
func (p program) secrets() []string {
	names := slices.Concat(p.main.Secrets, p.patched)
	for _, w := range p.waits {
		names = append(names, w.asks.Secrets...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// revised are the revisions of the secrets that p's pods mount.
func (p program) revised() map[string]string {
	revised := map[string]string{}
	for _, name := range p.secrets() {
		if revision := p.revisions[name]; revision != "" && p.env.Secrets[name].Existing.Name == "" {
			revised[name] = revision
		}
	}
	return revised
}

// calledIn is Kind/name of an object in a manifest, or what its component calls it.
func calledIn(manifest []byte, name string) string {
	var o struct {
		Kind     string
		Metadata struct{ Name string }
	}
	if json.Unmarshal(manifest, &o) != nil || o.Metadata.Name == "" {
		o.Metadata.Name = name
	}
	return o.Kind + "/" + o.Metadata.Name
}

// namedIn are the secrets whose names are text in an object or a part of one, in order.
func namedIn(manifest []byte, secrets map[string]schema.Secret) ([]string, error) {
	var fields any
	if err := json.Unmarshal(manifest, &fields); err != nil {
		return nil, err
	}
	used := map[string]bool{}
	secretsIn(fields, false, func(text string, _ bool) {
		if _, is := secrets[text]; is {
			used[text] = true
		}
	})
	return slices.Sorted(maps.Keys(used)), nil
}
