// Package e2e proves the product on real runtimes: the engine that DOCKER_HOST
// names and the cluster that KUBECONFIG names. It imports nothing of the product:
// it runs the program, as people do.
package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A folder is a place where a test runs commands.
type folder struct {
	t   *testing.T
	dir string
	env []string
}

func newFolder(t *testing.T) folder {
	t.Helper()
	return folder{t: t, dir: t.TempDir(), env: os.Environ()}
}

// run runs a command that must succeed and returns what it printed on stdout.
func (f folder) run(name string, args ...string) string {
	f.t.Helper()
	out, err := f.try(name, args...)
	if err != nil {
		f.t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return out
}

// try runs a command; an error holds what it printed on stderr.
func (f folder) try(name string, args ...string) (string, error) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = f.dir, f.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%w\n%s%s", err, stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}

// write puts a file into the folder.
func (f folder) write(name, text string) {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func (f folder) read(name string) string {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(data)
}

// program is the product's binary: MLOPS_GITOPS, which the Makefile sets.
func program(t *testing.T) string {
	t.Helper()
	path := os.Getenv("MLOPS_GITOPS")
	if path == "" {
		t.Fatal("set MLOPS_GITOPS to the binary under test, as \"make e2e-compose\" does")
	}
	return path
}

// testdata is a file beside the tests.
func testdata(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}
