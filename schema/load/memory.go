package load

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"sync"
)

// A Memory keeps what was worked out until the next run, by the name of an environment and
// what it is of it. It may forget at any time, and gives back only what this very program
// kept.
type Memory interface {
	Recall(env, what string) []byte // nil: nothing
	Keep(env, what string, data []byte)
}

// What is kept of an environment: what most runs need to know, and all of it.
const (
	outline = "outline"
	whole   = "whole"
)

// Remember makes Load recall environments of which no input has changed, and keep
// those that it works out and that hold.
func (r *Repository) Remember(m Memory) { r.memory = m }

// An outlined environment is one that is remembered, without what few runs need.
type outlined struct {
	Digest    string
	Inputs    []string
	Namespace string
	Runs      bool
}

// recall returns the environments, of those named, that are as they were when they were kept.
func (r *Repository) recall(tree *onlyCUE, names []string) map[string]Sound {
	if r.memory == nil {
		return nil
	}
	found := make([]*Sound, len(names))
	together(len(names), func(i int) { found[i] = r.recallOne(tree, names[i]) })
	known := map[string]Sound{}
	for i, s := range found {
		if s != nil {
			known[names[i]] = *s
		}
	}
	return known
}

func (r *Repository) recallOne(tree *onlyCUE, name string) *Sound {
	data := r.memory.Recall(name, outline)
	if data == nil {
		return nil
	}
	var o outlined
	if json.Unmarshal(data, &o) != nil {
		return nil
	}
	if now, err := tree.digest(name, foldersOf(o.Inputs)); err != nil || now != o.Digest {
		return nil // whatever is wrong comes out when it is read in earnest
	}
	return &Sound{
		Name: name, Namespace: o.Namespace, Inputs: o.Inputs, Digest: o.Digest, runs: o.Runs,
		whole: sync.OnceValues(func() (Loaded, error) { return r.recallWhole(tree, name, o.Digest) }),
	}
}

// recallWhole recalls all of an environment, or works it out anew where that was forgotten.
func (r *Repository) recallWhole(tree *onlyCUE, name, digest string) (Loaded, error) {
	l := Loaded{Digest: digest}
	of, body, _ := bytes.Cut(r.memory.Recall(name, whole), []byte("\n"))
	if string(of) == digest && json.Unmarshal(body, &l) == nil {
		return l, nil
	}
	sound, err := r.load(tree, []string{name}, nil, nil)
	if err != nil {
		return Loaded{}, err
	}
	return sound[0].Whole()
}

// keep remembers environments that hold, and gives them their digests.
func (r *Repository) keep(tree *onlyCUE, loaded map[string]*Loaded) {
	if r.memory == nil {
		return
	}
	names := sortedKeys(loaded)
	together(len(names), func(i int) { r.keepOne(tree, loaded[names[i]]) })
}

func (r *Repository) keepOne(tree *onlyCUE, l *Loaded) {
	digest, err := tree.digest(l.Name, foldersOf(l.Inputs))
	if err != nil {
		return // a file was changed meanwhile: the next run works it out anew
	}
	s := l.Sound()
	head, err := json.Marshal(outlined{digest, s.Inputs, s.Namespace, s.runs})
	if err != nil {
		return
	}
	body, err := json.Marshal(l)
	if err != nil {
		return
	}
	r.memory.Keep(l.Name, outline, head)
	r.memory.Keep(l.Name, whole, slices.Concat([]byte(digest), []byte("\n"), body))
	l.Digest = digest
}

// foldersOf are the folders that files are in and those above, since a package goes on
// in the folders above its own.
func foldersOf(files []string) []string {
	folders := map[string]bool{}
	for _, file := range files {
		for dir := path.Dir(file); dir != "."; dir = path.Dir(dir) {
			folders[dir] = true
		}
	}
	return sortedKeys(folders)
}

// digest is that of all that can make an environment what it is: what all share, its own
// files, and those in further folders.
func (t *onlyCUE) digest(env string, further []string) (string, error) {
	shared, err := t.shared()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", env, shared)
	err = t.sum(h, path.Join(folder, env), true)
	for _, dir := range further {
		err = errors.Join(err, t.sum(h, dir, false))
	}
	return hex.EncodeToString(h.Sum(nil)), err
}

// sharedDigest is that of what all environments are made of.
func (t *onlyCUE) sharedDigest() (string, error) {
	h := sha256.New()
	err := errors.Join(t.sum(h, ".", false), t.sum(h, "cue.mod", true), t.sum(h, "schema", true), t.sum(h, folder, false))
	return hex.EncodeToString(h.Sum(nil)), err
}

// sum writes the names and digests of the files in a folder, and in those below it when
// it goes deep.
func (t *onlyCUE) sum(w io.Writer, dir string, deep bool) error {
	entries, err := t.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch {
		case !e.IsDir():
			data, err := t.ReadFile(name)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%q %x\n", name, sha256.Sum256(data))
		case deep:
			if err := t.sum(w, name, true); err != nil {
				return err
			}
		}
	}
	return nil
}
