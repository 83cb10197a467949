// Package kubetest is what the tests of the cluster's renderers share: environments
// from CUE, and txtar archives that hold an environment's files and what is made of
// them. Nothing but tests uses it.
package kubetest

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

// Load evaluates the environment prod of files, by path in a config repository.
func Load(t *testing.T, files map[string]string) load.Loaded {
	t.Helper()
	repo := fstest.MapFS{
		"cue.mod/module.cue":                {Data: []byte(module)},
		"cue.mod/local-module.cue":          {Data: []byte(local)},
		"environments/environment.cue":      {Data: []byte(everywhere)},
		"environments/prod/environment.cue": {Data: []byte("package environments\n\nenvironment: mode: \"prod\"\n")},
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
	loaded, err := r.Load("prod")
	if err != nil {
		t.Fatal(err)
	}
	return loaded[0]
}

const (
	module     = "module: \"example.com/platform@v0\"\nlanguage: version: \"v0.17.0\"\ndeps: \"github.com/mlops-gitops/mlops-gitops/schema@v0\": v: \"v0.1.0\"\n"
	local      = "deps: \"github.com/mlops-gitops/mlops-gitops/schema@v0\": replaceWith: \"./schema\"\n"
	everywhere = "package environments\n\nimport \"github.com/mlops-gitops/mlops-gitops/schema@v0\"\n\nenvironment: schema.#Environment\n"
)

// Golden runs make on the environment of each archive in testdata and compares what
// it makes with the archive's other files. With update it rewrites them instead.
func Golden(t *testing.T, update bool, make func(*testing.T, load.Loaded) map[string]string) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("testdata holds no archives: %v", err)
	}
	for _, file := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			given, wanted := map[string]string{}, map[string]string{}
			for _, f := range archive.Files {
				if strings.HasPrefix(f.Name, inputs) {
					given[f.Name] = string(f.Data)
				} else {
					wanted[f.Name] = string(f.Data)
				}
			}
			made := make(t, Load(t, given))
			if update {
				rewrite(t, file, archive, made)
				return
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
