package repo

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestCommitRefuses(t *testing.T) {
	conflict := func(s sandbox) {
		s.git("work", "switch", "-q", "-c", "side")
		s.write("work/notes.txt", "side\n")
		s.git("work", "commit", "-q", "-a", "-m", "side")
		s.git("work", "switch", "-q", "main")
		s.write("work/notes.txt", "main\n")
		s.git("work", "commit", "-q", "-a", "-m", "main")
	}
	link := func(s sandbox, target, name string) {
		if err := os.Symlink(target, s.path(name)); err != nil {
			s.Fatal(err)
		}
	}
	during := func(verb ...string) func(sandbox) {
		return func(s sandbox) {
			conflict(s)
			if out, err := s.try("work", verb...); err == nil {
				s.Fatalf("no conflict: %s", out)
			}
		}
	}
	tests := map[string]struct {
		prepare func(s sandbox)
		words   []string
	}{
		"a merge in progress":       {during("merge", "side"), []string{"a merge is in progress", "git merge --abort"}},
		"a cherry-pick in progress": {during("cherry-pick", "side"), []string{"a cherry-pick is in progress", "--continue"}},
		"a rebase in progress":      {during("rebase", "side"), []string{"a rebase is in progress", "git rebase --abort"}},
		"a revert in progress": {func(s sandbox) {
			conflict(s)
			s.write("work/notes.txt", "more\n")
			s.git("work", "commit", "-q", "-a", "-m", "more")
			if out, err := s.try("work", "revert", "HEAD^"); err == nil {
				s.Fatalf("the revert met no conflict: %s", out)
			}
		}, []string{"a revert is in progress"}},
		"a detached HEAD":      {func(s sandbox) { s.git("work", "checkout", "-q", "--detach") }, []string{"detached", "git switch"}},
		"a lock on the index":  {func(s sandbox) { s.write("work/.git/index.lock", "") }, []string{"index.lock exists", "delete that file"}},
		"a lock on the branch": {func(s sandbox) { s.write("work/.git/refs/heads/main.lock", "") }, []string{"main.lock exists", "delete that file"}},
		"a damaged branch":     {func(s sandbox) { s.write("work/.git/refs/heads/main", "") }, []string{"refs/heads/main holds"}},
		"a damaged index":      {func(s sandbox) { s.write("work/.git/index", "DIRC and nothing that makes sense") }, []string{"index can't be read"}},
		"a split index":        {func(s sandbox) { s.git("work", "update-index", "--split-index") }, []string{"no-split-index"}},
		"a conflict in owned files": {func(s sandbox) {
			hash := s.git("work", "rev-parse", "HEAD:notes.txt")
			s.pipe("work", "100644 "+hash+" 2\tdeploy/dev/c\n", "update-index", "--index-info")
		}, []string{"deploy/dev/c has a conflict", "git add"}},
		"a nested repository":              {func(s sandbox) { s.git("work", "init", "-q", "deploy/dev/inner") }, []string{"deploy/dev/inner is a Git repository of its own"}},
		"an owned path inside another":     {func(s sandbox) { s.git("work", "init", "-q", "deploy") }, []string{"deploy is a Git repository of its own"}},
		"a file named like Git's folder":   {func(s sandbox) { s.write("work/deploy/dev/x/.GIT", "") }, []string{"deploy/dev/x/.GIT", "keeps that name"}},
		"a disguise of Git's folder":       {func(s sandbox) { s.write("work/deploy/dev/.g\u200cit/config", "") }, []string{"keeps that name"}},
		"an owned folder that is a link":   {func(s sandbox) { s.remove("work/deploy"); link(s, "/etc", "work/deploy") }, []string{"deploy is a symbolic link"}},
		"a link to outside":                {func(s sandbox) { link(s, "../../../outside", "work/deploy/dev/out") }, []string{"deploy/dev/out", "only relative links that stay"}},
		"a link to outside, dangling":      {func(s sandbox) { link(s, "gone/../../../../outside", "work/deploy/dev/out") }, []string{"only relative links that stay"}},
		"a link to an absolute path":       {func(s sandbox) { link(s, s.path("work/notes.txt"), "work/deploy/dev/out") }, []string{"only relative links that stay"}},
		"a link to outside through a link": {func(s sandbox) { link(s, s.home, "work/hop"); link(s, "../../hop/x", "work/deploy/dev/out") }, []string{"only relative links that stay"}},
		"a link into Git's folder":         {func(s sandbox) { link(s, "../../.git/config", "work/deploy/dev/out") }, []string{"only relative links that stay"}},
		"a pipe": {func(s sandbox) {
			if err := exec.Command("mkfifo", s.path("work/deploy/dev/pipe")).Run(); err != nil {
				s.Fatal(err)
			}
		}, []string{"deploy/dev/pipe is neither"}},
		"a filter":    {func(s sandbox) { s.write("work/.gitattributes", "*.yaml filter=lfs diff=lfs -text\n") }, []string{"deploy/dev/compose.yaml", `the filter "lfs"`, "/deploy/dev/compose.yaml"}},
		"an encoding": {func(s sandbox) { s.write("work/deploy/.gitattributes", "* working-tree-encoding=UTF-16\n") }, []string{`the encoding "UTF-16"`}},
		"tracked secrets": {func(s sandbox) {
			s.write("work/deploy/dev/.Secrets/password", "hunter2\n")
			s.git("work", "add", "--force", "deploy/dev/.Secrets")
		}, []string{"deploy/dev/.Secrets is tracked", "git rm -r --cached"}},
		"a submodule": {func(s sandbox) {
			s.start("library")
			s.git("work", "submodule", "--quiet", "add", "../library", "deploy/dev/sub2")
			s.git("work", "commit", "-q", "-m", "submodule")
		}, []string{"deploy/dev/sub2 is a submodule"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t)
			s.start("work")
			s.write("work/deploy/dev/a-new-file", "1\n")
			r := s.open("work")
			test.prepare(s)
			head, _ := s.try("work", "rev-parse", "HEAD")
			before, _ := s.try("work", "status", "--porcelain")
			_, err := r.Commit(context.Background(), change("deploy/dev"))
			fails(t, err, test.words...)
			if now, _ := s.try("work", "rev-parse", "HEAD"); now != head {
				t.Errorf("HEAD moved from %s to %s", head, now)
			}
			if now, _ := s.try("work", "status", "--porcelain"); now != before {
				t.Errorf("status was\n%s\nand is\n%s", before, now)
			}
			if strings.HasPrefix(name, "a lock") {
				return
			}
			for _, lock := range []string{"work/.git/index.lock", "work/.git/refs/heads/main.lock"} {
				if there, err := exists(s.path(lock)); there || err != nil {
					t.Errorf("%s was left behind (%v)", lock, err)
				}
			}
		})
	}
}

