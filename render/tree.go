// Package render holds what renderers make, a Tree of files, and keeps it on
// disk: headers that tell our files from a person's, a check for drift, and a
// write that is all or nothing. It knows no file format beyond comments, never
// touches a file that it did not make, and imports nothing else of this module.
// Renderers live in the folders below; where their files go is the Owner's say.
package render

import (
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
)

// A Tree is a set of files that are written together: slash-separated relative
// paths and their contents. The order in which files are added never shows.
// The zero Tree is empty and ready to use.
type Tree struct {
	files map[string][]byte
	// names maps each file and each folder above it, in lower case, to its
	// spelling; a folder's ends in a slash.
	names map[string]string
}

// Add puts a file into the tree, which keeps data: the caller leaves it alone
// from here on. It is an error when name isn't a plain relative path that every
// system can hold, when another renderer already made the same file, and when
// two names would meet where case doesn't count (macOS, Windows).
func (t *Tree) Add(name string, data []byte) error {
	if !fits(name) {
		return fmt.Errorf("%q is not a path inside the tree", name)
	}
	if _, taken := t.files[name]; taken {
		return fmt.Errorf("two renderers make %s", name)
	}
	spelt := name
	for p := name; p != "."; p = path.Dir(p) {
		if have, ok := t.names[fold(p)]; ok && have != spelt {
			return clash(strings.TrimSuffix(have, "/"), p)
		}
		spelt = path.Dir(p) + "/"
	}
	if t.files == nil {
		t.files, t.names = make(map[string][]byte), make(map[string]string)
	}
	t.files[name], t.names[fold(name)] = data, name
	for p := path.Dir(name); p != "."; p = path.Dir(p) {
		t.names[fold(p)] = p + "/"
	}
	return nil
}

// Merge adds every file of other. After an error t holds some of them and is of
// no further use.
func (t *Tree) Merge(other Tree) error {
	for name, data := range other.All() {
		if err := t.Add(name, data); err != nil {
			return err
		}
	}
	return nil
}

// File returns the contents of the named file and whether the tree has it.
func (t Tree) File(name string) (data []byte, ok bool) {
	data, ok = t.files[name]
	return data, ok
}

// Len returns the number of files.
func (t Tree) Len() int { return len(t.files) }

// Paths returns the paths in order, so that writing, hashing and diffing agree.
func (t Tree) Paths() []string { return slices.Sorted(maps.Keys(t.files)) }

// All goes over paths and contents in the order of Paths.
func (t Tree) All() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, name := range t.Paths() {
			if !yield(name, t.files[name]) {
				return
			}
		}
	}
}

// fold gives names that are one where case doesn't count the same key.
func fold(name string) string { return strings.ToLower(name) }

// fits reports whether name is a path below a folder that every system can
// hold: no part longer than 255 bytes, and no character that Windows refuses
// (learn.microsoft.com, Naming Files, Paths, and Namespaces). A line break would
// also end a line of the manifest.
func fits(name string) bool {
	return fs.ValidPath(name) && name != "." &&
		!slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return len(part) > 255 }) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || strings.ContainsRune(`\:*?"<>|`, r) })
}

func clash(have, name string) error {
	if have == name {
		return fmt.Errorf("%s would be both a file and a folder", name)
	}
	return fmt.Errorf("%s and %s are the same where case doesn't count (macOS, Windows)", have, name)
}
