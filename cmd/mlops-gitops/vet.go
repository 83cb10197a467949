package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

func vetCmd(at *workdir) *cobra.Command {
	var output *string
	cmd := &cobra.Command{
		Use:   "vet [ENV...]",
		Short: "say every mistake in environments, at the line where it was made",
		Long: `vet evaluates environments, all of them unless some are named, and says every mistake
with the file, line and column where it was made: all those in single settings in one
run, and once each is right by itself, all those between settings. It writes nothing.
Of those that are named it also says what a cluster still lacks of its owner: a domain,
someone who can read its secrets, their values. That is no mistake.

Exit codes: 0 no mistake; 1 mistakes; 2 could not look.`,
		Example: `  mlops-gitops vet
  mlops-gitops vet prod
  mlops-gitops vet -o json     # for an editor or a CI annotation`,
		ValidArgsFunction: at.offer(environments),
		RunE: func(cmd *cobra.Command, args []string) error {
			repo, err := at.open()
			if err != nil {
				return err
			}
			loaded, err := repo.envs.Load(args...)
			if m := (*load.Mistake)(nil); err != nil && !errors.As(err, &m) {
				return err
			}
			if err == nil {
				err = refusals(loaded, repo.treeOf, repo.oneProject)
			}
			if *output == "json" {
				if shown := showMistakes(cmd.OutOrStdout(), err); shown != nil {
					return shown
				}
				if err != nil {
					return &found{nil}
				}
				return nil
			}
			if err != nil {
				return &found{err}
			}
			var names []string
			for _, l := range loaded {
				names = append(names, l.Name)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "no mistakes in", strings.Join(names, ", "))
			if len(args) == 0 { // who asks of one by name gets it all
				return nil
			}
			for _, l := range loaded {
				lacks, err := repo.lacking(l.Environment)
				if err != nil {
					return err
				}
				lacks.say(cmd.ErrOrStderr(), l.Name)
			}
			return nil
		},
	}
	output = outputFlag(cmd)
	return cmd
}

// refusals are what stands in the way of rendering environments in which loading found no
// mistake: what renderers say, and how the repository would start them.
func refusals(loaded []load.Loaded, treeOf func(load.Loaded) (render.Tree, error), start func(*schema.Environment) error) error {
	var all []error
	for _, l := range loaded {
		_, err := treeOf(l)
		all = append(all, err, start(l.Environment))
	}
	return errors.Join(all...)
}
