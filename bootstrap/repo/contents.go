package repo

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// A Content is what an object of Git says: a file, or the message of a commit or a tag.
type Content struct {
	Places []Place // where it ever was: paths, of equal folders below one at the top the first; for a message one
	Size   int64   // bytes
	Data   []byte  // nil when Size is over the limit
}

// A Place is where Git has a content.
type Place struct {
	Path   string // relative to the configuration repository, "../x" beside it; "" for a message
	Commit string // full hash of the oldest commit that has it; "" for what is only staged, and with a tag
	Tag    string // or other reference whose message it is, or that leads to no commit but to it
}

// Contents shows all that Git keeps: files and messages of the whole history of every
// reference (branches, tags, what was fetched, each stash) and of every work tree's HEAD, and
// what is staged. Each object is shown once, oldest first, its data up to limit bytes. Commits
// that only reflogs know are not looked at. In a shallow clone whole is false: older commits are
// not here.
func (r *Repo) Contents(ctx context.Context, limit int64, show func(Content) error) (whole bool, err error) {
	h := &history{Repo: r, show: show, commits: map[plumbing.Hash]*object.Commit{}, trees: map[objectAt]bool{}, files: map[objectAt]bool{}, tags: map[plumbing.Hash]bool{}, blobs: map[plumbing.Hash]int{}}
	missing, err := r.store.Shallow()
	if err != nil {
		return false, fmt.Errorf("read Git's shallow file: %w", err)
	}
	tips, err := r.tips()
	if err != nil {
		return false, err
	}
	h.missing = missing
	for _, tip := range tips {
		if err := h.reach(ctx, tip.hash, tip.name); err != nil {
			return false, err
		}
	}
	if err := h.walkCommits(ctx); err != nil {
		return false, err
	}
	x, err := r.readIndex()
	if err != nil {
		return false, err
	}
	empty := plumbing.ComputeHash(plumbing.BlobObject, nil) // of a file that is only meant to be added, too
	for _, e := range x.entries {
		f := e.file()
		if _, known := h.blobs[f.hash]; !known && f.mode != filemode.Submodule && f.hash != empty { // what is known history tells of
			h.blob(f.hash, e.path, Place{})
		}
	}
	return len(missing) == 0, h.read(ctx, limit)
}

// A tip is an object from which what is kept is reached, and what names it.
type tip struct {
	hash plumbing.Hash
	name string
}

func (r *Repo) tips() (tips []tip, err error) {
	refs, err := r.store.IterReferences()
	if err != nil {
		return nil, fmt.Errorf("read Git's references: %w", err)
	}
	err = refs.ForEach(func(ref *plumbing.Reference) error {
		if ref.Type() == plumbing.HashReference {
			tips = append(tips, tip{ref.Hash(), ref.Name().Short()})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read Git's references: %w", err)
	}
	heads, err := filepath.Glob(filepath.Join(r.commonDir, "worktrees", "*", "HEAD"))
	if err != nil {
		return nil, err
	}
	for _, file := range append(heads, filepath.Join(r.commonDir, "HEAD")) { // one that is detached
		data, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read Git's references: %w", err)
		}
		if text := strings.TrimSpace(string(data)); plumbing.IsHash(text) {
			tips = append(tips, tip{plumbing.NewHash(text), "HEAD"})
		}
	}
	stashes, err := os.ReadFile(filepath.Join(r.commonDir, "logs", "refs", "stash")) // all but the last are in its log only
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read Git's stashes: %w", err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(stashes)); lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) > 1 && plumbing.IsHash(words[1]) {
			tips = append(tips, tip{plumbing.NewHash(words[1]), "stash"})
		}
	}
	return tips, nil
}

// A history is what has been seen of a repository.
type history struct {
	*Repo
	show    func(Content) error
	missing []plumbing.Hash // commits whose parents are not here
	commits map[plumbing.Hash]*object.Commit
	trees   map[objectAt]bool // by the folder at the top that they are below
	files   map[objectAt]bool
	tags    map[plumbing.Hash]bool
	blobs   map[plumbing.Hash]int // where they are in found
	found   []foundBlob           // in the order in which they were found
}

type objectAt struct {
	hash plumbing.Hash
	path string
}

type foundBlob struct {
	hash   plumbing.Hash
	places []Place
}

