package load

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"cuelang.org/go/cue/load"
	"cuelang.org/go/mod/modfile"
	"cuelang.org/go/mod/module"
)

// config makes CUE read the tree and nothing else: no disk, network or variables.
func config(src *sources) *load.Config {
	return &load.Config{FS: src.fsys, ParseFile: src.parse, Dir: "/", Env: []string{}, Registry: offline{}}
}

// onlyCUE is a tree of which only folders and plain files named *.cue are seen: CUE
// can put any file that it sees into a value (@embed), a secret as well, and reads
// those in the folders above an environment, be they as large as they may. What is
// rendered, what begins with a dot, and links are not seen either.
type onlyCUE struct {
	fsys  fs.FS
	under string // where the tree lies for the reader

	shared func() (string, error) // the digest of what all environments are made of

	mu     sync.Mutex
	seen   map[string][sha256.Size]byte // of files
	listed map[string][]fs.DirEntry     // folders as they were when they were first listed
	failed error                        // the first time that something there could not be read, or was a link: a *Mistake
}

func newOnlyCUE(fsys fs.FS, under string) *onlyCUE {
	t := &onlyCUE{fsys: fsys, under: under, seen: map[string][sha256.Size]byte{}, listed: map[string][]fs.DirEntry{}}
	t.shared = sync.OnceValues(t.sharedDigest)
	return t
}

// Open opens what is seen at a path. A folder is listed by ReadDir alone.
func (t *onlyCUE) Open(name string) (fs.File, error) {
	info, err := t.Stat(name)
	if err != nil {
		return nil, err
	}
	opened := &file{info: info}
	if !info.IsDir() {
		data, err := t.ReadFile(name)
		if err != nil {
			return nil, err
		}
		opened.Reset(data)
	}
	return opened, nil
}

// A file is one that was read whole, or a folder.
type file struct {
	bytes.Reader
	info fs.FileInfo
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }

func (f *file) Close() error { return nil }

// largest is the most that a file may hold: far more than anyone writes, and little
// enough for CUE to read at once.
const largest = 1 << 20

// ReadFile reads a file.
func (t *onlyCUE) ReadFile(name string) ([]byte, error) {
	info, err := t.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > largest {
		return nil, t.noted(name, &Mistake{
			Pos: Position{File: name},
			Msg: fmt.Sprintf("this file has %d bytes, and no file with more than %d is read", info.Size(), largest),
			Fix: "settings take a few lines; data belong in an image, a volume or a bucket",
		})
	}
	data, err := fs.ReadFile(t.fsys, name)
	if err == nil {
		err = t.steady(name, sha256.Sum256(data))
	}
	return data, t.noted(name, err)
}

// steady is an error when a file is not as it was when it was read before: what comes
// of one run comes of one state of the files.
func (t *onlyCUE) steady(name string, sum [sha256.Size]byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if before, ok := t.seen[name]; ok && before != sum {
		return errChanging
	}
	t.seen[name] = sum
	return nil
}

var errChanging = errors.New("it was changed while it was read; run this again")

// ReadDir lists what is seen of a folder, and links named *.cue: opening one says so. A
// folder is read once, since CUE lists the one that holds all environments for each of them.
func (t *onlyCUE) ReadDir(name string) ([]fs.DirEntry, error) {
	if _, err := t.Stat(name); err != nil {
		return nil, err
	}
	t.mu.Lock()
	entries, known := t.listed[name]
	t.mu.Unlock()
	if known {
		return slices.Clone(entries), nil
	}
	entries, err := fs.ReadDir(t.fsys, name)
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return hidden(path.Join(name, e.Name())) || !e.IsDir() && path.Ext(e.Name()) != ".cue"
	})
	if err != nil {
		return entries, t.noted(name, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listed[name] = entries
	return slices.Clone(entries), nil
}

// Stat says what is seen at a path. A link on the way there is a *Mistake.
func (t *onlyCUE) Stat(name string) (info fs.FileInfo, err error) {
	missing := &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	if !utf8.ValidString(name) {
		return nil, t.noted(name, &Mistake{
			Pos: Position{File: name},
			Msg: "the name of this file is not UTF-8",
			Fix: "rename it",
		})
	}
	if !fs.ValidPath(name) || hidden(name) {
		return nil, missing
	}
	for i := range len(name) + 1 {
		if i < len(name) && name[i] != '/' {
			continue
		}
		at := name[:i]
		if info, err = fs.Lstat(t.fsys, at); err != nil {
			return nil, t.noted(at, err)
		}
		switch whole, mode := i == len(name), info.Mode(); {
		case mode&fs.ModeSymlink != 0:
			return nil, t.noted(at, &Mistake{
				Pos: Position{File: at},
				Msg: "this is a link, and a config repository is read without following any",
				Fix: "put what it leads to in its place",
			})
		case mode.IsDir():
		case whole && mode.IsRegular() && path.Ext(at) == ".cue":
		case whole && !mode.IsRegular() && path.Ext(at) == ".cue":
			return nil, t.noted(at, &Mistake{
				Pos: Position{File: at},
				Msg: "this is no plain file (" + whatIs(mode) + "), and CUE is read from plain files alone",
				Fix: "take it out, or put a plain file in its place",
			})
		default:
			return nil, missing
		}
	}
	return info, nil
}

// whatIs says what is no plain file, no folder and no link.
func whatIs(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "of an unknown kind"
}

// hidden reports whether a path is none of CUE's business, whatever is there.
func hidden(name string) bool {
	parts := strings.Split(name, "/")
	return parts[0] == "deploy" || parts[0] == "clusters" ||
		name != "." && slices.ContainsFunc(parts, func(part string) bool { return strings.HasPrefix(part, ".") })
}

// noted keeps what went wrong with a path in mind, since CUE passes over it or says
// it as if it were a mistake. That something is not there is nothing wrong.
func (t *onlyCUE) noted(name string, err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if m := (*Mistake)(nil); !errors.As(err, &m) {
		if e := (*fs.PathError)(nil); errors.As(err, &e) {
			err = e.Err
		}
		err = fmt.Errorf("%s cannot be read: %w", printable(path.Join(t.under, name)), err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed == nil {
		t.failed = err
	}
	return err
}

// failure is the first of what went wrong.
func (t *onlyCUE) failure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

// offline is a registry without modules: what a config repository imports, it holds.
type offline struct{}

var errOffline = errors.New("a config repository imports only what it holds: the vendored schema, its own packages and CUE's")

func (offline) ModFile(context.Context, module.Version) (*modfile.File, error) {
	return nil, errOffline
}

func (offline) Fetch(context.Context, module.Version) (module.SourceLoc, error) {
	return module.SourceLoc{}, errOffline
}

func (offline) ModuleVersions(context.Context, string) ([]string, error) { return nil, errOffline }
