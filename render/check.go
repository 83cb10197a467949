package render

import "io/fs"

// A State says how a file on disk differs from the render.
type State string

// The states of a file. One that a person edited is HandEdited even when it is
// outdated or orphaned as well: the edit is what must not be lost.
const (
	HandEdited State = "hand-edited" // its body differs from its own header
	Outdated   State = "outdated"    // its body fits its header, but not the render
	Missing    State = "missing"     // it is rendered, but not there
	Orphaned   State = "orphaned"    // it has our header, but is no longer rendered
)

// A Drift is one file that isn't as rendered.
type Drift struct {
	Path  string
	State State
}

// Check compares what is in fsys, the configuration repository on disk or at a
// revision, with what t would write there, and returns every difference in
// order of paths. Files that mlops-gitops did not make are passed over, but for
// those in the way of a rendered one: each is an Occupied error. Line endings
// and a byte order mark are no difference.
func Check(fsys fs.FS, o Owner, t Tree) ([]Drift, error) {
	want, err := o.Stamp(t)
	if err != nil {
		return nil, err
	}
	s, err := look(fsys, o, want)
	if err != nil {
		return nil, err
	}
	return s.drifts, nil
}

// Occupied is a path where a rendered file or its folder belongs and something
// is that mlops-gitops did not make.
type Occupied struct {
	Path string
	What string // exists and was not made by mlops-gitops
}

func (e *Occupied) Error() string { return e.Path + " " + e.What }

// Hint implements the command line's hints.
func (e *Occupied) Hint() string { return "move it away or delete it" }
