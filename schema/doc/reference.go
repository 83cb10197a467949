package doc

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

// intro is what the reference begins with. A line that is nothing but "- `path`" becomes
// one about the setting at that path.
//
//go:embed intro.md
var intro string

// Reference is the schema's documentation as Markdown: every definition that can be
// reached from the root. It is an error when the intro names a setting that is not there.
func Reference(s *Schema) ([]byte, error) {
	r := &reference{Schema: s, users: map[string][]string{}, at: map[string][]string{}}
	r.visit(Root, []string{})
	if err := r.begin(); err != nil {
		return nil, err
	}
	var own, shared, types, values []string
	for _, name := range r.found {
		switch {
		case r.Kind(r.named[name].Type) != "struct":
			types = append(types, name)
		case r.shared(name):
			shared = append(shared, name)
		default:
			own = append(own, name)
		}
	}
	for _, d := range s.Definitions() {
		if !strings.HasPrefix(d.Name, "#") {
			values = append(values, d.Name)
		}
	}
	slices.Sort(types)
	chapters := []chapter{
		{"What an environment says", own},
		{"What several of these have", shared},
		{"Values", types},
		{"To refer to in your own components", values},
	}
	for _, c := range chapters {
		r.printf("- %s: %s\n", c.title, list(r.links(c.names), "and"))
	}
	for _, c := range chapters {
		r.printf("\n## %s\n", c.title)
		for _, name := range c.names {
			r.section(r.named[name])
		}
	}
	return []byte(r.text.String()), nil
}

// shared reports whether several definitions have one, be it by way of another.
func (r *reference) shared(name string) bool {
	users := r.users[name]
	return len(users) > 1 || len(users) == 1 && users[0] != name && r.shared(users[0])
}

type chapter struct {
	title string
	names []string
}

// A reference is the page as it grows.
type reference struct {
	*Schema
	text  strings.Builder
	found []string            // definitions in the order in which the root leads to them
	users map[string][]string // by definition: the definitions that have it
	at    map[string][]string // by definition: the path of the settings in it, if it stands at one
}

func (r *reference) printf(format string, args ...any) { fmt.Fprintf(&r.text, format, args...) }

// visit finds a definition and all that it leads to.
func (r *reference) visit(name string, at []string) {
	if slices.Contains(r.found, name) || r.named[name] == nil {
		return
	}
	r.found = append(r.found, name)
	r.at[name] = at
	r.visitType(name, r.named[name].Type, at)
}

func (r *reference) visitType(from string, t *Type, at []string) {
	if t == nil {
		return
	}
	if t.Ref != "" {
		if !slices.Contains(r.users[t.Ref], from) {
			r.users[t.Ref] = append(r.users[t.Ref], from)
		}
		r.visit(t.Ref, at)
	}
	for _, f := range t.Fields {
		if f.Name == "" {
			r.visitType(from, f.Type, at)
		} else {
			r.visitType(from, f.Type, append(slices.Clone(at), f.Name))
		}
	}
	r.visitType(from, t.Member, below(at))
}

// begin writes the intro.
func (r *reference) begin() error {
	for _, line := range strings.SplitAfter(intro, "\n") {
		path, ok := strings.CutPrefix(strings.TrimSpace(line), "- `")
		path, whole := strings.CutSuffix(path, "`")
		if !ok || !whole || strings.Contains(path, "`") {
			r.printf("%s", line)
			continue
		}
		f, _, _ := r.Find(strings.Split(path, "."))
		if f == nil {
			return fmt.Errorf("the reference's intro names %s, which is no setting", path)
		}
		r.printf("- `%s`: %s", path, plain(f.Meaning()))
		if d := r.defaultOf(f, strings.Split(path, ".")); d != "" {
			r.printf(" Default %s.", d)
		}
		r.printf("\n")
	}
	return nil
}

// section is one definition.
func (r *reference) section(d *Definition) {
	r.printf("\n### `%s`\n\n", d.Name)
	of := &Field{Name: d.Name, Doc: d.Doc}
	prose, _ := parts(d.Doc)
	r.printf("%s\n", strings.TrimSpace(prose))
	if example := of.Example(); example != "" {
		r.printf("\n```cue\n%s\n```\n", example)
	}
	if r.Kind(d.Type) != "struct" {
		kind := map[string]string{"string": "A string", "int": "An integer", "number": "A number", "bool": "True or false", "list": "A list"}[r.Kind(d.Type)]
		if d.Type.Must != "" {
			kind += "; it " + d.Type.Must
		}
		r.printf("\n%s.\n", kind)
		return
	}
	var also []string
	for _, f := range d.Type.Fields {
		if f.Name == "" && f.Type.Ref != "" {
			also = append(also, r.links([]string{f.Type.Ref})...)
		}
	}
	if d.Type.Ref != "" {
		also = append(also, r.links([]string{d.Type.Ref})...)
	}
	if len(also) > 0 {
		r.printf("\nIt has all fields of %s, and these:\n", list(also, "and"))
	}
	r.printf("\n| field | value | default | meaning |\n| --- | --- | --- | --- |\n")
	var examples []*Field
	at := r.at[d.Name]
	if r.shared(d.Name) {
		at = nil // it stands at several paths, with a default at each
	}
	r.rows(d.Type, "", at, &examples)
	for _, f := range examples {
		r.printf("\n`%s`, for example:\n\n```cue\n%s\n```\n", f.Name, f.Example())
	}
}

