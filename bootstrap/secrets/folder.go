package secrets

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// unfinished starts the names of files that are being written. What a killed
// process left is removed by the next; .gitignore's ".mlops-gitops-*" keeps it
// out of commits until then.
const unfinished = ".mlops-gitops-secret-"

// A folder is where secrets are kept, one file each. No link leads out of it.
type folder struct {
	root *os.Root
	path string // in the repository
}

// makeFolder is enter after making what is missing of the path.
func makeFolder(repo *os.Root, name string, mode fs.FileMode) (*folder, error) {
	for _, step := range steps(name) {
		if err := repo.Mkdir(step, mode); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, in(step, err)
		}
	}
	return enter(repo, name)
}

// absent reports whether repo has nothing of that name.
func absent(repo *os.Root, name string) bool {
	_, err := repo.Lstat(name)
	return errors.Is(err, fs.ErrNotExist)
}

// enter opens the folder name of repo; an error is fs.ErrNotExist when there is
// none. A link on the way is a Problem: what looks like one environment's folder
// could be another's.
func enter(repo *os.Root, name string) (*folder, error) {
	for _, step := range steps(name) {
		info, err := repo.Lstat(step)
		if err != nil {
			return nil, in(step, err)
		}
		if !info.IsDir() {
			return nil, &Problem{step + " is not a folder", "move it away"}
		}
	}
	root, err := repo.OpenRoot(name)
	if err != nil {
		return nil, in(name, err)
	}
	return &folder{root, name}, nil
}

// lookInto lets at read a folder of the repository dir, unless there is none.
func lookInto(dir, name string, at func(*folder) error) (err error) {
	repo, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, repo.Close()) }()
	f, err := enter(repo, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return at(f)
}

// steps returns the folders on the way to name, outermost first, and name.
func steps(name string) []string {
	if name == "." {
		return nil
	}
	return append(steps(path.Dir(name)), name)
}

func (f *folder) Close() error { return f.root.Close() }

// at is the path of a file in the repository, for people.
func (f *folder) at(file string) string { return path.Join(f.path, file) }

// size returns how many bytes the file holds, -1 when there is none.
func (f *folder) size(file string) (int64, error) {
	info, err := f.root.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return -1, nil
	case err != nil:
		return -1, in(f.at(file), err)
	case !info.Mode().IsRegular():
		return -1, &Problem{f.at(file) + " is not a plain file", "move it away"}
	}
	return info.Size(), nil
}

// read returns what the file holds.
func (f *folder) read(file string) ([]byte, error) {
	data, err := f.root.ReadFile(file)
	if err != nil {
		return nil, in(f.at(file), err)
	}
	return data, nil
}

// setMode gives file, or the folder itself for ".", the mode, and tells r when it
// had another.
func (f *folder) setMode(file string, mode fs.FileMode, r *Result) error {
	info, err := f.root.Lstat(file)
	if err != nil {
		return in(f.at(file), err)
	}
	was := info.Mode().Perm()
	if was == mode {
		return nil
	}
	if err := f.root.Chmod(file, mode); err != nil {
		return in(f.at(file), fmt.Errorf("its mode is %#o and must be %#o: %w", was, mode, cause(err)))
	}
	r.Repaired = append(r.Repaired, fmt.Sprintf("%s: mode %#o is now %#o", f.at(file), was, mode))
	return nil
}

// files returns the names in the folder in order, without hidden ones.
func (f *folder) files() ([]string, error) {
	names, err := f.names()
	slices.Sort(names)
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, ".") }), err
}

func (f *folder) names() (names []string, err error) {
	dir, err := f.root.Open(".")
	if err == nil {
		names, err = dir.Readdirnames(-1)
		err = errors.Join(err, dir.Close())
	}
	if err != nil {
		return nil, in(f.path, err)
	}
	return names, nil
}

// create makes the file, whole or not at all, and never in place of another:
// made is false when one is there. It outlasts a crash only after sync.
func (f *folder) create(file string, data []byte, mode fs.FileMode, rand io.Reader) (made bool, err error) {
	err = f.put(file, data, mode, rand, func(temp string) error {
		err := f.root.Link(temp, file)
		made = err == nil
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	})
	return made, err
}

// swap puts data in place of what the file holds, whole or not at all, for good.
func (f *folder) swap(file string, data []byte, mode fs.FileMode, rand io.Reader) error {
	err := f.put(file, data, mode, rand, func(temp string) error { return f.root.Rename(temp, file) })
	if err != nil {
		return err
	}
	return f.sync()
}

// put writes a file under a name of its own and has it placed where it belongs.
func (f *folder) put(file string, data []byte, mode fs.FileMode, rand io.Reader, place func(temp string) error) error {
	for {
		suffix, err := newValue(rand, 16)
		if err != nil {
			return err
		}
		temp := unfinished + string(suffix)
		if err := f.write(temp, data, mode); err != nil {
			return errors.Join(in(f.at(file), err), f.remove(temp))
		}
		switch err := place(temp); {
		case err == nil:
			return f.remove(temp)
		case !errors.Is(err, fs.ErrNotExist):
			return errors.Join(in(f.at(file), err), f.remove(temp))
		}
		// Another process has just started and taken the file for left over.
	}
}

// write makes a new file with all of data on the disk.
func (f *folder) write(name string, data []byte, mode fs.FileMode) error {
	w, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	if err == nil {
		err = w.Chmod(mode) // whatever the umask is
	}
	if err == nil {
		err = w.Sync()
	}
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	return err
}

// sweep removes what killed processes left.
func (f *folder) sweep() error {
	names, err := f.names()
	for _, name := range names {
		if strings.HasPrefix(name, unfinished) {
			err = errors.Join(err, f.remove(name))
		}
	}
	return err
}

// remove removes the file unless it is gone already.
func (f *folder) remove(file string) error {
	if err := f.root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return in(f.at(file), err)
	}
	return nil
}

// sync makes the folder's new files outlast a crash.
func (f *folder) sync() error { return f.syncFolder(".") }

// syncFolder does it for a folder in it.
func (f *folder) syncFolder(name string) error {
	dir, err := f.root.Open(name)
	if err != nil {
		return in(f.at(name), err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return in(f.at(name), err)
	}
	return nil
}

// in says where err happened, by the path in the repository.
func in(name string, err error) error { return fmt.Errorf("%s: %w", name, cause(err)) }

// cause is err without the path that the system call knew.
func cause(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	if link, ok := errors.AsType[*os.LinkError](err); ok {
		return link.Err
	}
	return err
}
