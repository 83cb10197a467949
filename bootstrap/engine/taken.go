package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A Taken is a volume that an environment takes over: it was there before, under a
// name of its own, and Compose neither makes nor deletes it.
type Taken struct {
	Volume string
	By     string            // the service that uses it
	There  bool              // the engine has it
	Others map[string]string // running containers of other projects on it, and the folders they were started from
}

// TakenOver looks at the volumes that a project takes over, by which service. Without an
// engine that answers there are none to be known: ok is false.
func TakenOver(ctx context.Context, project string, by map[string]string) (all []Taken, ok bool, err error) {
	return Docker{}.takenOver(ctx, project, by)
}

// Existing are the volumes that local components take over, and by which service.
func Existing(e *schema.Environment) map[string]string {
	by := map[string]string{}
	for n, c := range e.Components {
		for name, w := range c.Workloads {
			for _, v := range w.Volumes {
				if c.Place == schema.Local && v.Existing != "" {
					by[v.Existing] = schema.FullName(n, name)
				}
			}
		}
	}
	return by
}

func (d Docker) takenOver(ctx context.Context, project string, by map[string]string) (all []Taken, ok bool, err error) {
	if len(by) == 0 {
		return nil, true, nil
	}
	out, why, err := d.ask(ctx, "docker", "volume", "ls", "--format", "{{.Name}}")
	if err != nil || why != nil {
		return nil, false, err
	}
	have := strings.Fields(string(out))
	for _, name := range slices.Sorted(maps.Keys(by)) {
		t := Taken{Volume: name, By: by[name], There: slices.Contains(have, name), Others: map[string]string{}}
		if t.There {
			out, why, err := d.ask(ctx, "docker", "ps", "--filter", "volume="+name,
				"--format", `{{.Names}}`+"\t"+`{{.Label "com.docker.compose.project"}}`+"\t"+`{{.Label "com.docker.compose.project.working_dir"}}`)
			if err != nil || why != nil {
				return nil, false, err
			}
			for line := range strings.Lines(string(out)) {
				if f := strings.Split(strings.TrimRight(line, "\n"), "\t"); len(f) == 3 && f[1] != project {
					t.Others[f[0]] = f[2]
				}
			}
		}
		all = append(all, t)
	}
	return all, true, nil
}

// Trouble says why the volume can't be used now, and what to do; "" when it can. Two
// servers on one volume destroy its data: neither sees the other's lock from its container.
func (t Taken) Trouble() (message, hint string) {
	if !t.There {
		return fmt.Sprintf("there is no volume %s, which %s takes over", t.Volume, t.By), "docker volume ls shows those that there are"
	}
	if len(t.Others) == 0 {
		return "", ""
	}
	other := slices.Min(slices.Collect(maps.Keys(t.Others)))
	hint = "docker stop " + other
	if dir := t.Others[other]; dir != "" {
		hint = fmt.Sprintf("docker compose --project-directory %s down", dir)
	}
	return fmt.Sprintf("%s still runs on volume %s, and two servers on one volume destroy its data: end it before %s starts", other, t.Volume, t.By), hint
}

// taken has a line for each volume that is taken over and can't be used now.
func (c *Check) taken(ctx context.Context, n Needs) (lines []Line, ok bool, err error) {
	all, ok, err := c.docker.takenOver(ctx, n.Project, n.existing)
	for _, t := range all {
		if message, hint := t.Trouble(); message != "" {
			lines = append(lines, Line{Subject: "volumes", State: Wrong, Message: message, Hint: hint, Figures: map[string]any{"volume": t.Volume, "there": t.There}})
		}
	}
	return lines, ok, err
}
