package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

func vetCmd(at *workdir) *cobra.Command {
	var output *string
	cmd := &cobra.Command{
		Use:   "vet [ENV...]",
		Short: "say every mistake in environments, at the line where it was made",
		Long: `vet evaluates environments, all of them unless some are named, and says every mistake
with the file, line and column where it was made: all those in single settings in one
run, and once each is right by itself, all those between settings. An encrypted secret of
a cluster that Flux could not use is one, too. It writes nothing. Of those that are named it also says what a cluster still lacks of its owner: a domain,
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
			sound, err := repo.envs.Vet(args...)
			if m := (*load.Mistake)(nil); err != nil && !errors.As(err, &m) {
				return err
			}
			if err == nil {
				err = refusals(sound, repo.refuses)
			}
			var lacks []lack
			if err == nil && len(args) > 0 { // who asks of one by name gets it all
				if lacks, err = repo.lackingOf(sound); err != nil {
					return err
				}
			}
			if *output == "json" {
				var warned []error
				for i, l := range lacks {
					warned = append(warned, of(sound[i].Name, l.all()))
				}
				if shown := showMistakes(cmd.OutOrStdout(), err, errors.Join(warned...)); shown != nil {
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
			for _, s := range sound {
				names = append(names, s.Name)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "no mistakes in", strings.Join(names, ", "))
			for i, l := range lacks {
				l.say(cmd.ErrOrStderr(), sound[i].Name)
			}
			return nil
		},
	}
	output = outputFlag(cmd)
	return cmd
}

// lackingOf is what each of the environments lacks, in their order.
func (r *repository) lackingOf(sound []load.Sound) (all []lack, err error) {
	for _, s := range sound {
		about, err := r.rendering(s)
		if err != nil {
			return nil, err
		}
		l, err := r.lacking(s.Name, about)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// refusals are what stands in the way of environments in which loading found no mistake.
func refusals(sound []load.Sound, refuses func(load.Sound) error) error {
	var all []error
	for _, s := range sound {
		all = append(all, refuses(s))
	}
	return errors.Join(all...)
}

// refuses is what renderers say against an environment, encrypted secrets that Flux could not
// use, and how the repository would start it.
func (r *repository) refuses(s load.Sound) error {
	about, err := r.rendering(s)
	if err == nil {
		err = r.usable(s.Name, about)
	}
	return errors.Join(err, r.oneProject(s.Name, s.Namespace))
}
