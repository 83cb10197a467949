package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// answers says how to start what runs on this machine, where it will answer and
// what a client needs. It says nothing of an environment that runs elsewhere.
func (r *repository) answers(w io.Writer, e *schema.Environment) error {
	local := false
	where, client := map[string]string{}, map[string]string{}
	for _, c := range e.Components {
		local = local || c.Place == schema.Local && len(c.Workloads) > 0
		maps.Copy(where, c.Answers)
		maps.Copy(client, c.Client)
	}
	if !local {
		return nil
	}
	start, err := r.startCommand(e.Name)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintf(table, "\nstart it\t%s\n", start)
	for _, title := range slices.Sorted(maps.Keys(where)) {
		fmt.Fprintf(table, "%s\t%s\n", title, where[title])
	}
	title := "for clients"
	for _, name := range slices.Sorted(maps.Keys(client)) {
		fmt.Fprintf(table, "%s\texport %s=%s\n", title, name, client[name])
		title = ""
	}
	return table.Flush()
}

// startCommand is what to type from the repository's folder: the short form when
// its own compose.yaml includes this environment's.
func (r *repository) startCommand(env string) (string, error) {
	file := "deploy/" + env + "/compose.yaml"
	own, err := os.ReadFile(filepath.Join(r.dir, "compose.yaml"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if bytes.Contains(own, []byte(file)) {
		return "docker compose up --wait", nil
	}
	return "docker compose -f " + file + " up --wait", nil
}
