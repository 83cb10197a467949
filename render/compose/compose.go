// Package compose turns the local components of an environment into a Compose
// project: deploy/<env>/compose.yaml and the files that it mounts. It is pure,
// and starts nothing.
package compose

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/render/container"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// Tree renders what runs locally. It is empty when nothing does.
func Tree(e *schema.Environment) (render.Tree, error) {
	p, err := newProject(e)
	if err != nil || len(p.Services) == 0 {
		return render.Tree{}, err
	}
	yaml, err := p.MarshalYAML()
	if err != nil {
		return render.Tree{}, err
	}
	err = p.tree.Add(path.Join(p.dir, "compose.yaml"), yaml)
	return *p.tree, err
}

// newProject is the project of what runs locally, with the files that it mounts.
func newProject(e *schema.Environment) (*project, error) {
	p := &project{env: e, tree: new(render.Tree), dir: path.Join("deploy", e.Name), Project: types.Project{
		Name:     e.Settings.Namespace,
		Services: types.Services{},
		Volumes:  types.Volumes{},
		Secrets:  types.Secrets{},
	}}
	for _, c := range sorted(e.Components) {
		if e.Components[c].Place != schema.Local {
			continue
		}
		for _, w := range sorted(e.Components[c].Workloads) {
			if err := p.add(e.Components[c], w); err != nil {
				return nil, fmt.Errorf("%s: %w", schema.FullName(c, w), err)
			}
		}
	}
	return p, nil
}

// Services are the names of the project's services.
func Services(e *schema.Environment) ([]string, error) {
	p, err := newProject(e)
	if err != nil {
		return nil, err
	}
	return sorted(p.Services), nil
}

// Secrets are the names of the secrets that local components mount.
func Secrets(e *schema.Environment) ([]string, error) {
	mounts, err := Mounts(e)
	return sorted(mounts), err
}

// Mounts are the services that mount each secret, in order.
func Mounts(e *schema.Environment) (map[string][]string, error) {
	services := map[string][]string{}
	for _, c := range sorted(e.Components) {
		if e.Components[c].Place != schema.Local {
			continue
		}
		for _, w := range sorted(e.Components[c].Workloads) {
			in, err := container.Of(e, c, e.Components[c].Workloads[w])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", schema.FullName(c, w), err)
			}
			for _, secret := range in.Secrets {
				services[secret] = append(services[secret], schema.FullName(c, w))
			}
		}
	}
	return services, nil
}

// A project is a Compose project in the making, and the files that it mounts.
type project struct {
	types.Project
	env  *schema.Environment
	tree *render.Tree
	dir  string // of compose.yaml, in the repository
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
