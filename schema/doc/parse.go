package doc

import (
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// A parser turns expressions into types. It follows hidden names to what they stand
// for; definitions stay names.
type parser struct {
	top  map[string]ast.Expr
	busy map[string]bool
}

// kinds are CUE's own names for types.
var kinds = map[string]string{"string": "string", "bytes": "string", "int": "int", "number": "number", "float": "number", "bool": "bool", "_": ""}

func (p *parser) expr(x ast.Expr) *Type {
	switch x := x.(type) {
	case *ast.Ident:
		if kind, ok := kinds[x.Name]; ok {
			return &Type{Kind: kind}
		}
		if strings.HasPrefix(x.Name, "#") {
			return &Type{Ref: x.Name}
		}
		if of := p.top[x.Name]; of != nil && !p.busy[x.Name] {
			p.busy[x.Name] = true
			defer delete(p.busy, x.Name)
			return p.expr(of)
		}
	case *ast.ParenExpr:
		return p.expr(x.X)
	case *ast.Alias:
		return p.expr(x.Expr)
	case *ast.UnaryExpr:
		switch x.Op {
		case token.MUL: // the default among several
			return p.expr(x.X)
		case token.MAT, token.NMAT:
			return &Type{Kind: "string"}
		}
		return &Type{Kind: p.expr(x.X).Kind}
	case *ast.BinaryExpr:
		if x.Op == token.OR {
			return either(p.expr(x.X), p.expr(x.Y))
		}
		return both(p.expr(x.X), p.expr(x.Y))
	case *ast.BasicLit:
		return ofLiteral(x)
	case *ast.Interpolation:
		return &Type{Kind: "string"}
	case *ast.CallExpr:
		if f, ok := x.Fun.(*ast.Ident); ok && f.Name == "error" && len(x.Args) == 1 {
			return &Type{Must: unquoted(x.Args[0])}
		}
	case *ast.ListLit:
		t := &Type{Kind: "list"}
		for _, e := range x.Elts {
			if rest, ok := e.(*ast.Ellipsis); ok && rest.Type != nil {
				t.Member = p.expr(rest.Type)
			}
		}
		return t
	case *ast.StructLit:
		return p.block(x.Elts)
	}
	return &Type{}
}

func ofLiteral(x *ast.BasicLit) *Type {
	t := &Type{Literals: []string{x.Value}}
	switch x.Kind {
	case token.STRING:
		t.Kind = "string"
	case token.INT:
		t.Kind = "int"
	case token.FLOAT:
		t.Kind = "number"
	case token.TRUE, token.FALSE:
		t.Kind = "bool"
	}
	return t
}

// block is a struct.
func (p *parser) block(decls []ast.Decl) *Type {
	t := &Type{Kind: "struct"}
	for _, d := range decls {
		switch d := d.(type) {
		case *ast.EmbedDecl:
			if name, ok := d.Expr.(*ast.Ident); ok && strings.HasPrefix(name.Name, "_") {
				continue // it works out fields that are documented beside it
			}
			t.Fields = append(t.Fields, &Field{Type: p.expr(d.Expr)})
		case *ast.Comprehension:
			if under, ok := d.Value.(*ast.StructLit); ok {
				t = both(t, p.block(under.Elts))
			}
		case *ast.Field:
			p.field(t, d)
		}
	}
	t.Fields = once(t.Fields)
	return t
}

func (p *parser) field(t *Type, f *ast.Field) {
	if names, ok := f.Label.(*ast.ListLit); ok && len(names.Elts) == 1 {
		t.Member, t.Key = p.expr(f.Value), "name"
		if alias, ok := names.Elts[0].(*ast.Alias); ok {
			t.Key = alias.Ident.Name
		}
		if f.Alias != nil && f.Alias.Label != nil {
			t.Key = f.Alias.Label.Name
		}
		return
	}
	name, _, err := ast.LabelName(f.Label)
	if err != nil || strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#") {
		return
	}
	t.Fields = append(t.Fields, &Field{Name: name, Doc: comment(f), Required: f.Constraint == token.NOT, Type: p.expr(f.Value)})
}

// both is a type that is two at once.
func both(a, b *Type) *Type {
	t := *a
	if t.Ref == "" {
		t.Ref = b.Ref
	}
	// of a number that is whole and one that is at least 1, the first says more
	if t.Kind == "" || t.Kind == "number" && b.Kind == "int" {
		t.Kind = b.Kind
	}
	if t.Must == "" {
		t.Must = b.Must
	}
	if t.Member == nil {
		t.Member, t.Key = b.Member, b.Key
	}
	if len(t.Literals) == 0 {
		t.Literals = b.Literals
	}
	t.Fields = append(slices.Clone(a.Fields), b.Fields...)
	if b.Ref != "" && b.Ref != t.Ref {
		t.Fields = append(t.Fields, &Field{Type: &Type{Ref: b.Ref}})
	}
	t.Fields = once(t.Fields)
	return &t
}

// either is a type that is one of two.
func either(a, b *Type) *Type {
	t := both(a, b)
	t.Literals = append(slices.Clone(a.Literals), b.Literals...)
	for _, arm := range []*Type{a, b} {
		if len(arm.Literals) == 0 && (arm.Kind != "" || arm.Ref != "") {
			t.Literals = nil // there is more to choose from
		}
	}
	if a.Kind != "" && b.Kind != "" && a.Kind != b.Kind {
		t.Kind = ""
	}
	return t
}

// comment is what is said above a field.
func comment(n ast.Node) string {
	var texts []string
	for _, g := range ast.Comments(n) {
		if g.Doc {
			texts = append(texts, strings.TrimSpace(g.Text()))
		}
	}
	return strings.Join(texts, "\n")
}
