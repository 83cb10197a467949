package repo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// A walk reads the owned paths of a work tree, and nothing beside them but the
// .gitignore and .gitattributes files on the way.
type walk struct {
	repo           *Repo
	root           *os.Root
	index          *index
	before         map[string]treeFile // what the last commit has
	store          func([]byte) error  // keeps content that the last commit has not
	fold           bool                // the file system does not tell A from a
	macros         map[string][]attribute
	infoAttributes []attributeRule
	files          []indexEntry // what was found
	ignored        []string     // owned paths that are ignored themselves
}

// take reads what is at the owned paths.
func (w *walk) take(ctx context.Context, owned []string) error {
	w.fold = w.repo.config.on("core.ignorecase", false)
	w.macros = builtinMacros()
	outer, err := w.outerRules()
	if err != nil {
		return err
	}
	for _, o := range owned {
		if err := w.descend(ctx, strings.Split(o, "/"), outer); err != nil {
			return err
		}
	}
	return nil
}

// descend goes down to an owned path, gathering rules, and takes what is there.
func (w *walk) descend(ctx context.Context, owned []string, rules *folder) error {
	ignored := false
	for depth := range owned {
		var err error
		if rules, err = w.rulesOf(owned[:depth], rules); err != nil {
			return err
		}
		at := owned[:depth+1]
		info, err := w.root.Lstat(filepath.FromSlash(join(at)))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look at an owned path: %w", err)
		}
		ignored = ignored || rules.ignored(at, info.IsDir())
		if depth == len(owned)-1 {
			if ignored && len(w.index.at(join(at))) == 0 && len(w.index.below(join(at))) == 0 {
				w.ignored = append(w.ignored, join(at))
				return nil
			}
			return w.enter(ctx, at, info, rules, ignored)
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			return &Problem{Msg: fmt.Sprintf("%s is a symbolic link, and %s would be committed through it", join(at), join(owned)), Fix: "make it a folder"}
		}
		if !info.IsDir() {
			return nil // so there is nothing at the owned path
		}
		if err := w.own(at); err != nil {
			return err
		}
	}
	return nil
}

