package render

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// loopDir makes the test binary a writer: it alternates between two trees in
// this folder until it is killed or, with loopTimes, done.
const (
	loopDir   = "RENDER_TEST_LOOP_DIR"
	loopTimes = "RENDER_TEST_LOOP_TIMES"
)

func TestMain(m *testing.M) {
	dir := os.Getenv(loopDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	times := 1 << 30
	if s := os.Getenv(loopTimes); s != "" {
		if _, err := fmt.Sscan(s, &times); err != nil {
			panic(err)
		}
	}
	fmt.Println("ready")
	for i := range times {
		if _, err := Write(dir, dev, version(i%2), Options{}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
}

// version returns a big tree. Any two versions differ in every file, and each
// has files that the others don't have.
func version(n int) Tree {
	var tree Tree
	for i := range 12 {
		body := strings.Repeat(fmt.Sprintf("version %d of file %d\n", n, i), 100)
		for _, name := range []string{
			fmt.Sprintf("deploy/dev/both/%d.yaml", i), fmt.Sprintf("deploy/dev/both/%d.json", i),
			fmt.Sprintf("clusters/dev/only%d/%d.yaml", n, i), fmt.Sprintf("clusters/dev/only%d/%d.json", n, i),
		} {
			if err := tree.Add(name, []byte(body)); err != nil {
				panic(err)
			}
		}
	}
	return tree
}

// torn names a file below dir that is wholly of none of the versions.
func torn(dir string, versions []Tree) error {
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		for _, v := range versions {
			if want, ok := v.File(filepath.ToSlash(name)); ok && string(want) == string(data) {
				return nil
			}
		}
		return fmt.Errorf("%s is neither old nor new, with %d bytes", name, len(data))
	})
}

func stamped(t *testing.T, numbers ...int) []Tree {
	t.Helper()
	var trees []Tree
	for _, n := range numbers {
		tree, err := dev.Stamp(version(n))
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, tree)
	}
	return trees
}

// TestKilledAnywhere kills a writer at random points.
func TestKilledAnywhere(t *testing.T) {
	dir := t.TempDir()
	midway := 0
	for range 30 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), loopDir+"="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		lines.Scan()
		time.Sleep(time.Duration(rand.N(60_000)) * time.Microsecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		said := lines.Text()
		for lines.Scan() {
			said += lines.Text()
		}
		if err := child.Wait(); err == nil || said != "ready" {
			t.Fatalf("the writer wasn't killed, but ended by itself: %v, %s", err, said)
		}

		if err := torn(dir, stamped(t, 0, 1)); err != nil {
			t.Error(err)
		}
		if strings.Contains(strings.Join(contents(t, dir), "\n"), reserved) {
			midway++
		}
		write(t, dir, version(2))
		want, have := stamped(t, 2)[0], 0
		for _, entry := range contents(t, dir) {
			if !strings.HasSuffix(entry, "/") {
				have++
			}
		}
		if have != want.Len() {
			t.Fatalf("%d files after the next write, want %d", have, want.Len())
		}
		// The child starts from one of its own.
		write(t, dir, version(0))
	}
	t.Logf("%d of 30 kills hit a write", midway)
	if midway == 0 {
		t.Error("no kill hit a write: this proves nothing")
	}
}

// TestWritersAtOnce lets two goroutines and another process write different
// versions while a reader looks on.
func TestWritersAtOnce(t *testing.T) {
	dir := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), loopDir+"="+dir, loopTimes+"=10")
	var errs [3]error
	var writers sync.WaitGroup
	writers.Go(func() {
		out, err := child.CombinedOutput()
		if err != nil {
			errs[0] = fmt.Errorf("%w: %s", err, out)
		}
	})
	for n := 1; n <= 2; n++ {
		writers.Go(func() {
			for range 10 {
				if _, err := Write(dir, dev, version(n), Options{}); err != nil {
					errs[n] = err
					return
				}
			}
		})
	}
	versions, done := stamped(t, 0, 1, 2), make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for looking := true; looking; {
		select {
		case <-done:
			looking = false
		default:
			if err := torn(dir, versions); err != nil {
				t.Error(err)
				looking = false
			}
		}
	}
	<-done
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	clean := 0
	for n := range versions {
		if drifts, err := Check(os.DirFS(dir), dev, version(n)); err == nil && len(drifts) == 0 {
			clean++
		}
	}
	if clean != 1 {
		t.Error("what is on disk is not one of the versions")
	}
}
