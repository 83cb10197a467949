package render

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

var dev = Owner{Env: "dev", Roots: []string{"deploy/dev", "clusters/dev"}}

// onDisk returns a file system with the files of tree as Write leaves them.
func onDisk(t *testing.T, tree Tree) fstest.MapFS {
	t.Helper()
	stamped, err := dev.Stamp(tree)
	if err != nil {
		t.Fatal(err)
	}
	fsys := make(fstest.MapFS)
	for name, data := range stamped.All() {
		fsys[name] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	return fsys
}

func TestCheck(t *testing.T) {
	const compose, values, sync = "deploy/dev/compose.yaml", "deploy/dev/values.schema.json", "clusters/dev/apps.yaml"
	old := treeOf(t, compose, "a: 1\nb: 2\n", values, "{}\n", sync, "x\n")
	edit := func(name, from, to string) func(fstest.MapFS) {
		return func(fsys fstest.MapFS) {
			fsys[name].Data = []byte(strings.ReplaceAll(string(fsys[name].Data), from, to))
		}
	}
	put := func(name, data string) func(fstest.MapFS) {
		return func(fsys fstest.MapFS) { fsys[name] = &fstest.MapFile{Data: []byte(data)} }
	}
	remove := func(name string) func(fstest.MapFS) { return func(fsys fstest.MapFS) { delete(fsys, name) } }
	keep := func(fstest.MapFS) {}

	for _, tt := range []struct {
		what   string
		change func(fstest.MapFS)
		now    Tree
		want   string
	}{
		{"what was just written is clean", keep, old, "[] <nil>"},
		{"a changed render makes outdated", keep, treeOf(t, compose, "a: 2\n", values, "{}\n", sync, "x\n"), "[{deploy/dev/compose.yaml outdated}] <nil>"},
		{"a changed JSON file too, and its manifest", keep, treeOf(t, compose, "a: 1\nb: 2\n", values, "[]\n", sync, "x\n"),
			"[{deploy/dev/.rendered outdated} {deploy/dev/values.schema.json outdated}] <nil>"},
		{"a changed value makes hand-edited", edit(compose, "a: 1", "a: 9"), old, "[{deploy/dev/compose.yaml hand-edited}] <nil>"},
		{"in JSON too", edit(values, "{}", "[]"), old, "[{deploy/dev/values.schema.json hand-edited}] <nil>"},
		{"in the manifest too", edit("deploy/dev/.rendered", "values", "other"), old, "[{deploy/dev/.rendered hand-edited}] <nil>"},
		{"an edit that is what is rendered now has nothing to lose", edit(values, "{}", "[]"), treeOf(t, compose, "a: 1\nb: 2\n", values, "[]\n", sync, "x\n"),
			"[{deploy/dev/.rendered outdated}] <nil>"},
		{"other words in a header are outdated", edit(compose, "do not edit", "don't edit"), old, "[{deploy/dev/compose.yaml outdated}] <nil>"},
		{"a file of another environment is outdated", edit(compose, "environments/dev", "environments/staging"), old, "[{deploy/dev/compose.yaml outdated}] <nil>"},
		{"a deleted file is missing", remove(sync), old, "[{clusters/dev/apps.yaml missing}] <nil>"},
		{"what is no longer rendered is orphaned", keep, treeOf(t, compose, "a: 1\nb: 2\n"),
			"[{clusters/dev/apps.yaml orphaned} {deploy/dev/.rendered orphaned} {deploy/dev/values.schema.json orphaned}] <nil>"},
		{"an edited orphan is hand-edited", edit(sync, "x\n", "y\n"), treeOf(t, compose, "a: 1\nb: 2\n", values, "{}\n"), "[{clusters/dev/apps.yaml hand-edited}] <nil>"},
		{"an empty folder has everything missing", func(fsys fstest.MapFS) { clear(fsys) }, treeOf(t, compose, ""), "[{deploy/dev/compose.yaml missing}] <nil>"},
		{"Windows line endings are no change", func(fsys fstest.MapFS) {
			for name := range fsys {
				edit(name, "\n", "\r\n")(fsys)
			}
		}, old, "[] <nil>"},
		{"an edit shows under Windows line endings", func(fsys fstest.MapFS) {
			edit(values, "{}\n", "[]\r\n")(fsys)
			edit(compose, "\n", "\r\n")(fsys)
			edit(compose, "a: 1", "a: 9")(fsys)
		}, old, "[{deploy/dev/compose.yaml hand-edited} {deploy/dev/values.schema.json hand-edited}] <nil>"},
		{"a byte order mark is no change", func(fsys fstest.MapFS) {
			put(values, "\ufeff{}\n")(fsys)
			edit(compose, "# Made", "\ufeff# Made")(fsys)
		}, old, "[] <nil>"},
		{"rendered line endings are held to", edit(compose, "\r\n", "\n"), treeOf(t, compose, "a: 1\r\nb: 2\n", values, "{}\n", sync, "x\n"),
			"[{deploy/dev/compose.yaml outdated}] <nil>"},
		{"a person's files are passed over", func(fsys fstest.MapFS) {
			put("deploy/dev/compose.override.yaml", "theirs\n")(fsys)
			put("deploy/dev/notes.md", devHeader)(fsys)
			put("deploy/dev/secrets/db.yaml", "sops: {}\n")(fsys)
		}, old, "[] <nil>"},
		{"orphans are looked for in the roots only", put("deploy/prod/x.yaml", string(withHeader("#", "dev", nil))), old, "[] <nil>"},
		{"what a killed write left is passed over", put("deploy/dev/.mlops-gitops-7", "half"), old, "[] <nil>"},
		{"a person's file in the way is an error", put(compose, "theirs\n"), old, "[] deploy/dev/compose.yaml exists and was not made by mlops-gitops"},
		{"a person's JSON file too", func(fsys fstest.MapFS) { put(values, "1")(fsys); remove("deploy/dev/.rendered")(fsys) }, old,
			"[] deploy/dev/values.schema.json exists and was not made by mlops-gitops"},
		{"each of them is named", func(fsys fstest.MapFS) { put(compose, "")(fsys); put(sync, "")(fsys) }, old,
			"[] clusters/dev/apps.yaml exists and was not made by mlops-gitops\ndeploy/dev/compose.yaml exists and was not made by mlops-gitops"},
		{"a folder in the way is an error", func(fsys fstest.MapFS) { remove(compose)(fsys); put(compose+"/x", "")(fsys) }, old,
			"[] deploy/dev/compose.yaml must be a plain file, not a folder or a link"},
		{"a file in place of a folder is an error", put("deploy/dev/kube", ""), treeOf(t, "deploy/dev/kube/a.yaml", "", "deploy/dev/kube/b.yaml", ""),
			"[] deploy/dev/kube must be a folder, not a file or a link"},
		{"a file in place of a root is an error", func(fsys fstest.MapFS) { clear(fsys); put("deploy", "")(fsys) }, old,
			"[] deploy must be a folder, not a file or a link"},
	} {
		fsys := onDisk(t, old)
		tt.change(fsys)
		drifts, err := Check(fsys, dev, tt.now)
		if got := fmt.Sprint(drifts, " ", err); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.what, got, tt.want)
		}
	}
}

