package secrets

import (
	"bytes"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

func TestEachRecipientReadsWhatIsSealed(t *testing.T) {
	first, second := identity(t), identity(t)
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	public := []string{first.Recipient().String(), second.Recipient().String(), hybrid.Recipient().String()}
	for _, value := range []string{"x", "0123456789012345", "true", "-_AZ", strings.Repeat("Zz9-_", 25)} {
		data, err := encrypt(metadata{Name: "feast.key", Namespace: "mlops-prod"}, "", []byte(value), mustParse(t, public...), rand.Reader, now)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(value)) && len(value) > 4 {
			t.Fatalf("the value is in the open:\n%s", data)
		}
		for who, owner := range map[string]age.Identity{"the first": first, "the second": second, "the post-quantum": hybrid} {
			if got, err := open(data, owner); err != nil || got != value {
				t.Errorf("%s reads %q, %v, want %q", who, got, err, value)
			}
		}
		if got, err := open(data, identity(t)); err == nil {
			t.Errorf("a stranger reads %q", got)
		}
	}
}

func TestTamperingShows(t *testing.T) {
	owner := identity(t)
	seal := func(value string) string {
		data, err := encrypt(metadata{Name: "feast.key", Namespace: "mlops-prod"}, "", []byte(value), mustParse(t, owner.Recipient().String()), rand.Reader, now)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	data := seal("one")
	for what, tampered := range map[string]string{
		"another namespace":   strings.Replace(data, "namespace: mlops-prod", "namespace: mlops-test", 1),
		"another type":        strings.Replace(data, "type: Opaque", "type: Other", 1),
		"another field":       strings.Replace(data, "type: Opaque", "type: Opaque\nmore: x", 1),
		"another order":       strings.Replace(data, "apiVersion: v1\nkind: Secret\n", "kind: Secret\napiVersion: v1\n", 1),
		"another time":        strings.Replace(data, "T05:00:00Z", "T05:00:01Z", 1),
		"another entry":       strings.Replace(data, "    value: ENC", "    other: ENC", 1),
		"another file's data": strings.Replace(data, line(data, "value: ENC"), line(seal("two"), "value: ENC"), 1),
		"half of the file":    data[:len(data)/2],
	} {
		if tampered == data {
			t.Fatalf("%s: nothing was changed in\n%s", what, data)
		}
		if got, err := open([]byte(tampered), owner); err == nil {
			t.Errorf("%s is read: %q", what, got)
		}
	}
}

// sopsMade are files that the command sops 3.13.3 made, of "hunter2".
var sopsMade = []string{"testdata/sops-text.yaml", "testdata/sops-bytes.yaml"}

func TestSOPSFilesAreReadAndKept(t *testing.T) {
	owner := testdataOwner(t)
	for _, file := range sopsMade {
		data := get(t, ".", file)
		if got, err := open([]byte(data), owner); err != nil || got != "hunter2" {
			t.Errorf("%s holds %q, %v", file, got, err)
		}
		dir := t.TempDir()
		put(t, dir, "deploy/prod/secrets/feast.key.yaml", data)
		cluster := Cluster{dir, "prod", "mlops-prod", []string{owner.Recipient().String()}}
		feast := map[string]schema.Secret{"feast.key": {Component: "feast", Supplied: true}}
		if missing, err := cluster.Missing(feast); err != nil || missing != nil {
			t.Errorf("%s: missing are %q, %v", file, missing, err)
		}
		r, err := cluster.Generate(feast, rand.Reader, now)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		wantResult(t, r, Result{Kept: []string{"feast.key"}})
		if r, err = cluster.Generate(nil, rand.Reader, now); err != nil || fmt.Sprint(r.Orphaned) != "[feast.key]" {
			t.Errorf("%s: as an orphan %+v, %v", file, r, err)
		}
	}
}

// TestTheFormIsThatOfTheGolden holds every byte but age's, which age draws
// itself. "make e2e-sops" gives the golden to SOPS.
func TestTheFormIsThatOfTheGolden(t *testing.T) {
	const golden, value = "testdata/ours.yaml", "true" // not to be taken for a boolean
	owner := testdataOwner(t)
	made, err := encrypt(metadata{Name: "feast.key", Namespace: "mlops-prod"}, "", []byte(value), mustParse(t, owner.Recipient().String()), mathrand.NewChaCha8([32]byte{}), now)
	if err != nil {
		t.Fatal(err)
	}
	kept := []byte(get(t, ".", golden))
	if got, want := withoutAge(made), withoutAge(kept); got != want {
		if os.Getenv("UPDATE") != "" {
			put(t, ".", golden, string(made))
			return
		}
		t.Errorf("UPDATE=1 accepts what is made; then run \"make e2e-sops\":\n%s\n%s is\n%s", got, golden, want)
	}
	for _, data := range [][]byte{made, kept} {
		if got, err := open(data, owner); err != nil || got != value {
			t.Errorf("it holds %q, %v", got, err)
		}
	}
}

var ageFile = regexp.MustCompile(`(?s)-----BEGIN AGE.*?END AGE ENCRYPTED FILE-----`)

func withoutAge(data []byte) string { return ageFile.ReplaceAllString(string(data), "an age file") }

// testdataOwner can read the files in testdata.
func testdataOwner(t *testing.T) *age.X25519Identity {
	t.Helper()
	owner, err := age.ParseX25519Identity(strings.TrimSpace(line(get(t, ".", "testdata/key.txt"), "AGE-SECRET-KEY-")))
	if err != nil {
		t.Fatal(err)
	}
	return owner
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
