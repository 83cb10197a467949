package render

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
)

// A writer changes files below root in two phases: stage prepares steps and
// touches no target, commit takes them in order.
type writer struct {
	root    *os.Root
	steps   []step   // still to be taken
	folders []string // made for the steps, outer ones first
}

// A step renames temp to target, or removes target when there is no temp.
type step struct{ temp, target string }

// stage puts the steps in order: new contents, then removals. The manifest must
// vouch for every file it lists, whichever step is the last one taken: it comes
// first with the digests of old and new contents, and last with the new alone.
func (w *writer) stage(o Owner, want Tree, s survey, r Result) error {
	manifestPath := o.manifestPath()
	final, listed := want.File(manifestPath)
	both := o.manifestFile(s.listed.plus(readManifest(final)))
	if listed && !bytes.Equal(both, normal(s.disk[manifestPath])) {
		if err := w.put(manifestPath, both); err != nil {
			return err
		}
	}
	var removals []step
	for _, name := range r.Removed {
		if _, respelt := want.names[fold(name)]; respelt {
			// Where case doesn't count, this is the target of a rename to come.
			w.steps = append(w.steps, step{target: name})
		} else if name != manifestPath {
			removals = append(removals, step{target: name})
		}
	}
	for _, name := range r.Written {
		if name == manifestPath {
			continue
		}
		data, _ := want.File(name)
		if err := w.put(name, data); err != nil {
			return err
		}
	}
	w.steps = append(w.steps, removals...)
	if listed && !bytes.Equal(both, final) {
		return w.put(manifestPath, final)
	}
	if slices.Contains(r.Removed, manifestPath) {
		w.steps = append(w.steps, step{target: manifestPath})
	}
	return nil
}

// put writes data to a new file beside target, for a later step to rename.
func (w *writer) put(target string, data []byte) error {
	if err := w.makeFolder(path.Dir(target)); err != nil {
		return fmt.Errorf("write %s: %w", target, err)
	}
	temp := path.Join(path.Dir(target), reserved+strconv.Itoa(len(w.steps)))
	f, err := w.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("write %s: %w", target, err)
	}
	w.steps = append(w.steps, step{temp, target})
	if err := errors.Join(fill(f, data), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", target, err)
	}
	return nil
}

// fill writes data so that it outlasts a crash. Others than the user must be
// able to read it, whatever the umask: containers mount it.
func fill(f *os.File, data []byte) error {
	mode := fs.FileMode(0o644)
	if isScript(data) {
		mode = 0o755
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	return f.Sync()
}

func (w *writer) makeFolder(dir string) error {
	if dir == "." {
		return nil
	}
	if err := w.makeFolder(path.Dir(dir)); err != nil {
		return err
	}
	err := w.root.Mkdir(dir, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	w.folders = append(w.folders, dir)
	return w.root.Chmod(dir, 0o755)
}

// commit takes the steps. An error leaves those in w.steps that were not taken.
func (w *writer) commit() error {
	for all := len(w.steps); len(w.steps) > 0; w.steps = w.steps[1:] {
		next := w.steps[0]
		var err error
		if next.temp == "" {
			err = w.root.Remove(next.target)
		} else {
			err = w.root.Rename(next.temp, next.target)
		}
		if err != nil {
			return fmt.Errorf("%s: %d of %d changes were made, run it again for the others: %w",
				next.target, all-len(w.steps), all, err)
		}
	}
	return nil
}

// abandon clears up after an error.
func (w *writer) abandon() error {
	var errs []error
	for _, s := range w.steps {
		if s.temp != "" {
			errs = append(errs, w.root.Remove(s.temp))
		}
	}
	for _, dir := range slices.Backward(w.folders) {
		_, err := w.removeEmpty(dir)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// discard removes the temporary files of an earlier Write.
func (w *writer) discard(leftovers []string) error {
	for _, name := range leftovers {
		if err := w.root.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// prune removes the folders that are empty now that the named files are gone,
// up to the owner's roots.
func (w *writer) prune(o Owner, gone []string) error {
	for _, name := range gone {
		for dir := path.Dir(name); slices.Contains(o.Roots, dir) || o.owns(dir); dir = path.Dir(dir) {
			empty, err := w.removeEmpty(dir)
			if err != nil {
				return err
			}
			if !empty {
				break
			}
		}
	}
	return nil
}

// removeEmpty removes a folder unless it has something in it, and reports
// whether it is gone.
func (w *writer) removeEmpty(dir string) (gone bool, err error) {
	entries, err := fs.ReadDir(w.root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil || len(entries) > 0 {
		return false, err
	}
	return true, w.root.Remove(dir)
}
