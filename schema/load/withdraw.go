package load

import (
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/ast/astutil"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// A withdrawal is how a mistake is taken out of a file.
type withdrawal int

const (
	_       withdrawal = iota
	removed            // a field, an element of a list or an import is gone
	opened             // a reference has become _, which is anything
)

// parse parses a file without what was taken out of it. Everything else keeps its
// line and column.
func (s *sources) parse(name string, src any, config parser.Config) (*ast.File, error) {
	file, err := parser.ParseFile(name, src, config)
	if err != nil || s.files[strings.TrimPrefix(name, "/")] == nil || len(s.taken) == 0 {
		return file, err
	}
	astutil.Apply(file, func(c astutil.Cursor) bool {
		switch n := c.Node().(type) {
		case *ast.Field:
			if s.taken[position(n.Pos())] == removed {
				c.Delete()
				return false
			}
		case *ast.ListLit:
			for i, e := range n.Elts { // the others keep their numbers
				if s.taken[position(e.Pos())] == removed {
					n.Elts[i] = anything(e.Pos())
				}
			}
		case *ast.SelectorExpr:
			return !s.open(c, n.Sel.Pos())
		case *ast.Ident:
			return !s.open(c, n.Pos())
		}
		return true
	}, nil)
	s.dropUnused(file, config.Mode&parser.ImportsOnly == 0)
	return file, nil
}

// dropUnused leaves out the imports that were taken out and, of a file that is
// whole, imports and let clauses whose only use was.
func (s *sources) dropUnused(file *ast.File, whole bool) {
	used := map[ast.Node]bool{}
	ast.Walk(file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			used[id.Node] = true
		}
		return true
	}, nil)
	for decl := range file.ImportDecls() {
		decl.Specs = slices.DeleteFunc(decl.Specs, func(i *ast.ImportSpec) bool {
			return whole && !used[i] || s.taken[position(i.Pos())] == removed
		})
	}
	astutil.Apply(file, func(c astutil.Cursor) bool {
		if let, ok := c.Node().(*ast.LetClause); ok && !used[let] {
			if _, ok := c.Parent().Node().(*ast.Comprehension); !ok {
				c.Delete()
			}
		}
		return true
	}, nil)
}

// open makes a reference that was taken out anything at all, or in the midst of
// text nothing, so that the references beside it are looked at.
func (s *sources) open(c astutil.Cursor, at token.Pos) bool {
	if s.taken[position(at)] != opened {
		return false
	}
	if _, ok := c.Parent().Node().(*ast.Interpolation); ok {
		c.Replace(&ast.ParenExpr{Lparen: at, X: ast.NewString("")}) // a bare literal would be taken for the text around it
	} else {
		c.Replace(anything(at))
	}
	return true
}

func anything(at token.Pos) ast.Expr { return &ast.Ident{NamePos: at, Name: "_"} }

// take takes a mistake out of its file, and reports whether it was there until now.
func (s *sources) take(c culprit) (bool, error) {
	if s.taken[c.at] != 0 {
		return false, nil
	}
	s.taken[c.at] = c.how
	data, err := s.fsys.ReadFile(c.at.File)
	if err != nil {
		return false, err
	}
	file, err := s.parse(c.at.File, data, parser.NewConfig(parser.ParseComments))
	if err != nil {
		return false, err
	}
	s.files[c.at.File] = file
	return true, nil
}
