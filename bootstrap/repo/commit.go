package repo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// A Change is a commit to be.
type Change struct {
	// Paths are the folders and files that are owned, relative to the
	// configuration repository, with slashes. Whatever was added, changed or
	// deleted at and below them is committed.
	Paths   []string
	Message string
	Author  Author    // also the committer
	When    time.Time // its zone is kept
}

// A Kind says what happened to a file.
type Kind string

// The kinds of change. A file that was renamed is deleted and added.
const (
	Added    Kind = "added"
	Modified Kind = "modified" // content, executable bit, or file to link
	Deleted  Kind = "deleted"
)

// A PathChange is one file of a commit, relative to the configuration repository.
type PathChange struct {
	Path string
	Kind Kind
}

// A Result is what Commit did.
type Result struct {
	Nothing bool         // the branch had it all, so there is no new commit
	Commit  string       // full hash: the new commit, or with Nothing the branch's last, "" when it has none
	Branch  string       // short name
	Changes []PathChange // in order of paths
	Ignored []string     // owned paths that .gitignore keeps out altogether, as given
}

// Commit commits the owned paths as they are in the work tree, on top of the
// current branch, and nothing else: what is staged or changed elsewhere stays
// so. Ignored files that aren't tracked, and everything in .secrets, are left
// out. Line endings are stored as git would store them.
//
// Objects come first, then the index, then the branch, each by one rename under
// Git's locks: killed in between, the repository is whole and the owned paths
// are at worst staged. The error is a *Problem, a *Locked or a *Moved where a
// person can mend it; after those nothing has changed.
func (r *Repo) Commit(ctx context.Context, c Change) (Result, error) {
	owned, err := r.check(c)
	if err != nil {
		return Result{}, err
	}
	if err := errors.Join(r.idle(), r.unlocked()); err != nil {
		return Result{}, err
	}
	at, err := r.readHead()
	if err != nil {
		return Result{}, err
	}
	base, err := r.treeOf(at.tip)
	if err != nil {
		return Result{}, err
	}
	before, files, ignored, err := r.compare(ctx, base, owned, r.storeBlob)
	if err != nil {
		return Result{}, err
	}
	result := Result{Branch: at.branch, Ignored: r.relative(ignored)}
	edits := r.edits(before, files, owned, &result)
	if len(edits) == 0 {
		result.Nothing = true
		if !at.tip.IsZero() {
			result.Commit = at.tip.String()
		}
		return result, nil
	}
	commit, err := r.storeCommit(c, at, base, edits)
	if err != nil {
		return Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	if err := r.land(c, at, commit, owned, files); err != nil {
		return Result{}, err
	}
	result.Commit = commit.String()
	return result, nil
}

// check looks at what was asked for and returns the owned paths.
func (r *Repo) check(c Change) ([]string, error) {
	if err := c.Author.check(); err != nil {
		return nil, err
	}
	if strings.TrimSpace(c.Message) == "" || strings.ContainsRune(c.Message, 0) {
		return nil, &Problem{Msg: "the commit has no message", Fix: "say what it changes"}
	}
	if c.When.IsZero() {
		return nil, errors.New("the commit has no time")
	}
	return r.owned(c.Paths)
}

// owned returns paths relative to the work tree, in order, without those inside another.
func (r *Repo) owned(paths []string) ([]string, error) {
	var owned []string
	for _, p := range paths {
		if !fs.ValidPath(p) || p == "." {
			return nil, &Problem{Msg: fmt.Sprintf("%q is not a path inside the repository", p), Fix: "name a folder or a file of it"}
		}
		for part := range strings.SplitSeq(p, "/") {
			if dotGit(part) || strings.EqualFold(part, secrets) {
				return nil, &Problem{Msg: fmt.Sprintf("%s must not be committed", p), Fix: "leave it out"}
			}
		}
		owned = append(owned, r.prefix+p)
	}
	slices.Sort(owned)
	var outer []string
	for _, o := range owned {
		if !slices.ContainsFunc(outer, func(in string) bool { return within(o, in) }) {
			outer = append(outer, o)
		}
	}
	return outer, nil
}

// compare returns the owned files of the last commit and those to be: what is in
// the work tree, each new content given to store, and what sparse checkout left out
// of it.
func (r *Repo) compare(ctx context.Context, base plumbing.Hash, owned []string, store func([]byte) error) (before map[string]treeFile, files []indexEntry, ignored []string, err error) {
	if before, err = r.filesAt(base, owned); err != nil {
		return nil, nil, nil, err
	}
	x, err := r.readIndex()
	if err != nil {
		return nil, nil, nil, err
	}
	root, err := os.OpenRoot(r.root)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("open the work tree: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	w := &walk{repo: r, root: root, index: x, before: before, store: store}
	if err := w.take(ctx, owned); err != nil {
		return nil, nil, nil, err
	}
	found := make(map[string]bool, len(w.files))
	for _, f := range w.files {
		found[f.path] = true
	}
	for _, e := range x.entries {
		switch {
		case !inside(e.path, owned):
		case e.stage() != 0:
			return nil, nil, nil, &Problem{Msg: fmt.Sprintf("%s has a conflict that isn't resolved", e.path), Fix: fmt.Sprintf("edit it, then git add %q", e.path)}
		case e.sparse() && !found[e.path]:
			w.files = append(w.files, e)
		}
	}
	return before, w.files, w.ignored, nil
}

// edits lists what differs between the last commit and the files to be.
func (r *Repo) edits(before map[string]treeFile, files []indexEntry, owned []string, result *Result) map[string]treeFile {
	edits := make(map[string]treeFile)
	kept := make(map[string]bool, len(files))
	for _, f := range files {
		kept[f.path] = true
		old, was := before[f.path]
		switch file := f.file(); {
		case !was:
			edits[f.path] = file
			result.Changes = append(result.Changes, PathChange{f.path, Added})
		case old != file:
			edits[f.path] = file
			result.Changes = append(result.Changes, PathChange{f.path, Modified})
		}
	}
	for path := range before {
		if !kept[path] && (inside(path, owned) || needed(path, files)) {
			edits[path] = treeFile{}
			result.Changes = append(result.Changes, PathChange{path, Deleted})
		}
	}
	slices.SortFunc(result.Changes, func(a, b PathChange) int { return strings.Compare(a.Path, b.Path) })
	for i := range result.Changes {
		result.Changes[i].Path = strings.TrimPrefix(result.Changes[i].Path, r.prefix)
	}
	return edits
}

// needed reports whether a file, above the owned paths, gives way to a folder.
func needed(path string, files []indexEntry) bool {
	return slices.ContainsFunc(files, func(f indexEntry) bool { return within(f.path, path) })
}

func (r *Repo) relative(paths []string) []string {
	for i := range paths {
		paths[i] = strings.TrimPrefix(paths[i], r.prefix)
	}
	return paths
}

// treeOf returns the tree of a commit, zero for none.
func (r *Repo) treeOf(tip plumbing.Hash) (plumbing.Hash, error) {
	if tip.IsZero() {
		return plumbing.ZeroHash, nil
	}
	c, err := object.GetCommit(r.store, tip)
	if err != nil {
		return plumbing.ZeroHash, lacking(tip, err)
	}
	return c.TreeHash, nil
}

// storeCommit stores the trees and the commit that the branch is to get.
func (r *Repo) storeCommit(c Change, at head, base plumbing.Hash, edits map[string]treeFile) (plumbing.Hash, error) {
	tree, err := r.graft(base, edits)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if tree.IsZero() {
		if tree, err = r.storeEncoded(&object.Tree{}); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	who := object.Signature{Name: c.Author.Name, Email: c.Author.Email, When: c.When}
	commit := &object.Commit{Author: who, Committer: who, Message: strings.TrimRight(c.Message, "\n") + "\n", TreeHash: tree}
	if !at.tip.IsZero() {
		commit.ParentHashes = []plumbing.Hash{at.tip}
	}
	return r.storeEncoded(commit)
}
