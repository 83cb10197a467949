package repo

import (
	"context"
	"os"
	"strings"
	"testing"
)

func TestCommitTakesOwnedPathsOnly(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.write("work/README.md", "staged\n")
	s.write("work/staged-new", "staged\n")
	s.git("work", "add", "README.md", "staged-new")
	s.write("work/README.md", "staged, then changed\n")
	s.git("work", "rm", "-q", "--cached", "notes.txt")
	s.write("work/untracked", "1\n")
	s.write("work/later", "1\n")
	s.git("work", "add", "--intent-to-add", "later")
	s.write("work/deploy/devil/not-owned", "1\n")

	s.write("work/deploy/dev/compose.yaml", "a: 2\n")
	s.write("work/deploy/dev/new.yaml", "n: 1\n")
	s.remove("work/deploy/dev/sub")
	before := s.status("work")

	result := s.commit("work", "deploy/dev", "clusters/dev")

	sameList(t, "changes", kinds(result.Changes), "modified deploy/dev/compose.yaml", "added deploy/dev/new.yaml", "deleted deploy/dev/sub/x.yaml")
	var rest []string
	for line := range strings.SplitSeq(before, "\n") {
		if !strings.Contains(line, "deploy/dev/") {
			rest = append(rest, line)
		}
	}
	sameList(t, "what was not owned", strings.Split(s.status("work"), "\n"), rest...)
	if staged := s.git("work", "show", ":README.md"); staged != "staged" {
		t.Errorf("staged README.md is now %q", staged)
	}
	if got := s.git("work", "show", "--format=%an <%ae> %aI|%cn <%ce> %cI|%B", "--name-status", "HEAD"); got !=
		"Ann Example <ann@example.com> 2026-05-04T12:00:00+02:00|Ann Example <ann@example.com> 2026-05-04T12:00:00+02:00|deploy dev\n\n\nM\tdeploy/dev/compose.yaml\nA\tdeploy/dev/new.yaml\nD\tdeploy/dev/sub/x.yaml" {
		t.Errorf("git show: %s", got)
	}
	if got := s.git("work", "reflog", "-1", "--format=%gs %gd"); got != "commit: deploy dev HEAD@{0}" {
		t.Errorf("reflog: %s", got)
	}
	if got := s.git("work", "rev-parse", "main@{1}"); got != s.git("work", "rev-parse", "main^") {
		t.Errorf("the branch's log does not lead back: %s", got)
	}
}

func TestNothingToCommit(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.write("work/README.md", "changed\n")
	head := s.git("work", "rev-parse", "HEAD")
	result := s.commit("work", "deploy/dev", "not/there")
	if !result.Nothing || result.Commit != head || result.Changes != nil || s.git("work", "rev-parse", "HEAD") != head {
		t.Errorf("result %+v, want nothing at %s", result, head)
	}
	s.git(".", "init", "-q", "empty")
	if result := s.commit("empty", "deploy"); !result.Nothing || result.Commit != "" || result.Branch != "main" {
		t.Errorf("result %+v, want nothing at all", result)
	}
}

func TestFirstCommit(t *testing.T) {
	s := newSandbox(t)
	s.git(".", "init", "-q", "-b", "team/first", "work")
	s.write("work/environments/dev/environment.cue", "x\n")
	s.write("work/other", "x\n")
	s.write("work/staged", "x\n")
	s.git("work", "add", "staged")
	result := s.commit("work", "environments")
	if result.Branch != "team/first" || s.git("work", "rev-list", "--count", "HEAD") != "1" {
		t.Errorf("result %+v", result)
	}
	if got := s.git("work", "ls-tree", "-r", "--name-only", "HEAD"); got != "environments/dev/environment.cue" {
		t.Errorf("committed: %s", got)
	}
	if got := s.status("work"); got != "A  staged\n?? other" {
		t.Errorf("status: %s", got)
	}
	if got := s.git("work", "reflog", "-1", "--format=%gs"); got != "commit (initial): deploy dev" {
		t.Errorf("reflog: %s", got)
	}
}

