// Package repo commits the paths that belong to an environment, and pushes the
// branch. It reads and writes the repository with go-git and with Git's own
// locks, so that it and the git program can work side by side.
//
// It never sweeps the work tree, never touches what the user has staged or
// changed elsewhere, never forces a push, runs no hook and signs nothing.
// Signing keys, credential helpers and Git's GIT_DIR variables are not looked at.
package repo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// A Repo is a configuration repository and the Git work tree around it. It is
// not safe for use by several goroutines; any number of Repos, and git itself,
// may work on the same folder at once.
type Repo struct {
	layout
	prefix string // of the configuration repository below the work tree: "", or "a/b/"
	store  *filesystem.Storage
	config settings
	env    func(string) (string, bool)
}

// Open finds the Git work tree around the configuration repository in dir,
// which may be a folder of it, a linked work tree or a submodule. It reads
// Git's configuration as git does, with env to look up HOME, XDG_CONFIG_HOME
// and GIT_* variables; a nil env is an empty one. What can't be committed to
// (no repository, a bare one, an unknown format) is a *Problem.
func Open(dir string, env func(string) (string, bool)) (*Repo, error) {
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	real, err := filepath.Abs(dir)
	if err == nil {
		real, err = filepath.EvalSymlinks(real)
	}
	if err != nil {
		return nil, fmt.Errorf("find the folder %s: %w", dir, err)
	}
	found, err := find(real)
	if err != nil {
		return nil, err
	}
	prefix, err := filepath.Rel(found.root, real)
	if err != nil {
		return nil, fmt.Errorf("find %s in %s: %w", real, found.root, err)
	}
	r := &Repo{layout: found, env: env}
	if prefix != "." {
		r.prefix = filepath.ToSlash(prefix) + "/"
	}
	r.store = filesystem.NewStorageWithOptions(
		dotgit.NewRepositoryFilesystem(osfs.New(found.gitDir), osfs.New(found.commonDir)),
		cache.NewObjectLRUDefault(),
		filesystem.Options{AlternatesFS: osfs.New(filepath.VolumeName(found.root) + string(filepath.Separator))})
	if r.config, err = r.readConfig(); err != nil {
		return nil, err
	}
	if err := r.understood(); err != nil {
		return nil, err
	}
	return r, nil
}

// knownExtensions are the extensions of the repository format that change
// nothing in what this package reads and writes (git help config, extensions.*).
var knownExtensions = map[string]string{
	"noop": "", "noop-v1": "", "preciousobjects": "", "partialclone": "", "worktreeconfig": "", "relativeworktrees": "",
	"objectformat": "sha1", "refstorage": "files",
}

// understood refuses repositories whose format would be misread.
func (r *Repo) understood() error {
	if r.config.on("core.bare", false) && r.gitDir == r.commonDir {
		return bare(r.gitDir)
	}
	if tree, ok := r.config.get("core.worktree"); ok {
		if !filepath.IsAbs(tree) {
			tree = filepath.Join(r.gitDir, tree)
		}
		if real, err := filepath.EvalSymlinks(tree); err != nil || real != r.root {
			return &Problem{Msg: fmt.Sprintf("the repository of %s keeps its work tree elsewhere, in %s (core.worktree)", r.root, tree), Fix: "work there"}
		}
	}
	version, _ := r.config.get("core.repositoryformatversion")
	switch version {
	case "", "0":
		return nil
	case "1":
	default:
		return &Problem{Msg: fmt.Sprintf("the Git repository %s has format %s, which mlops-gitops can't read", r.root, version), Fix: "commit with git itself"}
	}
	for _, s := range r.config {
		name, isExtension := strings.CutPrefix(s.key, "extensions.")
		if !isExtension {
			continue
		}
		if only, known := knownExtensions[name]; !known || only != "" && !strings.EqualFold(only, s.value) {
			return &Problem{
				Msg: fmt.Sprintf("the Git repository %s uses the extension %s = %s, which mlops-gitops can't read", r.root, name, s.value),
				Fix: "commit with git itself",
			}
		}
	}
	return nil
}

// exists reports whether path is there; a path that can't be looked at is an error.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
