package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/mlops-gitops/mlops-gitops/render/helm"
)

// entrance says how what is rendered for a cluster gets there, beside a commit, where people
// find it, and how they get in. Flux's own files show that it looks there: "flux bootstrap"
// puts them beside the stages (fluxcd.io, flux bootstrap git).
func (r *repository) entrance(w io.Writer, env string, about rendering) error {
	a, rows := about.Answers, table{nil}
	if _, err := os.Stat(r.path("clusters/" + env + "/flux-system")); err != nil {
		rows = append(rows, []string{"Flux, once", "flux bootstrap git --url URL --branch BRANCH --path clusters/" + env})
	}
	rows = append(rows, []string{"or Helm", "deploy/" + env + "/" + helm.Name + "/README.md has the commands"})
	for _, title := range slices.Sorted(maps.Keys(a.InCluster)) {
		rows = append(rows, []string{title, a.InCluster[title]})
	}
	if err := rows.write(w, 3); err != nil {
		return err
	}
	for _, e := range a.Entries {
		if _, err := fmt.Fprintf(w, "\n%s:\n  %s\n", inLine(e.What), inLine(e.Command(about.Settings.Namespace))); err != nil {
			return err
		}
	}
	return nil
}
