package render

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// write writes tree into dir and demands that nothing is left to do.
func write(t *testing.T, dir string, tree Tree) Result {
	t.Helper()
	result, err := Write(dir, dev, tree, Options{})
	if err != nil {
		t.Fatal(err)
	}
	exactly(t, dir, tree)
	return result
}

// exactly demands that the files of ours in dir are those of tree.
func exactly(t *testing.T, dir string, tree Tree) {
	t.Helper()
	if drifts, err := Check(os.DirFS(dir), dev, tree); err != nil || len(drifts) > 0 {
		t.Fatalf("after a write: %v, %v", drifts, err)
	}
	for _, entry := range contents(t, dir) {
		if strings.Contains(entry, reserved) {
			t.Fatalf("a write left %s", entry)
		}
	}
}

// contents lists everything below dir, folders with a slash, files with mode
// and contents.
func contents(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case d.IsDir():
			all = append(all, rel+"/")
		case !d.Type().IsRegular():
			all = append(all, rel+" link")
		default:
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			all = append(all, fmt.Sprintf("%s %o %s", rel, info.Mode(), data))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func edit(t *testing.T, dir, name, from, to string) {
	t.Helper()
	file := filepath.Join(dir, name)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(data), from, to)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWriteSaysWhatItDid(t *testing.T) {
	dir := t.TempDir()
	first := treeOf(t, "deploy/dev/a.yaml", "a\n", "deploy/dev/kube/b.json", "{}", "clusters/dev/c.yaml", "c\n")
	for _, tt := range []struct {
		what string
		tree Tree
		want string
	}{
		{"all is new", first, "{Written:[clusters/dev/c.yaml deploy/dev/.rendered deploy/dev/a.yaml deploy/dev/kube/b.json] Removed:[] Unchanged:[]}"},
		{"nothing is new", first, "{Written:[] Removed:[] Unchanged:[clusters/dev/c.yaml deploy/dev/.rendered deploy/dev/a.yaml deploy/dev/kube/b.json]}"},
		{"some of each", treeOf(t, "deploy/dev/a.yaml", "new\n", "clusters/dev/c.yaml", "c\n"),
			"{Written:[deploy/dev/a.yaml] Removed:[deploy/dev/.rendered deploy/dev/kube/b.json] Unchanged:[clusters/dev/c.yaml]}"},
		{"all is gone", Tree{}, "{Written:[] Removed:[clusters/dev/c.yaml deploy/dev/a.yaml] Unchanged:[]}"},
	} {
		if got := fmt.Sprintf("%+v", write(t, dir, tt.tree)); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.what, got, tt.want)
		}
	}
	if left := contents(t, dir); !slices.Equal(left, []string{"./", "clusters/", "deploy/"}) {
		t.Errorf("emptied folders are removed, the roots included: got %v", left)
	}
}

func TestWriteKeepsUnchangedFilesAsTheyAre(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, treeOf(t, "deploy/dev/a.yaml", "a\n", "deploy/dev/b.yaml", "b\n"))
	edit(t, dir, "deploy/dev/a.yaml", "\n", "\r\n")
	then := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	for _, name := range []string{"a.yaml", "b.yaml"} {
		if err := os.Chtimes(filepath.Join(dir, "deploy/dev", name), then, then); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, treeOf(t, "deploy/dev/a.yaml", "a\n", "deploy/dev/b.yaml", "new\n"))
	for name, kept := range map[string]bool{"a.yaml": true, "b.yaml": false} {
		info, err := os.Stat(filepath.Join(dir, "deploy/dev", name))
		if err != nil {
			t.Fatal(err)
		}
		if info.ModTime().Equal(then) != kept {
			t.Errorf("%s has modification time %s", name, info.ModTime())
		}
	}
}

func TestWriteModes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, treeOf(t, "deploy/dev/a.yaml", "a\n", "deploy/dev/b.sh", "#!/bin/sh\n"))
	for name, want := range map[string]fs.FileMode{"deploy": fs.ModeDir | 0o755, "deploy/dev": fs.ModeDir | 0o755, "deploy/dev/a.yaml": 0o644, "deploy/dev/b.sh": 0o755} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %s, want %s", name, info.Mode(), want)
		}
	}
}