func TestCommitRefusesWhatItIsGiven(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.write("work/deploy/dev/new", "1\n")
	good := change("deploy/dev")
	for name, test := range map[string]struct {
		spoil func(*Change)
		words string
	}{
		"a path that leaves":        {func(c *Change) { c.Paths = []string{"deploy/dev", "../x"} }, `"../x" is not a path inside`},
		"an absolute path":          {func(c *Change) { c.Paths = []string{"/etc"} }, `"/etc" is not a path inside`},
		"the whole repository":      {func(c *Change) { c.Paths = []string{"."} }, `"." is not a path inside`},
		"Git's folder":              {func(c *Change) { c.Paths = []string{"deploy/.Git/hooks"} }, "must not be committed"},
		"the folder of secrets":     {func(c *Change) { c.Paths = []string{".secrets/dev"} }, "must not be committed"},
		"no message":                {func(c *Change) { c.Message = " \n" }, "no message"},
		"an author without address": {func(c *Change) { c.Author.Email = "" }, "author"},
		"an author with a header":   {func(c *Change) { c.Author.Name = "A\ncommitter Eve <eve@example.com> 0 +0000" }, "author"},
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			test.spoil(&c)
			_, err := s.open("work").Commit(context.Background(), c)
			fails(t, err, test.words)
		})
	}
	c := good
	c.When = time.Time{}
	if _, err := s.open("work").Commit(context.Background(), c); err == nil {
		t.Error("a commit without a time is made")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.open("work").Commit(ctx, good); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if got := s.status("work"); got != "?? deploy/dev/new" {
		t.Errorf("status: %s", got)
	}
}

func TestUntrackedSecretsStayOut(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.write("work/deploy/dev/.secrets/password", "hunter2\n")
	s.write("work/deploy/dev/new", "1\n")
	result, err := s.open("work").Commit(context.Background(), change("deploy"))
	if err != nil {
		t.Fatal(err)
	}
	sameList(t, "changes", kinds(result.Changes), "added deploy/dev/new")
	if out, err := s.try("work", "grep", "hunter2", "HEAD"); err == nil {
		t.Errorf("committed: %s", out)
	}
	// Nor does a secret that was committed once and is forgotten now come back.
	s.git("work", "add", "--force", "deploy/dev/.secrets")
	s.git("work", "commit", "-q", "-m", "oops")
	s.git("work", "rm", "-r", "-q", "--cached", "deploy/dev/.secrets")
	if result, err = s.open("work").Commit(context.Background(), change("deploy")); err != nil {
		t.Fatal(err)
	}
	sameList(t, "changes", kinds(result.Changes), "deleted deploy/dev/.secrets/password")
}
