package schema

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"
)

// isComponent reports whether a definition is a component, whose fields #Component explains.
func isComponent(definition ast.Expr) bool {
	block, ok := definition.(*ast.StructLit)
	return ok && slices.ContainsFunc(block.Elts, func(d ast.Decl) bool {
		embed, ok := d.(*ast.EmbedDecl)
		if !ok {
			return false
		}
		id, ok := embed.Expr.(*ast.Ident)
		return ok && id.Name == "#Component"
	})
}

// undocumented are the fields below an expression that people can name, and whose
// comment does not begin with their name: "recipients are the age public keys ...".
// Comments are help text, so one that begins otherwise is read out of its place.
func undocumented(at string, x ast.Expr) (found []string) {
	switch x := x.(type) {
	case *ast.BinaryExpr:
		if refers(x.X) || refers(x.Y) {
			return nil // it says more of fields that are explained where they are from
		}
		return append(undocumented(at, x.X), undocumented(at, x.Y)...)
	case *ast.ParenExpr:
		return undocumented(at, x.X)
	case *ast.ListLit:
		for _, e := range x.Elts {
			found = append(found, undocumented(at, e)...)
		}
		return found
	}
	block, ok := x.(*ast.StructLit)
	if !ok {
		return nil
	}
	told := map[string]bool{} // where a field is said twice, one comment is enough
	for _, d := range block.Elts {
		f, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		if _, pattern := f.Label.(*ast.ListLit); pattern {
			found = append(found, undocumented(at, f.Value)...)
			continue
		}
		name, _, err := ast.LabelName(f.Label)
		if err != nil || strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#") || isMention(f.Value) {
			continue
		}
		if !told[name] && !begins(f, name) {
			found = append(found, fmt.Sprintf("%s.%s", at, name))
		}
		told[name] = true
		found = append(found, undocumented(at+"."+name, f.Value)...)
	}
	return found
}

// isMention reports whether a field is only named, as _ or {...}: it is explained where
// it is said.
func isMention(x ast.Expr) bool {
	if id, ok := x.(*ast.Ident); ok {
		return id.Name == "_"
	}
	block, ok := x.(*ast.StructLit)
	if !ok || len(block.Elts) != 1 {
		return false
	}
	_, open := block.Elts[0].(*ast.Ellipsis)
	return open
}

func refers(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return true
	case *ast.BinaryExpr:
		return refers(x.X) || refers(x.Y)
	}
	return false
}

func begins(n ast.Node, name string) bool {
	for _, group := range ast.Comments(n) {
		if group.Doc && strings.HasPrefix(group.Text(), name+" ") {
			return true
		}
	}
	return false
}

// TestDocumented holds that each definition and each field that people can set or
// refer to is explained beside it.
func TestDocumented(t *testing.T) {
	definitions := 0
	err := fs.WalkDir(Files, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(p, "cue.mod") {
			return err
		}
		data, err := fs.ReadFile(Files, p)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(p, data, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.Field)
			if !ok {
				continue
			}
			name, _, err := ast.LabelName(f.Label)
			if err != nil {
				return err
			}
			if strings.HasPrefix(name, "_") || isComponent(f.Value) {
				continue
			}
			definitions++
			for _, at := range undocumented(name, f.Value) {
				t.Errorf("%s: %s has no comment that begins with its name", p, at)
			}
		}
		return nil
	})
	if err != nil || definitions < 20 {
		t.Fatalf("%d definitions, %v", definitions, err)
	}
}

func TestDocumentedCanFail(t *testing.T) {
	for text, want := range map[string]string{
		"// a is one.\na: 1":                    "[]",
		"a: 1":                                  "[x.a]",
		"// It is one.\na: 1":                   "[x.a]",
		"a: 1 // a is one.":                     "[x.a]",
		"// a is a set.\na?: {b: 1}":            "[x.a.b]",
		"// a is a map.\na?: [string]: {b!: 1}": "[x.a.b]",
		"// a is either.\na: {b: 1} & {c: 1}":   "[x.a.b x.a.c]",
		"// a is one of b.\na: #B & {b: 1}":     "[]",
		"_a: 1, #b: 1":                          "[]",
		"// a is one.\na: int\na: 1":            "[]",
	} {
		file, err := parser.ParseFile("", text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(undocumented("x", &ast.StructLit{Elts: file.Decls})); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// TestFormatted holds the schema to "cue fmt": it lies in other people's repositories.
func TestFormatted(t *testing.T) {
	paths, err := fs.Glob(Files, "*.cue")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%v, %v", paths, err)
	}
	for _, p := range paths {
		data, err := fs.ReadFile(Files, p)
		if err != nil {
			t.Fatal(err)
		}
		if formatted, err := format.Source(data); err != nil || string(formatted) != string(data) {
			t.Errorf("%s is not as cue fmt writes it (%v)", p, err)
		}
	}
}
