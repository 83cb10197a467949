package repo

import (
	"strings"
	"testing"
)

func TestIndexKeepsEntriesToTheBit(t *testing.T) {
	for _, version := range []uint32{2, 4} {
		x := &index{version: version}
		for _, path := range []string{"a", "a-b", "a/b", "a/" + strings.Repeat("x", 200), strings.Repeat("long", 2000), "ünï cödé"} {
			fixed := make([]byte, fixedLength)
			for i := range fixed {
				fixed[i] = byte(i + len(path))
			}
			fixed[fixedLength-2] &^= extended >> 8
			x.entries = append(x.entries, indexEntry{path, fixed})
		}
		data := x.encode()
		y, err := parseIndex(data)
		if err != nil {
			t.Fatal(err)
		}
		if string(y.encode()) != string(data) || len(y.entries) != len(x.entries) {
			t.Errorf("version %d: read and written it differs", version)
		}
		for i := range data[:len(data)-1] {
			if _, err := parseIndex(data[:i]); err == nil {
				t.Fatalf("version %d: the first %d of %d bytes are taken for an index", version, i, len(data))
			}
		}
	}
}

func TestReplaceKeepsTheOrder(t *testing.T) {
	entry := func(path string) indexEntry {
		return indexEntry{path, make([]byte, fixedLength)}
	}
	x := &index{version: 2}
	for _, path := range []string{"a", "own", "own-not", "own.not", "own/x", "own0", "z"} {
		x.entries = append(x.entries, entry(path))
	}
	x.replace([]string{"own", "b/c"}, []indexEntry{entry("own/new"), entry("a/b"), entry("b/c")})
	var got []string
	for _, e := range x.entries {
		got = append(got, e.path)
	}
	sameList(t, "entries", got, "a/b", "b/c", "own-not", "own.not", "own/new", "own0", "z")
}

// FuzzIndex looks for input on which reading panics or writing changes entries.
func FuzzIndex(f *testing.F) {
	x := &index{version: 4, entries: []indexEntry{{"a/b", make([]byte, fixedLength)}, {"a/c", make([]byte, fixedLength)}}}
	f.Add(x.encode())
	x.version = 2
	f.Add(x.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := parseIndex(data)
		if err != nil {
			return
		}
		y, err := parseIndex(x.encode())
		if err != nil {
			t.Fatalf("what was written can't be read: %v", err)
		}
		for i, e := range x.entries {
			if y.entries[i].path != e.path || string(y.entries[i].fixed) != string(e.fixed) {
				t.Errorf("entry %d changed", i)
			}
		}
	})
}
