package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPicture holds the picture of dev that the README shows. UPDATE=1 draws it anew.
func TestPicture(t *testing.T) {
	const picture = "../../docs/pictures/dev.svg"
	dir := t.TempDir()
	var drawn bytes.Buffer
	for _, args := range [][]string{{"init"}, {"graph", "dev", "-o", "svg"}} {
		drawn.Reset()
		if code := run(context.Background(), append([]string{"-C", dir}, args...), strings.NewReader(""), &drawn, os.Stderr); code != 0 {
			t.Fatalf("%v: exit code %d", args, code)
		}
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(picture, drawn.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(picture); err != nil || !bytes.Equal(have, drawn.Bytes()) {
		t.Errorf("%s is not what graph dev draws: UPDATE=1 go test ./cmd/... makes it (%v)", picture, err)
	}
}

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
