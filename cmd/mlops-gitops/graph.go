package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/render/graph"
)

func graphCmd(at *workdir) *cobra.Command {
	var format *string
	cmd := &cobra.Command{
		Use:   "graph ENV",
		Short: "draw who talks to whom in an environment",
		Long: `graph draws the components of an environment by the place where they run, and an
arrow from each to what it needs: the port, and what it claims there. Ports that are
open to people outside have arrows too. It prints a flowchart for Mermaid, which GitHub
shows in Markdown, a graph for Graphviz's dot, or an SVG picture that stands alone.

Exit codes: 0 drawn; 2 could not draw.`,
		Example: `  mlops-gitops graph dev
  mlops-gitops graph prod -o svg > docs/prod.svg
  mlops-gitops graph prod -o dot | dot -Tpdf > prod.pdf`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &refusal{"a picture shows one environment, not " + strings.Join(args, " and "), "draw one after the other"}
			}
			return named(cmd, args)
		},
		ValidArgsFunction: at.offer(func(r *repository, args []string, _ string) ([]string, error) {
			if len(args) > 0 {
				return nil, nil
			}
			return r.envs.Names(), nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			repo, err := at.open()
			if err != nil {
				return err
			}
			loaded, err := repo.envs.Load(args...)
			if err != nil {
				return err
			}
			g, err := graph.Of(loaded[0].Environment)
			if err != nil {
				return fmt.Errorf("environment %s: %w", loaded[0].Name, err)
			}
			_, err = cmd.OutOrStdout().Write(draw(g, *format))
			return err
		},
	}
	format = choiceFlag(cmd, "how to draw", "mermaid", "dot", "svg")
	return cmd
}

func draw(g *graph.Graph, format string) []byte {
	switch format {
	case "dot":
		return g.Dot()
	case "svg":
		return g.SVG()
	}
	return g.Mermaid()
}
