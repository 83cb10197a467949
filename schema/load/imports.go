package load

import (
	"path"
	"slices"
	"strings"
)

// packagesOfCUE are CUE's own that an environment may have a use for.
var packagesOfCUE = []string{
	"crypto/sha256", "encoding/base64", "encoding/csv", "encoding/hex", "encoding/json", "encoding/yaml",
	"list", "math", "net", "path", "regexp", "strconv", "strings", "struct", "text/template", "time", "uuid",
}

// importable is the package that a name was meant to stand for, or "".
func importable(name string) string {
	for _, pkg := range append([]string{strings.TrimSuffix(modulePath, "@v0")}, packagesOfCUE...) {
		if path.Base(pkg) == name {
			if name == "schema" {
				return modulePath
			}
			return pkg
		}
	}
	return ""
}

// meantImport is the package that someone meant who imported one that is not there, or "".
func (s *sources) meantImport(wrote string) string {
	module, _, _ := strings.Cut(s.module, "@")
	bare, _, _ := strings.Cut(strings.Split(wrote, ":")[0], "@")
	if path.Base(bare) == "schema" {
		return modulePath
	}
	if pkg := importable(bare); pkg != "" {
		return pkg
	}
	if pkg := nearest(bare, packagesOfCUE); pkg != "" {
		return pkg
	}
	// a folder of the repository, by its path from there or by a path that is nearly right
	var own []string
	for _, dir := range s.folders(".", 3) {
		if own = append(own, path.Join(module, dir)); path.Clean(bare) == dir {
			return path.Join(module, dir)
		}
	}
	if base := nearest(path.Base(bare), bases(own)); base != "" {
		return own[slices.Index(bases(own), base)]
	}
	return ""
}

func bases(paths []string) (names []string) {
	for _, p := range paths {
		names = append(names, path.Base(p))
	}
	return names
}

// folders are the folders below one that hold CUE and are no environments.
func (s *sources) folders(in string, depth int) (dirs []string) {
	entries, err := s.fsys.ReadDir(in)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		switch dir := path.Join(in, e.Name()); {
		case !e.IsDir() && isSource(e) && in != "." && (len(dirs) == 0 || dirs[0] != in):
			dirs = append([]string{in}, dirs...)
		case e.IsDir() && depth > 0 && dir != folder && dir != "schema" && dir != "cue.mod":
			dirs = append(dirs, s.folders(dir, depth-1)...)
		}
	}
	return dirs
}
