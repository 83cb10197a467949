package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A rootCompose is what the repository's own compose.yaml says.
type rootCompose struct {
	name     string
	includes bool // an environment's project
}

func (r *repository) ownCompose(env string) (c rootCompose, err error) {
	file, err := r.compose()
	if err != nil {
		return c, err
	}
	c.name = file.Name
	for _, n := range file.Include {
		var long struct{ Path yaml.Node }
		if n.Kind == yaml.MappingNode && n.Decode(&long) == nil {
			n = long.Path
		}
		for _, p := range append(n.Content, &n) {
			c.includes = c.includes || p.Kind == yaml.ScalarNode && path.Clean(p.Value) == composeFile(env)
		}
	}
	return c, nil
}

// A composeHead is what is read of a Compose file.
type composeHead struct {
	Name     string
	Include  []yaml.Node // a path, or a mapping with one or several
	Services map[string]service
}

// A service is what is read of one in a Compose file.
type service struct {
	Secrets []yaml.Node // a name, or a mapping with it
}

// mounts reports whether a service mounts any of some secrets.
func (s service) mounts(names []string) bool {
	return slices.ContainsFunc(s.Secrets, func(n yaml.Node) bool {
		var long struct{ Source string }
		return slices.Contains(names, n.Value) || n.Decode(&long) == nil && slices.Contains(names, long.Source)
	})
}

// readCompose reads a Compose file, which says nothing where it is not there.
func (r *repository) readCompose(name string) (head composeHead, err error) {
	data, err := r.readSmall(name)
	if errors.Is(err, fs.ErrNotExist) {
		return head, nil
	}
	if err == nil && yaml.Unmarshal(data, &head) != nil { // the parser's words may quote the file
		err = &refusal{name + " can't be read as YAML", "it is yours to mend; mlops-gitops reads its name and what it includes"}
	}
	return head, err
}

// renderedServices are those of an environment's Compose file as it lies there. What can't
// be read was not made by render, which will say so.
func (r *repository) renderedServices(env string) (map[string]service, error) {
	file, err := r.readCompose(composeFile(env))
	if unread := (*refusal)(nil); errors.As(err, &unread) {
		return nil, nil
	}
	return file.Services, err
}

// removedServices are those that an environment was rendered to and would be no longer.
func (r *repository) removedServices(e *schema.Environment) ([]string, error) {
	rendered, err := r.renderedServices(e.Name)
	if err != nil || len(rendered) == 0 {
		return nil, err
	}
	now, err := compose.Services(e)
	removed := slices.Sorted(maps.Keys(rendered))
	return slices.DeleteFunc(removed, func(s string) bool { return slices.Contains(now, s) }), err
}

// readSmall reads a file of the repository's own folder that a person wrote. It
// follows no link out of the repository.
func (r *repository) readSmall(name string) (data []byte, err error) {
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > 1<<20 {
		return nil, &refusal{name + " is no file of a page or two", "move it away"}
	}
	return root.ReadFile(name)
}

// oneProject is an error when the repository's compose.yaml gives an environment's
// project another name than its own: started one way and the other there would be two,
// with two sets of data.
func (r *repository) oneProject(env, project string) error {
	own, err := r.ownCompose(env)
	if err != nil || !own.includes || own.name == project {
		return err
	}
	return &refusal{
		fmt.Sprintf("compose.yaml calls the project of %s %q, and the environment's namespace is %q: that would be two sets of data", env, own.name, project),
		fmt.Sprintf("say name: %s in compose.yaml", project),
	}
}
