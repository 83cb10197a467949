package load

import (
	"fmt"
	"path"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// findings gives each finding the place of the setting that it is about: the first
// of its paths that somebody wrote, in the environment or among the team's defaults.
func (s *sources) findings(env string, found []schema.Finding) (mistakes []*Mistake) {
	for _, f := range found {
		m := &Mistake{Pos: Position{File: path.Join(folder, env)}, Msg: f.Message, Fix: f.Hint}
		if meant := near(f.Said, f.Known); meant != "" {
			m.Fix = fmt.Sprintf("did you mean %q?", meant)
		}
		var first []string
		for _, at := range f.At {
			p, ok := s.setting(env, labels(at))
			switch {
			case !ok:
			case first == nil:
				m.Pos, first = p, labels(at)
			case m.Also.File == "" && p != m.Pos && !startsWith(first, labels(at)): // what is around the first says no more
				m.Also = p
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

// clashes are environments in one namespace, which is also the name of their Compose
// project: each is a mistake unless neither runs anything there.
func (s *sources) clashes(sound []Sound) (mistakes []*Mistake) {
	in := map[string][]Sound{}
	for _, one := range sound {
		for _, other := range in[one.Namespace] {
			if !one.runs && !other.runs {
				continue
			}
			m := &Mistake{
				Pos: Position{File: path.Join(folder, one.Name)},
				Msg: fmt.Sprintf("%s and %s would both be in namespace %s, where each would remove what the other made", one.Name, other.Name, one.Namespace),
				Fix: "give one of them another namespace",
			}
			here, ok := s.setting(one.Name, []string{"namespace"})
			there, also := s.setting(other.Name, []string{"namespace"})
			switch {
			case ok && also && here != there:
				m.Pos, m.Also = here, there
			case ok:
				m.Pos = here
			case also: // the later one's follows from its name
				m.Pos = there
			}
			mistakes = append(mistakes, m)
			break
		}
		in[one.Namespace] = append(in[one.Namespace], one)
	}
	return mistakes
}
