package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/repo"
	"github.com/mlops-gitops/mlops-gitops/render"
)

func commitCmd(at *workdir) *cobra.Command {
	var push bool
	var message string
	cmd := &cobra.Command{
		Use:   "commit ENV...",
		Short: "render environments and commit them, and nothing else",
		Long: `commit renders environments and commits their inputs, what was rendered from them, and
their encrypted secrets, on the current branch. Inputs are the CUE files of their folders,
those directly in environments/, those of cue.mod and schema, and of packages that they
import. Whatever else is there, changed or staged stays as it is. When there is nothing
to commit it says so, which is no error.

When a change that all environments share makes another one's files outdated, commit
names that environment and stops, unless it is given too. It stops, too, where a cluster's
secrets lack a value or are not sealed for those whom the settings name.`,
		Example: `  mlops-gitops commit prod -m "prod: more workers" --push
  mlops-gitops commit dev prod`,
		Args:              named,
		ValidArgsFunction: at.offer(environments),
		RunE: func(cmd *cobra.Command, args []string) error {
			repository, err := at.open()
			if err != nil {
				return err
			}
			return repository.commit(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args, message, push)
		},
	}
	cmd.Flags().StringVarP(&message, "message", "m", "", "the commit's message (default \"environments: render ENV...\")")
	cmd.Flags().BoolVar(&push, "push", false, "push the branch to its upstream afterwards")
	return cmd
}

func (r *repository) commit(ctx context.Context, stdout, stderr io.Writer, names []string, message string, push bool) error {
	if err := r.ownSecrets(); err != nil {
		return err
	}
	git, err := repo.Open(r.dir, os.LookupEnv)
	if err != nil {
		return err
	}
	author, err := git.Author()
	if err != nil {
		return err
	}
	sound, err := r.envs.Vet(names...)
	if err != nil {
		return err
	}
	paths, err := r.shared(git)
	if err != nil {
		return err
	}
	if err := r.othersAreCurrent(ctx, git, paths, names); err != nil {
		return err
	}
	for _, s := range sound { // all that could stop it, before anything is written
		about, err := r.rendering(s)
		if err != nil {
			return err
		}
		lacks, _, err := r.lackingSecrets(s.Name, about)
		if err != nil {
			return err
		}
		if len(lacks) > 0 {
			return of(s.Name, lacks)
		}
	}
	var folders []string
	for _, s := range sound {
		about, _, err := r.write(ctx, stderr, s, render.Options{})
		if err != nil {
			return err
		}
		unused, err := r.unused(s.Name, about)
		if err != nil {
			return err
		}
		lack{whats: unused}.say(stderr, s.Name)
		own := path.Join("environments", s.Name)
		folders = append(append(folders, own), ownerOf(s.Name).Roots...)
		in, err := r.inputs(git, true, own)
		if err != nil {
			return err
		}
		out, err := r.outputs(git, s.Name, about)
		if err != nil {
			return err
		}
		paths = slices.Concat(paths, in, s.Inputs, out)
	}
	changed, err := git.Changed(ctx, folders)
	if err != nil {
		return err
	}
	r.sayForeign(stderr, changed, paths)
	if message == "" {
		message = "environments: render " + strings.Join(names, ", ")
	}
	result, err := git.Commit(ctx, repo.Change{Paths: paths, Message: message, Author: author, When: time.Now()})
	if err != nil {
		return err
	}
	if err := r.sayYours(ctx, stderr, git); err != nil {
		return err
	}
	if len(result.Ignored) > 0 {
		fmt.Fprintf(stderr, "Git ignores %s, which is not committed\n", strings.Join(result.Ignored, ", "))
	}
	if result.Nothing {
		fmt.Fprintf(stdout, "nothing to commit: %s has it all\n", result.Branch)
	} else {
		fmt.Fprintf(stdout, "committed %s to %s (%.10s)\n", count(len(result.Changes), "file"), result.Branch, result.Commit)
	}
	if !push {
		return nil
	}
	pushed, err := git.Push(ctx)
	if err != nil {
		return err
	}
	if pushed.UpToDate {
		fmt.Fprintf(stdout, "nothing to push: %s has it all\n", pushed.URL)
	} else {
		fmt.Fprintf(stdout, "pushed to %s (%s)\n", pushed.URL, pushed.Branch)
	}
	return nil
}

// othersAreCurrent is an error when a shared input that is about to be committed
// makes what Git holds of other environments outdated: their files differ from the
// render, or were rendered anew and are not committed yet.
func (r *repository) othersAreCurrent(ctx context.Context, git *repo.Repo, paths, names []string) error {
	changed, err := git.Changed(ctx, paths)
	if err != nil || len(changed) == 0 {
		return err
	}
	var outdated []string
	for _, other := range r.envs.Names() {
		if slices.Contains(names, other) || !r.rendered(other) {
			continue
		}
		sound, err := r.envs.Vet(other)
		if err != nil {
			return errors.Join(&refusal{fmt.Sprintf("%s is a shared input and changed, and with it %s has mistakes", changed[0].Path, other), "mend them first"}, err)
		}
		about, err := r.rendering(sound[0])
		if err != nil {
			return err
		}
		drifts, err := render.Check(os.DirFS(r.dir), ownerOf(other), about.tree)
		if err != nil {
			return err
		}
		pending, err := git.Changed(ctx, ownerOf(other).Roots)
		if err != nil {
			return err
		}
		if len(drifts)+len(pending) > 0 {
			outdated = append(outdated, other)
		}
	}
	if len(outdated) == 0 {
		return nil
	}
	return &refusal{
		fmt.Sprintf("%s is a shared input and changed, and makes what Git holds of %s outdated", changed[0].Path, strings.Join(outdated, ", ")),
		"commit them together: mlops-gitops commit " + strings.Join(append(slices.Clone(names), outdated...), " "),
	}
}
