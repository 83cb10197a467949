package main

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// answers says how to start what runs on this machine, where it will answer and
// what a client needs. It says nothing of an environment that runs elsewhere.
func (r *repository) answers(w io.Writer, e *schema.Environment) error {
	local := false
	where, client := map[string]string{}, map[string]string{}
	for _, c := range e.Components {
		local = local || c.Place == schema.Local && len(c.Workloads) > 0
		for _, text := range []struct {
			from map[string]schema.Value
			to   map[string]string
		}{{c.Answers, where}, {c.Client, client}} {
			for name, value := range text.from {
				bound, err := e.Text(c.Name, value)
				if err != nil {
					return fmt.Errorf("%s: %w", c.Name, err)
				}
				text.to[name] = bound
			}
		}
	}
	if !local {
		return nil
	}
	if e.Components[e.Front].Place == schema.Local {
		for _, route := range e.Routes {
			if route.Title != "" {
				where[route.Title] = route.URL
			}
		}
	}
	start, err := r.startCommand(e.Name)
	if err != nil {
		return err
	}
	rows := table{nil, {"start it", start}}
	for _, title := range slices.Sorted(maps.Keys(where)) {
		rows = append(rows, []string{title, where[title]})
	}
	title := "for clients"
	for _, name := range slices.Sorted(maps.Keys(client)) {
		rows = append(rows, []string{title, "export " + name + "=" + client[name]})
		title = ""
	}
	return rows.write(w, 3)
}

// startCommand is what to type here: the short form when the repository's own
// compose.yaml includes this environment's.
func (r *repository) startCommand(env string) (string, error) {
	own, err := r.ownCompose(env)
	if err != nil {
		return "", err
	}
	under, err := fromHere(r.dir)
	if err != nil {
		return "", err
	}
	start := "docker compose"
	if own.includes {
		if under != "." {
			start += " --project-directory " + under
		}
		return start + " up --wait", nil
	}
	return start + " -f " + filepath.ToSlash(filepath.Join(under, composeFile(env))) + " up --wait", nil
}

func composeFile(env string) string { return "deploy/" + env + "/compose.yaml" }
