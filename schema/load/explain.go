package load

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/ast/astutil"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/token"
)

// explain says an error of CUE in words, at the place where a person wrote its
// cause. It is direct when the error is about that very place, and not about
// something that refers to it.
func (s *sources) explain(env string, f fault) (m *Mistake, c *culprit, direct bool) {
	at, text, args := f.at, f.text, f.args
	wrote := s.of(env, at)
	switch {
	case text == "field not allowed" && len(at) > 0:
		return s.misspelt(at, wrote)
	case strings.HasPrefix(text, "undefined field") || strings.HasPrefix(text, "reference"):
		if p, ok := s.place(f); ok {
			m, found := s.misreferred(p, fmt.Sprint(args[0]))
			c := s.culprit(f)
			if c != nil && found {
				c.at, c.how = p, opened
			}
			return m, c, true
		}
	case strings.HasPrefix(text, "builtin package"):
		m, c := s.unloadable(env, f)
		return m, c, true
	case strings.HasPrefix(text, "cannot call non-function"):
		if p, ok := s.place(f); ok {
			called, _, _ := strings.Cut(strings.TrimPrefix(f.words(), "cannot call non-function "), " ")
			return &Mistake{Pos: p, Msg: fmt.Sprintf("there is no function %s", called)}, s.culprit(f), true
		}
	case circular(f):
		if p, ok := s.place(f); ok {
			return &Mistake{
				Pos: p,
				Msg: fmt.Sprintf("%s refers to %s, which nobody says", name(at), f.words()[strings.LastIndexAny(f.words(), " .")+1:]),
				Fix: "what is not written has no value yet, since defaults come later: write a value, here or there",
			}, s.culprit(f), true
		}
	case text == "field is required but not present" || strings.HasPrefix(text, "incomplete"):
		return s.missing(env, at), nil, true
	}
	if len(wrote) > 0 && strings.HasSuffix(docOf(definition(s.model, at)), notToBeSet) {
		return &Mistake{
			Pos: wrote[0].at,
			Msg: fmt.Sprintf("%s is worked out by the schema and not to be set", name(at)),
			Fix: "take it out",
		}, &culprit{wrote[0].at, removed, at, nil}, true
	}
	must := ""
	if text == "%s" && len(args) == 1 { // an error() arm of the schema
		must = fmt.Sprint(args[0])
	} else if k := kind(definition(s.model, at)); k != "" && strings.Contains(text, "mismatched types") {
		must = "must be " + k
	}
	if len(wrote) == 0 {
		m, c = s.ofKey(env, at, must)
		return m, c, m != nil
	}
	want := definition(s.model, at)
	blocks := slices.ContainsFunc(wrote, func(w written) bool { return rank(w.value) > 0 })
	if must == "must be "+inWords[cue.StructKind] {
		slices.SortStableFunc(wrote, func(a, b written) int { return cmp.Compare(rank(a.value), rank(b.value)) })
	} else if must != "" && blocks && want.IncompleteKind() != cue.StructKind { // braces, and perhaps beside what is right
		must = mustBe(want)
		slices.SortStableFunc(wrote, func(a, b written) int { return cmp.Compare(rank(b.value), rank(a.value)) })
	}
	c = &culprit{wrote[0].at, removed, at, wrote[0].value}
	if other := disagreeing(wrote); other != nil {
		there := position(other.value.Pos())
		return &Mistake{
			Pos: position(wrote[0].value.Pos()),
			Msg: fmt.Sprintf("%s is %s here, but %s at %s", name(at), source(wrote[0].value), source(other.value), there.from(s.under)),
			Fix: "say it in one place; what environments share goes under defaults, and an environment's own setting wins over it",
		}, c, true
	}
	if !strings.HasPrefix(must, "must ") {
		return s.general(env, f), c, false
	}
	if strings.Contains(strings.ToUpper(source(wrote[0].value)), privateKey) {
		return &Mistake{
			Pos: position(wrote[0].value.Pos()),
			Msg: fmt.Sprintf("%s %s, not a private key", name(at), must),
			Fix: "take it out, and make another with age-keygen -o age.agekey where this one was in Git; recipients are public keys, age1…",
		}, c, true
	}
	return &Mistake{
		Pos: position(wrote[0].value.Pos()),
		Msg: fmt.Sprintf("%s %s, not %s", name(at), must, source(wrote[0].value)),
		Fix: cmp.Or(unbraced(at, wrote[0].value, want), instead(wrote[0].value, want)),
	}, c, true
}