func TestWriteNeverLosesAnEdit(t *testing.T) {
	old := treeOf(t, "deploy/dev/a.yaml", "a\n", "deploy/dev/b.json", "{}", "deploy/dev/c.yaml", "c\n", "deploy/dev/d.yaml", "d\n")
	now := treeOf(t, "deploy/dev/a.yaml", "new\n", "deploy/dev/b.json", "[]", "deploy/dev/d.yaml", "new\n")
	dir := t.TempDir()
	write(t, dir, old)
	edit(t, dir, "deploy/dev/a.yaml", "a\n", "mine\n")
	edit(t, dir, "deploy/dev/b.json", "{}", `"mine"`)
	edit(t, dir, "deploy/dev/c.yaml", "c\n", "mine\n")
	before := contents(t, dir)

	_, err := Write(dir, dev, now, Options{})
	edits, ok := errors.AsType[*HandEdits](err)
	if !ok || err.Error() != "edited by hand: deploy/dev/a.yaml, deploy/dev/b.json, deploy/dev/c.yaml" {
		t.Fatalf("got %v", err)
	}
	if want := `move the change into environments/dev, then run "mlops-gitops render dev --force", which drops the edit`; edits.Hint() != want {
		t.Errorf("hint is %s, want %s", edits.Hint(), want)
	}
	if after := contents(t, dir); !slices.Equal(before, after) {
		t.Errorf("the refusal changed something:\n%v\n%v", before, after)
	}

	if _, err := Write(dir, dev, now, Options{Force: true}); err != nil {
		t.Fatal(err)
	}
	exactly(t, dir, now)
}

func TestWriteLeavesOthersFilesAlone(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, treeOf(t, "deploy/dev/kube/a.yaml", "a\n", "deploy/dev/b.json", "{}"))
	for _, name := range []string{"deploy/dev/kube/mine.yaml", "deploy/dev/mine.json", "deploy/other.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, Tree{})
	want := []string{"./", "deploy/", "deploy/dev/", "deploy/dev/kube/", "deploy/dev/kube/mine.yaml 600 mine\n", "deploy/dev/mine.json 600 mine\n", "deploy/other.yaml 600 mine\n"}
	if left := contents(t, dir); !slices.Equal(left, want) {
		t.Errorf("got %v, want %v", left, want)
	}

	if err := os.WriteFile(filepath.Join(dir, "deploy/dev/a.yaml"), []byte("mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	_, err := Write(dir, dev, treeOf(t, "deploy/dev/a.yaml", "a\n", "deploy/dev/b.yaml", "b\n"), Options{Force: true})
	if fmt.Sprint(err) != "deploy/dev/a.yaml exists and was not made by mlops-gitops" {
		t.Errorf("got %v", err)
	}
	if after := contents(t, dir); !slices.Equal(before, after) {
		t.Errorf("the refusal changed something:\n%v\n%v", before, after)
	}
}

func TestWriteThatFailsBeforeTheFirstRenameChangesNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, treeOf(t, "deploy/dev/a.yaml", "a\n"))
	// A folder takes the name of the third temporary file.
	if err := os.Mkdir(filepath.Join(dir, "deploy/dev/"+reserved+"2"), 0o755); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	tree := treeOf(t, "clusters/dev/a/b/c.yaml", "c\n", "deploy/dev/a.yaml", "new\n", "deploy/dev/b.yaml", "b\n")
	if _, err := Write(dir, dev, tree, Options{}); !errors.Is(err, fs.ErrExist) || !strings.HasPrefix(err.Error(), "write deploy/dev/b.yaml: ") {
		t.Fatalf("got %v", err)
	}
	if after := contents(t, dir); !slices.Equal(before, after) {
		t.Errorf("the failure changed something:\n%v\n%v", before, after)
	}
}

