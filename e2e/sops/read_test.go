package sops

import (
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/getsops/sops/v3/version"
	"go.yaml.in/yaml/v3"
)

// A secret is a Kubernetes Secret in plain text, with no field more than it may have.
type secret struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name, Namespace   string
		Labels            map[string]string
		Annotations       map[string]string // what it says of its value
		CreationTimestamp any               `yaml:"creationTimestamp"` // null, from older kubectl
	}
	Type       string
	Data       map[string]string
	StringData map[string]string `yaml:"stringData"`
}

func TestSOPSReadsWhatTheProgramMakes(t *testing.T) {
	first, second, stranger := keys(t), keys(t), keys(t)
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	sides := readers(t)
	f := newFolder(t, first.Recipient().String(), second.Recipient().String(), hybrid.Recipient().String())
	f.run("secrets", "generate", "prod")
	paths, err := filepath.Glob(filepath.Join(f.dir, "deploy/prod/secrets/*.yaml"))
	if err != nil || len(paths) != 7 {
		t.Fatalf("the program made %q, %v, not seven files", paths, err)
	}
	for _, path := range paths {
		name, file := strings.TrimSuffix(filepath.Base(path), ".yaml"), read(t, path)
		var says struct{ SOPS struct{ Version string } }
		if err := yaml.Unmarshal([]byte(file), &says); err != nil || says.SOPS.Version != version.Version {
			t.Errorf("%s says SOPS %q, %v; the library that proves it is %s", name, says.SOPS.Version, err, version.Version)
		}
		value := ""
		for side, open := range sides {
			for who, key := range map[string]string{"the first": first.String(), "the second": second.String(), "the post-quantum": hybrid.String()} {
				text, err := open(file, key)
				if err != nil {
					t.Errorf("%s, %s, %s key: %v\n%s", name, side, who, err, file)
					continue
				}
				got := valueOf(t, text, name)
				if value == "" {
					value = got
				}
				if len(got) < 24 || got != value {
					t.Errorf("%s, %s, %s key: %q, and before it was %q", name, side, who, got, value)
				}
			}
			if text, err := open(file, stranger.String()); err == nil {
				t.Errorf("%s, %s: a stranger's key opens it:\n%s", name, side, text)
			}
		}
		if strings.Contains(file, value) {
			t.Errorf("%s has its value in the open:\n%s", name, file)
		}
	}
}

func TestSOPSNoticesTampering(t *testing.T) {
	owner := keys(t)
	sides := readers(t)
	f := newFolder(t, owner.Recipient().String())
	f.run("secrets", "generate", "prod")
	file, other := f.read("deploy/prod/secrets/mlflow.flask.yaml"), f.read("deploy/prod/secrets/mlflow.admin.yaml")
	for what, tampered := range map[string]string{
		"another namespace":   strings.Replace(file, "namespace: mlops-prod", "namespace: mlops-test", 1),
		"another type":        strings.Replace(file, "type: Opaque", "type: Other", 1),
		"another field":       strings.Replace(file, "type: Opaque", "type: Opaque\nimmutable: true", 1),
		"another time":        strings.Replace(file, `lastmodified: "2`, `lastmodified: "3`, 1),
		"another entry":       strings.Replace(file, "    value: ENC", "    other: ENC", 1),
		"another file's data": strings.Replace(file, line(file, "value: ENC"), line(other, "value: ENC"), 1),
	} {
		if tampered == file {
			t.Fatalf("%s: nothing was changed in\n%s", what, file)
		}
		for side, open := range sides {
			if text, err := open(tampered, owner.String()); err == nil {
				t.Errorf("%s reads %s:\n%s", side, what, text)
			}
		}
	}
}

// The golden files, on which the unit tests rely, are what SOPS takes them for.
func TestSOPSReadsTheGoldenFiles(t *testing.T) {
	const folder = "../../bootstrap/secrets/testdata/"
	key := strings.TrimSpace(line(read(t, folder+"key.txt"), "AGE-SECRET-KEY-"))
	for side, open := range readers(t) {
		for file, want := range map[string]string{"ours.yaml": "true", "sops-text.yaml": "hunter2", "sops-bytes.yaml": "aHVudGVyMg=="} {
			text, err := open(read(t, folder+file), key)
			if err != nil {
				t.Errorf("%s, %s: %v", file, side, err)
				continue
			}
			if got := valueOf(t, text, "feast.key"); got != want {
				t.Errorf("%s, %s: %q, not %q", file, side, got, want)
			}
		}
	}
}

// valueOf is the value of the Secret in text, which must be the one called name and hold
// nothing else: a login's password, beside its user.
func valueOf(t *testing.T, text, name string) string {
	t.Helper()
	var s secret
	fields := yaml.NewDecoder(strings.NewReader(text))
	fields.KnownFields(true)
	if err := fields.Decode(&s); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
	if s.APIVersion != "v1" || s.Kind != "Secret" || s.Metadata.Name != name || s.Metadata.Namespace != "mlops-prod" || len(s.Metadata.Labels) > 1 {
		t.Errorf("%s is not the Secret:\n%s", name, text)
	}
	if s.Type == "kubernetes.io/basic-auth" && len(s.StringData) == 2 && s.StringData["username"] != "" {
		return s.StringData["password"]
	}
	if len(s.StringData)+len(s.Data) != 1 {
		t.Errorf("%s holds more than its value:\n%s", name, text)
	}
	return s.StringData["value"] + s.Data["value"]
}

func keys(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// line is the line of text that has part in it.
func line(text, part string) string {
	for l := range strings.Lines(text) {
		if strings.Contains(l, part) {
			return l
		}
	}
	return "no line has " + part
}
