package repo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// Two commit at once, again and again: of each pair at least one wins, the other
// is told so, and in the end every change is in the history.
func TestCommitsAtOnce(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	const rounds = 30
	won, lost := 0, 0
	for round := range rounds {
		var wait sync.WaitGroup
		results := make([]error, 2)
		for i := range results {
			s.write(fmt.Sprintf("work/own%d/file", i), fmt.Sprint(round))
			r := s.open("work")
			wait.Go(func() {
				_, results[i] = r.Commit(context.Background(), change(fmt.Sprintf("own%d", i)))
			})
		}
		wait.Wait()
		if results[0] != nil && results[1] != nil {
			t.Fatalf("both lost: %v; %v", results[0], results[1])
		}
		for i, err := range results {
			if err == nil {
				won++
				continue
			}
			moved, locked := (*Moved)(nil), (*Locked)(nil)
			if !errors.As(err, &moved) && !errors.As(err, &locked) {
				t.Errorf("lost with %v", err)
			}
			lost++
			s.commit("work", fmt.Sprintf("own%d", i))
		}
	}
	if count := s.git("work", "rev-list", "--count", "HEAD"); count != fmt.Sprint(1+2*rounds) {
		t.Errorf("%s commits, want %d", count, 1+2*rounds)
	}
	if got := s.status("work"); got != "" {
		t.Errorf("status: %s", got)
	}
	t.Logf("%d won, %d lost and were repeated", won, lost)
}

// A commit that git makes between our reading and our writing is not undone.
func TestBranchThatMovesMeanwhile(t *testing.T) {
	for name, move := range map[string]func(s sandbox){
		"a commit": func(s sandbox) { s.git("work", "commit", "-q", "--allow-empty", "-m", "theirs") },
		"a commit, packed": func(s sandbox) {
			s.git("work", "commit", "-q", "--allow-empty", "-m", "theirs")
			s.git("work", "pack-refs", "--all")
		},
		"another branch": func(s sandbox) { s.git("work", "switch", "-q", "-c", "other") },
		"a reset":        func(s sandbox) { s.git("work", "reset", "-q", "--soft", "HEAD^") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t)
			s.start("work")
			s.git("work", "commit", "-q", "--allow-empty", "-m", "second")
			s.write("work/deploy/dev/compose.yaml", "a: 2\n")
			r := s.open("work")
			at, err := r.readHead()
			if err != nil {
				t.Fatal(err)
			}
			owned := []string{"deploy/dev"}
			base, err := r.treeOf(at.tip)
			if err != nil {
				t.Fatal(err)
			}
			before, files, _, err := r.compare(context.Background(), base, owned, r.storeBlob)
			if err != nil {
				t.Fatal(err)
			}
			commit, err := r.storeCommit(change(), at, base, r.edits(before, files, owned, &Result{}))
			if err != nil {
				t.Fatal(err)
			}
			move(s)
			head := s.git("work", "rev-parse", "HEAD")
			err = r.land(change(), at, commit, owned, files)
			fails(t, err, "main moved", "nothing is lost")
			if now := s.git("work", "rev-parse", "HEAD"); now != head {
				t.Errorf("HEAD is %s, want %s", now, head)
			}
			if got := s.status("work"); strings.Contains(got, "M  ") || !strings.Contains(got, "compose.yaml") && name != "a reset" {
				t.Errorf("status: %s", got)
			}
			if result := s.commit("work", owned...); result.Nothing {
				t.Error("the change is gone")
			}
		})
	}
}
