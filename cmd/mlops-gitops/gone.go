package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/render"
)

// gone are the environments that have rendered files and no folder any longer. Flux
// would go on applying them.
func (r *repository) gone() ([]string, error) {
	var gone []string
	for _, root := range ownerOf("x").Roots {
		entries, err := fs.ReadDir(os.DirFS(r.dir), path.Dir(root))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			if !e.IsDir() || slices.Contains(r.envs.Names(), e.Name()) || slices.Contains(gone, e.Name()) {
				continue
			}
			left, err := render.Check(os.DirFS(r.dir), ownerOf(e.Name()), render.Tree{})
			if err != nil {
				return nil, err
			}
			if len(left) > 0 {
				gone = append(gone, e.Name())
			}
		}
	}
	return gone, nil
}

// remove takes away the rendered files of environments that are gone.
func (r *repository) remove(w io.Writer, gone []string, opts render.Options) error {
	for _, env := range gone {
		pruned := r.pruned(env)
		rendered, err := r.readCompose(composeFile(env))
		if unread := (*refusal)(nil); err != nil && !errors.As(err, &unread) { // then its name is not shown
			return err
		}
		result, err := render.Write(r.dir, ownerOf(env), render.Tree{}, opts)
		if err != nil {
			return err
		}
		if n := len(result.Removed); n > 0 {
			fmt.Fprintf(w, "%s: its environment is gone; %s removed\n  hint: %s\n", env, count(n, "file"), r.afterwards(env, rendered.Name, pruned))
		}
	}
	return nil
}

// sayGone says of an environment that is gone how what it left goes, too.
func (r *repository) sayGone(w io.Writer, env string, files int) {
	hint := "mlops-gitops render --all removes them; then git add --all environments deploy clusters, and commit"
	if pruned := r.pruned(env); pruned != "" {
		hint += "\n        " + pruned
	}
	fmt.Fprintf(w, "%s: its environment is gone, and %s of it are left\n  hint: %s\n", env, count(files, "rendered file"), hint)
}

// pruned says what Flux does when the files of an environment that is gone are no longer in
// Git, or "" where none are for Flux (render/flux: the stage of data is left, and render/kube
// marks what is never pruned).
func (r *repository) pruned(env string) string {
	if _, err := os.Stat(r.path("clusters/" + env)); err != nil {
		return ""
	}
	return "once that is pushed Flux removes its programs, tasks and Secrets, and leaves its namespace, the operators, and what keeps data with its volumes"
}

// afterwards says what is left of an environment that is gone, and how it goes, too.
func (r *repository) afterwards(env, project, pruned string) string {
	var steps []string
	if project != "" {
		steps = append(steps, fmt.Sprintf("stop what still runs, with --volumes to delete its data for good: docker compose --project-name %s down", shellWord(project)))
	}
	if own, err := r.ownCompose(env); err == nil && own.includes {
		steps = append(steps, fmt.Sprintf("take %s out of compose.yaml", composeFile(env)))
	}
	if _, err := os.Lstat(r.path(".secrets/" + env)); err == nil {
		steps = append(steps, "when its data are gone: rm -r .secrets/"+env)
	}
	steps = append(steps, "for Git: git add --all environments deploy clusters")
	if pruned != "" {
		steps = append(steps, pruned)
	}
	return strings.Join(steps, "\n        ")
}

// rendered reports whether any of the folders that an environment is rendered to is there.
func (r *repository) rendered(env string) bool {
	return slices.ContainsFunc(ownerOf(env).Roots, func(root string) bool {
		_, err := os.Stat(r.path(root))
		return err == nil
	})
}