// rows are the fields of a struct, those of structs without a name of their own below.
func (r *reference) rows(t *Type, prefix string, at []string, examples *[]*Field) {
	for _, f := range t.Fields {
		if f.Name == "" {
			if f.Type.Ref == "" {
				r.rows(f.Type, prefix, at, examples)
			} else if prefix != "" {
				r.printf("| | | | All fields of %s. |\n", r.links([]string{f.Type.Ref})[0])
			}
			continue
		}
		var here []string
		if at != nil {
			here = append(slices.Clone(at), f.Name)
		}
		def := r.defaultOf(f, here)
		switch {
		case f.WorkedOut():
			def = "worked out"
		case f.Required:
			def = "**required**"
		}
		r.row(prefix+Label(f.Name), f, def)
		if f.Example() != "" {
			*examples = append(*examples, f)
		}
		switch m := f.Type.Member; {
		case f.Type.Ref == "":
			r.rows(f.Type, prefix+f.Name+".", here, examples)
			if m != nil && m.Ref == "" && f.Type.Kind == "struct" {
				r.rows(m, prefix+f.Name+"."+strings.ToUpper(keyOf(f.Type.Key))+".", below(here), examples)
			}
		case r.shared(f.Type.Ref):
			r.defaults(f.Type, prefix+f.Name+".", here)
		}
	}
}

func (r *reference) row(name string, f *Field, def string) {
	r.printf("| `%s` | %s | %s | %s |\n", name, cell(r.value(f.Type)), cell(def), cell(capital(plain(f.Meaning()))))
}

// defaults are the fields below a definition that have a default at this path alone.
func (r *reference) defaults(t *Type, prefix string, at []string) {
	for _, f := range r.Fields(t) {
		here := append(slices.Clone(at), f.Name)
		switch {
		case at == nil || len(r.Defaults(here)) == 0:
		case r.Kind(f.Type) == "struct":
			r.defaults(f.Type, prefix+f.Name+".", here)
		default:
			r.row(prefix+f.Name, f, r.defaultOf(f, here))
		}
	}
}

// value is what a field may hold, with links.
func (r *reference) value(t *Type) string {
	d := r.named[t.Ref]
	switch {
	case t.Must != "" || d == nil && len(t.Literals) > 0:
		return r.Words(t)
	case d != nil && r.Kind(d.Type) == "struct":
		return r.links([]string{t.Ref})[0]
	case d != nil:
		words := r.Words(d.Type)
		if len(words) > 50 {
			return r.links([]string{t.Ref})[0]
		}
		return fmt.Sprintf("[%s](#%s)", words, anchor(t.Ref))
	case t.Member != nil && t.Kind == "list":
		return "a list of: " + r.value(t.Member)
	case t.Member != nil:
		key := "by " + keyOf(t.Key)
		if t.Member.Ref == "" && len(t.Member.Fields) > 0 {
			return key + ": fields, below"
		}
		return key + ": " + r.value(t.Member)
	case t.Kind == "struct":
		return "fields, below"
	}
	return r.Words(t)
}

// defaultOf is a field's default: the table's, or what its comment says.
func (r *reference) defaultOf(f *Field, at []string) string {
	code := func(text string) string { return "`" + text + "`" }
	said := f.Default()
	if said != "" && !strings.Contains(said, " ") {
		said = code(said)
	}
	if at == nil || r.Kind(f.Type) == "struct" { // the fields of a struct have some
		return said
	}
	if d := Grouped(r.Defaults(at), r.Modes(), code); d != "" {
		return d
	}
	return said
}

func (r *reference) links(names []string) (links []string) {
	for _, name := range names {
		links = append(links, fmt.Sprintf("[`%s`](#%s)", name, anchor(name)))
	}
	return links
}

// anchor is what GitHub makes of a heading.
func anchor(name string) string { return strings.ToLower(strings.TrimPrefix(name, "#")) }

// plain keeps Markdown from reading more into a sentence than it says.
func plain(text string) string {
	return strings.NewReplacer("*", `\*`, "<", "&lt;", "_", `\_`).Replace(text)
}

// cell is text that fits into a table.
func cell(text string) string { return strings.ReplaceAll(oneLine(text), "|", `\|`) }

// below is the path of what stands under a name of one's own choice.
func below(at []string) []string {
	if at == nil {
		return nil
	}
	return append(slices.Clone(at), "*")
}
