package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Environment compares what an environment needs with what there is. Where no engine
// answers, only the ports of this machine can be looked at.
func (c *Check) Environment(ctx context.Context, n Needs) (lines []Line, err error) {
	if c.facts.why != nil && c.facts.remote() {
		return nil, nil
	}
	ports := c.ports(ctx, n)
	if c.facts.why != nil {
		return named(n, ports), nil
	}
	have, err := c.docker.images(ctx, n.images)
	if err != nil {
		return nil, err
	}
	volumes, answers, err := c.docker.volumes(ctx, n.Project)
	if err != nil {
		return nil, err
	}
	taken, known, err := c.taken(ctx, n)
	if err != nil {
		return nil, err
	}
	if !answers || !known {
		return named(n, append(ports, Line{Subject: "volumes", State: Wrong, Message: "the engine, which answered before, does not say which it has", Hint: "see what it is doing: docker volume ls"})), nil
	}
	return named(n, slices.Concat(
		[]Line{n.imageLine(have)}, ports, c.memory(n), c.cpus(n), []Line{c.disk(n, volumes)}, taken, c.leftovers(n),
	)), nil
}

func named(n Needs, lines []Line) []Line {
	for i := range lines {
		lines[i].Environment = n.Environment
	}
	return lines
}

// imageLine says which images are there. Whether the others can be had, only their
// registry knows.
func (n Needs) imageLine(have map[string]bool) Line {
	missing := slices.DeleteFunc(slices.Clone(n.images), func(ref string) bool { return have[ref] })
	l := Line{Subject: "images", State: Fine, Figures: map[string]any{"images": len(n.images), "missing": missing}}
	l.Message = fmt.Sprintf("%d of %d in the engine", len(n.images)-len(missing), len(n.images))
	if len(missing) > 0 {
		l.State = Note
		l.Message += "; to be pulled: " + strings.Join(missing, ", ")
	}
	return l
}

// leftovers are containers of the project that what is rendered knows nothing of, and
// a project of this name that was started elsewhere: one name is one set of data. What
// another checkout runs is no leftover of this one, whatever it consists of.
func (c *Check) leftovers(n Needs) (lines []Line) {
	var orphans, elsewhere []string
	for _, x := range c.facts.containers {
		switch {
		case x.Project != n.Project || x.Oneoff == "True":
		case x.Dir != "" && !slices.ContainsFunc(n.Dirs, func(dir string) bool { return same(dir, x.Dir) }):
			elsewhere = append(elsewhere, x.Dir)
		case !slices.Contains(n.Services, x.Service):
			orphans = append(orphans, x.Name)
		}
	}
	slices.Sort(orphans)
	slices.Sort(elsewhere)
	if len(orphans) > 0 {
		lines = append(lines, Line{
			Subject: "leftovers", State: Note, Message: "nothing renders these containers of its project any longer: " + strings.Join(orphans, ", "),
			Hint: n.Start + " --remove-orphans ends them", Figures: map[string]any{"containers": orphans},
		})
	}
	for _, dir := range slices.Compact(elsewhere) {
		lines = append(lines, Line{
			Subject: "leftovers", State: Note, Message: fmt.Sprintf("project %s was started from %s: the same containers and the same data", n.Project, dir),
			Hint: "for a second one beside it, give this environment another namespace",
		})
	}
	return lines
}

// same reports whether two names are of one folder.
func same(a, b string) bool {
	resolve := func(dir string) string {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return real
		}
		return filepath.Clean(dir)
	}
	return resolve(a) == resolve(b)
}
