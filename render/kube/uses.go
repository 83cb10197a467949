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
			var fields any
			if err := json.Unmarshal(o.Manifest, &fields); err != nil {
				return nil, fmt.Errorf("object %s of %s: %w", name, component, err)
			}
			used := map[string]bool{}
			named(fields, e.Secrets, used)
			for secret := range used {
				uses[secret] = append(uses[secret], Use{cmp.Or(Stage(o.Stage), StageApps), calledIn(fields, name), IsRead})
			}
		}
	}
	maps.DeleteFunc(uses, func(name string, _ []Use) bool { return e.Secrets[name].Existing.Name != "" })
	order := Stages()
	for _, of := range uses {
		slices.SortFunc(of, func(a, b Use) int {
			return cmp.Or(cmp.Compare(slices.Index(order, a.Stage), slices.Index(order, b.Stage)), cmp.Compare(a.How, b.How), cmp.Compare(a.Name, b.Name))
		})
	}
	return uses, nil
}

// secrets are those that p's pods mount, in order.
func (p program) secrets() []string {
	names := slices.Clone(p.main.Secrets)
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
func calledIn(manifest any, name string) string {
	fields, _ := manifest.(map[string]any)
	meta, _ := fields["metadata"].(map[string]any)
	if own, ok := meta["name"].(string); ok {
		name = own
	}
	return fmt.Sprintf("%v/%s", fields["kind"], name)
}

// named notes the secrets whose names are text in a value.
func named(v any, secrets map[string]schema.Secret, used map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for _, child := range v {
			named(child, secrets, used)
		}
	case []any:
		for _, child := range v {
			named(child, secrets, used)
		}
	case string:
		if _, is := secrets[v]; is {
			used[v] = true
		}
	}
}
