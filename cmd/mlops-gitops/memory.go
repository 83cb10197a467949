package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// A memory keeps, in the user's cache folder, what environments of one repository came to,
// so that a run recalls what has not changed. Nothing in it is needed: whatever can't be
// read is worked out anew, and what can't be written is not kept, without a word.
type memory struct {
	dir     string // of one repository
	program string // which program keeps it: another may come to something else
}

// unused is for how long nothing may be kept of a repository before what is there is dropped.
const unused = 30 * 24 * time.Hour

// memoryOf returns the memory of a repository. Where nothing can be kept ok is false.
func memoryOf(repository string) (m memory, ok bool) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return memory{}, false
	}
	if _, err := os.Stat(filepath.Dir(cache)); err != nil {
		return memory{}, false // the home that is named is not there
	}
	program, err := os.Executable()
	if err != nil {
		return memory{}, false
	}
	info, err := os.Stat(program)
	if err != nil {
		return memory{}, false
	}
	sum := sha256.Sum256([]byte(repository))
	return memory{
		dir:     filepath.Join(cache, "mlops-gitops", "memory", hex.EncodeToString(sum[:16])),
		program: fmt.Sprint(program, info.Size(), info.ModTime().UnixNano()), // as compiler caches tell compilers apart
	}, true
}

// Recall returns what was kept, or nil.
func (m memory) Recall(env, what string) []byte {
	data, err := os.ReadFile(m.file(env, what))
	if err != nil || len(data) < sha256.Size {
		return nil
	}
	sum, rest := data[:sha256.Size], data[sha256.Size:]
	if !bytes.Equal(sum, m.sum(rest)) {
		return nil // of another program, or half of it, after a crash
	}
	return rest
}

// Keep keeps data until they are replaced.
func (m memory) Keep(env, what string, data []byte) {
	if _, err := os.Stat(m.dir); err != nil {
		m.tidy()
		if os.MkdirAll(m.dir, 0o700) != nil {
			return
		}
	}
	f, err := os.CreateTemp(m.dir, ".new-")
	if err != nil {
		return
	}
	_, err = f.Write(append(m.sum(data), data...))
	if f.Close() != nil || err != nil || os.Rename(f.Name(), m.file(env, what)) != nil {
		_ = os.Remove(f.Name())
	}
}

// file is where it keeps things of an environment: its name has no dot.
func (m memory) file(env, what string) string { return filepath.Join(m.dir, env+"."+what) }

func (m memory) sum(data []byte) []byte {
	h := sha256.New()
	fmt.Fprintln(h, m.program)
	_, _ = h.Write(data) // a hash takes all
	return h.Sum(nil)
}

// tidy drops what is kept of repositories for which nothing was kept for long: each time
// changes the folder.
func (m memory) tidy() {
	all := filepath.Dir(m.dir)
	entries, err := os.ReadDir(all)
	if err != nil {
		return
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > unused {
			_ = os.RemoveAll(filepath.Join(all, e.Name()))
		}
	}
}
