package repo

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	ann  = Author{Name: "Ann Example", Email: "ann@example.com"}
	noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.FixedZone("", 2*3600))
)

// A sandbox is a folder in which real git works, with a configuration of its own.
type sandbox struct {
	*testing.T
	home string
}

func newSandbox(t *testing.T) sandbox {
	t.Helper()
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := sandbox{t, home}
	s.write(".gitconfig", "[user]\n\tname = Ann Example\n\temail = ann@example.com\n[init]\n\tdefaultBranch = main\n[protocol \"file\"]\n\tallow = always\n[advice]\n\tdetachedHead = false\n")
	return s
}

// environ is what both git and a Repo see.
func (s sandbox) environ() []string {
	return []string{"HOME=" + s.home, "GIT_CONFIG_NOSYSTEM=1", "PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
}

func (s sandbox) lookup(name string) (string, bool) {
	for _, e := range s.environ() {
		if key, value, _ := strings.Cut(e, "="); key == name {
			return value, true
		}
	}
	return "", false
}

func (s sandbox) path(name string) string { return filepath.Join(s.home, filepath.FromSlash(name)) }

func (s sandbox) write(name, content string) {
	s.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o755); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(content), 0o644); err != nil {
		s.Fatal(err)
	}
}

func (s sandbox) remove(name string) {
	s.Helper()
	if err := os.RemoveAll(s.path(name)); err != nil {
		s.Fatal(err)
	}
}

// try runs git in a folder and returns what it printed.
func (s sandbox) try(dir string, args ...string) (string, error) {
	s.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = s.path(dir), s.environ()
	out, err := cmd.CombinedOutput()
	return strings.TrimRight(string(out), "\n"), err
}

