package secrets

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Files that belong together come in place together. They are written into a folder
// that gets its name only when it is complete: from then on whoever comes next puts
// them in place, whatever became of the one who wrote them.
const (
	staged   = ".certificates"
	unstaged = staged + ".new"
)

// replace puts files in place of those that are there. The folder must be locked.
func (f *folder) replace(all []certificate, files []staging) error {
	if err := f.root.RemoveAll(unstaged); err != nil {
		return in(f.at(unstaged), err)
	}
	if err := f.root.Mkdir(unstaged, localFolderMode); err != nil {
		return in(f.at(unstaged), err)
	}
	for _, s := range files {
		if err := f.write(path.Join(unstaged, s.file), s.data, s.mode); err != nil {
			return in(f.at(s.file), err)
		}
	}
	if err := f.syncFolder(unstaged); err != nil {
		return err
	}
	if err := f.root.Rename(unstaged, staged); err != nil {
		return in(f.at(staged), err)
	}
	if err := f.sync(); err != nil {
		return err
	}
	return f.install(all)
}

// install puts in place what is staged of certificates, if anything is; what else is there
// did not come from here, and goes. A certificate is never there
// beside a key that is not its own: the old one goes first, the new one comes last, the
// authority's before those that it vouches for. The folder must be locked.
func (f *folder) install(all []certificate) error {
	entries, err := fs.ReadDir(f.root.FS(), staged)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return in(f.at(staged), err)
	}
	var parts []string
	if len(signed(all)) > 0 {
		parts = append(parts, authorityCert, authorityKey)
	}
	for _, c := range all {
		parts = append(parts, c.crt(), c.key())
	}
	var keys, certs []string
	for _, e := range entries {
		if !slices.Contains(parts, e.Name()) || !e.Type().IsRegular() {
			continue
		}
		if strings.HasSuffix(e.Name(), ".crt") {
			certs = append(certs, e.Name())
		} else {
			keys = append(keys, e.Name())
		}
	}
	for _, file := range certs {
		if err := f.remove(file); err != nil {
			return err
		}
	}
	slices.SortStableFunc(certs, func(a, b string) int {
		if (a == authorityCert) == (b == authorityCert) {
			return 0
		} else if a == authorityCert {
			return -1
		}
		return 1
	})
	if err := f.sync(); err != nil {
		return err
	}
	for _, batch := range [][]string{keys, certs} {
		for _, file := range batch {
			if err := f.root.Rename(path.Join(staged, file), file); err != nil {
				return in(f.at(file), err)
			}
		}
		if err := f.sync(); err != nil {
			return err
		}
	}
	if err := f.root.RemoveAll(staged); err != nil {
		return in(f.at(staged), err)
	}
	return nil
}

// finish is install after a kill, by whoever comes next. What was not complete goes.
func (f *folder) finish(all []certificate) (err error) {
	if absent(f.root, staged) && absent(f.root, unstaged) {
		return nil
	}
	unlock, err := f.lock(true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := f.root.RemoveAll(unstaged); err != nil {
		return in(f.at(unstaged), err)
	}
	return f.install(all)
}

// lock keeps other processes from what must not be done by two at once. Where another
// is at it, it waits, or a Problem says so.
func (f *folder) lock(wait bool) (unlock func() error, err error) {
	dir, err := f.root.Open(".")
	if err != nil {
		return nil, in(f.path, err)
	}
	busy, err := flock(dir, wait)
	if err != nil {
		return nil, errors.Join(in(f.path, err), dir.Close())
	}
	if busy {
		return nil, errors.Join(&Problem{fmt.Sprintf("another command is changing secrets in %s", f.path), "wait for it"}, dir.Close())
	}
	return dir.Close, nil
}
