// Package doc reads what the schema's CUE says about itself: the comment beside each
// field, its type, its constraint in words and the default of each mode. It knows no
// field by name; what a schema declares is what it shows. It evaluates no environment
// and writes nothing: "explain" and docs/reference.md are made of what it returns.
package doc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/mod/modfile"
	"cuelang.org/go/mod/module"
)

// Root is the definition that people write to.
const Root = "#Environment"

// A Schema is what a schema's files declare.
type Schema struct {
	named map[string]*Definition
	names []string  // in the order of declaration, file by file
	table cue.Value // settings by mode that nobody has to write
	other cue.Value // what to say of names that settings do not have, by path
}

// A Definition is one declaration at the top of a file: #Count, or a field that
// people refer to.
type Definition struct {
	Name string
	Doc  string
	Type *Type
}

// A Field is one field of a struct.
type Field struct {
	Name     string
	Doc      string // the comment, lines and all
	Required bool
	Chosen   bool // the name is of people's own choice: the comment is that of what holds it
	Type     *Type
}

// A Type is what a field may hold.
type Type struct {
	Ref      string   // the definition that stands there, such as #Count, or ""
	Kind     string   // string, int, number, bool, list, struct, or "" when it is not known
	Must     string   // the schema's own words: must be an integer from 1 to 50
	Literals []string // the values to choose from, as CUE has them
	Fields   []*Field // of a struct, without those of Ref; one without a name stands for all of its type's
	Key      string   // where people choose the names in a struct, what the schema calls such a name: Port
	Member   *Type    // what stands under such a name, or is an element of a list
}

// Read reads a schema's folder. It is an error when its CUE can't be parsed or does
// not hold.
func Read(fsys fs.FS) (*Schema, error) {
	inst := load.Instances([]string{"."}, &load.Config{FS: fsys, Dir: "/", Env: []string{}, Registry: alone{}})[0]
	if inst.Err != nil {
		return nil, fmt.Errorf("the schema's documentation cannot be read: %w", inst.Err)
	}
	whole := cuecontext.New().BuildInstance(inst)
	if err := whole.Err(); err != nil {
		return nil, fmt.Errorf("the schema's documentation cannot be read: %w", err)
	}
	hidden := func(name string) cue.Value { return whole.LookupPath(cue.MakePath(cue.Hid(name, inst.ImportPath))) }
	s := &Schema{named: map[string]*Definition{}, table: hidden("_table"), other: hidden("_renamed")}
	p := &parser{top: map[string]ast.Expr{}, busy: map[string]bool{}}
	docs := map[string]string{}
	for _, file := range inst.Files {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.Field); ok {
				if name, _, err := ast.LabelName(f.Label); err == nil && p.top[name] == nil {
					p.top[name], docs[name] = f.Value, comment(f)
					s.names = append(s.names, name)
				}
			}
		}
	}
	for _, name := range s.names {
		s.named[name] = &Definition{name, docs[name], p.expr(p.top[name])}
	}
	return s, nil
}

// Definitions are all declarations at the top of files, the hidden ones left out.
func (s *Schema) Definitions() (all []*Definition) {
	for _, name := range s.names {
		if !strings.HasPrefix(name, "_") {
			all = append(all, s.named[name])
		}
	}
	return all
}

// Fields are all fields of a type that is a struct, those of the definitions that it
// is made of included, in the order of declaration.
func (s *Schema) Fields(t *Type) (all []*Field) {
	if t == nil {
		return nil
	}
	for _, f := range t.Fields {
		if f.Name == "" {
			all = append(all, s.Fields(f.Type)...)
		} else {
			all = append(all, f)
		}
	}
	if d := s.named[t.Ref]; d != nil {
		all = append(all, s.Fields(d.Type)...)
	}
	return once(all)
}

