package load

import (
	"path"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
)

// imports are the files that an environment is made of beside its own folder and
// what all environments share, by path: those of the repository's own packages.
func imports(env string, inst *build.Instance) map[string]*ast.File {
	found := map[string]*ast.File{}
	for _, i := range append(inst.Dependencies(), inst) {
		for _, file := range i.Files {
			p := strings.TrimPrefix(file.Filename, "/")
			dir := path.Dir(p)
			top, _, _ := strings.Cut(p, "/")
			if dir != folder && dir != path.Join(folder, env) && top != "schema" && top != "cue.mod" {
				found[p] = file
			}
		}
	}
	return found
}

// refusedIn says what of imported files is refused.
func refusedIn(files map[string]*ast.File) (mistakes []*Mistake) {
	for _, p := range sortedKeys(files) {
		mistakes = append(mistakes, refused(files[p])...)
	}
	return mistakes
}
