package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// report is the whole policy of what goes wrong in words: on stderr an "error:"
// line for each error, its hint below, lower case, no full stop at the end.
func report(stderr io.Writer, err error) {
	var f *found
	if errors.As(err, &f) {
		err = f.what
	}
	for _, e := range each(err) {
		fmt.Fprintln(stderr, "error:", e)
		var h interface{ Hint() string }
		if errors.As(e, &h) && h.Hint() != "" {
			fmt.Fprintln(stderr, "  hint:", strings.ReplaceAll(h.Hint(), "\n", "\n        "))
		}
	}
}

// each are the errors that one joins, however often that was done.
func each(err error) (all []error) {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			all = append(all, each(e)...)
		}
		return all
	}
	if err != nil {
		all = []error{err}
	}
	return all
}

// found is the result of a verb that looked and found something: exit code 1.
type found struct{ what error } // nil: the verb has said it already

func (f *found) Error() string {
	if f.what == nil {
		return "found something"
	}
	return f.what.Error()
}

// A refusal is why something is not done, in words, and what a person can do about it.
type refusal struct{ msg, hint string }

func (r *refusal) Error() string { return r.msg }
func (r *refusal) Hint() string  { return r.hint }

func exitCode(err error) int {
	var f *found
	switch {
	case err == nil:
		return 0
	case errors.As(err, &f):
		return 1
	}
	return 2
}
