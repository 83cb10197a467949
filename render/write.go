package render

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Options change how Write goes about it.
type Options struct {
	// Force overwrites and removes files that were edited by hand.
	Force bool
	// Before is called once it is known that nothing is in the way, and whether there is
	// something to write or to remove. Its error keeps all as it was. Nil: nobody is asked.
	Before func(changes bool) error
}

// A Result says what Write did, in order of paths.
type Result struct {
	Written   []string
	Removed   []string
	Unchanged []string
}

// HandEdits is the refusal to overwrite files that a person edited.
type HandEdits struct {
	Env   string
	Paths []string
}

func (e *HandEdits) Error() string { return "edited by hand: " + strings.Join(e.Paths, ", ") }

// Hint implements the command line's hints.
func (e *HandEdits) Hint() string {
	return fmt.Sprintf(`move the change into environments/%s, then run "mlops-gitops render %[1]s --force", which drops the edit`, e.Env)
}

// Write makes the files of o in the configuration repository dir those of t.
//
// It refuses, with nothing changed, when a person edited one of the files
// (HandEdits, unless forced) or when something of theirs is in the way
// (Occupied, even when forced). It follows no symbolic link and leaves files
// alone that are as rendered, modification time included.
//
// New contents go to temporary files beside their targets first. Once all are
// on disk they are renamed, then what is no longer rendered is removed, then
// folders that this left empty. An error before the first rename leaves all as
// it was. After a kill at any point each file is wholly old or wholly new, and
// the next Write finishes the job and clears up. Writers of one environment
// wait for each other.
func Write(dir string, o Owner, t Tree, opts Options) (result Result, err error) {
	want, err := o.Stamp(t)
	if err != nil {
		return Result{}, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	unlock, err := Lock(root, o.Env)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	s, err := look(os.DirFS(dir), o, want)
	if err != nil {
		return Result{}, err
	}
	if edited := s.in(HandEdited); len(edited) > 0 && !opts.Force {
		return Result{}, &HandEdits{o.Env, edited}
	}
	result = outcome(want, s.drifts)
	if opts.Before != nil {
		if err := opts.Before(len(s.drifts) > 0); err != nil {
			return Result{}, err
		}
	}
	w := writer{root: root}
	if err := w.discard(s.leftovers); err != nil {
		return Result{}, err
	}
	if err := w.stage(o, want, s, result); err != nil {
		return Result{}, errors.Join(err, w.abandon())
	}
	if err := w.commit(); err != nil {
		return Result{}, errors.Join(err, w.abandon())
	}
	return result, errors.Join(readable(root, os.DirFS(dir), result.Unchanged), w.prune(o, slices.Concat(s.leftovers, result.Removed)))
}

// readable lets others read files that are as rendered, and the folders above them:
// containers mount them as other users, and a checkout under a strict umask keeps
// them out.
func readable(root *os.Root, fsys fs.FS, names []string) error {
	var errs []error
	seen := make(map[string]bool)
	for _, name := range names {
		for p := name; p != "." && !seen[p]; p = path.Dir(p) {
			seen[p] = true
			info, err := fs.Lstat(fsys, p)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			need := fs.FileMode(0o444)
			if info.IsDir() {
				need = 0o555
			}
			if mode := info.Mode().Perm(); mode&need != need {
				errs = append(errs, root.Chmod(p, mode|need))
			}
		}
	}
	return errors.Join(errs...)
}

// outcome sorts the paths of want and of what drifted by what happens to them.
func outcome(want Tree, drifts []Drift) Result {
	var r Result
	drifted := make(map[string]bool)
	for _, d := range drifts {
		drifted[d.Path] = true
		if _, wanted := want.File(d.Path); wanted {
			r.Written = append(r.Written, d.Path)
		} else {
			r.Removed = append(r.Removed, d.Path)
		}
	}
	for _, name := range want.Paths() {
		if !drifted[name] {
			r.Unchanged = append(r.Unchanged, name)
		}
	}
	return r
}
