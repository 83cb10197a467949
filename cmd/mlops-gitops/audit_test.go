package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
)

// An auditor is a folder with a Git repository in which the whole program runs. It keeps all
// that the program prints.
type auditor struct {
	*testing.T
	dir     string
	printed bytes.Buffer
}

func newAuditor(t *testing.T) *auditor {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, ".cache"))
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(home, "no-engine"))
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	for _, kind := range []string{"AUTHOR", "COMMITTER"} {
		t.Setenv("GIT_"+kind+"_NAME", "Ada")
		t.Setenv("GIT_"+kind+"_EMAIL", "ada@example.com")
	}
	a := &auditor{T: t, dir: filepath.Join(home, "repository")}
	if err := os.Mkdir(a.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	a.git("init", "--quiet", "--initial-branch", "main")
	return a
}

func (a *auditor) git(args ...string) {
	a.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = a.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		a.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// run runs the program, which must end so, and returns what it says on stderr.
func (a *auditor) run(code int, stdin string, args ...string) string {
	a.Helper()
	var stdout, stderr bytes.Buffer
	if got := run(context.Background(), append([]string{"-C", a.dir}, args...), strings.NewReader(stdin), &stdout, &stderr); got != code {
		a.Fatalf("%s ends with %d, want %d:\n%s", strings.Join(args, " "), got, code, &stderr)
	}
	a.printed.Write(stdout.Bytes())
	a.printed.Write(stderr.Bytes())
	return stderr.String()
}

// No command puts a value where others can read it: audit finds none, and neither does a search
// that knows nothing of audit, in all that was printed, written and committed.
func TestNoValueGetsOut(t *testing.T) {
	a := newAuditor(t)
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOPS_AGE_KEY", id.String())
	a.run(0, "", "init")
	prod := filepath.Join(a.dir, "environments", "prod", "recipients.cue")
	if err := os.WriteFile(prod, fmt.Appendf(nil, "package environments\n\nenvironment: secrets: recipients: [%q]\n", id.Recipient()), 0o644); err != nil {
		t.Fatal(err)
	}
	a.git("add", ".")
	a.git("commit", "--quiet", "-m", "config repository")
	known := map[string]string{"key": id.String()}
	learn := func(when string) {
		for _, env := range []string{"dev", "hybrid", "prod"} {
			here, err := secrets.Local{Dir: a.dir, Env: env}.Known()
			if err != nil {
				t.Fatal(err)
			}
			own, err := secrets.FindIdentities(os.LookupEnv)
			if err != nil {
				t.Fatal(err)
			}
			sealed, closed, err := secrets.Cluster{Dir: a.dir, Env: env}.Known(own)
			if err != nil || len(closed) > 0 {
				t.Fatal(err, closed)
			}
			for _, k := range slices.Concat(here, sealed) {
				known[env+"'s "+k.Name+" "+when] = strings.TrimSpace(string(k.Text))
			}
		}
	}
	all := []string{"dev", "hybrid", "prod"}
	a.run(0, "", append([]string{"secrets", "generate"}, all...)...)
	learn("as made")
	a.run(0, "", append([]string{"render"}, all...)...)
	a.run(0, "", append([]string{"commit"}, all...)...)
	a.run(0, "", "secrets", "rotate", "prod", "--all")
	learn("after a rotation")
	const chosen = "a-value-of-ones-own.choice"
	a.run(0, chosen+"\n", "secrets", "set", "prod", "mlflow.flask")
	known["chosen"] = chosen
	a.run(0, "", "secrets", "recipients", "prod")
	a.run(0, "", append([]string{"commit"}, all...)...)
	a.run(0, "", "vet")
	a.run(0, "", "explain", "prod", "secrets")
	for _, env := range all {
		a.run(0, "", "graph", env)
		a.run(0, "", "render", env, "--stdout")
	}
	learn("at last")
	if said := a.run(0, "", "secrets", "audit"); !strings.HasSuffix(said, " of Git: none is there\n") {
		t.Errorf("audit says:\n%s", said)
	}
	if len(known) < 40 {
		t.Fatalf("only %d values are known", len(known))
	}
	in := func(data []byte) (found []string) {
		for what, value := range known {
			if bytes.Contains(data, []byte(value)) {
				found = append(found, what)
			}
		}
		return found
	}
	if found := in([]byte("x" + known["dev's mlflow.flask as made"] + "y")); len(found) == 0 {
		t.Fatal("the search finds nothing")
	}
	search := func(where string, data []byte) {
		if found := in(data); len(found) > 0 {
			t.Errorf("%s has %q", where, found)
		}
	}
	search("what was printed", a.printed.Bytes())
	objects := exec.Command("git", "cat-file", "--batch-all-objects", "--batch")
	objects.Dir = a.dir
	data, err := objects.Output()
	if err != nil {
		t.Fatal(err)
	}
	search("Git", data)
	for _, root := range []string{a.dir, os.Getenv("XDG_CACHE_HOME")} {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() == ".secrets" {
				if err == nil {
					err = fs.SkipDir
				}
				return err
			}
			if !d.Type().IsRegular() {
				return nil
			}
			data, err := os.ReadFile(name)
			search(name, data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// This repository's own files, tests' keys and goldens among them, set off no alarm.
func TestNoFalseAlarm(t *testing.T) {
	a := newAuditor(t)
	top, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, name)
		if err != nil {
			return err
		}
		if slices.Contains([]string{".git", ".secrets", "bin", "dist", "deploy", "clusters", filepath.Join("e2e", "out")}, rel) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(a.dir, rel), 0o755)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(a.dir, rel), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	a.git("add", ".")
	a.git("commit", "--quiet", "-m", "all files")
	a.run(0, "", "secrets", "generate", "dev")
	a.run(0, "", "render", "--all")
	if said := a.run(0, "", "secrets", "audit"); !strings.HasSuffix(said, " of Git: none is there\n") {
		t.Errorf("audit says:\n%s", said)
	}
}
