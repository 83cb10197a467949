package repo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A layout is where a work tree and its parts are: absolute paths.
type layout struct {
	root      string // the top of the work tree
	gitDir    string // HEAD, index and what else is this work tree's own
	commonDir string // objects, refs, config: gitDir, but for linked work trees
}

// find looks for the work tree around dir, from dir upwards as git does.
func find(dir string) (layout, error) {
	for at := dir; ; at = filepath.Dir(at) {
		gitDir, err := pointed(filepath.Join(at, ".git"))
		if err != nil {
			return layout{}, err
		}
		if gitDir != "" {
			return located(at, gitDir)
		}
		if isGitDir(at) {
			if filepath.Base(at) == ".git" {
				return layout{}, &Problem{Msg: fmt.Sprintf("%s is inside a .git folder", dir), Fix: "go to the work tree: cd " + filepath.Dir(at)}
			}
			return layout{}, bare(at)
		}
		if filepath.Dir(at) == at {
			return layout{}, &Problem{Msg: fmt.Sprintf("%s is not in a Git repository", dir), Fix: "make it one: git init"}
		}
	}
}

func bare(dir string) error {
	return &Problem{Msg: fmt.Sprintf("%s is a bare Git repository: it has no work tree to commit from", dir), Fix: "clone it and work in the clone: git clone " + dir}
}

// pointed returns the folder that path, a .git folder or file, stands for, or
// "" when path is neither.
func pointed(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("look for the Git repository: %w", err)
	case info.IsDir():
		if !isGitDir(path) {
			return "", nil
		}
		return filepath.EvalSymlinks(path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("look for the Git repository: %w", err)
	}
	target, ok := strings.CutPrefix(strings.TrimRight(string(data), "\r\n"), "gitdir: ")
	if !ok {
		return "", &Problem{Msg: fmt.Sprintf("%s is neither a folder nor names one", path), Fix: "make the repository anew: move the file away, then git init"}
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(path), target)
	}
	if !isGitDir(target) {
		return "", &Problem{
			Msg: fmt.Sprintf("%s names %s, and no Git repository is there", path, target),
			Fix: "a linked work tree that was moved is mended by git worktree repair, a submodule by git submodule update --init",
		}
	}
	return filepath.EvalSymlinks(target)
}

// located completes the layout of a work tree with its common folder.
func located(root, gitDir string) (layout, error) {
	common, err := commonOf(gitDir)
	if err != nil {
		return layout{}, fmt.Errorf("look for the Git repository: %w", err)
	}
	return layout{root: root, gitDir: gitDir, commonDir: common}, nil
}

// commonOf returns the folder that a linked work tree's shares with the others,
// as its file commondir says, else gitDir.
func commonOf(gitDir string) (string, error) {
	data, err := os.ReadFile(filepath.Join(gitDir, "commondir"))
	if errors.Is(err, os.ErrNotExist) {
		return gitDir, nil
	}
	if err != nil {
		return "", err
	}
	common := strings.TrimRight(string(data), "\r\n")
	if !filepath.IsAbs(common) {
		common = filepath.Join(gitDir, common)
	}
	return filepath.EvalSymlinks(common)
}

// isGitDir reports whether dir looks like a Git folder: HEAD, objects and refs
// are there (git help repository-layout).
func isGitDir(dir string) bool {
	if _, err := os.Lstat(filepath.Join(dir, "HEAD")); err != nil {
		return false
	}
	common, err := commonOf(dir)
	if err != nil {
		return false
	}
	for _, name := range []string{"objects", "refs"} {
		if info, err := os.Stat(filepath.Join(common, name)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}
