package load

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/ast/astutil"
)

// unloadable says why CUE could not even put an environment's files together, and
// which import to take out to see more.
func (s *sources) unloadable(env string, f fault) (*Mistake, *culprit) {
	p, ours := s.place(f)
	if !ours {
		p = Position{File: path.Join(folder, env)}
	}
	m := &Mistake{Pos: p, Msg: f.words()}
	if eq := equals(p, f.words()); eq != nil {
		return eq, nil
	}
	if strings.Contains(f.words(), "import cycle") {
		return s.cycleOfImports(f)
	}
	if own := position(f.places[0]); own.File != "" && s.files[own.File] == nil {
		switch path.Dir(own.File) {
		case "schema":
			m.Msg = fmt.Sprintf("the vendored schema is broken, at %s: %s", own.from(s.under), f.words())
			m.Fix = (&unfit{}).Hint()
		case "cue.mod":
			m.Msg = fmt.Sprintf("%s cannot be read: %s", own.from(s.under), f.words())
		default:
			data, err := s.fsys.ReadFile(own.File)
			if _, text, _ := around(data, own); err != nil || text == "" && own.Line < 1 {
				m.Msg = fmt.Sprintf("%s cannot be read: %s", own.from(s.under), f.words())
				return m, nil
			}
			m = inPackage(own, data, f)
		}
		return m, nil
	}
	spec := s.imported(p)
	if spec == nil {
		return m, nil
	}
	info, err := astutil.ParseImportSpec(spec)
	if err != nil {
		return m, nil
	}
	c := &culprit{p, removed, []string{info.ID}, nil}
	switch {
	case strings.Contains(f.words(), "imported and not used"):
		m.Msg, m.Fix = fmt.Sprintf("%q is imported and not used", info.ID), "take the import out"
	case info.ID == modulePath:
		m.Msg, m.Fix = "the vendored schema is not found", fmt.Sprintf("say in cue.mod/local-module.cue: deps: %q: replaceWith: \"./schema\"", modulePath)
		return m, nil // without it there is nothing more to see
	default:
		m.Msg, m.Fix = fmt.Sprintf("there is no package %q here", info.ID), errOffline.Error()
		if meant := s.meantImport(info.ID); meant != "" {
			m.Fix = fmt.Sprintf("did you mean %q?", meant)
		}
	}
	return m, c
}

// inPackage is a mistake in a package of the repository's own.
func inPackage(own Position, data []byte, f fault) *Mistake {
	if strings.HasPrefix(f.text, "reference") {
		m := &Mistake{Pos: own, Msg: fmt.Sprintf("there is no %q here to refer to", fmt.Sprint(f.args...))}
		if pkg := importable(fmt.Sprint(f.args...)); pkg != "" {
			m.Fix = fmt.Sprintf("import it, below the package's name: import %q", pkg)
		}
		return m
	}
	return syntax(own.File, data, f)
}

// cycleOfImports are packages of the repository that import each other.
func (s *sources) cycleOfImports(f fault) (*Mistake, *culprit) {
	var at []Position
	for _, p := range f.places {
		if q := position(p); q.File != "" && s.files[q.File] == nil && !slices.Contains(at, q) {
			at = append(at, q)
		}
	}
	m := &Mistake{Msg: "packages import each other in a circle", Fix: "move what both need into a package of its own"}
	for i, q := range at {
		switch i {
		case 0:
			m.Pos = q
		case 1:
			m.Also = q
		}
	}
	if len(at) == 0 {
		m.Pos, _ = s.place(f)
	} else {
		var dirs []string
		for _, q := range at {
			dirs = append(dirs, path.Dir(q.File))
		}
		slices.Sort(dirs)
		m.Msg = list(dirs) + " import each other in a circle, so neither can be read first"
	}
	return m, nil
}

// imported is what is imported at a place, or nil.
func (s *sources) imported(p Position) *ast.ImportSpec {
	if file, ok := s.files[p.File]; ok {
		for spec := range file.ImportSpecs() {
			if position(spec.Pos()) == p {
				return spec
			}
		}
	}
	return nil
}
