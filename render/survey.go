package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// What is wrong with an Occupied path.
const (
	notOurs   = "exists and was not made by mlops-gitops"
	notFile   = "must be a plain file, not a folder or a link"
	notFolder = "must be a folder, not a file or a link"
)

// A survey is what look found.
type survey struct {
	entries   map[string]fs.FileMode // types of all files and folders in the roots
	disk      map[string][]byte      // contents of files that are ours or in the way
	listed    manifest               // as it is on disk
	leftovers []string               // temporary files of a killed Write
	drifts    []Drift
}

// look finds out the state of every file of the stamped tree want, and of all
// others below the owner's roots that are ours.
func look(fsys fs.FS, o Owner, want Tree) (survey, error) {
	entries, err := list(fsys, o.Roots)
	if err != nil {
		return survey{}, err
	}
	s := survey{entries: entries, disk: make(map[string][]byte)}
	if mode, ok := entries[o.manifestPath()]; ok && mode.IsRegular() {
		data, err := fs.ReadFile(fsys, o.manifestPath())
		if err != nil {
			return survey{}, err
		}
		s.listed = readManifest(data)
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if !entries[name].IsRegular() {
			continue
		}
		if strings.HasPrefix(path.Base(name), reserved) {
			s.leftovers = append(s.leftovers, name)
			continue
		}
		_, wanted := want.File(name)
		_, known := s.listed[name]
		data, err := read(fsys, name, wanted || known)
		if err != nil {
			return survey{}, err
		}
		if data != nil {
			s.disk[name] = data
		}
	}
	s.drifts, err = s.compare(want)
	return s, err
}

// compare returns what drifted, in order of paths, or every Occupied path.
func (s survey) compare(want Tree) ([]Drift, error) {
	var drifts []Drift
	blocked := make(map[string]error)
	for name, data := range want.All() {
		if at, what := s.obstacle(name); what != "" {
			blocked[at] = &Occupied{at, what}
			continue
		}
		have, there := s.disk[name]
		if !there {
			drifts = append(drifts, Drift{name, Missing})
			continue
		}
		if bytes.Equal(have, data) || bytes.Equal(normal(have), data) {
			continue
		}
		if state, ours := s.judge(name, Outdated); ours {
			drifts = append(drifts, Drift{name, state})
		} else {
			blocked[name] = &Occupied{name, notOurs}
		}
	}
	for name := range s.disk {
		if _, wanted := want.File(name); wanted {
			continue
		}
		if state, ours := s.judge(name, Orphaned); ours {
			drifts = append(drifts, Drift{name, state})
		}
	}
	var errs []error
	for _, at := range slices.Sorted(maps.Keys(blocked)) {
		errs = append(errs, blocked[at])
	}
	slices.SortFunc(drifts, func(a, b Drift) int { return strings.Compare(a.Path, b.Path) })
	return drifts, errors.Join(errs...)
}

// judge returns the state of a file on disk that isn't as rendered: intact if
// it is as we once wrote it, else HandEdited. ours is false when we never did.
func (s survey) judge(name string, intact State) (state State, ours bool) {
	data := s.disk[name]
	if stated, actual, ok := readHeader(name, data); ok {
		if stated != actual {
			return HandEdited, true
		}
		return intact, true
	}
	sums, ours := s.listed[name]
	if ours && !slices.Contains(sums, digest(normal(data))) {
		return HandEdited, true
	}
	return intact, ours
}

// in returns the paths that are in the given state.
func (s survey) in(state State) []string {
	var paths []string
	for _, d := range s.drifts {
		if d.State == state {
			paths = append(paths, d.Path)
		}
	}
	return paths
}

// list returns the type of each file and folder at, above and below the roots.
// It follows no symbolic link: one that stands for a root or for a folder above
// it is an Occupied error.
func list(fsys fs.FS, roots []string) (map[string]fs.FileMode, error) {
	entries := make(map[string]fs.FileMode)
	for _, root := range roots {
		there, err := isFolder(fsys, root)
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		err = fs.WalkDir(fsys, root, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			entries[name] = d.Type()
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// isFolder reports whether the named folder exists, each part of its path being
// a real folder.
func isFolder(fsys fs.FS, name string) (bool, error) {
	for i := range len(name) + 1 {
		if i < len(name) && name[i] != '/' {
			continue
		}
		info, err := fs.Lstat(fsys, name[:i])
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if !info.IsDir() {
			return false, &Occupied{name[:i], notFolder}
		}
	}
	return true, nil
}

// obstacle finds what keeps the named file from being written: a folder or a
// link in its place, or anything but a folder above it.
func (s survey) obstacle(name string) (at, what string) {
	if mode, ok := s.entries[name]; ok && !mode.IsRegular() {
		return name, notFile
	}
	for p := path.Dir(name); p != "."; p = path.Dir(p) {
		if mode, ok := s.entries[p]; ok && !mode.IsDir() {
			return p, notFolder
		}
	}
	return "", ""
}

// read returns the contents of the named file, and nil for a file that isn't
// ours by its header unless it is asked for in any case.
func read(fsys fs.FS, name string, anyway bool) (data []byte, err error) {
	if anyway {
		return fs.ReadFile(fsys, name)
	}
	if commentMark(name) == "" {
		return nil, nil
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	head := make([]byte, headSize)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	head = head[:n]
	if _, _, ours := readHeader(name, head); !ours {
		return nil, nil
	}
	rest, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return append(head, rest...), nil
}
