package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPictures holds the pictures that documents show: of dev as it is shipped, and with the
// example that people begin with. UPDATE=1 draws them anew.
func TestPictures(t *testing.T) {
	for name, with := range map[string]string{"dev": "", "cards": "../../docs/examples/cards.cue"} {
		picture, dir := "../../docs/pictures/"+name+".svg", t.TempDir()
		command(t, dir, "init")
		if with != "" {
			example(t, dir, with)
		}
		drawn := command(t, dir, "graph", "dev", "-o", "svg")
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(picture, []byte(drawn), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(picture); err != nil || string(have) != drawn {
			t.Errorf("%s is not what graph dev draws: UPDATE=1 go test ./cmd/... makes it (%v)", picture, err)
		}
	}
}

// command is what a command that must succeed prints in a folder.
func command(t *testing.T, dir string, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), append([]string{"-C", dir}, args...), strings.NewReader(""), &stdout, &stderr); code != 0 {
		t.Fatalf("%v: exit code %d\n%s%s", args, code, stdout.String(), stderr.String())
	}
	return stdout.String()
}

// example puts a file into every environment of a config repository.
func example(t *testing.T, dir, file string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "environments", filepath.Base(file)), []byte(read(t, file)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestExamples holds that each file of docs/examples is right in a new repository, and
// renders for this machine and for a cluster.
func TestExamples(t *testing.T) {
	examples, err := filepath.Glob("../../docs/examples/*.cue")
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range examples {
		dir := t.TempDir()
		command(t, dir, "init")
		example(t, dir, file)
		command(t, dir, "vet")
		name := strings.TrimSuffix(filepath.Base(file), ".cue")
		for env, want := range map[string]string{"dev": "image: ", "prod": "kind: StatefulSet"} {
			if out := command(t, dir, "render", env, "--stdout"); !strings.Contains(out, want) || !strings.Contains(out, name) {
				t.Errorf("%s: %s is rendered without it:\n%s", file, env, out)
			}
		}
	}
}
