package kube

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mlops-gitops/mlops-gitops/render/container"
)

// The hook tries until the program takes the value, which comes on its standard input, and
// says nothing that the command says.
func TestTellingTriesUntilTheValueIsTaken(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.admin"), []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	// the program answers at the second try
	program := `cat >"$1/got"; [ -e "$1/up" ] || { >"$1/up"; echo hunter2 >&2; exit 1; }`
	hook := telling([]told{{"a.admin", []string{"sh", "-c", program, "it's", dir}}})
	script := strings.ReplaceAll(hook.Exec.Command[2], container.SecretDir, dir)
	out, err := exec.Command(hook.Exec.Command[0], "-eu", "-c", script).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Fatalf("%v: %s\n%s", err, out, script)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "got")); err != nil || string(got) != "hunter2" {
		t.Errorf("the program read %q, %v", got, err)
	}
	// time is counted, not tries: of one that answers no, and of one that hangs
	short := strings.ReplaceAll(strings.ReplaceAll(script, "sleep 1", "sleep 0.1"), "-ge 600", "-ge 6")
	for what, command := range map[string]string{"no": `echo x >>"$1/no"; echo hunter2; exit 1`, "hangs": `echo x >>"$1/hangs"; exec sleep 20`} {
		begin := time.Now()
		out, err = exec.Command("/bin/sh", "-eu", "-c", strings.ReplaceAll(short, program, command)).CombinedOutput()
		tries, _ := os.ReadFile(filepath.Join(dir, what))
		if err == nil || string(out) != "a.admin was not taken\n" || len(tries) == 0 || len(tries) > 12 || time.Since(begin) > 15*time.Second {
			t.Errorf("one that %s: %v, %q after %v, tries %q", what, err, out, time.Since(begin), tries)
		}
	}
}
