package load

import (
	"bytes"
	"io/fs"
	"path"
	"strings"
	"time"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// sources are the files that people wrote for some environments, parsed, with
// every field findable by its path.
type sources struct {
	fsys  fs.FS
	under string               // where the tree lies for the reader
	files map[string]*ast.File // by path in fsys
	model cue.Value            // the schema that the files at hand import
	taken map[string][]byte    // files from which mistakes were taken out, so that more can be seen
}

// A written is one place where a person wrote a field.
type written struct {
	file  string
	field *ast.Field
	outer *ast.Field // the outermost field of a chain a: b: c: 1, which goes when the field is taken out
}

// readSources parses the files of the shared folder and of the named environments.
func readSources(fsys fs.FS, under string, names []string) (*sources, []*Mistake) {
	s := &sources{fsys: fsys, under: under, files: map[string]*ast.File{}, taken: map[string][]byte{}}
	var mistakes []*Mistake
	for _, dir := range append([]string{folder}, inFolder(names)...) {
		paths, err := fs.Glob(fsys, path.Join(dir, "*.cue"))
		if err != nil {
			mistakes = append(mistakes, &Mistake{Pos: Position{File: dir}, Msg: err.Error()})
		}
		for _, p := range paths {
			mistakes = append(mistakes, s.read(p)...)
		}
	}
	return s, mistakes
}

func (s *sources) read(p string) (mistakes []*Mistake) {
	data, err := fs.ReadFile(s.fsys, p)
	if err != nil {
		return []*Mistake{{Pos: Position{File: p}, Msg: "cannot be read: " + err.Error()}}
	}
	file, err := parser.ParseFile(p, data, parser.ParseComments)
	for _, f := range faults(err) {
		mistakes = append(mistakes, &Mistake{Pos: position(f.places[0]), Msg: "this is not CUE: " + f.words()})
	}
	if file == nil || err != nil {
		return mistakes
	}
	s.files[p] = file
	ast.Walk(file, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		text, err := literal.Unquote(lit.Value)
		if err == nil && strings.ContainsFunc(text, schema.IsReserved) || strings.ContainsFunc(lit.Value, schema.IsReserved) {
			mistakes = append(mistakes, &Mistake{
				Pos: position(lit.Pos()),
				Msg: "text must not hold the code points U+FDD0 to U+FDEF",
				Fix: "they are kept for references; take them out",
			})
		}
		return true
	}, nil)
	return mistakes
}

// of returns every place where one environment's field of this path was written, the
// environment's own files before the shared ones.
func (s *sources) of(env string, fieldPath []string) (found []written) {
	for _, dir := range []string{path.Join(folder, env), folder} {
		for _, p := range sortedKeys(s.files) {
			if path.Dir(p) == dir {
				found = append(found, find(p, s.files[p].Decls, fieldPath, nil)...)
			}
		}
	}
	return found
}

func find(file string, decls []ast.Decl, fieldPath []string, outer *ast.Field) (found []written) {
	for _, d := range decls {
		f, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		name, _, err := ast.LabelName(f.Label)
		if err != nil || name != fieldPath[0] {
			continue
		}
		top := outer
		if top == nil {
			top = f
		}
		if len(fieldPath) == 1 {
			found = append(found, written{file, f, top})
			continue
		}
		for _, inner := range structs(f.Value) {
			next := top
			if inner.Lbrace.IsValid() {
				next = nil
			}
			found = append(found, find(file, inner.Elts, fieldPath[1:], next)...)
		}
	}
	return found
}

// structs are the struct literals of an expression such as schema.#Prod & {…}.
func structs(x ast.Expr) []*ast.StructLit {
	switch x := x.(type) {
	case *ast.StructLit:
		return []*ast.StructLit{x}
	case *ast.ParenExpr:
		return structs(x.X)
	case *ast.BinaryExpr:
		if x.Op == token.AND {
			return append(structs(x.X), structs(x.Y)...)
		}
	}
	return nil
}

// enclosing returns the innermost field around a position, and its path.
func (s *sources) enclosing(pos Position) (in written, fieldPath []string) {
	file, ok := s.files[pos.File]
	if !ok {
		return written{}, nil
	}
	var outer *ast.Field
	decls := file.Decls
	for {
		f := fieldAt(decls, pos)
		if f == nil {
			return in, fieldPath
		}
		if outer == nil {
			outer = f
		}
		name, _, err := ast.LabelName(f.Label)
		if err != nil {
			return in, fieldPath
		}
		in, fieldPath = written{pos.File, f, outer}, append(fieldPath, name)
		decls = nil
		for _, inner := range structs(f.Value) {
			if fieldAt(inner.Elts, pos) != nil {
				decls = inner.Elts
				if inner.Lbrace.IsValid() {
					outer = nil
				}
			}
		}
	}
}

func fieldAt(decls []ast.Decl, pos Position) *ast.Field {
	for _, d := range decls {
		f, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		start, end := position(f.Pos()), position(f.End())
		if !before(pos, start) && before(pos, end) {
			return f
		}
	}
	return nil
}

func before(a, b Position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
}

// takeOut blanks a field, so that the next look shows what it hid. Every other
// field keeps its line and column.
func (s *sources) takeOut(w written) error {
	data, ok := s.taken[w.file]
	if !ok {
		var err error
		if data, err = fs.ReadFile(s.fsys, w.file); err != nil {
			return err
		}
		data = bytes.Clone(data)
	}
	start, end := w.outer.Pos().Offset(), w.outer.End().Offset()
	for i := start; i < end; i++ {
		if data[i] != '\n' {
			data[i] = ' '
		}
	}
	for i := end; i < len(data) && (data[i] == ' ' || data[i] == ','); i++ {
		if data[i] == ',' {
			data[i] = ' '
			break
		}
	}
	s.taken[w.file] = data
	file, err := parser.ParseFile(w.file, data)
	if err != nil {
		return err
	}
	s.files[w.file] = file
	return nil
}

// Open makes sources a file system: the tree with the taken-out mistakes blank.
func (s *sources) Open(name string) (fs.File, error) {
	data, ok := s.taken[name]
	if !ok {
		return s.fsys.Open(name)
	}
	return &blanked{bytes.NewReader(data), path.Base(name), int64(len(data))}, nil
}

// A blanked file is one that is held in memory.
type blanked struct {
	*bytes.Reader
	name string
	size int64
}

func (b *blanked) Stat() (fs.FileInfo, error) { return b, nil }
func (b *blanked) Close() error               { return nil }
func (b *blanked) Name() string               { return b.name }
func (b *blanked) Size() int64                { return b.size }
func (b *blanked) Mode() fs.FileMode          { return 0o444 }
func (b *blanked) ModTime() time.Time         { return time.Time{} }
func (b *blanked) IsDir() bool                { return false }
func (b *blanked) Sys() any                   { return nil }

// position is a place in a file as people count it. Positions inside the vendored
// schema are places too; callers leave them out.
func position(p token.Pos) Position {
	q := p.Position()
	return Position{strings.TrimPrefix(q.Filename, "/"), q.Line, q.Column}
}
