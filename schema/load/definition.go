package load

import (
	"slices"
	"strings"

	"cuelang.org/go/cue"
)

// definition is what the schema says of the field at a path, or an absent value.
func definition(model cue.Value, at []string) cue.Value {
	if !model.Exists() || len(at) == 0 || at[0] != "environment" {
		return cue.Value{}
	}
	v := model.LookupPath(cue.ParsePath("#Environment"))
	for _, label := range at[1:] {
		next := v.LookupPath(cue.MakePath(cue.Str(label).Optional()))
		if !next.Exists() {
			next = v.LookupPath(cue.MakePath(cue.Str(label)))
		}
		if !next.Exists() {
			next = v.LookupPath(cue.MakePath(cue.AnyString))
		}
		if !next.Exists() {
			next = v.LookupPath(cue.MakePath(cue.AnyIndex))
		}
		v = next
	}
	return v
}

// renamed is what the schema says of a name that people use for a setting which is
// called otherwise, or "".
func renamed(model cue.Value, path string) string {
	text, err := model.LookupPath(cue.MakePath(cue.Hid("_renamed", modulePath), cue.Str(path))).String()
	if err != nil {
		return ""
	}
	return text
}

// notToBeSet ends the documentation of fields that the schema works out.
const notToBeSet = "Not to be set."

// fields are the names that the schema gives to a struct's fields, for people to
// write or, with those that it works out, to refer to.
func fields(v cue.Value, workedOut bool) (names []string) {
	it, err := v.Fields(cue.Optional(true))
	if err != nil {
		return nil
	}
	for it.Next() {
		if workedOut || !strings.HasSuffix(docOf(it.Value()), notToBeSet) {
			names = append(names, it.Selector().Unquoted())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// kind is the type that the schema wants at a path, in words.
func kind(v cue.Value) string {
	return inWords[v.IncompleteKind()]
}

var inWords = map[cue.Kind]string{
	cue.StringKind: "a string (in quotes)",
	cue.BoolKind:   "true or false",
	cue.IntKind:    "an integer",
	cue.NumberKind: "a number",
	cue.ListKind:   "a list in square brackets",
	cue.StructKind: "a set of fields in braces",
}

// docOf is a field's documentation in the schema, on one line, without its example.
func docOf(v cue.Value) string {
	if !v.Exists() {
		return ""
	}
	groups := v.Doc()
	if len(groups) == 0 {
		return ""
	}
	text, _, _ := strings.Cut(groups[0].Text(), "\n\n")
	text = strings.Join(strings.Fields(text), " ")
	if end := strings.LastIndex(text, ". "); strings.HasSuffix(text, ":") && end > 0 {
		text = text[:end+1] // the last sentence is about the example
	}
	return strings.TrimSuffix(text, ":")
}