// unbraced is what to write instead of an element in braces that holds the one value which
// is wanted, as Kubernetes lists names, or "".
func unbraced(at []string, wrote ast.Expr, want cue.Value) string {
	block, ok := wrote.(*ast.StructLit)
	if !ok || len(block.Elts) != 1 {
		return ""
	}
	f, ok := block.Elts[0].(*ast.Field)
	if _, err := strconv.Atoi(at[len(at)-1]); !ok || err != nil || !takes(want, source(f.Value)) {
		return ""
	}
	return fmt.Sprintf("did you mean [%s]?", source(f.Value))
}

// ofKey is an error about a field that nobody wrote and that follows from the name
// of the one around it: that name breaks a rule.
func (s *sources) ofKey(env string, at []string, must string) (*Mistake, *culprit) {
	key := at[:max(len(at)-1, 0)]
	if len(key) < 2 || must == "" {
		return nil, nil
	}
	wrote := s.of(env, key)
	if len(wrote) == 0 {
		return nil, nil
	}
	m := &Mistake{
		Pos: wrote[0].at,
		Msg: fmt.Sprintf("the name %s %s", name(key), must),
	}
	if better := plainName(key[len(key)-1]); better != "" {
		m.Fix = fmt.Sprintf("did you mean %q?", better)
	}
	return m, &culprit{wrote[0].at, removed, key, nil}
}

// privateKey is how age's private keys begin, which no message repeats.
const privateKey = "AGE-SECRET-KEY-"

// rank is 1 for a struct, which is right where a struct is wanted, and 0 for all else.
func rank(x ast.Expr) int {
	if _, block := x.(*ast.StructLit); block {
		return 1
	}
	return 0
}

// misspelt is a field that the schema does not have.
func (s *sources) misspelt(at []string, wrote []written) (*Mistake, *culprit, bool) {
	parent, label := at[:len(at)-1], at[len(at)-1]
	m := &Mistake{Msg: fmt.Sprintf("%s has no field %q", name(parent), label)}
	allowed := fields(definition(s.model, parent), false)
	if len(allowed) == 0 { // names of the person's own choice
		m.Msg = fmt.Sprintf("%s can't hold the name %q", name(parent), label)
		m.Fix = docOf(definition(s.model, parent))
		if few := nameable(definition(s.model, parent)); len(few) > 0 {
			m.Fix = "it can hold " + list(few)
			if meant := near(label, few); meant != "" {
				m.Fix = fmt.Sprintf("did you mean %q?", meant)
			}
		} else if better := plainName(label); better != "" && !strings.Contains(label, "/") && definition(s.model, parent).Allows(cue.Str(better)) {
			m.Fix = fmt.Sprintf("did you mean %q?", better)
		}
	} else if fix := renamed(s.model, strings.TrimPrefix(name(at), "defaults.")); fix != "" {
		m.Fix = fix
	} else if meant := near(label, allowed); meant != "" {
		m.Fix = fmt.Sprintf("did you mean %q?", meant)
	} else {
		m.Fix = "its fields are " + list(allowed)
	}
	if len(wrote) == 0 {
		return m, nil, false
	}
	m.Pos = wrote[0].at
	return m, &culprit{wrote[0].at, removed, at, nil}, true
}

