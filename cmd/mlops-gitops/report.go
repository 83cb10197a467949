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

// usage is a command line that can't be carried out, and how it can be mended.
type usage struct{ msg, hint string }

func (u *usage) Error() string { return u.msg }
func (u *usage) Hint() string  { return u.hint }

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
