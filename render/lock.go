package render

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Lock waits until no other process writes what is called so below root, the files of an
// environment for example. The operating system ends the lock of a process that was
// killed, so no lock is ever stale.
func Lock(root *os.Root, what string) (unlock func() error, err error) {
	name := reserved + what + ".lock"
	for {
		info, err := root.Lstat(name)
		if err == nil && !info.Mode().IsRegular() {
			return nil, &Occupied{name, notFile}
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		f, err := lockedfile.OpenFile(filepath.Join(root.Name(), name), os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		// The holder before us may have removed the file that we waited for.
		held, err := stillThere(root, name, f)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if held {
			return func() error { return release(root, name, f) }, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

func stillThere(root *os.Root, name string, f *lockedfile.File) (bool, error) {
	ours, err := f.Stat()
	if err != nil {
		return false, err
	}
	current, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(ours, current), err
}

// release removes the lock file while it is still held, so that nobody can get
// hold of a file that is about to go. Windows removes no open file: there it
// stays, empty, for the next time.
func release(root *os.Root, name string, f *lockedfile.File) error {
	var err error
	if runtime.GOOS != "windows" {
		err = root.Remove(name)
	}
	return errors.Join(err, f.Close())
}
