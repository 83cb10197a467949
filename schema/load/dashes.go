package load

import (
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// dashes are lists as YAML has them, which CUE takes for numbers with a minus: the first
// for the value of a field, the others for something that stands beside it.
func dashes(file *ast.File) (mistakes []*Mistake) {
	within := func(decls []ast.Decl) {
		for i, d := range decls {
			f, ok := d.(*ast.Field)
			if !ok {
				continue
			}
			elements := dashed(innermost(f).Value)
			if elements == nil {
				continue
			}
			for _, next := range decls[i+1:] {
				x, ok := next.(*ast.EmbedDecl)
				if !ok || dashed(x.Expr) == nil {
					break
				}
				elements = append(elements, dashed(x.Expr)...)
			}
			if len(elements) == 1 && mayBeNumber(elements[0]) {
				continue
			}
			var texts []string
			for _, x := range elements {
				texts = append(texts, element(x))
			}
			mistakes = append(mistakes, &Mistake{
				Pos: position(innermost(f).Value.Pos()),
				Msg: `"-" begins no element of a list`,
				Fix: "lists stand in square brackets: [" + strings.Join(texts, ", ") + "]",
			})
		}
	}
	ast.Walk(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.File:
			within(n.Decls)
		case *ast.StructLit:
			within(n.Elts)
		}
		return true
	}, nil)
	return mistakes
}

// innermost is the last field of a: b: c: …
func innermost(f *ast.Field) *ast.Field {
	if block, ok := f.Value.(*ast.StructLit); ok && !block.Lbrace.IsValid() && len(block.Elts) == 1 {
		if below, ok := block.Elts[0].(*ast.Field); ok {
			return innermost(below)
		}
	}
	return f
}

// dashed are what stands behind dashes: - a - b on one line is a difference.
func dashed(x ast.Expr) []ast.Expr {
	switch x := x.(type) {
	case *ast.UnaryExpr:
		if x.Op == token.SUB {
			return []ast.Expr{x.X}
		}
	case *ast.BinaryExpr:
		if x.Op == token.SUB {
			if first := dashed(x.X); first != nil {
				return append(first, x.Y)
			}
		}
	}
	return nil
}

// mayBeNumber reports whether a minus may stand before something. Of a name it is known
// later.
func mayBeNumber(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.BasicLit:
		return x.Kind == token.INT || x.Kind == token.FLOAT
	case *ast.Interpolation, *ast.StructLit, *ast.ListLit:
		return false
	}
	return true
}

// element is something as it would stand in a list: a bare word was meant as text.
func element(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		if x.Node == nil {
			return strconv.Quote(x.Name)
		}
	case *ast.UnaryExpr: // an option without quotes
		return strconv.Quote(strings.ReplaceAll(source(x), " ", ""))
	case *ast.SelectorExpr:
		if id, ok := x.X.(*ast.Ident); ok && id.Node == nil {
			return strconv.Quote(source(x))
		}
	}
	return source(x)
}