func (s sandbox) git(dir string, args ...string) string {
	s.Helper()
	out, err := s.try(dir, args...)
	if err != nil {
		s.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// pipe runs git with an input.
func (s sandbox) pipe(dir, input string, args ...string) string {
	s.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = s.path(dir), s.environ(), strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) > 0 {
		s.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimRight(string(out), "\n")
}

// status is git's own view, unrefreshed entries told apart from changed ones.
func (s sandbox) status(dir string) string {
	s.Helper()
	return s.git(dir, "status", "--porcelain", "--untracked-files=all")
}

func (s sandbox) open(dir string) *Repo {
	s.Helper()
	r, err := Open(s.path(dir), s.lookup)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

// commit commits paths of the configuration repository in dir and checks that
// git finds the repository whole and the owned paths clean.
func (s sandbox) commit(dir string, paths ...string) Result {
	s.Helper()
	result, err := s.open(dir).Commit(context.Background(), change(paths...))
	if err != nil {
		s.Fatal(err)
	}
	s.whole(dir)
	args := append([]string{"status", "--porcelain", "--untracked-files=all", "--"}, paths...)
	if out := s.git(dir, args...); out != "" {
		s.Errorf("the owned paths are not clean:\n%s", out)
	}
	// diff-files reads no content: it shows stat data that doesn't fit.
	args = append([]string{"diff-files", "--name-only", "--"}, paths...)
	if out := s.git(dir, args...); out != "" {
		s.Errorf("index entries do not fit their files: %s", out)
	}
	return result
}

func (s sandbox) whole(dir string) {
	s.Helper()
	if out := s.git(dir, "fsck", "--full", "--strict", "--no-dangling"); strings.Contains(out, "error") || strings.Contains(out, "missing") {
		s.Errorf("git fsck: %s", out)
	}
}

func change(paths ...string) Change {
	return Change{Paths: paths, Message: "deploy dev", Author: ann, When: noon}
}

// start makes a repository with one commit: an owned folder and another file.
func (s sandbox) start(dir string) {
	s.Helper()
	s.write(dir+"/deploy/dev/compose.yaml", "a: 1\n")
	s.write(dir+"/deploy/dev/sub/x.yaml", "x: 1\n")
	s.write(dir+"/README.md", "readme\n")
	s.write(dir+"/notes.txt", "notes\n")
	s.git(".", "init", "-q", dir)
	s.git(dir, "add", ".")
	s.git(dir, "commit", "-q", "-m", "start")
}

func kinds(changes []PathChange) []string {
	var out []string
	for _, c := range changes {
		out = append(out, string(c.Kind)+" "+c.Path)
	}
	return out
}

func sameList(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// fails checks an error's words, and that it says what to do next.
func fails(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", words)
	}
	hint := ""
	if h := (interface{ Hint() string })(nil); errors.As(err, &h) {
		hint = h.Hint()
	}
	if hint == "" {
		t.Errorf("no hint with: %v", err)
	}
	t.Logf("error: %v\n  hint: %s", err, hint)
	for _, w := range words {
		if !strings.Contains(err.Error()+"\n"+hint, w) {
			t.Errorf("error %q with hint %q lacks %q", err, hint, w)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.git(".", "clone", "-q", "--bare", "work", "bare.git")
	s.git(".", "init", "-q", "--object-format=sha256", "newhash")
	s.git(".", "init", "-q", "future")
	s.git("future", "config", "core.repositoryFormatVersion", "1")
	s.git("future", "config", "extensions.refStorage", "reftable")
	s.write("stray/.git", "gitdir: ../gone\n")
	s.write("plain/file", "")
	s.git(".", "init", "-q", "elsewhere")
	s.write("other/file", "")
	s.git("elsewhere", "config", "core.worktree", s.path("other"))
	s.write("broken/.git/HEAD", "")
	for name, test := range map[string]struct {
		dir   string
		words []string
	}{
		"a folder outside any repository":       {"plain", []string{"not in a Git repository", "git init"}},
		"a .git folder that is no repository":   {"broken", []string{"not in a Git repository", "git init"}},
		"a bare repository":                     {"bare.git", []string{"bare", "git clone"}},
		"a folder inside a bare repository":     {"bare.git/refs", []string{"bare", "git clone"}},
		"the .git folder":                       {"work/.git/refs", []string{"inside a .git folder"}},
		"a repository with SHA-256":             {"newhash", []string{"objectformat = sha256"}},
		"a reference storage that is not known": {"future", []string{"refstorage = reftable"}},
		"a .git file that leads nowhere":        {"stray", []string{"gone", "git worktree repair"}},
		"a work tree that is elsewhere":         {"elsewhere", []string{"core.worktree"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(s.path(test.dir), s.lookup)
			fails(t, err, test.words...)
		})
	}
}

func TestOpenFindsTheWorkTree(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.git("work", "worktree", "add", "-q", "../linked", "-b", "side")
	s.start("library")
	s.git("work", "submodule", "--quiet", "add", "../library", "sub")
	s.git("work", "commit", "-q", "-m", "submodule")
	s.git(".", "clone", "-q", "--bare", "work", "hub.git")
	s.git("hub.git", "worktree", "add", "-q", "../ofbare", "-b", "third")
	if err := os.Symlink(s.path("work"), s.path("alias")); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ dir, root, branch string }{
		"the top":                             {"work", "work", "main"},
		"a folder below":                      {"work/deploy/dev", "work", "main"},
		"through a symbolic link":             {"alias/deploy", "work", "main"},
		"a linked work tree":                  {"linked/deploy", "linked", "side"},
		"a linked work tree of a bare one":    {"ofbare", "ofbare", "third"},
		"a submodule is a repository as well": {"work/sub", "work/sub", "main"},
	} {
		t.Run(name, func(t *testing.T) {
			s := sandbox{t, s.home}
			r := s.open(test.dir)
			if r.root != s.path(test.root) {
				t.Errorf("root is %s, want %s", r.root, s.path(test.root))
			}
			owned := "own"
			s.write(test.dir+"/own/file", "1\n")
			head := s.git(test.dir, "rev-parse", "HEAD")
			result := s.commit(test.dir, owned)
			sameList(t, "changes", kinds(result.Changes), "added own/file")
			if result.Branch != test.branch {
				t.Errorf("branch is %s, want %s", result.Branch, test.branch)
			}
			if now := s.git(test.dir, "rev-parse", "HEAD", "HEAD^"); now != result.Commit+"\n"+head {
				t.Errorf("HEAD and its parent are\n%s\nwant\n%s\n%s", now, result.Commit, head)
			}
		})
	}
}
