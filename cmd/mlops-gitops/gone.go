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
		rendered, err := r.readCompose(composeFile(env))
		if unread := (*refusal)(nil); err != nil && !errors.As(err, &unread) { // then its name is not shown
			return err
		}
		result, err := render.Write(r.dir, ownerOf(env), render.Tree{}, opts)
		if err != nil {
			return err
		}
		if n := len(result.Removed); n > 0 {
			fmt.Fprintf(w, "%s: its environment is gone; %s removed\n  hint: %s\n", env, count(n, "file"), r.afterwards(env, rendered.Name))
		}
	}
	return nil
}

// afterwards says what is left of an environment that is gone, and how it goes, too.
func (r *repository) afterwards(env, project string) string {
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
	return strings.Join(append(steps, "for Git: git add --all environments deploy clusters"), "\n        ")
}

// rendered reports whether any of the folders that an environment is rendered to is there.
func (r *repository) rendered(env string) bool {
	return slices.ContainsFunc(ownerOf(env).Roots, func(root string) bool {
		_, err := os.Stat(r.path(root))
		return err == nil
	})
}
