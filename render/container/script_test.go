package container

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// shells are those of this machine that an image may have as /bin/sh.
func shells(t testing.TB) (found []string) {
	t.Helper()
	for _, sh := range []string{"sh", "dash", "bash", "ash", "ksh"} {
		path, err := exec.LookPath(sh)
		if err != nil {
			continue
		}
		if path, err = filepath.EvalSymlinks(path); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(found, path) {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		t.Fatal("this machine has no shell")
	}
	return found
}

// A box is a folder in which start scripts run for real: secrets lie in one folder
// below it, files are written to another.
type box struct {
	t   testing.TB
	dir string
}

func newBox(t testing.TB, secrets map[string]string) box {
	t.Helper()
	b := box{t, t.TempDir()}
	for _, dir := range []string{"secrets", "bin"} {
		if err := os.Mkdir(filepath.Join(b.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range secrets {
		b.write("secrets/"+name, text, 0o600)
	}
	return b
}

func (b box) write(name, text string, mode os.FileMode) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), mode); err != nil {
		b.t.Fatal(err)
	}
}

func (b box) read(name string) string {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(data)
}

// run runs a container's script with a shell, and with the container's variables
// and no others. Where a script reads a secret, it reads it in the box: no text can
// look like that, since the quote in it would be escaped.
func (b box) run(shell string, c Container) (stdout string, err error) {
	b.t.Helper()
	b.write("start.sh", strings.ReplaceAll(c.Script, "cat '"+SecretDir+"/", "cat '"+b.dir+"/secrets/"), 0o644)
	if c.Command[0] != "/bin/sh" || c.Command[1] != ScriptPath {
		b.t.Fatalf("the command is %q", c.Command)
	}
	cmd := exec.Command(shell, append([]string{filepath.Join(b.dir, "start.sh")}, append(c.Command[2:], c.Args...)...)...)
	cmd.Env = []string{"PATH=" + b.dir + "/bin:" + os.Getenv("PATH")}
	for name, text := range c.Env {
		cmd.Env = append(cmd.Env, name+"="+text)
	}
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s", err, problem.String())
	}
	return out.String(), nil
}

// texts are hard for a shell.
var texts = []string{
	"plain", "", " ", "it's", `"quoted"`, "$HOME ${X} $(id) $$", "`id`", `back\slash \n \\`, "two\nlines", "\n", "line\n", "\n\nlines\n\n",
	"tab\tand\rreturn", "é ü 漢字 🙂", "-n -e", "%s %d %%", "*?[a-z]~!#&|;<>(){}", "'\\''", "'; exit 1; '", "\x01\x02\x7f", "cat '/run/secrets/notes.key'",
}

// TestScript gives every text to a program in a variable and in a file, between
// secrets, with every shell.
func TestScript(t *testing.T) {
	for _, shell := range shells(t) {
		for _, text := range texts {
			joins(t, shell, text, "s3cret'$`\\\"\n two")
			joins(t, shell, "around", text)
		}
	}
}

