package kube

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/render/container"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A program is a workload of a component that runs in the cluster, with its
// containers worked out.
type program struct {
	schema.Workload
	env       *schema.Environment
	component string
	workload  string
	main      container.Container
	waits     []wait
	told      []told
	patched   []string          // secrets that patches of its objects name
	revisions map[string]string // of secrets, by their names
}

// name is what the program's objects are called.
func (p program) name() string { return schema.FullName(p.component, p.workload) }

// said is what is said of the program's component in a cluster.
func (p program) said() schema.ComponentKubernetes { return p.env.Components[p.component].Kubernetes }

// String names the program in errors.
func (p program) String() string { return p.component + " (" + p.workload + ")" }

// programsOf returns the programs of every component in the cluster, by component, each in
// order of names.
func programsOf(e *schema.Environment, revisions map[string]string) (map[string][]program, error) {
	programs := map[string][]program{}
	for _, component := range slices.Sorted(maps.Keys(e.Components)) {
		c := e.Components[component]
		if c.Place != schema.Cluster {
			continue
		}
		for _, workload := range slices.Sorted(maps.Keys(c.Workloads)) {
			p := program{Workload: c.Workloads[workload], env: e, component: component, workload: workload, revisions: revisions}
			var err error
			if p.main, err = container.Of(e, component, p.Workload); err != nil {
				return nil, fmt.Errorf("%s: %w", p, err)
			}
			if p.told, err = toldOf(&p); err != nil {
				return nil, fmt.Errorf("%s: %w", p, err)
			}
			if p.waits, err = waitsOf(p); err != nil {
				return nil, fmt.Errorf("%s: %w", p, err)
			}
			for key, patch := range c.Kubernetes.Patches {
				if _, name, _ := strings.Cut(key, "/"); name != p.name() {
					continue
				}
				names, err := namedIn(patch, e.Secrets)
				if err != nil {
					return nil, fmt.Errorf("patch of %s: %w", key, err)
				}
				p.patched = append(p.patched, names...)
			}
			programs[component] = append(programs[component], p)
		}
	}
	return programs, nil
}
