package repo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Tracked returns the files that Git keeps of a folder in the configuration repository dir,
// by their paths there, in order. It looks into Git's index and nowhere else, so it takes
// no longer than reading that; where Git keeps nothing, there are none. A folder that
// differs in case is the same one on some disks.
func Tracked(dir, folder string) (files []string, err error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("find the folder %s: %w", dir, err)
	}
	at, err := find(real)
	if _, none := errors.AsType[*Problem](err); none {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	prefix, err := filepath.Rel(at.root, real)
	if err != nil {
		return nil, fmt.Errorf("find %s in %s: %w", real, at.root, err)
	}
	folder = strings.TrimPrefix(filepath.ToSlash(filepath.Join(prefix, folder)), "./")
	all, err := at.indexed(folder)
	if err != nil {
		return nil, err
	}
	for _, file := range all {
		if len(file) >= len(folder) && strings.EqualFold(file[:len(folder)], folder) && (len(file) == len(folder) || file[len(folder)] == '/') {
			files = append(files, strings.TrimPrefix(file, filepath.ToSlash(prefix)+"/"))
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// indexed returns the paths in Git's index; from one that only git itself can read, those
// that begin like the folder.
func (p layout) indexed(folder string) (paths []string, err error) {
	x, err := (&Repo{layout: p}).readIndex()
	if err == nil {
		for _, e := range x.entries {
			paths = append(paths, e.path)
		}
		return paths, nil
	}
	unread := err
	// of another hash, or in several files
	shared, err := filepath.Glob(filepath.Join(p.gitDir, "sharedindex.*"))
	if err != nil {
		return nil, err
	}
	for _, name := range append(shared, filepath.Join(p.gitDir, "index")) {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read Git's index: %w", err)
		}
		if len(data) < 8 || binary.BigEndian.Uint32(data[4:]) > 3 {
			return nil, unread // there paths are not written out
		}
		for _, m := range regexp.MustCompile(`(?i)`+regexp.QuoteMeta(folder)+`[^\x00]*\x00`).FindAllIndex(data, -1) {
			path := string(data[m[0] : m[1]-1])
			for _, flags := range []int{m[0] - 2, m[0] - 4} { // before the path, or before two bytes more
				if flags > 0 && int(binary.BigEndian.Uint16(data[flags:])&nameMask) == min(len(path), nameMask) {
					paths = append(paths, path)
				}
			}
		}
	}
	return paths, nil
}
