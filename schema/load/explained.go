package load

import (
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/doc"
)

// Explained is an environment setting by setting: what holds, who said it and where,
// and what the schema says of it.
type Explained struct {
	Name string

	// Mistakes are the environment's, joined, or nil. With mistakes there is
	// documentation and what people wrote, and nothing holds.
	Mistakes error

	doc *doc.Schema
	src *sources
	env *schema.Environment // nil with mistakes

	own        cue.Value // what people wrote
	settings   cue.Value // what holds
	components cue.Value // the same, of components
}

// Explain evaluates one environment for people to ask about: beside its values, what the
// schema says of them and where each was written. That takes time, so Load does without.
func (r *Repository) Explain(name string) (*Explained, error) {
	if !slices.Contains(r.names, name) {
		return nil, r.forgotten(name)
	}
	var v values
	tree := newOnlyCUE(r.fsys, r.under)
	sound, mistakes := r.load(tree, []string{name}, r.recall(tree, []string{name}), &v)
	if m := (*Mistake)(nil); mistakes != nil && !errors.As(mistakes, &m) {
		return nil, mistakes
	}
	e, err := r.documented(name)
	if err != nil {
		return nil, err
	}
	if e.Mistakes = mistakes; mistakes != nil {
		return e, nil
	}
	l, err := sound[0].Whole()
	if err != nil {
		return nil, err
	}
	e.env = l.Environment
	if !v.own.Exists() { // it was recalled
		v = e.src.values(name)
	}
	e.own = v.own
	e.settings = v.platform.LookupPath(cue.ParsePath("settings"))
	e.components = v.platform.LookupPath(cue.ParsePath("components"))
	return e, nil
}

// documented is an environment as it is written, with what the schema says of it.
func (r *Repository) documented(name string) (e *Explained, err error) {
	if !slices.Contains(r.names, name) {
		return nil, &NoEnvironment{Name: name, Known: r.names}
	}
	e = &Explained{Name: name}
	if e.src, _, err = readSources(newOnlyCUE(r.fsys, r.under), []string{name}); err != nil {
		return nil, err
	}
	vendored, err := fs.Sub(e.src.fsys, "schema")
	if err != nil {
		return nil, err
	}
	e.doc, err = doc.Read(vendored)
	return e, err
}

// forgotten says that there is no environment of a name, and when it is that of a
// setting, before which somebody forgot the environment.
func (r *Repository) forgotten(name string) error {
	missing := &NoEnvironment{Name: name, Known: r.names}
	vendored, err := fs.Sub(newOnlyCUE(r.fsys, r.under), "schema")
	if err != nil {
		return missing
	}
	e := &Explained{}
	if e.doc, err = doc.Read(vendored); err != nil {
		return missing
	}
	if f, _, _ := e.doc.Find(e.path(name)); f != nil && len(e.path(name)) > 0 {
		missing.setting = name
	}
	return missing
}

// A Setting is a field of an environment.
type Setting struct {
	Path  []string
	Value any    // as Go and JSON have it; nil when nothing holds. A secret is named, it has no value
	None  string // why there can be no value here as things are, or ""
	Layer Layer
	At    Position // where the layer says it
	Field *doc.Field
}

// Name is the setting's path as people write it.
func (s Setting) Name() string { return Name(s.Path) }

// Name is a path as people write it, with quotes around names that hold a dot.
func Name(at []string) string {
	var parts []string
	for _, label := range at {
		if strings.ContainsAny(label, ". \"") || label == "" {
			label = strconv.Quote(label)
		}
		parts = append(parts, label)
	}
	return strings.Join(parts, ".")
}

// Settings are all settings that hold, in the order in which the schema declares
// them. Of components they are what people wrote.
func (e *Explained) Settings() (all []Setting) {
	root, _, _ := e.doc.Find(nil)
	for _, f := range e.doc.Fields(root.Type) {
		if f.Name != "defaults" {
			all = append(all, e.below([]string{f.Name}, f, false)...)
		}
	}
	return all
}

// below are the settings that hold at a path and below it; of components those that
// nobody wrote as well, if filled says so.
func (e *Explained) below(at []string, f *doc.Field, filled bool) (all []Setting) {
	v := e.value(at)
	if !v.Exists() {
		return nil
	}
	s := e.setting(at, f)
	if v.IncompleteKind() != cue.StructKind || e.foreign(f) {
		if at[0] == "components" && !filled && s.Layer != ByEnvironment {
			return nil
		}
		return []Setting{s}
	}
	for _, name := range e.names(f, v) {
		if g, _, _ := e.doc.Find(append(slices.Clone(at), name)); g != nil {
			all = append(all, e.below(append(slices.Clone(at), name), g, filled)...)
		}
	}
	if len(all) == 0 && s.Layer == ByEnvironment {
		s.Value = map[string]any{}
		return []Setting{s}
	}
	return all
}

// foreign reports whether the schema leaves a struct's fields to somebody else: those of a
// patch are Kubernetes' own.
func (e *Explained) foreign(f *doc.Field) bool {
	member, _ := e.doc.Member(f.Type)
	return member == nil && e.doc.Kind(f.Type) == "struct" && len(e.doc.Fields(f.Type)) == 0
}

// names are the fields of a struct, in the order of the schema and then of the value.
func (e *Explained) names(f *doc.Field, v cue.Value) (names []string) {
	for _, g := range e.doc.Fields(f.Type) {
		if look(v, []string{g.Name}).Exists() {
			names = append(names, g.Name)
		}
	}
	it, err := v.Fields()
	for err == nil && it.Next() {
		if name := it.Selector().Unquoted(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// value is what holds at a path.
func (e *Explained) value(at []string) cue.Value {
	switch {
	case e.env == nil || len(at) == 0:
		return cue.Value{}
	case at[0] == "components":
		if len(at) > 1 && !look(e.own, at[:2]).Exists() {
			return cue.Value{} // a built-in component: its settings stand elsewhere
		}
		if len(at) == 1 {
			return look(e.own, at)
		}
		return look(e.components, at[1:])
	}
	if v := look(e.settings, at); v.Exists() {
		return v
	}
	return look(e.own, at)
}

// look is what a value has at a path of fields and elements, or an absent value.
func look(v cue.Value, at []string) cue.Value {
	for _, label := range at {
		if !v.Exists() {
			return v
		}
		if i, err := strconv.Atoi(label); err == nil && v.IncompleteKind() == cue.ListKind {
			v = v.LookupPath(cue.MakePath(cue.Index(i)))
		} else {
			v = v.LookupPath(cue.MakePath(cue.Str(label)))
		}
	}
	return v
}

// keys are the names that people gave to the fields at a path.
func (s *sources) keys(env string, at []string) (names []string) {
	for _, w := range s.of(env, append([]string{"environment"}, at...)) {
		for _, x := range operands(w.value) {
			block, ok := x.(*ast.StructLit)
			if !ok {
				continue
			}
			for _, d := range block.Elts {
				if f, ok := d.(*ast.Field); ok {
					if name, _, err := ast.LabelName(f.Label); err == nil {
						names = append(names, name)
					}
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
