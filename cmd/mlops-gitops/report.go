package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// report is the whole policy of what goes wrong in words: on stderr an "error:"
// line for each error, its hint below, lower case, no full stop at the end.
func report(stderr io.Writer, err error) {
	var f *found
	if errors.As(err, &f) {
		err = f.what
	}
	for _, e := range each(err) {
		fmt.Fprintln(stderr, "error:", strings.ReplaceAll(visible(e.Error()), "\n", "\n  "))
		if hint := hintOf(e); hint != "" {
			fmt.Fprintln(stderr, "  hint:", strings.ReplaceAll(visible(hint), "\n", "\n        "))
		}
	}
}

// hintOf is what an error, or one that it wraps, says there is to do, or "".
func hintOf(err error) string {
	var told interface{ Hint() string }
	if errors.As(err, &told) {
		return told.Hint()
	}
	return ""
}

// visible is text that does to a terminal what it seems to do: names and words of a
// repository may hold anything, and what would not show is written as in Go.
func visible(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) || r == '\n' || r == '\t' {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

// inLine is visible text in one line.
func inLine(text string) string { return strings.ReplaceAll(visible(text), "\n", `\n`) }

// listed is a list of names, each once, in order.
func listed(names []string) string {
	slices.Sort(names)
	return inLine(strings.Join(slices.Compact(names), ", "))
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