// joins holds that text and a secret reach a program as they are. A variable gets a
// secret without the line ends behind it: that is how files of one line are written.
func joins(t testing.TB, shell, text, secret string) {
	t.Helper()
	b := newBox(t, map[string]string{"notes.key": secret, "notes.db.password": "second"})
	const key, second = "‹secret notes.key value›", "‹secret notes.db.password value›"
	c, err := Of(platform, "notes", schema.Workload{
		Command: values("sh", "-c", `printf '%s' "$ONE" >`+b.dir+`/one; printf '%s' "$TWO" >`+b.dir+`/two; printf '%s.' "$@"`, "sh"),
		Args:    values(text, "", "last"),
		Env: map[string]schema.Value{
			"ONE": schema.Value(text) + value(key) + schema.Value(text) + value(second),
			"TWO": value(key+second+key) + schema.Value(text),
		},
		Files: map[string]schema.Value{
			b.dir + "/out/secret": schema.Value(text) + value(key) + schema.Value(text) + value("‹secret notes.key file›"),
			b.dir + "/out/plain":  schema.Value(text),
			b.dir + "/out/empty":  "",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(b.dir, "out"), 0o755); err != nil {
		t.Fatal(err)
	}
	printed, err := b.run(shell, c)
	if err != nil {
		t.Fatalf("%s: %q and %q: %v", shell, text, secret, err)
	}
	short := strings.TrimRight(secret, "\n")
	for _, tt := range []struct{ where, got, want string }{
		{"the arguments", printed, text + "..last."},
		{"the first variable", b.read("one"), text + short + text + "second"},
		{"the second variable", b.read("two"), short + "second" + short + text},
		{"the file with a secret", b.read("out/secret"), text + secret + text + "/run/secrets/notes.key"},
		{"the file beside it", b.read("out/plain"), text},
		{"the empty file", b.read("out/empty"), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %s got %q, want %q", shell, tt.where, tt.got, tt.want)
		}
	}
	for _, name := range []string{"secret", "plain", "empty"} {
		info, err := os.Stat(filepath.Join(b.dir, "out", name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != 0o600 {
			t.Errorf("%s: the file %s has mode %v", shell, name, info.Mode())
		}
	}
}

// TestMissingSecret holds that nothing starts without a secret, wherever it is joined in.
func TestMissingSecret(t *testing.T) {
	const key, password = "‹secret notes.key value›", "‹secret notes.db.password value›"
	for _, shell := range shells(t) {
		for what, w := range map[string]schema.Workload{
			"alone in a variable":       {Env: map[string]schema.Value{"A": value(password)}},
			"first in a variable":       {Env: map[string]schema.Value{"A": value(password + key)}},
			"last in a variable":        {Env: map[string]schema.Value{"A": value(key + password)}},
			"between texts":             {Env: map[string]schema.Value{"A": value("a" + password + "b")}},
			"in the first variable":     {Env: map[string]schema.Value{"A": value(password), "B": value(key)}},
			"in a file":                 {Files: map[string]schema.Value{"/out/f": value(password)}},
			"between the parts of file": {Files: map[string]schema.Value{"/out/f": value("a" + key + password + key + "b")}},
		} {
			b := newBox(t, map[string]string{"notes.key": "k"})
			files := w.Files
			w.Files = map[string]schema.Value{}
			for name, text := range files {
				w.Files[b.dir+name] = text
			}
			if err := os.Mkdir(filepath.Join(b.dir, "out"), 0o755); err != nil {
				t.Fatal(err)
			}
			w.Command = values("touch", b.dir+"/started")
			c, err := Of(platform, "notes", w)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.run(shell, c); err == nil || !strings.Contains(err.Error(), "notes.db.password") {
				t.Errorf("%s, %s: a missing secret is not named: %v", shell, what, err)
			}
			if _, err := os.Stat(filepath.Join(b.dir, "started")); err == nil {
				t.Errorf("%s, %s: the program started without its secret", shell, what)
			}
		}
	}
}

// TestScriptBecomesTheProgram holds that the program has the script's process, so
// that signals reach it, and only the variables that were said.
func TestScriptBecomesTheProgram(t *testing.T) {
	for _, shell := range shells(t) {
		b := newBox(t, map[string]string{"notes.key": "k"})
		c, err := Of(platform, "notes", schema.Workload{
			Command: values("sh", "-c", "env; echo $PPID; exit 7"),
			Env:     map[string]schema.Value{"A": value("‹secret notes.key value›"), "B": "b"},
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := b.run(shell, c)
		if err == nil || !strings.Contains(err.Error(), "exit status 7") {
			t.Errorf("%s: the program's exit code became %v", shell, err)
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if parent := lines[len(lines)-1]; parent != fmt.Sprint(os.Getpid()) {
			t.Errorf("%s: the program's parent is %s, not who ran the script", shell, parent)
		}
		if !strings.Contains(out, "A=k\n") || !strings.Contains(out, "B=b\n") || strings.Contains(out, "s0_") {
			t.Errorf("%s: the program has the variables\n%s", shell, out)
		}
	}
}

// TestAsking holds that a question is asked until the answer is yes.
func TestAsking(t *testing.T) {
	for _, shell := range shells(t) {
		b := newBox(t, map[string]string{"notes.key": "k"})
		b.write("bin/sleep", "#!/bin/sh\necho sleep \"$@\"\n", 0o755)
		c, err := Asking(platform, "notes", schema.Question{
			Command: values("sh", "-c", `echo asked with "$A"; echo x >>`+b.dir+`/asked; [ "$(wc -l <`+b.dir+`/asked)" -eq 3 ]`),
			Env:     map[string]schema.Value{"A": value("‹secret notes.key value›")},
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.run(shell, c)
		if want := "asked with k\nsleep 2\nasked with k\nsleep 2\nasked with k\n"; got != want || err != nil {
			t.Errorf("%s: got %q, %v; want %q", shell, got, err, want)
		}
	}
	c, err := Asking(platform, "notes", schema.Question{Command: values("there")})
	if err != nil || c.Script == "" || len(c.Secrets) != 0 {
		t.Errorf("a question without secrets is %+v, %v", c, err)
	}
	if _, err := Asking(platform, "notes", schema.Question{}); err == nil {
		t.Error("a question without words is asked")
	}
}

// FuzzScript sends any text, with and around a secret, through a script.
func FuzzScript(f *testing.F) {
	f.Add("it's $HOME\n", "`k`\n")
	f.Add("", "")
	shell := shells(f)[0]
	f.Fuzz(func(t *testing.T, text, secret string) {
		if strings.ContainsFunc(text, func(r rune) bool { return r == 0 || schema.IsReserved(r) }) || strings.ContainsRune(secret, 0) {
			return // neither a variable nor CUE's text can hold it
		}
		joins(t, shell, text, secret)
	})
}
