package load

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// A witness is a file system that remembers which files were read, and which names
// were asked for at all.
type witness struct {
	tree  fstest.MapFS
	mu    sync.Mutex
	read  map[string]bool
	asked map[string]bool
}

func (w *witness) note(names map[string]bool, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	names[name] = true
}

func (w *witness) Open(name string) (fs.File, error) {
	w.note(w.asked, name)
	if file, ok := w.tree[name]; ok && file.Mode.IsRegular() {
		w.note(w.read, name)
	}
	return w.tree.Open(name)
}

func (w *witness) Stat(name string) (fs.FileInfo, error) {
	w.note(w.asked, name)
	return w.tree.Stat(name)
}

// TestNothingOutside holds that a load asks for the module, the schema, what the
// environment imports and its own files, and for nothing of the disk, of another
// environment or above the tree.
func TestNothingOutside(t *testing.T) {
	w := &witness{read: map[string]bool{}, asked: map[string]bool{}, tree: tree(t, `
-- shared/x.cue --
package shared

level: "debug"
-- environments/dev/e.cue --
package environments

import "example.com/platform/shared"

environment: {mode: "dev", mlflow: env: LEVEL: shared.level, mlflow: wokers: 1}
-- environments/prod/e.cue --
package environments

environment: mode: "prod"
-- secrets.txt --
-- deploy/dev/compose.yaml --
`)}
	if got := mistakes(t, w, "dev"); !strings.HasPrefix(got, `environments/dev/e.cue:5:70: mlflow has no field "wokers"`) {
		t.Error(got)
	}
	for name := range w.asked {
		if !fs.ValidPath(name) {
			t.Errorf("%q was asked for, which is no path in the tree", name)
		}
	}
	for name := range w.read {
		if dir := path.Dir(name); !slices.Contains([]string{"cue.mod", "environments", "environments/dev", "schema", "schema/cue.mod", "shared"}, dir) {
			t.Errorf("%s was read, to load dev", name)
		}
	}
	if !w.read["shared/x.cue"] || !w.read["schema/types.cue"] || !w.read["environments/dev/e.cue"] {
		t.Error("the witness saw nothing")
	}
}

// TestImports holds what a reader is told about what is not in the repository: no
// network is asked.
func TestImports(t *testing.T) {
	for _, tt := range []struct{ what, files, want string }{
		{"a module of others", "-- environments/dev/e.cue --\npackage environments\n\nimport \"example.com/x\"\n\nenvironment: {mode: \"dev\", mlflow: workers: x.y, mlflow: wokers: 1}\n",
			"environments/dev/e.cue:3:8: there is no package \"example.com/x\" here\n  " + errOffline.Error() + "\n" +
				"environments/dev/e.cue:5:58: mlflow has no field \"wokers\"\n  did you mean \"workers\"?\n"},
		{"a module of others that is named as a dependency", "-- cue.mod/module.cue --\nmodule: \"example.com/platform@v0\"\nlanguage: version: \"v0.17.0\"\ndeps: \"" + modulePath + "\": v: \"v0.1.0\"\ndeps: \"example.com/x@v0\": v: \"v0.1.0\"\n" +
			"-- environments/dev/e.cue --\npackage environments\n\nimport \"example.com/x@v0\"\n\nenvironment: {mode: \"dev\", mlflow: workers: x.y}\n",
			"environments/dev/e.cue:3:8: there is no package \"example.com/x@v0\" here\n  " + errOffline.Error() + "\n"},
		{"a package of one's own that is not there", "-- environments/dev/e.cue --\npackage environments\n\nimport \"example.com/platform/shared\"\n\nenvironment: {mode: \"dev\", mlflow: workers: shared.n}\n",
			"environments/dev/e.cue:3:8: there is no package \"example.com/platform/shared\" here\n  " + errOffline.Error() + "\n"},
		{"a package of one's own that is no CUE", "-- shared/x.cue --\npackage shared\n\nn: {{\n-- environments/dev/e.cue --\npackage environments\n\nimport \"example.com/platform/shared\"\n\nenvironment: {mode: \"dev\", mlflow: workers: shared.n}\n",
			"shared/x.cue:3:7: the file ends, and what opens at line 3, column 5 is not closed\n  close it with }\n"},
		{"nothing used", "-- environments/dev/e.cue --\npackage environments\n\nimport \"strings\"\n\nenvironment: {mode: \"dev\", mlflow: wokers: 1}\n",
			"environments/dev/e.cue:3:8: \"strings\" is imported and not used\n  take the import out\n" +
				"environments/dev/e.cue:5:36: mlflow has no field \"wokers\"\n  did you mean \"workers\"?\n"},
		{"a package that lacks what is used", "-- shared/x.cue --\npackage shared\n\nn: 2\n-- environments/dev/e.cue --\npackage environments\n\nimport \"example.com/platform/shared\"\n\nenvironment: {mode: \"dev\", mlflow: workers: shared.m}\n",
			"environments/dev/e.cue:5:52: shared has no \"m\"\n"},
		{"a schema that is not vendored", "-- cue.mod/local-module.cue --\n-- environments/dev/e.cue --\npackage environments\n\nenvironment: mode: \"dev\"\n",
			"environments/environment.cue:3:8: the vendored schema is not found\n  say in cue.mod/local-module.cue: deps: \"" + modulePath + "\": replaceWith: \"./schema\"\n"},
	} {
		if got := mistakes(t, tree(t, tt.files)); got != tt.want {
			t.Errorf("%s: got\n%swant\n%s", tt.what, got, tt.want)
		}
	}
}