func TestOccupiedHasAHint(t *testing.T) {
	fsys := fstest.MapFS{"deploy/dev/compose.yaml": &fstest.MapFile{Data: []byte("theirs\n")}}
	_, err := Check(fsys, dev, treeOf(t, "deploy/dev/compose.yaml", ""))
	if occupied, ok := errors.AsType[*Occupied](err); !ok || occupied.Hint() != "move it away or delete it" {
		t.Errorf("got %v", err)
	}
}

// TestLinks holds that neither reading nor writing passes a symbolic link, in
// any place where one could lead out of the repository.
func TestLinks(t *testing.T) {
	tree := treeOf(t, "deploy/dev/kube/a.yaml", "new\n", "deploy/dev/b.json", "{}\n")
	for _, tt := range []struct{ what, link, want string }{
		{"a file", "deploy/dev/kube/a.yaml", "deploy/dev/kube/a.yaml must be a plain file, not a folder or a link"},
		{"a file without header", "deploy/dev/b.json", "deploy/dev/b.json must be a plain file, not a folder or a link"},
		{"the manifest", "deploy/dev/.rendered", "deploy/dev/.rendered must be a plain file, not a folder or a link"},
		{"a folder", "deploy/dev/kube", "deploy/dev/kube must be a folder, not a file or a link"},
		{"a root", "deploy/dev", "deploy/dev must be a folder, not a file or a link"},
		{"the folder of a root", "deploy", "deploy must be a folder, not a file or a link"},
		{"the lock", ".mlops-gitops-dev.lock", ".mlops-gitops-dev.lock must be a plain file, not a folder or a link"},
	} {
		for _, target := range []string{"outside/dir", "outside/file", "outside/none"} {
			base := t.TempDir()
			dir := filepath.Join(base, "repo")
			link := filepath.Join(dir, filepath.FromSlash(tt.link))
			for _, d := range []string{filepath.Dir(link), filepath.Join(base, "outside/dir/dev/kube")} {
				if err := os.MkdirAll(d, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			mine := withHeader("#", "dev", []byte("theirs\n"))
			for _, name := range []string{"outside/file", "outside/dir/a.yaml", "outside/dir/dev/kube/a.yaml", "outside/dir/dev/orphan.yaml"} {
				if err := os.WriteFile(filepath.Join(base, name), mine, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Symlink(filepath.Join(base, target), link); err != nil {
				t.Fatal(err)
			}
			before := contents(t, base)
			if _, err := Write(dir, dev, tree, Options{Force: true}); fmt.Sprint(err) != tt.want {
				t.Errorf("%s is a link to %s: got %v, want %s", tt.what, target, err, tt.want)
			}
			if after := contents(t, base); !slices.Equal(before, after) {
				t.Errorf("%s is a link to %s: something was written:\n%v\n%v", tt.what, target, before, after)
			}
		}
	}
}

func TestLinksOfOthersAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	tree := treeOf(t, "deploy/dev/a.yaml", "a\n")
	write(t, dir, tree)
	if err := os.Symlink("a.yaml", filepath.Join(dir, "deploy/dev/link.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "deploy/dev/folder")); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	if result := write(t, dir, tree); len(result.Unchanged) != 1 || len(result.Written)+len(result.Removed) > 0 {
		t.Errorf("got %+v", result)
	}
	if after := contents(t, dir); !slices.Equal(before, after) {
		t.Errorf("changed from %v to %v", before, after)
	}
}