func TestConfigRepositoryInASubfolder(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.write("work/platform/ml/deploy/dev/a", "1\n")
	s.write("work/deploy/dev/compose.yaml", "not mine\n")
	result := s.commit("work/platform/ml", "deploy/dev")
	sameList(t, "changes", kinds(result.Changes), "added deploy/dev/a")
	if got := s.git("work", "show", "--format=", "--name-status"); got != "A\tplatform/ml/deploy/dev/a" {
		t.Errorf("committed: %s", got)
	}
	if got := s.status("work"); got != " M deploy/dev/compose.yaml" {
		t.Errorf("status: %s", got)
	}
}

func TestKindsOfFile(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.write("work/own/script", "#!\n")
	s.write("work/own/plain", "1\n")
	s.write("work/own/empty", "")
	s.write("work/own/ünï cödé/two  spaces \"quoted\"\n.txt", "1\n")
	s.write("work/own/"+strings.Repeat("long/", 60)+"x", "1\n")
	for link, target := range map[string]string{"inside": "plain", "up": "../README.md", "dangling": "nowhere"} {
		if err := os.Symlink(target, s.path("work/own/"+link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(s.path("work/own/script"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.commit("work", "own")
	for path, mode := range map[string]string{"script": "100755", "plain": "100644", "inside": "120000", "up": "120000", "dangling": "120000"} {
		if got := s.git("work", "ls-tree", "HEAD", "own/"+path); !strings.HasPrefix(got, mode) {
			t.Errorf("%s: %s, want mode %s", path, got, mode)
		}
	}
	if err := os.Chmod(s.path("work/own/script"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.remove("work/own/inside")
	s.write("work/own/inside/deep", "a folder now\n")
	s.remove("work/own/ünï cödé")
	s.write("work/own/ünï cödé", "a file now\n")
	result := s.commit("work", "own")
	sameList(t, "changes", kinds(result.Changes), "deleted own/inside", "added own/inside/deep", "modified own/script",
		"added own/ünï cödé", "deleted own/ünï cödé/two  spaces \"quoted\"\n.txt")
}

func TestOwnedPathsThatAreFiles(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.write("work/compose.yaml", "1\n")
	s.write("work/README.md", "changed\n")
	s.remove("work/notes.txt")
	result := s.commit("work", "compose.yaml", "notes.txt", "deploy", "deploy/dev")
	sameList(t, "changes", kinds(result.Changes), "added compose.yaml", "deleted notes.txt")
	if got := s.status("work"); got != " M README.md" {
		t.Errorf("status: %s", got)
	}
	// A file above an owned path gives way to the folder, in index and commit.
	s.remove("work/README.md")
	s.write("work/README.md/dev/x", "1\n")
	result = s.commit("work", "README.md/dev")
	sameList(t, "changes", kinds(result.Changes), "deleted README.md", "added README.md/dev/x")
	// And a file where the owned folder's parent was deletes what was in it.
	s.remove("work/deploy")
	s.write("work/deploy", "a file\n")
	result, err := s.open("work").Commit(context.Background(), change("deploy/dev"))
	if err != nil {
		t.Fatal(err)
	}
	sameList(t, "changes", kinds(result.Changes), "deleted deploy/dev/compose.yaml", "deleted deploy/dev/sub/x.yaml")
	s.whole("work")
	if got := s.status("work"); got != "?? deploy" {
		t.Errorf("status: %s", got)
	}
}

func TestEverythingDeleted(t *testing.T) {
	s := newSandbox(t)
	s.git(".", "init", "-q", "work")
	s.write("work/own/x", "1\n")
	s.commit("work", "own")
	s.remove("work/own")
	s.commit("work", "own")
	if got := s.git("work", "ls-tree", "-r", "HEAD") + s.status("work"); got != "" {
		t.Errorf("left: %s", got)
	}
}

func TestIgnoredFilesStayOut(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.write("work/.gitignore", "*.log\n/out/\n")
	s.write("work/deploy/.gitignore", "tmp/\n!keep.log\n")
	s.write("work/.git/info/exclude", "excluded\n")
	s.write(".config/git/ignore", "*.swp\n")
	s.write("work/deploy/dev/forced.log", "1\n")
	s.git("work", "add", "--force", "deploy/dev/forced.log")
	s.git("work", "commit", "-q", "-m", "force", "--", "deploy/dev/forced.log")
	s.write("work/deploy/dev/forced.log", "2\n")
	for _, name := range []string{"a.log", "keep.log", "tmp/x", "excluded", "x.swp", "taken"} {
		s.write("work/deploy/dev/"+name, "1\n")
	}
	s.write("work/out/dev/x", "1\n")
	result := s.commit("work", "deploy/dev", "out/dev", "deploy/dev/a.log")
	sameList(t, "changes", kinds(result.Changes), "modified deploy/dev/forced.log", "added deploy/dev/keep.log", "added deploy/dev/taken")
	sameList(t, "ignored", result.Ignored, "out/dev")
}

func TestIndexFlagsOfOthersAreKept(t *testing.T) {
	for _, version := range []string{"2", "3", "4"} {
		t.Run("version "+version, func(t *testing.T) {
			s := newSandbox(t)
			s.start("work")
			s.git("work", "update-index", "--index-version", version)
			s.git("work", "update-index", "--assume-unchanged", "README.md")
			s.git("work", "update-index", "--skip-worktree", "notes.txt")
			s.write("work/later", "1\n")
			s.git("work", "add", "--intent-to-add", "later")
			before := s.git("work", "ls-files", "-v", "--stage", "--debug", "--", "README.md", "notes.txt", "later")
			s.write("work/deploy/dev/compose.yaml", "a: 2\n")
			s.write("work/a", "1\n")
			s.commit("work", "deploy/dev", "a")
			if after := s.git("work", "ls-files", "-v", "--stage", "--debug", "--", "README.md", "notes.txt", "later"); after != before {
				t.Errorf("index entries were\n%s\nand are\n%s", before, after)
			}
		})
	}
}

func TestSparseCheckoutKeepsWhatIsNotThere(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.git("work", "sparse-checkout", "set", "--no-cone", "/deploy/dev/compose.yaml")
	s.write("work/deploy/dev/compose.yaml", "a: 2\n")
	result := s.commit("work", "deploy/dev")
	sameList(t, "changes", kinds(result.Changes), "modified deploy/dev/compose.yaml")
	s.git("work", "sparse-checkout", "disable")
	if got := s.status("work"); got != "" {
		t.Errorf("status: %s", got)
	}
}

func TestObjectsInPacksAndAlternates(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.git("work", "gc", "-q")
	s.git("work", "pack-refs", "--all")
	s.git(".", "clone", "-q", "--shared", "work", "borrower")
	for _, dir := range []string{"work", "borrower"} {
		s.write(dir+"/deploy/dev/compose.yaml", "a: 2\n")
		s.commit(dir, "deploy/dev")
		if got := s.git(dir, "count-objects"); !strings.HasPrefix(got, "5 objects") { // blob, three trees, commit
			t.Errorf("%s: %s", dir, got)
		}
	}
}

func TestChangedLooksOnly(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.write("work/deploy/dev/compose.yaml", "a: 2\n")
	s.write("work/deploy/dev/new", "1\n")
	s.remove("work/deploy/dev/sub")
	objects := s.git("work", "count-objects")
	changes, err := s.open("work").Changed(context.Background(), []string{"deploy"})
	if err != nil {
		t.Fatal(err)
	}
	sameList(t, "changes", kinds(changes), "modified deploy/dev/compose.yaml", "added deploy/dev/new", "deleted deploy/dev/sub/x.yaml")
	if now := s.git("work", "count-objects"); now != objects {
		t.Errorf("objects were %s and are %s", objects, now)
	}
	files, err := s.open("work").Files([]string{"deploy/dev"})
	if err != nil {
		t.Fatal(err)
	}
	sameList(t, "files", files, "deploy/dev/compose.yaml", "deploy/dev/sub/x.yaml")
}
