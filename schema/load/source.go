package load

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/ast/astutil"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// sources are the files that people wrote for some environments, parsed, with
// every field findable by its path.
type sources struct {
	fsys   *onlyCUE
	under  string                  // where the tree lies for the reader
	files  map[string]*ast.File    // by path in fsys
	module string                  // the repository's, as imports name it
	model  cue.Value               // the schema that the files at hand import
	taken  map[Position]withdrawal // where a mistake was taken out, so that more can be seen
	gone   []culprit               // the same: what refers to it is no mistake of its own
	hand   hand                    // which environments are being evaluated
}

// A written is one place where a person wrote a field, or an element of a list.
type written struct {
	at    Position // of the field's name, or of the element
	value ast.Expr
}

// readSources parses the files of the shared folder and of the named environments.
// It is an error when one can't be read.
func readSources(tree *onlyCUE, names []string) (*sources, []*Mistake, error) {
	s := &sources{fsys: tree, under: tree.under, files: map[string]*ast.File{}, taken: map[Position]withdrawal{}}
	var mistakes []*Mistake
	for _, name := range append([]string{""}, names...) {
		found, err := s.readFolder(name)
		if err != nil {
			return nil, nil, err
		}
		mistakes = append(mistakes, found...)
	}
	found, err := s.stray()
	if err != nil {
		return nil, nil, err
	}
	return s, append(mistakes, found...), nil
}

// An environment's name is part of names of containers, volumes and namespaces.
var envName = regexp.MustCompile("^[a-z]([-a-z0-9]{0,55}[a-z0-9])?$")

// readFolder reads the files of an environment, or the shared ones when it is "".
func (s *sources) readFolder(env string) (mistakes []*Mistake, err error) {
	dir := path.Join(folder, env)
	if env != "" && !envName.MatchString(env) {
		return []*Mistake{{
			Pos: Position{File: dir},
			Msg: "the name of an environment must start with a letter and hold only lower-case letters, digits and dashes, at most 57",
			Fix: "rename the folder",
		}}, nil
	}
	entries, err := s.fsys.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	n := len(s.files)
	for _, e := range entries {
		if isSource(e) {
			found, err := s.read(path.Join(dir, e.Name()))
			if err != nil {
				return nil, err
			}
			mistakes = append(mistakes, found...)
		} else if e.IsDir() && env != "" && !strings.HasPrefix(e.Name(), "_") {
			mistakes = append(mistakes, s.unread(path.Join(dir, e.Name()))...)
		}
	}
	if len(s.files) == n && len(mistakes) == 0 && env != "" {
		mistakes = append(mistakes, &Mistake{
			Pos: Position{File: dir},
			Msg: "this environment has no CUE file",
			Fix: `put one there that says environment: mode: "dev", or remove the folder`,
		})
	}
	return mistakes, nil
}

// unread says of the first file in a folder below an environment's that nothing reads it,
// unless something imports it.
func (s *sources) unread(dir string) (mistakes []*Mistake) {
	for _, at := range s.folders(dir, 3) {
		if s.importsOf(at) {
			continue
		}
		entries, err := s.fsys.ReadDir(at)
		if err != nil {
			continue
		}
		first := slices.IndexFunc(entries, isSource)
		return []*Mistake{{
			Pos: Position{File: path.Join(at, entries[first].Name())},
			Msg: "nothing reads this file: an environment is made of the files directly in its folder",
			Fix: "move it up to " + printable(path.Dir(dir)) + ", or import its folder as a package",
		}}
	}
	return nil
}

// importsOf reports whether a file of the repository imports a folder of it.
func (s *sources) importsOf(dir string) bool {
	suffix := "/" + dir
	for _, from := range append(s.folders(".", 6), s.folders(folder, 6)...) {
		entries, err := s.fsys.ReadDir(from)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if e.IsDir() {
				continue
			}
			data, err := s.fsys.ReadFile(path.Join(from, e.Name()))
			if err != nil {
				continue
			}
			file, err := parser.ParseFile(e.Name(), data, parser.ImportsOnly)
			if err != nil {
				continue
			}
			for spec := range file.ImportSpecs() {
				info, err := astutil.ParseImportSpec(spec)
				if id, _, _ := strings.Cut(info.ID, "@"); err == nil && strings.HasSuffix(strings.Split(id, ":")[0], suffix) {
					return true
				}
			}
		}
	}
	return false
}

// isSource reports whether CUE reads a file: it leaves out what begins with a dot
// or an underscore (cue help inputs).
func isSource(e fs.DirEntry) bool {
	return !e.IsDir() && path.Ext(e.Name()) == ".cue" && !strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(e.Name(), "_")
}

func (s *sources) read(p string) (mistakes []*Mistake, err error) {
	data, err := s.fsys.ReadFile(p)
	if m := (*Mistake)(nil); errors.As(err, &m) {
		return []*Mistake{m}, nil
	} else if err != nil {
		return nil, err
	}
	if mistakes = notText(p, data); mistakes != nil {
		return mistakes, nil
	}
	file, err := parser.ParseFile(p, data, parser.ParseComments)
	for i, f := range faults(err) {
		if i > 0 && strings.Contains(f.words(), "'EOF'") {
			continue // that follows from another
		}
		m := syntax(p, data, f)
		if n := len(mistakes) - 1; n >= 0 && mistakes[n].Fix == plainQuotes && mistakes[n].Pos.Line == m.Pos.Line {
			continue // the other end of the same text, and what is between
		}
		mistakes = append(mistakes, m)
	}
	if file == nil || err != nil {
		return mistakes, nil
	}
	s.files[p] = file
	return slices.Concat(outside(p, file), refused(file), dashes(file)), nil
}

