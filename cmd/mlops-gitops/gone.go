package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

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
		result, err := render.Write(r.dir, ownerOf(env), render.Tree{}, opts)
		if err != nil {
			return err
		}
		if n := len(result.Removed); n > 0 {
			fmt.Fprintf(w, "%s: its environment is gone; %s removed\n", env, count(n, "file"))
		}
	}
	return nil
}

// rendered reports whether any of the folders that an environment is rendered to is there.
func (r *repository) rendered(env string) bool {
	return slices.ContainsFunc(ownerOf(env).Roots, func(root string) bool {
		_, err := os.Stat(r.path(root))
		return err == nil
	})
}
