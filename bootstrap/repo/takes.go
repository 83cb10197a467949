package repo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Takes are the files of the work tree that Git has or would take with "git add --all", in
// order, relative to the configuration repository: those that are not ignored, and those that it
// has all the same.
func (r *Repo) Takes(ctx context.Context) (files []string, err error) {
	x, err := r.readIndex()
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(r.root)
	if err != nil {
		return nil, fmt.Errorf("open the work tree: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	w := &walk{repo: r, root: root, index: x, fold: r.config.on("core.ignorecase", false), macros: builtinMacros()}
	rules, err := w.outerRules()
	if err == nil {
		err = w.takes(ctx, nil, rules, &files)
	}
	if err != nil {
		return nil, err
	}
	for _, e := range x.entries {
		info, err := root.Lstat(filepath.FromSlash(e.path))
		if err == nil && info.Mode().IsRegular() {
			files = append(files, e.path)
		}
	}
	for i := range files {
		files[i] = r.fromConfig(files[i])
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// takes adds the files of a folder that are not ignored.
func (w *walk) takes(ctx context.Context, at []string, rules *folder, files *[]string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	rules, err := w.rulesOf(at, rules)
	if err != nil {
		return err
	}
	dir, err := w.root.Open(filepath.Join(append([]string{"."}, at...)...))
	if err != nil {
		return fmt.Errorf("read a folder of the work tree: %w", err)
	}
	children, err := dir.ReadDir(-1)
	if err := errors.Join(err, dir.Close()); err != nil {
		return fmt.Errorf("read the folder %s: %w", join(at), err)
	}
	if len(at) > 0 && slices.ContainsFunc(children, func(c fs.DirEntry) bool { return c.Name() == ".git" }) {
		return nil // a repository of its own
	}
	for _, child := range children {
		below := slices.Concat(at, []string{child.Name()})
		switch {
		case dotGit(child.Name()) || rules.ignored(below, child.IsDir()):
		case child.IsDir():
			if err := w.takes(ctx, below, rules, files); err != nil {
				return err
			}
		case child.Type().IsRegular():
			*files = append(*files, join(below))
		}
	}
	return nil
}