// reach notes all commits that an object leads to. What else a tag may name is noted at once.
func (h *history) reach(ctx context.Context, from plumbing.Hash, name string) error {
	for todo := []plumbing.Hash{from}; len(todo) > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		hash := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if h.commits[hash] != nil || h.tags[hash] {
			continue
		}
		o, err := object.GetObject(h.store, hash)
		if err != nil {
			return lacking(hash, err)
		}
		switch o := o.(type) {
		case *object.Commit:
			h.commits[hash] = o
			if !slices.Contains(h.missing, hash) {
				todo = append(todo, o.ParentHashes...)
			}
		case *object.Tag:
			h.tags[hash], name = true, o.Name
			if err := h.show(message(o.Message, Place{Tag: o.Name})); err != nil {
				return err
			}
			todo = append(todo, o.Target)
		case *object.Tree:
			if err := h.tree(hash, "", Place{Tag: name}); err != nil {
				return err
			}
		case *object.Blob:
			h.blob(hash, "", Place{Tag: name})
		}
	}
	return nil
}

func message(text string, at Place) Content {
	return Content{[]Place{at}, int64(len(text)), []byte(text)}
}

// walkCommits shows messages and notes files, oldest first, and no commit before its parents,
// whatever the clocks said.
func (h *history) walkCommits(ctx context.Context) error {
	var all []*object.Commit
	for _, c := range h.commits {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *object.Commit) int {
		return cmp.Or(b.Committer.When.Compare(a.Committer.When), bytes.Compare(b.Hash[:], a.Hash[:]))
	})
	done := map[plumbing.Hash]bool{}
	for len(all) > 0 { // the last is next
		c := all[len(all)-1]
		var before []*object.Commit
		for _, p := range c.ParentHashes {
			if parent := h.commits[p]; parent != nil && !done[p] {
				before = append(before, parent)
			}
		}
		if len(before) > 0 && !done[c.Hash] {
			all = append(all, before...)
			continue
		}
		all = all[:len(all)-1]
		if done[c.Hash] {
			continue
		}
		done[c.Hash] = true
		if err := h.commit(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (h *history) commit(ctx context.Context, c *object.Commit) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := h.show(message(c.Message, Place{Commit: c.Hash.String()})); err != nil {
		return err
	}
	return h.tree(c.TreeHash, "", Place{Commit: c.Hash.String()})
}

// tree notes the files of a tree, unless it was seen below the same folder at the top: a few
// trees, each many times in the next, have more paths than any machine holds.
func (h *history) tree(hash plumbing.Hash, prefix string, at Place) error {
	top, _, _ := strings.Cut(h.fromConfig(prefix), "/")
	if h.trees[objectAt{hash, top}] {
		return nil
	}
	h.trees[objectAt{hash, top}] = true
	entries, err := h.entries(hash)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch e.Mode {
		case filemode.Dir:
			if err := h.tree(e.Hash, prefix+e.Name+"/", at); err != nil {
				return err
			}
		case filemode.Submodule: // in a repository of its own
		default:
			h.blob(e.Hash, prefix+e.Name, at)
		}
	}
	return nil
}

func (h *history) blob(hash plumbing.Hash, path string, at Place) {
	i, known := h.blobs[hash]
	if !known {
		i = len(h.found)
		h.blobs[hash] = i
		h.found = append(h.found, foundBlob{hash: hash})
	}
	at.Path = h.fromConfig(path)
	if !h.files[objectAt{hash, at.Path}] {
		h.files[objectAt{hash, at.Path}] = true
		h.found[i].places = append(h.found[i].places, at)
	}
}

// read shows the files that were noted.
func (h *history) read(ctx context.Context, limit int64) error {
	for _, b := range h.found {
		if err := ctx.Err(); err != nil {
			return err
		}
		content := Content{Places: b.places}
		var err error
		if content.Size, err = h.store.EncodedObjectSize(b.hash); err != nil {
			return lacking(b.hash, err)
		}
		if content.Size <= limit {
			if content.Data, err = h.Repo.blob(b.hash); err != nil {
				return err
			}
		}
		if err := h.show(content); err != nil {
			return err
		}
	}
	return nil
}

// fromConfig is a path of the work tree as seen from the configuration repository.
func (r *Repo) fromConfig(path string) string {
	if rest, inside := strings.CutPrefix(path, r.prefix); inside || path == "" {
		return rest
	}
	return strings.Repeat("../", strings.Count(r.prefix, "/")) + path
}