// once merges what is said of one field in several places: the first that explains it
// comes first, each adds what the others lack.
func once(all []*Field) (fields []*Field) {
	at := map[string]int{}
	for _, f := range all {
		i, seen := at[f.Name]
		switch {
		case f.Name == "":
			fields = append(fields, f)
		case !seen:
			at[f.Name] = len(fields)
			fields = append(fields, f)
		case fields[i].Doc == "":
			fields[i] = &Field{Name: f.Name, Doc: f.Doc, Required: fields[i].Required || f.Required, Type: both(f.Type, fields[i].Type)}
		default:
			fields[i] = &Field{Name: f.Name, Doc: fields[i].Doc, Required: fields[i].Required || f.Required, Type: both(fields[i].Type, f.Type)}
		}
	}
	return fields
}

// Member is what stands under a name of one's own choice in a type, or as an element
// of its list, and what such names are called; nil where there is no such thing.
func (s *Schema) Member(t *Type) (member *Type, key string) {
	if t == nil {
		return nil, ""
	}
	if t.Member != nil {
		return t.Member, t.Key
	}
	for _, f := range t.Fields {
		if f.Name == "" {
			if member, key = s.Member(f.Type); member != nil {
				return member, key
			}
		}
	}
	if d := s.named[t.Ref]; d != nil {
		return s.Member(d.Type)
	}
	return nil, ""
}

// Kind is the kind of a type, by way of the definitions that it names.
func (s *Schema) Kind(t *Type) string {
	if t.Kind == "" && s.named[t.Ref] != nil {
		return s.Kind(s.named[t.Ref].Type)
	}
	return t.Kind
}

// Find returns the field at a path below the root. A name of one's own choice, or an
// element, has the documentation of what holds it. It is nil when there is no such
// field; then known are the names that there are at the last place that was found,
// and found is how far the path leads.
func (s *Schema) Find(at []string) (f *Field, known []string, found int) {
	f = &Field{Type: &Type{Ref: Root}}
	for i, label := range at {
		fields := s.Fields(f.Type)
		n := slices.IndexFunc(fields, func(g *Field) bool { return g.Name == label })
		member, _ := s.Member(f.Type)
		switch {
		case n >= 0:
			f = fields[n]
		case member != nil:
			f = &Field{Name: label, Doc: f.Doc, Chosen: true, Type: member}
		default:
			for _, g := range fields {
				known = append(known, g.Name)
			}
			return nil, known, i
		}
	}
	return f, nil, len(at)
}

// A Default is the value of a setting that nobody wrote, in environments of a mode.
type Default struct {
	Mode  string
	Value cue.Value
}

// Defaults are a setting's defaults by mode; none when they are in no table.
func (s *Schema) Defaults(at []string) (all []Default) {
	for _, mode := range s.Modes() {
		labels := []cue.Selector{cue.Str(mode)}
		for _, label := range at {
			labels = append(labels, cue.Str(label))
		}
		if v := s.table.LookupPath(cue.MakePath(labels...)); v.Exists() {
			all = append(all, Default{mode, v})
		}
	}
	return all
}

// Renamed is what to say of a name that people use for a setting which is called
// otherwise, or "".
func (s *Schema) Renamed(path string) string {
	text, err := s.other.LookupPath(cue.MakePath(cue.Str(path))).String()
	if err != nil {
		return ""
	}
	return text
}

// Modes are those of the table, in its order.
func (s *Schema) Modes() (modes []string) {
	it, err := s.table.Fields()
	if err != nil {
		return nil
	}
	for it.Next() {
		modes = append(modes, it.Selector().Unquoted())
	}
	return modes
}

// alone is a registry without modules: a schema imports nothing but CUE's own packages.
type alone struct{}

var errAlone = errors.New("a schema imports only CUE's own packages")

func (alone) ModFile(context.Context, module.Version) (*modfile.File, error) { return nil, errAlone }

func (alone) Fetch(context.Context, module.Version) (module.SourceLoc, error) {
	return module.SourceLoc{}, errAlone
}

func (alone) ModuleVersions(context.Context, string) ([]string, error) { return nil, errAlone }
