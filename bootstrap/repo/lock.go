package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A lock is Git's own kind: path.lock, made only where none is, holds the new
// content and becomes the file. Whoever makes one must release it.
type lock struct {
	path string
	file *os.File // nil once released
}

func acquire(path string) (*lock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	f, err := os.OpenFile(path+".lock", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) // less the umask, as git
	if errors.Is(err, fs.ErrExist) {
		return nil, &Locked{Path: path + ".lock"}
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &lock{path, f}, nil
}

// write fills the lock, so that what is left to do is a rename.
func (l *lock) write(data []byte) error {
	_, err := l.file.Write(data)
	if info, statErr := os.Stat(l.path); statErr == nil {
		err = errors.Join(err, l.file.Chmod(info.Mode().Perm()))
	}
	if err := errors.Join(err, l.file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", l.path, err)
	}
	return nil
}

// commit makes the lock the file.
func (l *lock) commit() error {
	if err := os.Rename(l.file.Name(), l.path); err != nil {
		return fmt.Errorf("replace %s: %w", l.path, err)
	}
	l.file = nil
	return nil
}

// release gives up a lock that was not committed.
func (l *lock) release() error {
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	if errors.Is(err, os.ErrClosed) { // it was written
		err = nil
	}
	name := l.file.Name()
	l.file = nil
	return errors.Join(err, os.Remove(name))
}
