package load

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
)

// stray says what stands where nobody would look for it: a field beside the
// environment that nothing refers to, so that it says nothing, and a file above the
// environments that speaks for all of them, as CUE's packages have it.
func (s *sources) stray() (mistakes []*Mistake, err error) {
	used := map[string]map[string]bool{} // by folder
	for p, file := range s.files {
		dir := path.Dir(p)
		if used[dir] == nil {
			used[dir] = map[string]bool{}
		}
		for name := range beside(file) {
			used[dir][name] = true
		}
	}
	// what all share refers to what each has, and the other way round
	refers := func(dir, name string) bool {
		for from, names := range used {
			if names[name] && (from == dir || from == folder || dir == folder) {
				return true
			}
		}
		return false
	}
	for _, p := range sortedKeys(s.files) {
		indented := false
		for _, f := range tops(s.files[p].Decls) {
			label, _, err := ast.LabelName(f.Label)
			if err != nil || label == "environment" || strings.HasPrefix(label, "_") || strings.HasPrefix(label, "#") || refers(path.Dir(p), label) {
				continue
			}
			m := &Mistake{
				Pos: position(f.Pos()),
				Msg: fmt.Sprintf("%s stands outside of the environment, where nothing reads it", label),
				Fix: fmt.Sprintf("write environment: %s: …", label),
			}
			if m.Pos.Column > 1 { // as in YAML
				if indented {
					continue // for the same reason
				}
				indented = true
				m.Msg, m.Fix = fmt.Sprintf("%s stands outside of the environment: blanks at the beginning of a line say nothing", label), "put what belongs together in braces: environment: {…}"
			}
			if nearest(label, []string{"environment"}) != "" {
				m.Fix = `did you mean "environment"?`
			}
			mistakes = append(mistakes, m)
		}
	}
	above, err := s.above()
	return append(mistakes, above...), err
}

// tops are the fields at the top of a file, those behind an if or in bare braces among them.
func tops(decls []ast.Decl) (fields []*ast.Field) {
	for _, d := range decls {
		if f, ok := d.(*ast.Field); ok {
			fields = append(fields, f)
		} else {
			fields = append(fields, tops(embedded(d))...)
		}
	}
	return fields
}

// beside are the names of fields at the top of files that a file refers to, be they its
// own or another's. What a field says of itself does not count, nor does a part of
// another that is called like it.
func beside(file *ast.File) map[string]bool {
	own, names := map[ast.Node]string{}, map[string]bool{}
	for _, f := range tops(file.Decls) {
		if label, _, err := ast.LabelName(f.Label); err == nil {
			own[f], own[f.Value] = label, label
			if alias, ok := f.Value.(*ast.Alias); ok {
				own[alias.Expr] = label
			}
		}
	}
	for _, id := range file.Unresolved {
		own[id] = id.Name
	}
	for _, d := range file.Decls {
		in := ""
		if f, ok := d.(*ast.Field); ok {
			in = own[f]
		}
		ast.Walk(d, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			name := own[id.Node]
			if id.Node == nil {
				name = own[id]
			}
			if name != "" && name != in {
				names[name] = true
			}
			return true
		}, nil)
	}
	return names
}

// above finds files of the environments' package in the repository's own folder.
func (s *sources) above() (mistakes []*Mistake, err error) {
	entries, err := s.fsys.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !isSource(e) {
			continue
		}
		data, err := s.fsys.ReadFile(e.Name())
		if m := (*Mistake)(nil); errors.As(err, &m) {
			mistakes = append(mistakes, m)
			continue
		} else if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(e.Name(), data, parser.PackageClauseOnly)
		if err == nil && file.PackageName() == folder {
			mistakes = append(mistakes, &Mistake{
				Pos: Position{e.Name(), 1, 1},
				Msg: "this file is of package " + folder + ", so all environments would follow it",
				Fix: "move it to " + printable(path.Join(folder, e.Name())),
			})
		}
	}
	return mistakes, nil
}
