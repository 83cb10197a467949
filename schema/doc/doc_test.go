package doc

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// read is a schema of one file.
func read(t *testing.T, text string) *Schema {
	t.Helper()
	s, err := Read(fstest.MapFS{
		"cue.mod/module.cue": {Data: []byte("module: \"example.com/schema@v0\"\nlanguage: version: \"v0.17.0\"\n")},
		"schema.cue":         {Data: []byte("package schema\n\n" + text)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWords says what a field must be, in every way in which a schema can say it.
func TestWords(t *testing.T) {
	for _, tt := range []struct{ what, cue, want string }{
		{"the schema's own words", `int & >=1 | error("must be an integer of at least 1")`, "int: an integer of at least 1"},
		{"words that say what it does", `=~"^/" | error("must start with a slash")`, "string: text that must start with a slash"},
		{"words with a hole", `=~"^/" | error("must be \(_x) long")`, "string: … long"},
		{"a choice", `"a" | "b" | 3`, `: "a", "b" or 3`},
		{"a choice in words", `"a" | "b" | error("must be a or b")`, "string: a or b"},
		{"a definition", `#Count`, "int: an integer from 1 to 5"},
		{"a definition with more to it", `#Count & >2`, "int: an integer from 1 to 5"},
		{"a default", `*3 | int`, "int: an integer"},
		{"a hidden pattern", `_name`, "string: text"},
		{"a list", `[...#Count]`, "list: a list, each an integer from 1 to 5"},
		{"a list of anything", `[...]`, "list: a list"},
		{"names of one's own choice", `[Port=string]: #Count`, "struct: a set by port, each an integer from 1 to 5"},
		{"fields", `{x: int}`, "struct: a set of fields"},
		{"true or false", `bool`, "bool: true or false"},
		{"a number", `number`, "number: a number"},
		{"an integer", `int`, "int: an integer"},
		{"a computed text", `"\(_x)y"`, "string: text"},
		{"anything", `_`, ": any value"},
		{"a name that leads round in a circle", `_round`, ": any value"},
	} {
		value := tt.cue
		if strings.HasPrefix(value, "[Port") {
			value = "{" + value + "}"
		}
		s := read(t, "_x: \"3\"\n_name: =~\"^a\"\n_round: _round\n#Count: int & >=1 & <=5 | error(\"must be an integer from 1 to 5\")\n#Environment: a?: "+value+"\n")
		f, _, _ := s.Find([]string{"a"})
		if f == nil {
			t.Errorf("%s: not found", tt.what)
			continue
		}
		if got := s.Kind(f.Type) + ": " + s.Words(f.Type); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.what, got, tt.want)
		}
	}
}

// TestComment takes a field's comment apart.
func TestComment(t *testing.T) {
	for _, tt := range []struct{ what, doc, want string }{
		{"a meaning", "a is one.", "one. | one | "},
		{"a default at the end", "a is one; default 3 in dev, 4 in prod.", "one. | one | 3 in dev, 4 in prod"},
		{"a default with full stops in it", "a is a version; default v3.17.0.", "a version. | a version | v3.17.0"},
		{"a default in the middle", "a is a user; default 1000. 0 is root.", "a user. 0 is root. | a user | 1000"},
		{"a verb", "a says who.", "says who. | says who | "},
		{"several", "a are ports, by name.", "ports, by name. | ports, by name | "},
		{"not to be set", "a is a host. Not to be set.", "a host. | a host | "},
		{"an example", "a is one:\n\n\ta: 1", "one. | one | "},
		{"another beginning", "It is one.", "It is one. | It is one | "},
		{"nothing", "", " |  | "},
	} {
		f := &Field{Name: "a", Doc: tt.doc}
		if got := f.Meaning() + " | " + f.Summary() + " | " + f.Default(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.what, got, tt.want)
		}
	}
	if f := (&Field{Doc: "a is one:\n\n\ta: {\n\t\tb: 1\n\t}"}); f.Example() != "a: {\n\tb: 1\n}" {
		t.Errorf("the example is %q", f.Example())
	}
}

// TestFields finds fields however a schema puts them together.
func TestFields(t *testing.T) {
	s := read(t, `
#Environment: {
	// mode is one.
	mode!: string
	#Settings
	_hidden: 1
	#input:  1
	let x = 1
	_used:   x
	// own are named by people.
	own?: [Own=string]: #Part & {name: Own}
	if mode == "a" {
		// late is there in some cases.
		late?: int
	}
}
#Settings: {
	// size is a size.
	size?: int
	size?: >2
}
#Part: {
	// name is the key. Not to be set.
	name!: string
	// list is a list.
	list?: [...{
		// a is one.
		a?: int
	}]
}
#Dev: #Environment & {mode: "dev"}
`)
	names := func(def string) (all []string) {
		for _, f := range s.Fields(&Type{Ref: def}) {
			all = append(all, f.Name)
		}
		return all
	}
	for def, want := range map[string]string{
		"#Environment": "[mode size own late]",
		"#Dev":         "[mode size own late]",
		"#Part":        "[name list]",
		"#Nothing":     "[]",
	} {
		got := fmt.Sprint(names(def))
		if def == "#Dev" {
			sorted := names(def)
			slices.Sort(sorted)
			got, want = fmt.Sprint(sorted), "[late mode own size]"
		}
		if got != want {
			t.Errorf("%s has %s, want %s", def, got, want)
		}
	}
	for path, want := range map[string]string{
		"mode":           "mode is one. required",
		"own.x":          "own are named by people. chosen",
		"own.x.name":     "name is the key. Not to be set. required worked out",
		"own.x.list.0.a": "a is one.",
		"late":           "late is there in some cases.",
		"sizes":          "after 0 of mode, size, own, late",
		"own.x.nam":      "after 2 of name, list",
		"mode.x":         "after 1 of ",
	} {
		f, known, found := s.Find(strings.Split(path, "."))
		got := fmt.Sprintf("after %d of %s", found, strings.Join(known, ", "))
		if f != nil {
			got = f.Doc
			for is, yes := range map[string]bool{" required": f.Required, " chosen": f.Chosen} {
				if yes {
					got += is
				}
			}
			if f.WorkedOut() {
				got += " worked out"
			}
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestUnreadable(t *testing.T) {
	for what, text := range map[string]string{"no CUE": "#A: {", "a contradiction": "a: 1 & 2", "an import": "import \"example.com/x\"\n\na: x.b"} {
		_, err := Read(fstest.MapFS{
			"cue.mod/module.cue": {Data: []byte("module: \"example.com/schema@v0\"\nlanguage: version: \"v0.17.0\"\n")},
			"schema.cue":         {Data: []byte("package schema\n\n" + text)},
		})
		if err == nil || !strings.HasPrefix(err.Error(), "the schema's documentation cannot be read: ") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestDefaultsAgree holds what comments say of defaults to the table that has them.
func TestDefaultsAgree(t *testing.T) {
	s, err := Read(schema.Files)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	var walk func(at []string, f *Field)
	walk = func(at []string, f *Field) {
		for _, g := range s.Fields(f.Type) {
			here := append(slices.Clone(at), g.Name)
			said := g.Default()
			if s.Kind(g.Type) == "struct" || said == "" {
				walk(here, g)
				continue
			}
			for _, d := range s.Defaults(here) {
				plain, err := Plain(d.Value)
				if err != nil {
					t.Fatal(err)
				}
				compared++
				value := strings.Trim(Text(plain), `"`)
				if strings.Contains(said, " in ") && !strings.Contains(said, d.Mode) {
					continue // of this mode it says nothing
				}
				if !slices.Contains(strings.FieldsFunc(said, func(r rune) bool { return r == ' ' || r == ',' || r == '"' }), value) {
					t.Errorf("%s is %s in %s, and its comment says: default %s", strings.Join(here, "."), value, d.Mode, said)
				}
			}
		}
	}
	root, _, _ := s.Find(nil)
	walk(nil, root)
	if compared < 10 {
		t.Errorf("only %d defaults were compared", compared)
	}
}
