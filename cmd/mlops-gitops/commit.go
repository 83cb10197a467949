package main

import (
	"context"
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
	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

func commitCmd(at *place) *cobra.Command {
	var push bool
	var message string
	cmd := &cobra.Command{
		Use:   "commit ENV...",
		Short: "render environments and commit them, and nothing else",
		Long: `commit renders environments and commits their inputs (their folders, what all
environments share, the vendored schema, their encrypted secrets) and their outputs
(deploy/ENV, clusters/ENV) on the current branch. Whatever else is changed or staged
stays as it is. When there is nothing to commit it says so, which is no error.

When a change that all environments share makes another one's files outdated, commit
names that environment and stops, unless it is given too.`,
		Example: `  mlops-gitops commit prod -m "prod: more workers" --push
  mlops-gitops commit dev prod`,
		Args:              named,
		ValidArgsFunction: at.complete,
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
	git, err := repo.Open(r.dir, os.LookupEnv)
	if err != nil {
		return err
	}
	author, err := git.Author()
	if err != nil {
		return err
	}
	loaded, err := r.envs.Load(names...)
	if err != nil {
		return err
	}
	paths, err := shared(r.envs, git)
	if err != nil {
		return err
	}
	if err := r.othersAreCurrent(ctx, git, paths, names); err != nil {
		return err
	}
	for _, l := range loaded {
		paths = append(paths, path.Join("environments", l.Name))
		paths = append(paths, ownerOf(l.Name).Roots...)
		if missing, err := r.missingClusterSecrets(l.Environment); err != nil {
			return err
		} else if len(missing) > 0 {
			return &usage{fmt.Sprintf("%s lacks the values of %s, without which Flux could not apply it", l.Name, strings.Join(missing, ", ")), "mlops-gitops secrets generate " + l.Name}
		}
		if err := r.write(ctx, stderr, l, render.Options{}); err != nil {
			return err
		}
	}
	if message == "" {
		message = "environments: render " + strings.Join(names, ", ")
	}
	result, err := git.Commit(ctx, repo.Change{Paths: paths, Message: message, Author: author, When: time.Now()})
	if err != nil {
		return err
	}
	if len(result.Ignored) > 0 {
		fmt.Fprintf(stderr, "Git ignores %s, which is not committed\n", strings.Join(result.Ignored, ", "))
	}
	if result.Nothing {
		fmt.Fprintf(stdout, "nothing to commit: %s has it all\n", result.Branch)
	} else {
		fmt.Fprintf(stdout, "%s %.10s: %d files\n", result.Branch, result.Commit, len(result.Changes))
	}
	if !push {
		return nil
	}
	pushed, err := git.Push(ctx, "")
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

// shared are the inputs of every environment, with those that were deleted.
func shared(envs *load.Repository, git *repo.Repo) ([]string, error) {
	committed, err := git.Files("environments")
	if err != nil {
		return nil, err
	}
	return slices.Concat([]string{"cue.mod", "schema"}, envs.Shared(), committed), nil
}

// othersAreCurrent is an error when a shared input that is about to be committed
// makes files outdated that other environments have rendered.
func (r *repository) othersAreCurrent(ctx context.Context, git *repo.Repo, paths, names []string) error {
	changed, err := git.Changed(ctx, paths)
	if err != nil || len(changed) == 0 {
		return err
	}
	var outdated []string
	for _, other := range r.envs.Names() {
		if slices.Contains(names, other) {
			continue
		}
		if _, err := os.Stat(r.path(ownerOf(other).Roots[0])); err != nil {
			continue // it was never rendered
		}
		loaded, err := r.envs.Load(other)
		if err != nil {
			return fmt.Errorf("%s is a shared input and changed, and now %s has mistakes: %w", changed[0].Path, other, err)
		}
		tree, err := treeOf(loaded[0])
		if err != nil {
			return err
		}
		drifts, err := render.Check(os.DirFS(r.dir), ownerOf(other), tree)
		if err != nil {
			return err
		}
		if len(drifts) > 0 {
			outdated = append(outdated, other)
		}
	}
	if len(outdated) == 0 {
		return nil
	}
	return &usage{
		fmt.Sprintf("%s is a shared input and changed, and makes rendered files of %s outdated", changed[0].Path, strings.Join(outdated, ", ")),
		"commit them together: mlops-gitops commit " + strings.Join(append(slices.Clone(names), outdated...), " "),
	}
}
