package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// A head is where the work tree stands.
type head struct {
	branch string        // short name, "main"
	tip    plumbing.Hash // zero while the branch has no commit
}

func (h head) ref() string { return "refs/heads/" + h.branch }

// readHead returns the current branch and its last commit.
func (r *Repo) readHead() (head, error) {
	data, err := os.ReadFile(filepath.Join(r.gitDir, "HEAD"))
	if err != nil {
		return head{}, fmt.Errorf("read the current branch: %w", err)
	}
	ref, ok := strings.CutPrefix(strings.TrimSpace(string(data)), "ref:")
	branch, isBranch := strings.CutPrefix(strings.TrimSpace(ref), "refs/heads/")
	if !ok || !isBranch {
		return head{}, &Problem{Msg: "no branch is checked out (HEAD is detached)", Fix: "go to one: git switch BRANCH, or make one: git switch --create BRANCH"}
	}
	if !fs.ValidPath(branch) || strings.HasSuffix(branch, ".lock") {
		return head{}, &Problem{Msg: fmt.Sprintf("HEAD names %q, which can't be a branch", branch), Fix: "git switch BRANCH"}
	}
	h := head{branch: branch}
	h.tip, err = r.readRef(h.ref())
	return h, err
}

// readRef returns what a reference stands at, zero when there is none. Unlike
// go-git's it takes no packed value for a loose one that can't be read.
func (r *Repo) readRef(name string) (plumbing.Hash, error) {
	data, err := os.ReadFile(filepath.Join(r.commonDir, filepath.FromSlash(name)))
	if err == nil {
		text := strings.TrimSpace(string(data))
		if !plumbing.IsHash(text) {
			return plumbing.ZeroHash, &Problem{Msg: fmt.Sprintf("%s holds %q, not a commit", name, text), Fix: "see what git fsck says; git reflog knows the last commits"}
		}
		return plumbing.NewHash(text), nil
	}
	// A folder or a file half-way means that the reference isn't loose.
	if info, statErr := os.Stat(filepath.Join(r.commonDir, filepath.FromSlash(name))); statErr == nil && !info.IsDir() {
		return plumbing.ZeroHash, fmt.Errorf("read %s: %w", name, err)
	}
	ref, err := r.store.Reference(plumbing.ReferenceName(name))
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return plumbing.ZeroHash, nil
	}
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("read %s: %w", name, err)
	}
	return ref.Hash(), nil
}

// underway lists what a person may be in the middle of, by the file that git
// keeps for it in the work tree's own folder.
var underway = []struct{ file, what, verb string }{
	{"MERGE_HEAD", "a merge", "merge"},
	{"rebase-merge", "a rebase", "rebase"},
	{"rebase-apply", "a rebase or git am", "rebase"},
	{"CHERRY_PICK_HEAD", "a cherry-pick", "cherry-pick"},
	{"REVERT_HEAD", "a revert", "revert"},
}

// idle refuses a repository in the middle of something.
func (r *Repo) idle() error {
	for _, u := range underway {
		there, err := exists(filepath.Join(r.gitDir, u.file))
		if err != nil {
			return fmt.Errorf("look what is under way: %w", err)
		}
		if there {
			return &Problem{
				Msg: fmt.Sprintf("%s is in progress in %s", u.what, r.root),
				Fix: fmt.Sprintf("finish it: git %s --continue, or give it up: git %[1]s --abort", u.verb),
			}
		}
	}
	return nil
}

// unlocked refuses a repository whose index another git is writing, before any
// work is done. The lock itself is taken later, for as short as can be.
func (r *Repo) unlocked() error {
	file := filepath.Join(r.gitDir, "index.lock")
	there, err := exists(file)
	if err != nil {
		return fmt.Errorf("look for locks: %w", err)
	}
	if there {
		return &Locked{Path: file}
	}
	return nil
}
