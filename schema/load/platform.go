package load

import (
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strconv"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// loadedFrom is what follows from an environment that holds, and its base.
func loadedFrom(ctx *cue.Context, inst *build.Instance, name string, whole cue.Value) (Loaded, error) {
	e, err := decode(name, whole)
	if err != nil {
		return Loaded{}, err
	}
	l := Loaded{Environment: e}
	if !e.RunsAt(schema.Cluster) {
		return l, nil
	}
	l.Base, err = decode(name, platformOf(ctx, inst, name, ctx.Encode(map[string]string{"mode": e.Mode, "namespace": e.Settings.Namespace})))
	return l, err
}

// imported is the schema that an instance imports, or nil.
func imported(inst *build.Instance) *build.Instance {
	all := inst.Dependencies()
	if i := slices.IndexFunc(all, func(d *build.Instance) bool { return d.ImportPath == modulePath }); i >= 0 {
		return all[i]
	}
	return nil
}

// model is all of the schema that an instance imports, or an absent value. CUE evaluates
// every definition of it.
func model(ctx *cue.Context, inst *build.Instance) cue.Value {
	if of := imported(inst); of != nil {
		return ctx.BuildInstance(of)
	}
	return cue.Value{}
}

// typed is the environment of an instance as the schema's own type: whoever embeds
// the type instead of naming it would be spared its names.
func typed(root, model cue.Value) cue.Value {
	if !model.Exists() {
		return cue.Value{}
	}
	return root.LookupPath(environment).Unify(model.LookupPath(cue.ParsePath("#Environment")))
}

// checked is the same, without unifying twice what names the type already: a second time
// evaluates every field that the type has.
func checked(ctx *cue.Context, inst *build.Instance) cue.Value {
	root := ctx.BuildInstance(inst)
	if imported(inst) != nil && namesType(inst) {
		return root.LookupPath(environment)
	}
	return typed(root, model(ctx, inst))
}

// namesType reports whether an instance says environment: schema.#Environment, or one of
// the types of a mode.
func namesType(inst *build.Instance) bool {
	for _, file := range inst.Files {
		for _, d := range file.Decls {
			f, ok := d.(*ast.Field)
			if !ok || f.Constraint != token.ILLEGAL {
				continue
			}
			if label, ok := f.Label.(*ast.Ident); !ok || label.Name != "environment" {
				continue
			}
			for _, x := range operands(f.Value) {
				if isType(x) {
					return true
				}
			}
		}
	}
	return false
}

func isType(x ast.Expr) bool {
	sel, ok := x.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	of, ok := sel.X.(*ast.Ident)
	if !ok {
		return false
	}
	name, _, err := ast.LabelName(sel.Sel)
	imported, ok := of.Node.(*ast.ImportSpec)
	return ok && err == nil && imported.Path.Value == strconv.Quote(modulePath) && slices.Contains([]string{"#Environment", "#Dev", "#Prod", "#Hybrid"}, name)
}

// noSchema is the mistake of an environment that is of no type.
func noSchema(env string) *Mistake {
	return &Mistake{
		Pos: Position{File: path.Join(folder, env)},
		Msg: "this environment does not use the schema",
		Fix: "say in " + folder + "/environment.cue: environment: schema.#Environment",
	}
}

// derivation says what follows from an environment once it is given: until then CUE
// evaluates nothing of #Platform, and of the rest of the schema no more than #Platform uses.
const derivation = `import schema "` + modulePath + `"

#given: {}
if #given.#name != _|_ {platform: schema.#Platform & {#env: #given}}
`

// platformOf is #Platform, of the schema that an instance imports, of an environment.
func platformOf(ctx *cue.Context, inst *build.Instance, name string, env cue.Value) cue.Value {
	file, err := parser.ParseFile("derivation.cue", derivation)
	derived := build.NewContext().NewInstance("", func(token.Pos, string) *build.Instance { return imported(inst) })
	if err := errors.Join(err, derived.AddSyntax(file)); err != nil {
		return ctx.Encode(err)
	}
	// both in one: each fill evaluates the whole platform
	given := cuecontext.New().CompileString("{}").FillPath(cue.ParsePath("#name"), name).FillPath(cue.ParsePath("written"), env)
	return ctx.BuildInstance(derived).FillPath(cue.ParsePath("#given"), given).LookupPath(cue.ParsePath("platform"))
}

func decode(name string, v cue.Value) (*schema.Environment, error) {
	if err := v.Validate(cue.Concrete(true), cue.Final()); err != nil {
		// what can't be worked out may be there because of something that has words
		e := &schema.Environment{Name: name}
		if v.LookupPath(cue.ParsePath("findings")).Decode(&e.Findings) == nil && len(e.Findings) > 0 {
			return e, nil
		}
		return nil, &unfit{"the vendored schema cannot work it out: " + err.Error()}
	}
	e := new(schema.Environment)
	if err := fill(reflect.ValueOf(e).Elem(), v); err != nil {
		return nil, &unfit{"the vendored schema says something else than this program expects: " + err.Error()}
	}
	if e.Name != name {
		return nil, &unfit{fmt.Sprintf("the vendored schema calls it %q", e.Name)}
	}
	return e, nil
}

// unfit is a vendored schema that this program can do nothing with. It is no mistake
// of an environment.
type unfit struct{ msg string }

func (e *unfit) Error() string { return e.msg }

// Hint says what to do about it.
func (e *unfit) Hint() string {
	return `"mlops-gitops upgrade" replaces schema/ by the one that this program was made with`
}
