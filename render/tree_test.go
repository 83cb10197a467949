package render

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// treeOf returns a tree of path, contents pairs.
func treeOf(t testing.TB, files ...string) Tree {
	t.Helper()
	var tree Tree
	for i := 0; i < len(files); i += 2 {
		if err := tree.Add(files[i], []byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

func TestTreeAdd(t *testing.T) {
	for _, tt := range []struct{ what, path, want string }{
		{"a plain path is taken", "deploy/dev/kube/service.yaml", "<nil>"},
		{"a neighbour whose name starts alike is taken", "deploy/dev/compose.yaml.md", "<nil>"},
		{"a second owner is refused", "deploy/dev/compose.yaml", "two renderers make deploy/dev/compose.yaml"},
		{"a path can't leave the tree", "../x", `"../x" is not a path inside the tree`},
		{"a path isn't absolute", "/etc/passwd", `"/etc/passwd" is not a path inside the tree`},
		{"the tree itself is no file", ".", `"." is not a path inside the tree`},
		{"a path is written in one way only", "deploy//dev/x", `"deploy//dev/x" is not a path inside the tree`},
		{"a path means the same on Windows", `deploy\dev`, `"deploy\\dev" is not a path inside the tree`},
		{"a path stays on one line", "deploy/a\nb", `"deploy/a\nb" is not a path inside the tree`},
		{"a name is no longer than file systems allow", strings.Repeat("x", 256), `"` + strings.Repeat("x", 256) + `" is not a path inside the tree`},
		{"names that differ in case only are refused", "deploy/dev/Compose.yaml",
			"deploy/dev/compose.yaml and deploy/dev/Compose.yaml are the same where case doesn't count (macOS, Windows)"},
		{"folders that differ in case only are refused", "deploy/Dev/other.yaml",
			"deploy/dev and deploy/Dev are the same where case doesn't count (macOS, Windows)"},
		{"a file can't be a folder", "deploy/dev/compose.yaml/x", "deploy/dev/compose.yaml would be both a file and a folder"},
		{"a folder can't be a file", "deploy/dev", "deploy/dev would be both a file and a folder"},
	} {
		tree := treeOf(t, "deploy/dev/compose.yaml", "")
		err := tree.Add(tt.path, nil)
		if got := fmt.Sprint(err); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, got, tt.want)
		}
		if err != nil && tree.Len() != 1 {
			t.Errorf("%s: the refused file is in the tree", tt.what)
		}
	}
}

func TestTreeOrderDoesNotShow(t *testing.T) {
	one := treeOf(t, "b/x", "1", "a", "2", "b/c/y", "3")
	two := treeOf(t, "b/c/y", "3", "b/x", "1", "a", "2")
	want := []string{"a", "b/c/y", "b/x"}
	if !slices.Equal(one.Paths(), want) || !slices.Equal(two.Paths(), want) {
		t.Errorf("paths are %v and %v, want %v", one.Paths(), two.Paths(), want)
	}
	var seen []string
	for name, data := range one.All() {
		seen = append(seen, name+"="+string(data))
	}
	if want := []string{"a=2", "b/c/y=3", "b/x=1"}; !slices.Equal(seen, want) {
		t.Errorf("All goes over %v, want %v", seen, want)
	}
}

func TestTreeMerge(t *testing.T) {
	var tree Tree
	for _, part := range []Tree{{}, treeOf(t, "a", "1"), treeOf(t, "b", "2")} {
		if err := tree.Merge(part); err != nil {
			t.Fatal(err)
		}
	}
	if data, ok := tree.File("b"); !ok || string(data) != "2" || tree.Len() != 2 {
		t.Errorf("merged tree has %v, b is %q", tree.Paths(), data)
	}
	if got, want := fmt.Sprint(tree.Merge(treeOf(t, "a", "1"))), "two renderers make a"; got != want {
		t.Errorf("merging a path twice: got %s, want %s", got, want)
	}
}