// enter takes one file, or a folder with all below it.
func (w *walk) enter(ctx context.Context, at []string, info fs.FileInfo, rules *folder, ignored bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	name := join(at)
	switch {
	case dotGit(at[len(at)-1]):
		return &Problem{Msg: fmt.Sprintf("%s can't be committed: Git keeps that name for itself", name), Fix: "rename it or move it out of the environment's folders"}
	case strings.EqualFold(at[len(at)-1], secrets):
		return w.secret(name)
	case ignored && len(w.index.at(name)) == 0 && len(w.index.below(name)) == 0:
		return nil
	case info.Mode().IsRegular():
		return w.file(at, rules)
	case info.Mode()&fs.ModeSymlink != 0:
		return w.link(name, info)
	case !info.IsDir():
		return &Problem{Msg: fmt.Sprintf("%s is neither a file, a folder nor a symbolic link, so it can't be committed", name), Fix: "move it out of the environment's folders"}
	}
	if err := w.own(at); err != nil {
		return err
	}
	rules, err := w.rulesOf(at, rules)
	if err != nil {
		return err
	}
	dir, err := w.root.Open(filepath.FromSlash(name))
	if err != nil {
		return fmt.Errorf("read an owned folder: %w", err)
	}
	children, err := dir.ReadDir(-1)
	if err := errors.Join(err, dir.Close()); err != nil {
		return fmt.Errorf("read the owned folder %s: %w", name, err)
	}
	slices.SortFunc(children, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, child := range children {
		below := slices.Concat(at, []string{child.Name()})
		info, err := child.Info()
		if err != nil {
			return fmt.Errorf("read the owned folder %s: %w", name, err)
		}
		if err := w.enter(ctx, below, info, rules, ignored || rules.ignored(below, info.IsDir())); err != nil {
			return err
		}
	}
	return nil
}

// own refuses a folder that is a repository of its own.
func (w *walk) own(at []string) error {
	_, err := w.root.Lstat(filepath.FromSlash(join(at) + "/.git"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at an owned folder: %w", err)
	}
	return &Problem{Msg: fmt.Sprintf("%s is a Git repository of its own (a submodule or a clone)", join(at)), Fix: "commit there, or move it out of the environment's folders"}
}

// secrets is the folder of local secrets, which never gets into Git.
const secrets = ".secrets"

// secret passes over a folder of secrets, unless Git has it already.
func (w *walk) secret(name string) error {
	if len(w.index.at(name)) == 0 && len(w.index.below(name)) == 0 {
		return nil
	}
	return &Problem{
		Msg: fmt.Sprintf("%s is tracked by Git, and secrets must never be committed", name),
		Fix: fmt.Sprintf("git rm -r --cached %q, and make those secrets anew if they were ever pushed", name),
	}
}

// file takes a regular file.
func (w *walk) file(at []string, rules *folder) error {
	name := join(at)
	said := w.attributes(at, rules)
	if err := refused(name, said); err != nil {
		return err
	}
	data, info, err := w.regular(name)
	if err != nil {
		return fmt.Errorf("read an owned file: %w", err)
	}
	before, tracked := w.before[name]
	mode := filemode.Regular
	switch executable := info.Mode()&0o100 != 0; {
	case tracked && before.mode == filemode.Symlink && !w.repo.config.on("core.symlinks", true):
		mode = filemode.Symlink // checked out as a file with the target in it
	case !w.repo.config.on("core.filemode", true):
		if tracked && before.mode == filemode.Executable {
			mode = filemode.Executable
		}
	case executable:
		mode = filemode.Executable
	}
	if mode != filemode.Symlink {
		data, err = w.repo.endingOf(said).stored(data, func() ([]byte, error) {
			if !tracked || before.mode == filemode.Symlink {
				return nil, nil
			}
			return w.repo.blob(before.hash)
		})
		if err != nil {
			return err
		}
	}
	return w.add(name, mode, data, info)
}

// link takes a symbolic link that stays inside the work tree, existing or not.
func (w *walk) link(name string, info fs.FileInfo) error {
	target, err := w.root.Readlink(filepath.FromSlash(name))
	if err != nil {
		return fmt.Errorf("read an owned link: %w", err)
	}
	target = filepath.ToSlash(target)
	leads := path.Join(path.Dir(name), target)
	_, err = w.root.Stat(filepath.FromSlash(name)) // follows it, and links on its way, but never out
	if err != nil && !errors.Is(err, fs.ErrNotExist) || !filepath.IsLocal(filepath.FromSlash(leads)) ||
		filepath.IsAbs(filepath.FromSlash(target)) || slices.ContainsFunc(strings.Split(leads, "/"), dotGit) {
		return &Problem{
			Msg: fmt.Sprintf("the symbolic link %s leads to %s; only relative links that stay in the repository can be committed", name, target),
			Fix: "put a copy of the file there instead",
		}
	}
	return w.add(name, filemode.Symlink, []byte(target), info)
}

func (w *walk) add(name string, mode filemode.FileMode, data []byte, info fs.FileInfo) error {
	hash := plumbing.ComputeHash(plumbing.BlobObject, data)
	if w.before[name].hash != hash { // else it is stored, perhaps where another repository keeps it
		if err := w.store(data); err != nil {
			return fmt.Errorf("store %s: %w", name, err)
		}
	}
	w.files = append(w.files, newEntry(name, mode, hash, info))
	return nil
}

// dotGit reports whether some file system takes name for ".git": HFS+ leaves
// out some code points, NTFS trailing dots, spaces and streams, and has the
// short name git~1.
func dotGit(name string) bool {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff:
			return -1
		}
		return r
	}, name)
	name, _, _ = strings.Cut(name, ":")
	name = strings.ToLower(strings.TrimRight(name, ". "))
	return name == ".git" || name == "git~1"
}
