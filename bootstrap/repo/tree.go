package repo

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// A treeFile is a file or a symbolic link as a commit has it.
type treeFile struct {
	mode filemode.FileMode
	hash plumbing.Hash
}

// entries returns what a tree holds; the zero tree is empty.
func (r *Repo) entries(tree plumbing.Hash) ([]object.TreeEntry, error) {
	if tree.IsZero() {
		return nil, nil
	}
	t, err := object.GetTree(r.store, tree)
	if err != nil {
		return nil, lacking(tree, err)
	}
	return t.Entries, nil
}

// filesAt returns the files at and below the owned paths of a tree, and those
// that stand where an owned path needs a folder.
func (r *Repo) filesAt(tree plumbing.Hash, owned []string) (map[string]treeFile, error) {
	files := make(map[string]treeFile)
	var visit func(tree plumbing.Hash, prefix string) error
	visit = func(tree plumbing.Hash, prefix string) error {
		entries, err := r.entries(tree)
		if err != nil {
			return err
		}
		for _, e := range entries {
			name := prefix + e.Name
			in := inside(name, owned)
			above := slices.ContainsFunc(owned, func(o string) bool { return within(o, name) })
			switch {
			case !in && !above:
			case e.Mode == filemode.Submodule:
				return &Problem{Msg: fmt.Sprintf("%s is a submodule", name), Fix: "commit there, or move it out of the environment's folders"}
			case e.Mode == filemode.Dir:
				if err := visit(e.Hash, name+"/"); err != nil {
					return err
				}
			default:
				files[name] = treeFile{e.Mode, e.Hash}
			}
		}
		return nil
	}
	return files, visit(tree, "")
}

// graft returns tree with some files set and others, those with a zero hash,
// taken out. Folders that become empty disappear, all else stays.
func (r *Repo) graft(tree plumbing.Hash, edits map[string]treeFile) (plumbing.Hash, error) {
	entries, err := r.entries(tree)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	entries = slices.Clone(entries)
	here, deeper := make(map[string]treeFile), make(map[string]map[string]treeFile)
	for path, file := range edits {
		name, rest, isDeeper := strings.Cut(path, "/")
		if !isDeeper {
			here[name] = file
			continue
		}
		if deeper[name] == nil {
			deeper[name] = make(map[string]treeFile)
		}
		deeper[name][rest] = file
	}
	for name, edits := range deeper {
		i := slices.IndexFunc(entries, func(e object.TreeEntry) bool { return e.Name == name })
		var below plumbing.Hash
		if i >= 0 && entries[i].Mode == filemode.Dir {
			below = entries[i].Hash
		}
		below, err := r.graft(below, edits)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		if below.IsZero() {
			if i >= 0 && entries[i].Mode == filemode.Dir {
				entries = slices.Delete(entries, i, i+1)
			}
			continue
		}
		entries = put(entries, object.TreeEntry{Name: name, Mode: filemode.Dir, Hash: below})
		delete(here, name) // a file gave way to the folder
	}
	for name, file := range here {
		if file.hash.IsZero() {
			entries = slices.DeleteFunc(entries, func(e object.TreeEntry) bool { return e.Name == name })
		} else {
			entries = put(entries, object.TreeEntry{Name: name, Mode: file.mode, Hash: file.hash})
		}
	}
	if len(entries) == 0 {
		return plumbing.ZeroHash, nil
	}
	sort.Sort(object.TreeEntrySorter(entries))
	return r.storeEncoded(&object.Tree{Entries: entries})
}

func put(entries []object.TreeEntry, e object.TreeEntry) []object.TreeEntry {
	if i := slices.IndexFunc(entries, func(old object.TreeEntry) bool { return old.Name == e.Name }); i >= 0 {
		entries[i] = e
		return entries
	}
	return append(entries, e)
}

// storeEncoded stores a tree or a commit.
func (r *Repo) storeEncoded(o interface {
	Encode(plumbing.EncodedObject) error
}) (plumbing.Hash, error) {
	encoded := r.store.NewEncodedObject()
	if err := o.Encode(encoded); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("store an object: %w", err)
	}
	return r.storeObject(encoded)
}

func (r *Repo) storeBlob(data []byte) error {
	o := r.store.NewEncodedObject()
	o.SetType(plumbing.BlobObject)
	w, err := o.Writer()
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	_, err = r.storeObject(o)
	return err
}

// storeObject writes an object that isn't there yet. go-git writes it to a
// temporary file first, so a reader sees a whole object or none.
func (r *Repo) storeObject(o plumbing.EncodedObject) (plumbing.Hash, error) {
	if r.store.HasEncodedObject(o.Hash()) == nil {
		return o.Hash(), nil
	}
	hash, err := r.store.SetEncodedObject(o)
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("store an object: %w", err)
	}
	return hash, nil
}

// blob returns the bytes of a stored file.
func (r *Repo) blob(hash plumbing.Hash) (data []byte, err error) {
	b, err := object.GetBlob(r.store, hash)
	if err != nil {
		return nil, lacking(hash, err)
	}
	in, err := b.Reader()
	if err != nil {
		return nil, fmt.Errorf("read the object %s: %w", hash, err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return io.ReadAll(in)
}

// lacking explains an object that can't be read.
func lacking(hash plumbing.Hash, err error) error {
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return &Problem{Msg: fmt.Sprintf("the Git object %s is missing here", hash), Fix: "a partial clone gets it with git fetch --refetch --no-filter; else see what git fsck says"}
	}
	return fmt.Errorf("read the Git object %s: %w", hash, err)
}
