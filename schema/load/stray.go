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
	used, labels := map[string]bool{}, map[*ast.Ident]bool{}
	for _, file := range s.files {
		ast.Walk(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Field:
				if id, ok := n.Label.(*ast.Ident); ok {
					labels[id] = true
				}
			case *ast.Ident:
				used[n.Name] = used[n.Name] || !labels[n]
			}
			return true
		}, nil)
	}
	for _, p := range sortedKeys(s.files) {
		for _, d := range s.files[p].Decls {
			f, ok := d.(*ast.Field)
			if !ok {
				continue
			}
			label, _, err := ast.LabelName(f.Label)
			if err != nil || label == "environment" || used[label] || strings.HasPrefix(label, "_") || strings.HasPrefix(label, "#") {
				continue
			}
			m := &Mistake{
				Pos: position(f.Pos()),
				Msg: fmt.Sprintf("%s stands outside of the environment, where nothing reads it", label),
				Fix: fmt.Sprintf("write environment: %s: …", label),
			}
			if m.Pos.Column > 1 { // as in YAML
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
				Fix: "move it to " + path.Join(folder, e.Name()),
			})
		}
	}
	return mistakes, nil
}
