package repo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// contents are all that Contents shows, each as "PLACES: DATA", in order.
func (s sandbox) contents(dir string, limit int64) (all []string, whole bool) {
	s.Helper()
	whole, err := s.open(dir).Contents(context.Background(), limit, func(c Content) error {
		var at []string
		for _, p := range c.Places {
			text := p.Path
			switch {
			case p.Path == "" && p.Commit == "":
				text = "message of " + p.Tag
			case p.Path == "":
				text = "message"
			case p.Commit == "":
				text += " staged"
			default:
				text += " in " + s.git(dir, "log", "-1", "--format=%s", p.Commit)
			}
			at = append(at, text)
		}
		data := string(c.Data)
		if c.Data == nil {
			data = fmt.Sprintf("%d bytes", c.Size)
		}
		all = append(all, strings.Join(at, " and ")+": "+strings.TrimSpace(data))
		return nil
	})
	if err != nil {
		s.Fatal(err)
	}
	slices.Sort(all)
	return all, whole
}

// All that Git keeps is shown, each object once, wherever a reference leads.
func TestContents(t *testing.T) {
	s := newSandbox(t)
	s.git(".", "init", "--quiet")
	commit := func(message, name, text string) {
		s.write(name, text)
		s.git(".", "add", "--force", name)
		s.git(".", "commit", "--quiet", "-m", message)
	}
	s.write(".gitignore", ".gitconfig\n.cache\n")
	commit("first", "config/a", "one")
	commit("second", "config/a", "two")
	commit("third", "beside/copy", "two")
	s.git(".", "tag", "--annotate", "-m", "of a tag", "v1")
	s.git(".", "tag", "--annotate", "-m", "of a tag's tag", "v2", "v1")
	s.git(".", "tag", "blob", s.pipe(".", "tagged alone", "hash-object", "-w", "--stdin"))
	s.git(".", "switch", "--quiet", "--create", "side", "HEAD~2")
	commit("of a branch", "config/a", "side")
	s.git(".", "notes", "add", "-m", "of a note")
	s.git(".", "worktree", "add", "--quiet", "--detach", ".linked")
	s.write(".linked/config/a", "in a linked work tree")
	s.git(".linked", "commit", "--quiet", "--all", "-m", "detached")
	s.git(".", "switch", "--quiet", "main")
	for _, text := range []string{"stashed first", "stashed second"} {
		s.write("config/a", text)
		s.git(".", "stash", "--quiet")
	}
	s.write("config/b", "staged")
	s.git(".", "add", "config/b")
	s.write("config/b", "changed again, and no content of Git")
	s.write("config/c", "not there yet")
	s.git(".", "add", "--intent-to-add", "config/c")
	check := func(what string) {
		t.Helper()
		got, whole := s.contents("config", 1000)
		if !whole {
			t.Errorf("%s: it is not whole", what)
		}
		for _, want := range []string{
			"a in first: one", "a in second and ../beside/copy in third: two", "a in of a branch: side", "a in detached: in a linked work tree",
			"b staged: staged", "message of v1: of a tag", "message of v2: of a tag's tag", "message of blob: tagged alone", "message: first", "message: second", "message: detached",
		} {
			if n := len(slices.DeleteFunc(slices.Clone(got), func(s string) bool { return s != want })); n != 1 {
				t.Errorf("%s: %d times %q in %q", what, n, want, got)
			}
		}
		text := strings.Join(got, "\n")
		for _, want := range []string{": stashed first", ": stashed second", ": of a note"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in %q", what, want, text)
			}
		}
		if strings.Contains(text, "changed again") {
			t.Errorf("%s: what Git has not got is in %q", what, text)
		}
	}
	check("loose objects")
	s.git(".", "pack-refs", "--all")
	s.git(".", "gc", "--quiet")
	check("a pack")
	if got, _ := s.contents("config", 3); !slices.Contains(got, "b staged: 6 bytes") || !slices.Contains(got, "a in first: one") {
		t.Errorf("with a limit: %q", got)
	}
	s.git(".", "clone", "--quiet", "--depth", "1", "file://"+s.home, "clone")
	if got, whole := s.contents("clone", 1000); whole || !slices.Contains(got, "message: third") || slices.Contains(got, "message: first") {
		t.Errorf("a shallow clone: %v, %q", whole, got)
	}
}

// Trees that are many times in one another are each read once.
func TestContentsOfTreesInTrees(t *testing.T) {
	s := newSandbox(t)
	s.git(".", "init", "--quiet")
	below := "100644 blob " + s.pipe(".", "the one file", "hash-object", "-w", "--stdin") + "\tname\n"
	for range 40 { // 10 to the power of 40 paths
		tree := s.pipe(".", below, "mktree")
		below = ""
		for n := range 10 {
			below += fmt.Sprintf("040000 tree %s\t%d\n", tree, n)
		}
	}
	s.git(".", "update-ref", "refs/heads/main", s.git(".", "commit-tree", "-m", "deep", s.pipe(".", below, "mktree")))
	if got, _ := s.contents(".", 1000); len(got) != 2 || !strings.HasSuffix(got[0], ": the one file") {
		t.Errorf("%d contents, %.300q", len(got), got)
	}
}

// What Git would take is what it does take.
func TestTakes(t *testing.T) {
	s := newSandbox(t)
	s.git(".", "init", "--quiet")
	s.write(".gitignore", "/.gitconfig\n*.agekey\n/out/\n!keep.agekey\n")
	for _, name := range []string{"a", "config/b", "config/x.agekey", "config/keep.agekey", "out/c", "out/forced", "config/.secrets/dev/value", "open/.secrets/dev/value", "other/d", "deep/er/e"} {
		s.write(name, name)
	}
	s.write("config/.secrets/.gitignore", "*\n")
	s.git(".", "add", "--force", "out/forced")
	s.git(".", "init", "--quiet", "other")
	got, err := s.open("config").Takes(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"../.gitignore", "../a", "../deep/er/e", "../open/.secrets/dev/value", "../out/forced", "b", "keep.agekey"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	s.git("other", "commit", "--quiet", "--allow-empty", "-m", "so that it can be added")
	s.git(".", "-c", "advice.addEmbeddedRepo=false", "add", "--all")
	var taken []string
	for name := range strings.Lines(s.git("config", "ls-files", "--full-name", "..")) {
		if name = strings.TrimSpace(name); name != "other" {
			taken = append(taken, s.open("config").fromConfig(name))
		}
	}
	slices.Sort(taken)
	if !slices.Equal(taken, want) {
		t.Errorf("git takes %q\nwant      %q", taken, want)
	}
}
