package load

import (
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"
)

// rounds bounds the looks at one environment. Each but the last takes out at
// least one field, so only a file with more mistakes than this is cut short.
const rounds = 100

// peel finds an environment's mistakes although one hides another: it reports
// those that show, takes their fields out of the files and looks again.
func (s *sources) peel(env string, inst *build.Instance) ([]*Mistake, error) {
	var mistakes []*Mistake
	var gone [][]string // paths that were taken out: what refers to them is no mistake of its own
	if len(s.taken) > 0 { // another environment's look took mistakes out of shared files
		inst = load.Instances(packages([]string{env}), config(s))[0]
	}
	for range rounds {
		seen, out := s.look(env, inst, gone)
		mistakes = append(mistakes, seen...)
		if len(out) == 0 {
			break
		}
		for _, w := range out {
			if err := s.takeOut(w.written); err != nil {
				return nil, err
			}
			gone = append(gone, w.path)
		}
		inst = load.Instances(packages([]string{env}), config(s))[0]
	}
	return mistakes, nil
}

// A culprit is a field to take out, and its path.
type culprit struct {
	written
	path []string
}

// look returns the mistakes that show at once, and the fields to take out for the next look.
func (s *sources) look(env string, inst *build.Instance, gone [][]string) (mistakes []*Mistake, out []culprit) {
	if inst.Err != nil {
		for _, f := range faults(inst.Err) {
			m, c, _ := s.explain(env, f)
			if m == nil {
				m = s.general(env, f)
			} else if c != nil {
				out = append(out, *c)
			}
			mistakes = append(mistakes, m)
		}
		return mistakes, out
	}
	ctx := cuecontext.New()
	root := ctx.BuildInstance(inst)
	if s.model = model(ctx, inst); !s.model.Exists() {
		return []*Mistake{noSchema(env)}, nil
	}
	for _, err := range []error{root.Err(), root.LookupPath(environment).Validate()} {
		found := faults(err)
		for _, f := range found {
			if m, c, direct := s.explain(env, f); direct && !follows(f, gone) {
				mistakes = append(mistakes, m)
				if c != nil {
					out = append(out, *c)
				}
			}
		}
		if len(mistakes) > 0 {
			return mistakes, out
		}
		for _, f := range found { // none says its own cause: the first has to do
			c := s.culprit(f)
			if !follows(f, gone) {
				mistakes = append(mistakes, s.general(env, f))
			}
			if c != nil {
				return mistakes, []culprit{*c}
			}
			if len(mistakes) > 0 {
				return mistakes, nil
			}
		}
	}
	for _, f := range faults(root.LookupPath(environment).Validate(cue.Concrete(true))) {
		if !follows(f, gone) {
			m, _, _ := s.explain(env, f)
			if m == nil {
				m = s.general(env, f)
			}
			mistakes = append(mistakes, m)
		}
	}
	return mistakes, nil
}

// follows reports whether an error is only there because something was taken out.
func follows(f fault, gone [][]string) bool {
	at := strings.Join(f.at, "\x00")
	for _, g := range gone {
		if strings.HasPrefix(at, strings.Join(g, "\x00")) || strings.HasPrefix(strings.Join(g, "\x00"), at+"\x00") {
			return true
		}
		for _, a := range f.args {
			if name, ok := a.(string); ok && name == g[len(g)-1] {
				return true
			}
		}
	}
	return false
}
