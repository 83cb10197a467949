package load

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Mistake is something to correct in a file that a person wrote.
type Mistake struct {
	Pos  Position
	Also Position // the other place that takes part, such as the other of two equal ports, or none
	Msg  string   // what is wrong: server has no field "replcas"
	Fix  string   // what to do about it, or "": did you mean "replicas"?
}

// A Position is a place in a person's file, counted from 1; Line 0 is the file as a whole.
type Position struct {
	File         string
	Line, Column int
}

func (p Position) String() string {
	if p.Line == 0 {
		return printable(p.File)
	}
	return printable(p.File) + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}

// printable is a path as a terminal may show it: a name can hold what moves its cursor,
// turns text round or begins a line that looks like another mistake.
func printable(name string) string {
	if !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

// from is the same place for a reader from whom the tree lies under this path.
func (p Position) from(under string) Position {
	p.File = path.Join(under, p.File)
	return p
}

func (m *Mistake) Error() string {
	text := m.Pos.String() + ": " + m.Msg
	if m.Also.File != "" {
		text += " (see also " + m.Also.String() + ")"
	}
	return text
}

// Hint is what to do about it.
func (m *Mistake) Hint() string { return m.Fix }

// inOrder sorts mistakes by where they are and drops what is said twice, as when
// several environments share the file.
func inOrder(mistakes []*Mistake) []*Mistake {
	slices.SortStableFunc(mistakes, func(a, b *Mistake) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Msg, b.Msg))
	})
	return slices.CompactFunc(mistakes, func(a, b *Mistake) bool { return a.Pos == b.Pos && a.Msg == b.Msg })
}