func TestCommitThatFailsHalfWayLeavesNoTemporaries(t *testing.T) {
	dir := t.TempDir()
	w := writer{root: opened(t, dir)}
	for _, name := range []string{"a/1", "b/2", "c/3"} {
		if err := w.put(name, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.root.MkdirAll("b/2/full", 0o755); err != nil {
		t.Fatal(err)
	}
	err := w.commit()
	if err == nil || !strings.HasPrefix(err.Error(), "b/2: 1 of 3 changes were made, run it again for the others: ") {
		t.Errorf("got %v", err)
	}
	if err := w.abandon(); err != nil {
		t.Error(err)
	}
	if got, want := contents(t, dir), []string{"./", "a/", "a/1 644 x", "b/", "b/2/", "b/2/full/"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestManifestVouchesForFilesAfterEveryStep(t *testing.T) {
	trees := map[string]Tree{
		"some":    treeOf(t, "deploy/dev/a.json", "1", "deploy/dev/b.json", "1", "deploy/dev/c.yaml", "1"),
		"others":  treeOf(t, "deploy/dev/a.json", "2", "deploy/dev/d.json", "2", "deploy/dev/c.yaml", "2"),
		"none":    treeOf(t, "deploy/dev/c.yaml", "3"),
		"nothing": {},
	}
	for from, old := range trees {
		for to, now := range trees {
			for stop, done := 0, false; !done; stop++ {
				dir := t.TempDir()
				write(t, dir, old)
				done = stopAfter(t, dir, now, stop)
				// Whatever is rendered next, nothing may look like a person's.
				if _, err := Write(dir, dev, treeOf(t, "deploy/dev/a.json", "9", "deploy/dev/d.json", "9"), Options{}); err != nil {
					t.Errorf("from %s to %s, killed after step %d: %v", from, to, stop, err)
				}
				exactly(t, dir, treeOf(t, "deploy/dev/a.json", "9", "deploy/dev/d.json", "9"))
			}
		}
	}
}

// opened is a folder until the test ends.
func opened(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := root.Close(); err != nil {
			t.Error(err)
		}
	})
	return root
}

// staged has all steps before it that put tree into dir.
func staged(t *testing.T, dir string, tree Tree) writer {
	t.Helper()
	w := writer{root: opened(t, dir)}
	want, err := dev.Stamp(tree)
	if err != nil {
		t.Fatal(err)
	}
	s, err := look(w.root.FS(), dev, want)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.stage(dev, want, s, outcome(want, s.drifts)); err != nil {
		t.Fatal(err)
	}
	return w
}

// stopAfter writes tree into dir as if killed after so many steps, and reports
// whether these were all.
func stopAfter(t *testing.T, dir string, tree Tree, steps int) (done bool) {
	t.Helper()
	w := staged(t, dir, tree)
	done = steps >= len(w.steps)
	w.steps = w.steps[:min(steps, len(w.steps))]
	if err := w.commit(); err != nil {
		t.Fatal(err)
	}
	return done
}

func TestOldSpellingGoesBeforeTheNewOneComes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, treeOf(t, "deploy/dev/A.yaml", "a\n", "deploy/dev/b.yaml", "b\n"))
	w := staged(t, dir, treeOf(t, "deploy/dev/a.yaml", "a\n"))
	var targets []string
	for _, step := range w.steps {
		targets = append(targets, step.target)
	}
	if want := []string{"deploy/dev/A.yaml", "deploy/dev/a.yaml", "deploy/dev/b.yaml"}; !slices.Equal(targets, want) {
		t.Errorf("got %v, want %v", targets, want)
	}
}

// A clone under a strict umask keeps containers out of what they mount: the next
// render lets them in, though no file changes.
func TestWriteLetsOthersRead(t *testing.T) {
	dir, owner := t.TempDir(), Owner{Env: "dev", Roots: []string{"deploy/dev"}}
	var tree Tree
	if err := tree.Add("deploy/dev/files/a/run/start.sh", []byte("exec\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(dir, owner, tree, Options{}); err != nil {
		t.Fatal(err)
	}
	file, folder := filepath.Join(dir, "deploy/dev/files/a/run/start.sh"), filepath.Join(dir, "deploy/dev/files")
	if err := errors.Join(os.Chmod(file, 0o600), os.Chmod(folder, 0o700)); err != nil {
		t.Fatal(err)
	}
	result, err := Write(dir, owner, tree, Options{})
	if err != nil || len(result.Written) > 0 {
		t.Fatalf("wrote %v, %v", result.Written, err)
	}
	for path, want := range map[string]fs.FileMode{file: 0o644, folder: 0o755} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, not %v (%v)", path, info.Mode().Perm(), want, err)
		}
	}
}