// outside says that CUE would pass over a file in silence, because it is in another package.
func outside(p string, file *ast.File) (mistakes []*Mistake) {
	if name := file.PackageName(); name != folder {
		m := &Mistake{Pos: Position{p, 1, 1}, Msg: "this file says no package", Fix: "begin it with: package " + folder}
		if name != "" {
			m.Msg = fmt.Sprintf("this file is of package %s, and environments are of package %s", name, folder)
			m.Fix = "say: package " + folder
		}
		return []*Mistake{m}
	}
	return nil
}

// of returns every place where one environment's field of this path was written, the
// environment's own files before the shared ones.
func (s *sources) of(env string, fieldPath []string) (found []written) {
	for _, dir := range []string{path.Join(folder, env), folder} {
		for _, p := range sortedKeys(s.files) {
			if path.Dir(p) == dir {
				found = append(found, find(s.files[p].Decls, fieldPath)...)
			}
		}
	}
	return slices.DeleteFunc(found, func(w written) bool { return s.taken[position(w.value.Pos())] == opened })
}

// find returns every place in declarations where the field of a path is written.
func find(decls []ast.Decl, fieldPath []string) (found []written) {
	if len(fieldPath) == 0 {
		return nil
	}
	for _, d := range decls {
		f, ok := d.(*ast.Field)
		if !ok {
			found = append(found, find(embedded(d), fieldPath)...)
			continue
		}
		if name, _, err := ast.LabelName(f.Label); err == nil && name == fieldPath[0] {
			found = append(found, within(written{position(f.Pos()), f.Value}, fieldPath[1:])...)
		}
	}
	return found
}

// embedded are the declarations of a struct that stands among others without a
// name, be it bare or after if or for.
func embedded(d ast.Decl) (decls []ast.Decl) {
	var of ast.Expr
	switch d := d.(type) {
	case *ast.EmbedDecl:
		of = d.Expr
	case *ast.Comprehension:
		of = d.Value
	}
	for _, x := range operands(of) {
		if block, ok := x.(*ast.StructLit); ok {
			decls = append(decls, block.Elts...)
		}
	}
	return decls
}

// within returns every place below another where the rest of a path is written.
func within(w written, rest []string) (found []written) {
	if len(rest) == 0 {
		return []written{w}
	}
	for _, x := range operands(w.value) {
		switch x := x.(type) {
		case *ast.StructLit:
			found = append(found, find(x.Elts, rest)...)
		case *ast.ListLit:
			if i, err := strconv.Atoi(rest[0]); err == nil && i >= 0 && i < len(x.Elts) {
				found = append(found, within(written{position(x.Elts[i].Pos()), x.Elts[i]}, rest[1:])...)
			}
		}
	}
	return found
}

// operands are what an expression such as schema.#Prod & {…} unifies.
func operands(x ast.Expr) []ast.Expr {
	switch y := x.(type) {
	case *ast.ParenExpr:
		return operands(y.X)
	case *ast.BinaryExpr:
		if y.Op == token.AND {
			return append(operands(y.X), operands(y.Y)...)
		}
	}
	return []ast.Expr{x}
}

// enclosing returns the innermost field or element around a position, and its path.
func (s *sources) enclosing(pos Position) (in written, fieldPath []string) {
	file, ok := s.files[pos.File]
	if !ok {
		return written{}, nil
	}
	for w, name, ok := declAt(file.Decls, pos); ok; w, name, ok = below(w, pos) {
		in, fieldPath = w, append(fieldPath, name)
	}
	return in, fieldPath
}

func below(w written, pos Position) (in written, name string, ok bool) {
	for _, x := range operands(w.value) {
		switch x := x.(type) {
		case *ast.StructLit:
			if in, name, ok = declAt(x.Elts, pos); ok {
				return in, name, ok
			}
		case *ast.ListLit:
			for i, e := range x.Elts {
				if contains(e, pos) {
					return written{position(e.Pos()), e}, strconv.Itoa(i), true
				}
			}
		}
	}
	return written{}, "", false
}

func declAt(decls []ast.Decl, pos Position) (in written, name string, ok bool) {
	for _, d := range decls {
		f, ok := d.(*ast.Field)
		if !ok {
			if in, name, ok := declAt(embedded(d), pos); ok {
				return in, name, ok
			}
			continue
		}
		if !contains(f, pos) {
			continue
		}
		name, _, err := ast.LabelName(f.Label)
		return written{position(f.Pos()), f.Value}, name, err == nil
	}
	return written{}, "", false
}

func contains(n ast.Node, pos Position) bool {
	return !before(pos, position(n.Pos())) && before(pos, position(n.End()))
}

func before(a, b Position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
}

// position is a place in a file as people count it. Positions inside the vendored
// schema are places too; callers leave them out.
func position(p token.Pos) Position {
	q := p.Position()
	return Position{strings.TrimPrefix(q.Filename, "/"), q.Line, q.Column}
}
