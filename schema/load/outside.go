package load

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

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

	mu     sync.Mutex
	failed error                    // the first time that something there could not be read, or was a link: a *Mistake
	listed map[string][]fs.DirEntry // folders as they were when they were first listed
}

// Open opens what is seen at a path. A folder is listed by ReadDir alone.
func (t *onlyCUE) Open(name string) (fs.File, error) {
	if _, err := t.Stat(name); err != nil {
		return nil, err
	}
	file, err := t.fsys.Open(name)
	if err != nil {
		return nil, t.noted(name, err)
	}
	return struct{ fs.File }{file}, nil
}

// ReadFile reads a file.
func (t *onlyCUE) ReadFile(name string) ([]byte, error) {
	if _, err := t.Stat(name); err != nil {
		return nil, err
	}
	data, err := fs.ReadFile(t.fsys, name)
	return data, t.noted(name, err)
}

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
	if t.listed == nil {
		t.listed = map[string][]fs.DirEntry{}
	}
	t.listed[name] = entries
	return slices.Clone(entries), nil
}

// Stat says what is seen at a path. A link on the way there is a *Mistake.
func (t *onlyCUE) Stat(name string) (info fs.FileInfo, err error) {
	missing := &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
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
		default:
			return nil, missing
		}
	}
	return info, nil
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
		err = fmt.Errorf("%s cannot be read: %w", path.Join(t.under, name), err)
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
