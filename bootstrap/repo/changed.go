package repo

import (
	"context"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// Changed returns what a commit of the owned paths would change, and changes nothing.
func (r *Repo) Changed(ctx context.Context, paths []string) ([]PathChange, error) {
	owned, err := r.owned(paths)
	if err != nil {
		return nil, err
	}
	base, err := r.base()
	if err != nil {
		return nil, err
	}
	before, files, _, err := r.compare(ctx, base, owned, func([]byte) error { return nil })
	if err != nil {
		return nil, err
	}
	var result Result
	r.edits(before, files, owned, &result)
	return result.Changes, nil
}

// base is the tree of the last commit, zero when there is none.
func (r *Repo) base() (plumbing.Hash, error) {
	at, err := r.readHead()
	if err != nil {
		return plumbing.ZeroHash, err
	}
	return r.treeOf(at.tip)
}

// Files returns the files that the last commit has at and below some paths, in order:
// those that were deleted since are among them, as paths to own.
func (r *Repo) Files(paths []string) ([]string, error) {
	owned, err := r.owned(paths)
	if err != nil {
		return nil, err
	}
	base, err := r.base()
	if err != nil {
		return nil, err
	}
	files, err := r.filesAt(base, owned)
	if err != nil {
		return nil, err
	}
	return r.relative(slices.Sorted(maps.Keys(files))), nil
}
