package repo

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// An index is Git's index file (git help gitformat-index). Entries that aren't
// ours are kept to the bit, with flags that go-git's own reader drops.
// Optional extensions, all of them caches or conveniences, are left out of what
// is written, as the format allows.
type index struct {
	version uint32
	entries []indexEntry // sorted by path, then stage
}

// An indexEntry is one file at one stage of a merge.
type indexEntry struct {
	path  string
	fixed []byte // stat data, hash and flags as they stand in the file
}

const (
	statLength  = 40 // bytes before the hash
	fixedLength = statLength + 20 + 2
	extended    = 0x4000 // in the flags: two more bytes follow
	skipTree    = 0x4000 // in those: sparse checkout left the file out
	nameMask    = 0x0fff
)

func (e indexEntry) flags() uint16 { return binary.BigEndian.Uint16(e.fixed[statLength+20:]) }
func (e indexEntry) stage() int    { return int(e.flags()>>12) & 3 }
func (e indexEntry) sparse() bool {
	return e.flags()&extended != 0 && binary.BigEndian.Uint16(e.fixed[fixedLength:])&skipTree != 0
}

func (e indexEntry) file() treeFile {
	return treeFile{filemode.FileMode(binary.BigEndian.Uint32(e.fixed[24:])), plumbing.Hash(e.fixed[statLength : statLength+20])}
}

// newEntry describes a file whose stored form has that hash and mode.
func newEntry(path string, mode filemode.FileMode, hash plumbing.Hash, info fs.FileInfo) indexEntry {
	fixed := make([]byte, fixedLength)
	fillStat(fixed[:statLength], info)
	binary.BigEndian.PutUint32(fixed[24:], uint32(mode))
	binary.BigEndian.PutUint32(fixed[36:], uint32(info.Size()))
	copy(fixed[statLength:], hash[:])
	binary.BigEndian.PutUint16(fixed[statLength+20:], uint16(min(len(path), nameMask)))
	return indexEntry{path, fixed}
}

// readIndex reads the work tree's index; without one it is empty.
func (r *Repo) readIndex() (*index, error) {
	file := filepath.Join(r.gitDir, "index")
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return &index{version: 2}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read Git's index: %w", err)
	}
	x, err := parseIndex(data)
	if errors.Is(err, errShared) {
		return nil, &Problem{Msg: "Git's index can't be read: " + file, Fix: "git update-index --no-split-index, or git sparse-checkout reapply --no-sparse-index", Cause: err}
	}
	if err != nil {
		return nil, &Problem{Msg: "Git's index can't be read: " + file, Fix: "see what git status says", Cause: err}
	}
	return x, nil
}

var (
	errShort  = errors.New("it ends too early")
	errShared = errors.New("it is split, or leaves out folders (a sparse index)")
)

func parseIndex(data []byte) (*index, error) {
	if len(data) < 12+sha1.Size || string(data[:4]) != "DIRC" {
		return nil, errors.New("it isn't an index")
	}
	body, sum := data[:len(data)-sha1.Size], data[len(data)-sha1.Size:]
	if want := sha1.Sum(body); !bytes.Equal(want[:], sum) && !bytes.Equal(sum, make([]byte, sha1.Size)) { // zero: index.skipHash
		return nil, errors.New("its checksum is wrong")
	}
	x := &index{version: binary.BigEndian.Uint32(body[4:])}
	if x.version < 2 || x.version > 4 {
		return nil, fmt.Errorf("it has the unknown version %d", x.version)
	}
	rest, previous := body[12:], ""
	for range binary.BigEndian.Uint32(body[8:]) {
		entry, used, err := x.parseEntry(rest, previous)
		if err != nil {
			return nil, err
		}
		x.entries, rest, previous = append(x.entries, entry), rest[used:], entry.path
	}
	for len(rest) > 0 {
		if len(rest) < 8 {
			return nil, errShort
		}
		length := uint64(binary.BigEndian.Uint32(rest[4:])) + 8
		if rest[0] < 'A' || rest[0] > 'Z' {
			return nil, errShared // the only extensions that may not be passed over are link and sdir
		}
		if uint64(len(rest)) < length {
			return nil, errShort
		}
		rest = rest[length:]
	}
	return x, nil
}