// misreferred is a reference in an expression that leads nowhere.
// It reports whether it found the reference at that place.
func (s *sources) misreferred(p Position, missing string) (m *Mistake, found bool) {
	m = &Mistake{Pos: p, Msg: fmt.Sprintf("there is no %q here to refer to", missing)}
	var known, all []string
	selected := false
	var whole ast.Expr // a field's value, or the beginning of it
	ast.Walk(s.files[p.File], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if position(n.Sel.Pos()) == p {
				found, selected = true, true
				of := source(n.X)
				m.Msg = fmt.Sprintf("%s has no %q", of, missing)
				known = s.labelsIn(of[strings.LastIndexByte(of, '.')+1:])
			}
		case *ast.Ident:
			found = found || position(n.Pos()) == p
		case *ast.Field:
			switch x := n.Value.(type) {
			case *ast.Ident, *ast.SelectorExpr:
				if position(x.Pos()) == p {
					whole = x
				}
			case *ast.UnaryExpr:
				if x.Op == token.SUB && position(x.X.Pos()) == p {
					m.Fix = fmt.Sprintf("lists stand in square brackets: [%q]", missing)
				}
			}
			if label, _, err := ast.LabelName(n.Label); err == nil {
				all = append(all, label)
			}
		}
		return true
	}, nil)
	meant := near(missing, known)
	if !selected {
		if why, fix := s.outOfSight(p, missing, whole); fix != "" {
			m.Msg, m.Fix = m.Msg+why, fix
			return m, found
		}
		meant = near(missing, slices.DeleteFunc(all, func(label string) bool { return label == missing }))
		if whole != nil {
			_, at := s.enclosing(p)
			want := definition(s.model, at)
			if text := source(whole); !want.Exists() || takes(want, strconv.Quote(text)) {
				m.Fix = fmt.Sprintf("text stands in quotes: %q", text)
				if _, dots := whole.(*ast.SelectorExpr); dots && want.Exists() {
					meant = ""
				}
			}
			if want.Exists() && (len(choices(want)) > 0 || want.IncompleteKind() == cue.BoolKind) {
				if better := instead(whole, want); better != "" {
					m.Fix, meant = better, ""
				}
			}
		}
	}
	if pkg := importable(missing); pkg != "" && !selected {
		m.Fix = fmt.Sprintf("import it, below the package's name: import %q", pkg)
	} else if meant != "" {
		m.Fix = fmt.Sprintf("did you mean %q?", meant)
	} else if len(known) > 0 {
		m.Fix = "there is " + list(known)
	}
	return m, found
}

// outOfSight is how to write what refers to a name that a component has and that is said
// elsewhere, or "", and why it is not seen.
func (s *sources) outOfSight(p Position, missing string, value ast.Expr) (why, fix string) {
	of := s.reference(p)
	if _, word := value.(*ast.Ident); word { // text, more likely
		return "", ""
	}
	if missing == "platform" {
		for spec := range s.files[p.File].ImportSpecs() {
			if info, err := astutil.ParseImportSpec(spec); err == nil && info.ID == modulePath {
				return "", "write schema." + of
			}
		}
		return "", fmt.Sprintf("write schema.%s, and below the package's name: import %q", of, modulePath)
	}
	_, at := s.enclosing(p)
	around := 2 // of a built-in component
	if len(at) > 1 && at[1] == "components" {
		around = 3
	}
	if len(at) <= around {
		return "", ""
	}
	component := fields(definition(s.model, []string{"environment", "components", "NAME"}), true)
	switch {
	case slices.Contains(fields(definition(s.model, at[:around]), true), missing):
		return ": a name is visible only inside the braces that say it",
			fmt.Sprintf("say both in one pair of braces: %s: {%s: …, %s: …}", strings.Join(at[:around], ": "), missing, at[around])
	case slices.Contains(component, missing):
		return "", fmt.Sprintf("%s has no %s to refer to; a component of your own has what it says: components: NAME: {%s: …, workloads: …}", name(at[:2]), missing, missing)
	case around == 3 && slices.Contains(s.labelsIn("needs"), missing):
		return "", fmt.Sprintf("did you mean needs.%s?", of)
	}
	return "", ""
}

