package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

func vetCmd(at *place) *cobra.Command {
	var output *form
	cmd := &cobra.Command{
		Use:   "vet [ENV...]",
		Short: "say every mistake in environments, at the line where it was made",
		Long: `vet evaluates environments, all of them unless some are named, and says every mistake
with the file, line and column where it was made: all those in single settings in one
run, and once each is right by itself, all those between settings. It writes nothing.

Exit codes: 0 no mistake; 1 mistakes; 2 could not look.`,
		Example: `  mlops-gitops vet
  mlops-gitops vet prod
  mlops-gitops vet -o json     # for an editor or a CI annotation`,
		ValidArgsFunction: at.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			repo, err := at.open()
			if err != nil {
				return err
			}
			loaded, err := repo.envs.Load(args...)
			if m := (*load.Mistake)(nil); err != nil && !errors.As(err, &m) {
				return err
			}
			if *output == "json" {
				if shown := showMistakes(cmd.OutOrStdout(), err); shown != nil {
					return shown
				}
				if err != nil {
					return &found{nil}
				}
			} else if err != nil {
				return &found{err}
			}
			var names []string
			for _, l := range loaded {
				if _, err := repo.treeOf(l); err != nil {
					return &found{err}
				}
				names = append(names, l.Name)
			}
			if *output == "text" {
				fmt.Fprintln(cmd.OutOrStdout(), "no mistakes in", strings.Join(names, ", "))
			}
			return nil
		},
	}
	output = outputFlag(cmd)
	return cmd
}
