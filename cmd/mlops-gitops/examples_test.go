package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExamples holds that each file of docs/examples is right in a new repository, and
// renders for this machine and for a cluster.
func TestExamples(t *testing.T) {
	examples, err := filepath.Glob("../../docs/examples/*.cue")
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, example := range examples {
		dir := t.TempDir()
		command := func(args ...string) string {
			t.Helper()
			var stdout, stderr bytes.Buffer
			if code := run(context.Background(), append([]string{"-C", dir}, args...), strings.NewReader(""), &stdout, &stderr); code != 0 {
				t.Fatalf("%s: %v: exit code %d\n%s%s", example, args, code, stdout.String(), stderr.String())
			}
			return stdout.String()
		}
		command("init")
		data, err := os.ReadFile(example)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "environments", filepath.Base(example)), data, 0o644); err != nil {
			t.Fatal(err)
		}
		command("vet")
		name := strings.TrimSuffix(filepath.Base(example), ".cue")
		for env, want := range map[string]string{"dev": "image: ", "prod": "kind: StatefulSet"} {
			if out := command("render", env, "--stdout"); !strings.Contains(out, want) || !strings.Contains(out, name) {
				t.Errorf("%s: %s is rendered without it:\n%s", example, env, out)
			}
		}
	}
}
