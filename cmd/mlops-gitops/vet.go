package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

func vetCmd(at *place) *cobra.Command {
	return &cobra.Command{
		Use:   "vet [ENV...]",
		Short: "say every mistake in environments, at the line where it was made",
		Long: `vet evaluates environments, all of them unless some are named, and says every
mistake in one run, with the file, line and column where it was made. It writes nothing.

Exit codes: 0 no mistake; 1 mistakes; 2 could not look.`,
		Example: `  mlops-gitops vet
  mlops-gitops vet prod`,
		ValidArgsFunction: at.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			repo, err := at.open()
			if err != nil {
				return err
			}
			loaded, err := repo.envs.Load(args...)
			if m := (*load.Mistake)(nil); errors.As(err, &m) {
				return &found{err}
			} else if err != nil {
				return err
			}
			var names []string
			for _, l := range loaded {
				if _, err := treeOf(l); err != nil {
					return &found{err}
				}
				names = append(names, l.Name)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "no mistakes in", strings.Join(names, ", "))
			return nil
		},
	}
}
