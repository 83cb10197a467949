package sops

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"go.yaml.in/yaml/v3"
)

const flask = "deploy/prod/secrets/mlflow.flask.yaml"

// names makes the environment name these as its recipients.
func (f folder) names(owners ...*age.X25519Identity) {
	f.t.Helper()
	var keys []string
	for _, owner := range owners {
		keys = append(keys, `"`+owner.Recipient().String()+`"`)
	}
	f.write("environments/prod/environment.cue", "package environments\n\nenvironment: {mode: \"prod\", secrets: recipients: ["+strings.Join(keys, ", ")+"]}\n")
}

// sealed are the secrets' files.
func (f folder) sealed() (names []string) {
	f.t.Helper()
	paths, err := filepath.Glob(filepath.Join(f.dir, "deploy/prod/secrets/*.yaml"))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, path := range paths {
		if name := strings.TrimSuffix(filepath.Base(path), ".yaml"); name != "kustomization" {
			names = append(names, name)
		}
	}
	return names
}

// ciphertexts is what stands in a file in place of its values.
func ciphertexts(t *testing.T, file string) string {
	t.Helper()
	var s struct {
		StringData map[string]string `yaml:"stringData"`
		SOPS       struct{ MAC string }
	}
	if err := yaml.Unmarshal([]byte(file), &s); err != nil {
		t.Fatal(err)
	}
	return s.StringData["value"] + s.StringData["password"] + s.SOPS.MAC
}

// SOPS reads what was sealed for one more, whose values are as they were, and for one less.
func TestSOPSReadsWhatIsSealedForOthers(t *testing.T) {
	first, second := keys(t), keys(t)
	sides := readers(t)
	f := newFolder(t, first.Recipient().String())
	f.run("secrets", "generate", "prod")
	made, err := encrypt(asText, first.Recipient().String())
	if err != nil {
		t.Fatal(err)
	}
	f.write(feastKey, made) // SOPS's own, too
	before := map[string]string{}
	for _, name := range f.sealed() {
		before[name] = f.read("deploy/prod/secrets/" + name + ".yaml")
	}
	check := func(same bool, can, cannot []*age.X25519Identity) {
		t.Helper()
		for name, file := range before {
			now := f.read("deploy/prod/secrets/" + name + ".yaml")
			if (ciphertexts(t, now) == ciphertexts(t, file)) != same {
				t.Errorf("%s: the values' text stays: %v, want %v", name, !same, same)
			}
			for side, open := range sides {
				then, err := open(file, first.String())
				if err != nil {
					t.Fatal(err)
				}
				for _, owner := range can {
					if text, err := open(now, owner.String()); err != nil || text != then {
						t.Errorf("%s, %s: %v", name, side, err)
					}
				}
				for _, owner := range cannot {
					if _, err := open(now, owner.String()); err == nil {
						t.Errorf("%s, %s: who was removed reads it", name, side)
					}
				}
			}
		}
	}
	alone(t, first.String())
	f.names(first, second)
	f.run("secrets", "recipients", "prod")
	check(true, []*age.X25519Identity{first, second}, nil)
	alone(t, second.String())
	f.names(second)
	f.run("secrets", "recipients", "prod")
	check(false, []*age.X25519Identity{second}, []*age.X25519Identity{first})
}

// A rotated value is read by SOPS, and one that SOPS edits is seen by the program: what uses it
// is to start anew.
func TestBothSidesChangeValues(t *testing.T) {
	owner := keys(t)
	f := newFolder(t, owner.Recipient().String())
	f.run("secrets", "generate", "prod")
	values := map[string]bool{}
	for range 3 {
		f.run("secrets", "rotate", "prod", "mlflow.flask", "mlflow.postgres.password")
		for side, open := range readers(t) {
			text, err := open(f.read(flask), owner.String())
			if err != nil {
				t.Errorf("%s: %v", side, err)
			}
			values[valueOf(t, text, "mlflow.flask")] = true
			if _, err := open(f.read("deploy/prod/secrets/mlflow.postgres.password.yaml"), owner.String()); err != nil {
				t.Errorf("%s: a login: %v", side, err)
			}
		}
	}
	if len(values) != 3 {
		t.Errorf("three rotations made %d values", len(values))
	}
	f.run("render", "prod")
	f.run("render", "prod", "--check")
	if !has(t, "sops") {
		return
	}
	alone(t, owner.String())
	f.sops("", "set", flask, `["stringData"]["value"]`, `"edited-by-sops"`)
	if said, err := f.try("render", "prod", "--check"); err == nil {
		t.Errorf("what SOPS edited is not noticed:\n%s", said)
	}
	if said := f.run("secrets", "generate", "prod"); strings.Contains(said, "made") {
		t.Errorf("what SOPS edited is made again:\n%s", said)
	}
	f.run("render", "prod")
	f.sops("", "rotate", "--in-place", flask)
	if said, err := f.try("render", "prod", "--check"); err == nil {
		t.Errorf("a new data key is not noticed:\n%s", said)
	}
	second := keys(t)
	f.names(second)
	f.run("secrets", "recipients", "prod")
	for side, open := range readers(t) {
		text, err := open(f.read(flask), second.String())
		if got := valueOf(t, text, "mlflow.flask"); err != nil || got != "edited-by-sops" {
			t.Errorf("%s reads %q, %v", side, got, err)
		}
	}
}

// The command sops knows without flags for whom it encrypts, in the environment's folder and
// below it.
func TestSOPSFindsForWhomItEncrypts(t *testing.T) {
	if !has(t, "sops") {
		return
	}
	owner, second := keys(t), keys(t)
	f := newFolder(t, owner.Recipient().String())
	f.write("environments/feast.cue", feast)
	f.run("render", "prod")
	alone(t, owner.String())
	f.write("plain.yaml", asText)
	for folder, file := range map[string]string{"deploy/prod": "secrets/feast.key.yaml", "deploy/prod/secrets": "feast.key.yaml"} {
		t.Setenv("EDITOR", "cp "+filepath.Join(f.dir, "plain.yaml"))
		f.sops(folder, "edit", file)
		f.run("secrets", "generate", "prod")
		for side, open := range readers(t) {
			text, err := open(f.read(feastKey), owner.String())
			if got := valueOf(t, text, "feast.key"); err != nil || got != "hunter2" {
				t.Errorf("%s, made in %s: %q, %v", side, folder, got, err)
			}
		}
		if err := os.Remove(filepath.Join(f.dir, feastKey)); err != nil {
			t.Fatal(err)
		}
	}
	// either side takes the other's word for who can read
	alone(t, owner.String())
	f.names(owner, second)
	f.run("render", "prod")
	f.sops("deploy/prod", "updatekeys", "--yes", "secrets/mlflow.flask.yaml")
	before := f.read(flask)
	f.run("secrets", "set", "prod", "feast.key", "--from", "plain.yaml")
	f.run("secrets", "recipients", "prod")
	if f.read(flask) != before {
		t.Error("what sops updated is sealed once more")
	}
	if said := f.sops("deploy/prod", "updatekeys", "--yes", "secrets/mlflow.crypto.yaml"); !strings.Contains(said, "already up to date") {
		t.Errorf("sops takes other readers for right:\n%s", said)
	}
}

// sops runs the command in a folder below, which must succeed, and returns what it said.
func (f folder) sops(folder string, args ...string) string {
	f.t.Helper()
	out, said, err := pipe(filepath.Join(f.dir, folder), "", "sops", args...)
	if err != nil {
		f.t.Fatalf("sops %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return out + said
}
