package load

import (
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
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
	defer s.hand.take(env)()
	var mistakes []*Mistake
	if len(s.taken) > 0 { // another environment's look took mistakes out of shared files
		inst = s.again(env)
	}
	for range rounds {
		seen, out := s.look(env, inst)
		mistakes = append(mistakes, seen...)
		progress := false
		for _, c := range out {
			taken, err := s.take(c)
			if err != nil {
				return nil, err
			}
			if taken {
				progress = true
				s.gone = append(s.gone, c)
			}
		}
		if !progress {
			break
		}
		inst = s.again(env)
	}
	return mistakes, nil
}

func (s *sources) again(env string) *build.Instance {
	return load.Instances(packages([]string{env}), config(s))[0]
}

// A culprit is what to take out of a file, where it stands, how, and the path of its field.
type culprit struct {
	at   Position
	how  withdrawal
	path []string

	value ast.Expr // when that is what is wrong
}

// borrows reports whether its value comes from elsewhere, where the mistake may be.
func (c *culprit) borrows() (yes bool) {
	if c == nil || c.value == nil {
		return false
	}
	ast.Walk(c.value, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		yes = yes || ok && id.Node != nil
		return true
	}, nil)
	return yes
}

// concerns reports whether an environment has it: it stands in its own files or in shared ones.
func (c culprit) concerns(env string) bool {
	dir := path.Dir(c.at.File)
	return dir == folder || dir == path.Join(folder, env)
}

// look returns the mistakes that show at once, and what to take out for the next look.
func (s *sources) look(env string, inst *build.Instance) (mistakes []*Mistake, out []culprit) {
	s.module = inst.Module
	if inst.Err != nil {
		s.model = model(cuecontext.New(), inst)
		for _, f := range faults(inst.Err) {
			m, c, _ := s.explain(env, f)
			if m == nil || len(f.at) == 0 || f.at[0] != "environment" {
				m, c = s.unloadable(env, f)
			}
			said := slices.ContainsFunc(mistakes, func(other *Mistake) bool { return other.Pos == m.Pos })
			if !said && !s.refers(env, f) {
				mistakes = append(mistakes, m)
			}
			if c != nil {
				out = append(out, *c)
			}
		}
		return mistakes, out
	}
	ctx := cuecontext.New()
	root := ctx.BuildInstance(inst)
	if s.model = model(ctx, inst); !s.model.Exists() {
		return []*Mistake{noSchema(env)}, nil
	}
	whole := typed(root, s.model)
	errs := []error{root.Err()}
	if root.LookupPath(environment).Exists() {
		errs = append(errs, whole.Validate())
	}
	for _, err := range errs {
		found := faults(err)
		var later []*Mistake
		var borrowed []culprit
		for _, f := range found {
			m, c, direct := s.explain(env, f)
			switch {
			case !direct || s.refers(env, f) || c == nil && s.follows(env, f):
			case c == nil:
				mistakes = append(mistakes, m)
			case c.borrows():
				later, borrowed = append(later, m), append(borrowed, *c)
			default:
				mistakes, out = append(mistakes, m), append(out, *c)
			}
		}
		if len(out) > 0 {
			return mistakes, out
		}
		if len(borrowed) > 0 {
			return append(mistakes, later...), borrowed
		}
		for _, f := range found { // none says its own cause: the first that can be taken out has to do
			if !s.follows(env, f) {
				mistakes = append(mistakes, s.general(env, f))
			}
			if c := s.culprit(f); c != nil {
				return mistakes, []culprit{*c}
			}
		}
	}
	if len(mistakes) > 0 {
		return mistakes, nil
	}
	var references []*Mistake
	left := faults(whole.Validate(cue.Concrete(true)))
	for _, f := range left {
		m, c, _ := s.explain(env, f)
		if c.borrows() && !circular(f) && slices.ContainsFunc(left, circular) {
			continue // that is said where its value comes from
		}
		if m == nil {
			m = s.general(env, f)
		}
		if c != nil && c.how == opened {
			out = append(out, *c)
			if !s.refers(env, f) {
				references = append(references, m)
			}
		} else if !s.follows(env, f) && !s.misnamed(env, f) {
			mistakes = append(mistakes, m)
		}
	}
	if len(out) > 0 { // the others may be there because of them
		return references, out
	}
	return mistakes, nil
}

// follows reports whether an error is only there because something was taken out.
func (s *sources) follows(env string, f fault) bool {
	for _, g := range s.gone {
		if g.concerns(env) && len(f.at) > 0 && (startsWith(f.at, g.path) || startsWith(g.path, f.at)) {
			return true
		}
	}
	return s.refers(env, f)
}

// misnamed reports whether a field that is missing is there under another name, which
// was taken out and said already.
func (s *sources) misnamed(env string, f fault) bool {
	return slices.ContainsFunc(s.gone, func(g culprit) bool {
		last := len(g.path) - 1
		return g.how == removed && g.concerns(env) && len(f.at) == len(g.path) && startsWith(f.at, g.path[:last]) &&
			near(g.path[last], f.at[last:]) != ""
	})
}

// refers reports whether an error is about the name of something that was taken
// out, or about a value that mentions it.
func (s *sources) refers(env string, f fault) bool {
	if strings.HasPrefix(f.text, "cannot call non-function") && strings.Contains(f.words(), " _.") {
		return true // of a package that was taken out
	}
	mentioned := map[string]bool{}
	for _, a := range f.args {
		if name, ok := a.(string); ok {
			mentioned[name] = true
		}
	}
	for _, w := range s.of(env, f.at) {
		ast.Walk(w.value, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				mentioned[id.Name] = true
			}
			_, block := n.(*ast.StructLit)
			return !block
		}, nil)
	}
	for _, g := range s.gone {
		if g.how == removed && g.concerns(env) && mentioned[g.path[len(g.path)-1]] {
			return true
		}
	}
	return false
}

// circular reports whether a value follows from one that nobody says.
func circular(f fault) bool {
	return strings.HasPrefix(f.text, "cannot reference optional field") || strings.HasPrefix(f.text, "cycle with field")
}

func startsWith(at, top []string) bool {
	return len(at) >= len(top) && slices.Equal(at[:len(top)], top)
}
