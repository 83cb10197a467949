package repo

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// killed names the repository in which a copy of the test commits until it is killed.
const killed = "REPO_TEST_COMMIT_UNTIL_KILLED"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killed); dir != "" {
		fmt.Println(commitForever(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// commitForever commits one change after the other: a file that counts up, one
// that is new each time, one that goes.
func commitForever(dir string) error {
	for n := 0; ; n++ {
		for name, content := range map[string]string{"count": fmt.Sprint(n), fmt.Sprint("new", n): "new"} {
			if err := os.WriteFile(filepath.Join(dir, "own", name), []byte(content), 0o644); err != nil {
				return err
			}
		}
		if err := os.Remove(filepath.Join(dir, "own", fmt.Sprint("new", n-1))); n > 0 && err != nil {
			return err
		}
		r, err := Open(dir, os.LookupEnv)
		if err != nil {
			return err
		}
		if _, err := r.Commit(context.Background(), change("own")); err != nil {
			return err
		}
		if n == 0 {
			fmt.Println("committed") // so that the parent knows when to start killing
		}
	}
}

func TestKilledAnywhere(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.write("work/README.md", "staged\n")
	s.git("work", "add", "README.md")
	s.write("work/notes.txt", "changed\n")
	if err := os.Mkdir(s.path("work/own"), 0o755); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const kills = 20
	locks, ahead, commits := 0, 0, 0
	for range kills {
		cmd := exec.Command(program)
		cmd.Env = append(s.environ(), killed+"="+s.path("work"))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		word := make([]byte, 200)
		if n, err := out.Read(word); err != nil || !strings.HasPrefix(string(word[:n]), "committed") {
			t.Fatalf("the child failed: %s %v", word[:n], err)
		}
		time.Sleep(time.Duration(rand.IntN(60_000)) * time.Microsecond) // where it is killed is the point
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("the child ended otherwise: %v", err)
		}

		s.whole("work")
		s.git("work", "rev-parse", "--verify", "HEAD^{commit}")
		status := s.git("work", "--no-optional-locks", "status", "--porcelain", "--untracked-files=all")
		for line := range strings.SplitSeq(status, "\n") {
			if name := line[3:]; !strings.HasPrefix(name, "own/") && line != "M  README.md" && line != " M notes.txt" {
				t.Errorf("status: %s", line)
			}
			if line[0] != ' ' && line[0] != '?' && strings.HasPrefix(line[3:], "own/") {
				ahead++
				if line[1] != ' ' {
					t.Errorf("what is staged is not what is in the work tree: %s", line)
				}
			}
		}
		for _, lock := range []string{"work/.git/index.lock", "work/.git/refs/heads/main.lock"} {
			if err := os.Remove(s.path(lock)); err == nil {
				locks++
			} else if !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
		onDisk := s.owned("work/own")
		s.commit("work", "own")
		if got := s.git("work", "ls-tree", "-r", "--name-only", "HEAD", "own/"); got != onDisk {
			t.Errorf("committed\n%s\nof\n%s", got, onDisk)
		}
		if got := s.status("work"); got != "M  README.md\n M notes.txt" {
			t.Errorf("status after the next commit: %s", got)
		}
	}
	if _, err := fmt.Sscan(s.git("work", "rev-list", "--count", "HEAD"), &commits); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d kills, %d commits, %d locks left behind, %d files staged and not committed", kills, commits, locks, ahead)
}

func (s sandbox) owned(dir string) string {
	s.Helper()
	var names []string
	err := filepath.WalkDir(s.path(dir), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, "own/"+d.Name())
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return strings.Join(names, "\n")
}
