package load

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// tree is a config repository: what every one holds, and the files of a txtar archive.
func tree(t testing.TB, archive string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	put := func(name, text string) { files[name] = &fstest.MapFile{Data: []byte(text)} }
	put("cue.mod/module.cue", "module: \"example.com/platform@v0\"\nlanguage: version: \"v0.17.0\"\ndeps: \""+modulePath+"\": v: \"v0.1.0\"\n")
	put("cue.mod/local-module.cue", "deps: \""+modulePath+"\": replaceWith: \"./schema\"\n")
	put("environments/environment.cue", "package environments\n\nimport \""+modulePath+"\"\n\nenvironment: schema.#Environment\n")
	err := fs.WalkDir(schema.Files, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(schema.Files, p)
		put("schema/"+p, string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		put(f.Name, string(f.Data))
	}
	return files
}

// loaded are environments that hold.
func loaded(t testing.TB, fsys fs.FS, names ...string) []Loaded {
	t.Helper()
	r, err := Open(fsys, "")
	if err != nil {
		t.Fatal(err)
	}
	all, err := r.Load(names...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// dev is an environment that holds, of a file in environments/dev.
func dev(t testing.TB, text string) Loaded {
	t.Helper()
	files := tree(t, "")
	files["environments/dev/environment.cue"] = &fstest.MapFile{Data: []byte("package environments\n\n" + text)}
	return loaded(t, files)[0]
}

// mistakes are those of environments that do not hold, as vet prints them: each
// on a line, its hint below.
func mistakes(t testing.TB, fsys fs.FS, names ...string) string {
	t.Helper()
	r, err := Open(fsys, "")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, m := range listed(t, r, names...) {
		b.WriteString(m.Error() + "\n")
		if m.Hint() != "" {
			b.WriteString("  " + m.Hint() + "\n")
		}
	}
	return b.String()
}

// listed are the mistakes of a load, which may be none.
func listed(t testing.TB, r *Repository, names ...string) (all []*Mistake) {
	t.Helper()
	_, err := r.Load(names...)
	return ofError(t, err)
}

// ofError are the mistakes that an error joins.
func ofError(t testing.TB, err error) (all []*Mistake) {
	t.Helper()
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("%v is not a list of mistakes", err)
	}
	for _, e := range joined.Unwrap() {
		var m *Mistake
		if !errors.As(e, &m) {
			t.Fatalf("%v is not a mistake", e)
		}
		all = append(all, m)
	}
	return all
}
