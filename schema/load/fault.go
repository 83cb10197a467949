package load

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"
)

// A fault is one error of CUE, down to its cause.
type fault struct {
	at     []string // the path of the field, from environment down
	text   string   // CUE's format, which tells the kinds apart
	args   []any
	places []token.Pos // its own position first
}

// faults are the errors in err, each with the cause that it wraps.
func faults(err error) (fs []fault) {
	for _, e := range errors.Errors(err) {
		f := fault{at: unquoted(e.Path()), places: append([]token.Pos{e.Position()}, e.InputPositions()...)}
		for cause := e; ; {
			f.text, f.args = cause.Msg()
			var next errors.Error
			if !errors.As(errors.Unwrap(cause), &next) {
				break
			}
			cause = next
			f.places = append(append([]token.Pos{cause.Position()}, cause.InputPositions()...), f.places...)
		}
		if f.words() == "" { // the cause is none of CUE's own
			f.text, f.args = "%s", []any{e.Error()}
		}
		fs = append(fs, f)
	}
	return fs
}

// unquoted is a path whose labels are as people think of them.
func unquoted(at []string) []string {
	at = slices.Clone(at)
	for i, label := range at {
		if text, err := strconv.Unquote(label); err == nil {
			at[i] = text
		}
	}
	return at
}

func (f fault) words() string { return fmt.Sprintf(f.text, f.args...) }

// place is the fault's first position in a person's file.
func (s *sources) place(f fault) (Position, bool) {
	for _, p := range f.places {
		if at := position(p); s.files[at.File] != nil {
			return at, true
		}
	}
	return Position{}, false
}

// culprit is the field that a fault points at.
func (s *sources) culprit(f fault) *culprit {
	p, ok := s.place(f)
	if !ok {
		return nil
	}
	in, fieldPath := s.enclosing(p)
	if len(fieldPath) == 0 {
		return nil
	}
	return &culprit{in.at, removed, fieldPath, nil}
}

// general is a fault for which there are no better words than CUE's own.
func (s *sources) general(env string, f fault) *Mistake {
	p, ok := s.place(f)
	if !ok {
		p = Position{File: path.Join(folder, env)}
	}
	msg := f.words()
	if m := equals(p, msg); m != nil {
		return m
	}
	if len(f.at) > 0 {
		msg = name(f.at) + ": " + msg
	}
	return &Mistake{Pos: p, Msg: msg}
}

// equals is the mistake of someone who sets a field with "=", or nil.
func equals(p Position, msg string) *Mistake {
	if !strings.HasPrefix(msg, "unreferenced alias") {
		return nil
	}
	return &Mistake{Pos: p, Msg: `"=" gives a name to a value; it does not set a field`, Fix: `write ":" instead of "="`}
}
