package sops

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain puts the program on PATH, and the commands of the lab whose scripts are in LAB_DIR.
func TestMain(m *testing.M) {
	if lab := os.Getenv("LAB_DIR"); lab != "" {
		bin, said, err := pipe("", "", "sh", "-c", `. "$LAB_DIR/cluster/env.sh" && printf %s "$bin"`)
		if err == nil {
			err = os.Setenv("PATH", os.Getenv("PATH")+":"+bin)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "LAB_DIR is %s: %v\n%s", lab, err, said)
			os.Exit(1)
		}
	}
	if program := os.Getenv("MLOPS_GITOPS"); program != "" { // which hints name
		if err := os.Setenv("PATH", filepath.Dir(program)+":"+os.Getenv("PATH")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// A folder is a config repository in which a test runs commands.
type folder struct {
	t   *testing.T
	dir string
}

// newFolder is what init makes, with prod's secrets for these recipients.
func newFolder(t *testing.T, recipients ...string) folder {
	t.Helper()
	f := folder{t, t.TempDir()}
	f.run("init")
	f.write("environments/prod/environment.cue", fmt.Sprintf("package environments\n\nenvironment: {mode: \"prod\", secrets: recipients: [%s]}\n",
		`"`+strings.Join(recipients, `", "`)+`"`))
	return f
}

// run runs the program, which must succeed, and returns what it said on stderr.
func (f folder) run(args ...string) string {
	f.t.Helper()
	said, err := f.try(args...)
	if err != nil {
		f.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return said
}

func (f folder) try(args ...string) (stderr string, err error) {
	f.t.Helper()
	program := os.Getenv("MLOPS_GITOPS")
	if program == "" {
		f.t.Fatal("set MLOPS_GITOPS to the binary under test, as \"make e2e-sops\" does")
	}
	_, said, err := pipe(f.dir, "", program, args...)
	return said, err
}

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
	return read(f.t, filepath.Join(f.dir, name))
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// pipe runs a command in a folder and feeds it stdin.
func pipe(dir, stdin, name string, args ...string) (stdout, stderr string, err error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(stdin)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err = cmd.Run()
	return out.String(), said.String(), err
}