// reference is the whole of a reference that begins at a place, such as needs.x.url,
// be it one word.
func (s *sources) reference(p Position) (whole string) {
	word := ""
	ast.Walk(s.files[p.File], func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && whole == "" && position(sel.Pos()) == p {
			whole = source(sel)
		} else if id, ok := n.(*ast.Ident); ok && position(id.Pos()) == p {
			word = id.Name
		}
		return whole == ""
	}, nil)
	return cmp.Or(whole, word)
}

// labelsIn returns the fields of every struct of this name: those that are written
// and those that the schema has for it.
func (s *sources) labelsIn(field string) (labels []string) {
	var walk func(decls []ast.Decl, at []string)
	walk = func(decls []ast.Decl, at []string) {
		for _, d := range decls {
			f, ok := d.(*ast.Field)
			if !ok {
				walk(embedded(d), at)
				continue
			}
			label, _, err := ast.LabelName(f.Label)
			if err != nil {
				continue
			}
			if len(at) > 0 && at[len(at)-1] == field {
				labels = append(labels, label)
			}
			below := append(slices.Clone(at), label)
			if label == field {
				labels = append(labels, fields(definition(s.model, below), true)...)
			}
			for _, x := range operands(f.Value) {
				if block, ok := x.(*ast.StructLit); ok {
					walk(block.Elts, below)
				}
			}
		}
	}
	for _, p := range sortedKeys(s.files) {
		walk(s.files[p].Decls, nil)
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// missing is a field that must be written and is not.
func (s *sources) missing(env string, at []string) *Mistake {
	want := definition(s.model, at)
	if wrote := s.of(env, at); len(wrote) > 0 {
		must := mustBe(want)
		if must == "" {
			must = "must be one value"
		}
		return &Mistake{
			Pos: position(wrote[0].value.Pos()),
			Msg: fmt.Sprintf("%s %s, and %s leaves it open", name(at), must, source(wrote[0].value)),
		}
	}
	m := &Mistake{
		Pos: Position{File: path.Join(folder, env)},
		Msg: fmt.Sprintf("%s is missing", name(at)),
		Fix: docOf(want),
	}
	for i := len(at) - 1; i > 0; i-- {
		wrote := s.of(env, at[:i])
		if len(wrote) == 0 {
			continue
		}
		if own := path.Join(folder, env); i > 1 || path.Dir(wrote[0].at.File) == own { // what each must say is not missing in the file that all share
			m.Pos = wrote[0].at
		}
		break
	}
	return m
}

// mustBe is what the schema wants at a path, in its own words, or "".
func mustBe(want cue.Value) string {
	if !want.Exists() {
		return ""
	}
	for _, f := range faults(want.Unify(cuecontext.New().CompileString("[[]]")).Validate()) {
		if text := f.words(); strings.HasPrefix(text, "must ") {
			return text
		}
	}
	if k := kind(want); k != "" {
		return "must be " + k
	}
	return ""
}

// disagreeing returns a second place that says something else than the first.
func disagreeing(wrote []written) *written {
	for i := range wrote[1:] {
		a, aok := wrote[0].value.(*ast.BasicLit)
		b, bok := wrote[i+1].value.(*ast.BasicLit)
		if aok && bok && a.Value != b.Value {
			return &wrote[i+1]
		}
	}
	return nil
}

// name is a path as people say it: without the field that holds everything.
func name(at []string) string {
	if len(at) > 1 && at[0] == "environment" {
		at = at[1:]
	}
	return strings.Join(at, ".")
}

// source is an expression as it was written, cut to what fits a line.
func source(x ast.Expr) string {
	b, err := format.Node(x)
	if err != nil {
		return "this"
	}
	text, _, more := strings.Cut(string(b), "\n")
	if more {
		text += " …"
	}
	return text
}
