// Package loadtest is what the tests of renderers share: environments from CUE, and
// txtar archives that hold an environment's files and what is made of them. Nothing but
// tests uses it.
package loadtest

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

const inputs = "environments/"

// Load evaluates an environment of files, by path in a config repository. Where they hold
// none of its own, its mode is its name.
func Load(t testing.TB, env string, files map[string]string) load.Loaded {
	t.Helper()
	loaded, err := Open(t, env, files).Load(env)
	if err != nil {
		t.Fatal(err)
	}
	return loaded[0]
}

// Open is the config repository in which Load evaluates.
func Open(t testing.TB, env string, files map[string]string) *load.Repository {
	t.Helper()
	repo := fstest.MapFS{
		"cue.mod/module.cue":              {Data: []byte(module)},
		"cue.mod/local-module.cue":        {Data: []byte(local)},
		inputs + "environment.cue":        {Data: []byte(everywhere)},
		inputs + env + "/environment.cue": {Data: []byte("package environments\n\nenvironment: mode: \"" + env + "\"\n")},
	}
	err := fs.WalkDir(schema.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(schema.Files, name)
		repo["schema/"+name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		repo[name] = &fstest.MapFile{Data: []byte(text)}
	}
	r, err := load.Open(repo, "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const (
	module     = "module: \"example.com/platform@v0\"\nlanguage: version: \"v0.17.0\"\ndeps: \"github.com/mlops-gitops/mlops-gitops/schema@v0\": v: \"v0.1.0\"\n"
	local      = "deps: \"github.com/mlops-gitops/mlops-gitops/schema@v0\": replaceWith: \"./schema\"\n"
	everywhere = "package environments\n\nimport \"github.com/mlops-gitops/mlops-gitops/schema@v0\"\n\nenvironment: schema.#Environment\n"
)

// Each does something with the environment of each archive in testdata.
func Each(t *testing.T, env string, do func(*testing.T, load.Loaded)) {
	each(t, func(t *testing.T, _ string, archive *txtar.Archive) { do(t, Load(t, env, given(archive))) })
}

// Golden runs make on the environment of each archive in testdata and compares what
// it makes with the archive's other files. With update it rewrites them instead.
func Golden(t *testing.T, env string, update bool, make func(*testing.T, load.Loaded) map[string]string) {
	each(t, func(t *testing.T, file string, archive *txtar.Archive) {
		made := make(t, Load(t, env, given(archive)))
		for name, text := range made {
			if text != "" && !strings.HasSuffix(text, "\n") {
				made[name] += "\n" // as archives have it
			}
		}
		if update {
			rewrite(t, file, archive, made)
			return
		}
		wanted := map[string]string{}
		for _, f := range archive.Files {
			if !strings.HasPrefix(f.Name, inputs) {
				wanted[f.Name] = string(f.Data)
			}
		}
		all := maps.Clone(wanted)
		maps.Copy(all, made)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if made[name] != wanted[name] {
				t.Errorf("UPDATE=1 accepts what is made:\n%s", diff.Diff(file+": "+name, []byte(wanted[name]), "made", []byte(made[name])))
			}
		}
	})
}

func each(t *testing.T, do func(t *testing.T, file string, archive *txtar.Archive)) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata holds no archives: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			do(t, file, archive)
		})
	}
}

// given are the files of an environment in an archive.
func given(archive *txtar.Archive) map[string]string {
	files := map[string]string{}
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, inputs) {
			files[f.Name] = string(f.Data)
		}
	}
	return files
}

func rewrite(t *testing.T, file string, archive *txtar.Archive, made map[string]string) {
	t.Helper()
	archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return !strings.HasPrefix(f.Name, inputs) })
	for _, name := range slices.Sorted(maps.Keys(made)) {
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(made[name])})
	}
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
