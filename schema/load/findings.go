package load

import (
	"path"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// findings gives each finding the place of the setting that it is about: the first
// of its paths that somebody wrote, in the environment or among the team's defaults.
func (s *sources) findings(env string, found []schema.Finding) (mistakes []*Mistake) {
	for _, f := range found {
		m := &Mistake{Pos: Position{File: path.Join(folder, env)}, Msg: f.Message, Fix: f.Hint}
		for _, at := range f.At {
			if p, ok := s.setting(env, labels(at)); !ok {
				continue
			} else if m.Pos.Line == 0 {
				m.Pos = p
			} else {
				m.Also = append(m.Also, p)
			}
		}
		mistakes = append(mistakes, m)
	}
	return mistakes
}

// labels are the parts of a finding's path. Quotes hold a label with dots together.
func labels(at string) []string {
	quoted := false
	parts := strings.FieldsFunc(at, func(r rune) bool {
		quoted = quoted != (r == '"')
		return r == '.' && !quoted
	})
	for i := range parts {
		parts[i] = strings.Trim(parts[i], `"`)
	}
	return parts
}

// setting is where a setting was written.
func (s *sources) setting(env string, at []string) (Position, bool) {
	for _, prefix := range [][]string{{"environment"}, {"environment", "defaults"}} {
		if wrote := s.of(env, append(prefix, at...)); len(wrote) > 0 {
			return wrote[0].at, true
		}
	}
	return Position{}, false
}