func (x *index) parseEntry(data []byte, previous string) (entry indexEntry, used int, err error) {
	if len(data) < fixedLength+2 {
		return entry, 0, errShort
	}
	length := fixedLength
	if binary.BigEndian.Uint16(data[statLength+20:])&extended != 0 {
		length += 2
	}
	entry.fixed = data[:length:length]
	name, prefix := data[length:], ""
	if x.version == 4 {
		strip, n := offset(name)
		if n == 0 || strip > uint64(len(previous)) {
			return entry, 0, errShort
		}
		prefix, name, length = previous[:len(previous)-int(strip)], name[n:], length+n
	}
	end := bytes.IndexByte(name, 0)
	if end < 0 {
		return entry, 0, errShort
	}
	entry.path = prefix + string(name[:end])
	used = length + end + 1
	if x.version < 4 {
		used = (length + end + 8) / 8 * 8
	}
	if used > len(data) {
		return entry, 0, errShort
	}
	return entry, used, nil
}

// offset reads a number of the form that packs use for offsets, and its length.
func offset(data []byte) (value uint64, n int) {
	for n < len(data) && n < 9 {
		c := data[n]
		n++
		value = value<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return value, n
		}
		value++
	}
	return 0, 0
}

// encode writes the index in the version that it was read in. In version 4 no
// path is shortened by its predecessor's, which git reads as well.
func (x *index) encode() []byte {
	var out bytes.Buffer
	out.WriteString("DIRC")
	out.Write(binary.BigEndian.AppendUint32(nil, x.version))
	out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(x.entries))))
	previous := ""
	for _, e := range x.entries {
		start := out.Len()
		out.Write(e.fixed)
		if x.version == 4 {
			out.Write(appendOffset(nil, uint64(len(previous))))
			previous = e.path
		}
		out.WriteString(e.path)
		out.WriteByte(0)
		for x.version < 4 && (out.Len()-start)%8 != 0 {
			out.WriteByte(0)
		}
	}
	sum := sha1.Sum(out.Bytes())
	out.Write(sum[:])
	return out.Bytes()
}

func appendOffset(out []byte, value uint64) []byte {
	bytes := []byte{byte(value & 0x7f)}
	for value >>= 7; value > 0; value >>= 7 {
		value--
		bytes = append(bytes, 0x80|byte(value&0x7f))
	}
	slices.Reverse(bytes)
	return append(out, bytes...)
}

// at returns the entries for path, one unless there is a conflict.
func (x *index) at(path string) []indexEntry {
	first, found := slices.BinarySearchFunc(x.entries, path, func(e indexEntry, p string) int { return strings.Compare(e.path, p) })
	if !found {
		return nil
	}
	last := first
	for last < len(x.entries) && x.entries[last].path == path {
		last++
	}
	return x.entries[first:last]
}

// below returns the entries inside the folder path.
func (x *index) below(path string) []indexEntry {
	first := sort.Search(len(x.entries), func(i int) bool { return x.entries[i].path >= path+"/" })
	last := sort.Search(len(x.entries), func(i int) bool { return x.entries[i].path >= path+"0" }) // "0" follows "/"
	return x.entries[first:last]
}

// replace puts files in the place of all that was at or below the owned paths,
// and of files that are folders now.
func (x *index) replace(owned []string, files []indexEntry) {
	folders := make(map[string]bool)
	for _, f := range files {
		for i := range len(f.path) {
			if f.path[i] == '/' {
				folders[f.path[:i]] = true
			}
		}
	}
	x.entries = slices.DeleteFunc(x.entries, func(e indexEntry) bool {
		return folders[e.path] || inside(e.path, owned)
	})
	x.entries = append(x.entries, files...)
	slices.SortStableFunc(x.entries, func(a, b indexEntry) int { return strings.Compare(a.path, b.path) })
}

func inside(path string, owned []string) bool {
	return slices.ContainsFunc(owned, func(o string) bool { return within(path, o) })
}

// within reports whether path is the owned one or inside it.
func within(path, owned string) bool {
	rest, ok := strings.CutPrefix(path, owned)
	return ok && (rest == "" || rest[0] == '/')
}
