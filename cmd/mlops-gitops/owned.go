package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/repo"
)

// sharedFolders hold the inputs of every environment.
var sharedFolders = []string{"cue.mod", "schema"}

// inputs are the CUE files in and below folders, on disk or in the last commit: what
// was deleted is an input too. direct leaves out what is in folders below.
func (r *repository) inputs(git *repo.Repo, direct bool, folders ...string) ([]string, error) {
	committed, err := git.Files(folders)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	note := func(name string) {
		if path.Ext(name) == ".cue" && (!direct || slices.Contains(folders, path.Dir(name))) {
			found[name] = true
		}
	}
	for _, name := range committed {
		note(name)
	}
	for _, folder := range folders {
		err := fs.WalkDir(os.DirFS(r.dir), folder, func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				note(name)
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// shared are the inputs of every environment.
func (r *repository) shared(git *repo.Repo) ([]string, error) {
	below, err := r.inputs(git, false, sharedFolders...)
	if err != nil {
		return nil, err
	}
	beside, err := r.inputs(git, true, "environments")
	return slices.Concat(below, beside), err
}

// outputs are the files that an environment's render and its secrets consist of, and
// those of the last commit in the same folders that are gone.
func (r *repository) outputs(git *repo.Repo, env string, about rendering) ([]string, error) {
	owner := ownerOf(env)
	tree, err := owner.Stamp(about.tree)
	if err != nil {
		return nil, err
	}
	committed, err := git.Files(owner.Roots)
	if err != nil {
		return nil, err
	}
	outputs := tree.Paths()
	for _, name := range slices.Sorted(maps.Keys(about.InCluster)) {
		outputs = append(outputs, path.Join(owner.Roots[0], "secrets", name+".yaml"))
	}
	for _, name := range committed {
		if _, err := os.Lstat(r.path(name)); errors.Is(err, fs.ErrNotExist) {
			outputs = append(outputs, name)
		}
	}
	return outputs, nil
}

// sayForeign names what lies in an environment's folders, is not ours, and is left out.
func (r *repository) sayForeign(w io.Writer, changed []repo.PathChange, owned []string) {
	var foreign []string
	for _, c := range changed {
		if !slices.Contains(owned, c.Path) {
			foreign = append(foreign, c.Path)
		}
	}
	if len(foreign) > 0 {
		fmt.Fprintf(w, "left out, since mlops-gitops neither made nor reads it: %s\n", listed(foreign))
	}
}

// sayYours names what init wrote beside the environments and Git does not have yet: it is a
// person's from then on, so a person commits it.
func (r *repository) sayYours(ctx context.Context, w io.Writer, git *repo.Repo) error {
	files, err := newRepository()
	if err != nil {
		return err
	}
	var names []string
	for name := range files {
		if path.Ext(name) != ".cue" {
			names = append(names, filepath.ToSlash(name))
		}
	}
	changed, err := git.Changed(ctx, names)
	var yours []string
	for _, c := range changed {
		if c.Kind == repo.Added {
			yours = append(yours, c.Path)
		}
	}
	if err != nil || len(yours) == 0 {
		return err
	}
	under, err := fromHere(r.dir)
	if err != nil {
		return err
	}
	at := "git"
	if under != "." {
		at += " -C " + shellWord(filepath.ToSlash(under))
	}
	fmt.Fprintf(w, "left to you, and not in Git yet: %s\n  hint: %s add %s && %[2]s commit -m \"config repository\"\n", listed(yours), at, strings.Join(yours, " "))
	return nil
}
