package load

import (
	"fmt"
	"path"
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
	if own := position(f.places[0]); own.File != "" && s.files[own.File] == nil {
		m.Msg = fmt.Sprintf("%s cannot be read: %s", own, f.words())
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
	}
	return m, c
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
