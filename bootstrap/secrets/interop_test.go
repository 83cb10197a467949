package secrets

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	sopsage "github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/decrypt"
	"github.com/getsops/sops/v3/stores/yaml"
	"github.com/getsops/sops/v3/version"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// The other side of these tests is SOPS itself: always its library, and the
// command too where there is one ($SOPS, on the PATH, or in the cluster lab).

const plaintext = `apiVersion: v1
kind: Secret
metadata:
    name: feast.key
    namespace: mlops-prod
type: Opaque
stringData:
    value: %s
`

func TestSOPSReadsWhatWeWrite(t *testing.T) {
	first, second := identity(t), identity(t)
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	public := []string{first.Recipient().String(), second.Recipient().String(), hybrid.Recipient().String()}
	sides := readers(t)
	for _, value := range []string{"x", "0123456789012345", "true", "-_AZ", strings.Repeat("Zz9-_", 25)} {
		data, err := encrypt(metadata{"feast.key", "mlops-prod"}, []byte(value), mustParse(t, public...), rand.Reader, now)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(value)) && len(value) > 4 {
			t.Fatalf("the value is in the open:\n%s", data)
		}
		for who, key := range map[string]string{"the first": first.String(), "the second": second.String(), "the post-quantum": hybrid.String()} {
			for side, open := range sides {
				got, err := open(data, key)
				if err != nil {
					t.Errorf("%s, %s key: %v\n%s", side, who, err, data)
					continue
				}
				if want := fmt.Sprintf(plaintext, quoted(value)); got != want {
					t.Errorf("%s, %s key: got\n%s\nwant\n%s", side, who, got, want)
				}
			}
		}
		for side, open := range sides {
			if got, err := open(data, identity(t).String()); err == nil {
				t.Errorf("%s: a stranger's key opens it:\n%s", side, got)
			}
		}
	}
}

func TestSOPSNoticesTampering(t *testing.T) {
	owner := identity(t)
	seal := func(value string) string {
		data, err := encrypt(metadata{"feast.key", "mlops-prod"}, []byte(value), mustParse(t, owner.Recipient().String()), rand.Reader, now)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	data := seal("one")
	sides := readers(t)
	for what, tampered := range map[string]string{
		"another namespace":   strings.Replace(data, "namespace: mlops-prod", "namespace: mlops-test", 1),
		"another type":        strings.Replace(data, "type: Opaque", "type: Other", 1),
		"another field":       strings.Replace(data, "type: Opaque", "type: Opaque\nimmutable: true", 1),
		"another time":        strings.Replace(data, "T05:00:00Z", "T05:00:01Z", 1),
		"another entry":       strings.Replace(data, "    value: ENC", "    other: ENC", 1),
		"another file's data": strings.Replace(data, line(data, "value: ENC"), line(seal("two"), "value: ENC"), 1),
	} {
		if tampered == data {
			t.Fatalf("%s: nothing was changed in\n%s", what, data)
		}
		for side, open := range sides {
			if got, err := open([]byte(tampered), owner.String()); err == nil {
				t.Errorf("%s reads %s:\n%s", side, what, got)
			}
		}
	}
}

func TestWeKeepWhatSOPSWrites(t *testing.T) {
	owner := identity(t)
	public := owner.Recipient().String()
	for side, write := range writers(t) {
		for what, secret := range map[string]string{
			"a Secret of text":  fmt.Sprintf(plaintext, "hunter2"),
			"a Secret of bytes": "apiVersion: v1\ndata:\n    value: aHVudGVyMg==\nkind: Secret\nmetadata:\n    creationTimestamp: null\n    name: feast.key\n    namespace: mlops-prod\n",
		} {
			dir := t.TempDir()
			data, err := write([]byte(secret), public)
			if err != nil {
				t.Fatalf("%s: %v", side, err)
			}
			put(t, dir, "deploy/prod/secrets/feast.key.yaml", string(data))
			cluster := Cluster{dir, "prod", "mlops-prod", []string{public}}
			r, err := cluster.Generate(map[string]schema.Secret{"feast.key": {Supplied: true}}, rand.Reader, now)
			if err != nil {
				t.Errorf("%s, %s: %v\n%s", side, what, err, data)
				continue
			}
			wantResult(t, r, Result{Kept: []string{"feast.key"}})
			if r, err = cluster.Generate(nil, rand.Reader, now); err != nil || fmt.Sprint(r.Orphaned) != "[feast.key]" {
				t.Errorf("%s, %s: as an orphan %+v, %v", side, what, r, err)
			}
		}
	}
}

// SOPS takes shorter keys without a word, and calls it AES256 all the same.
func TestTheDataKeyHas256Bits(t *testing.T) {
	owner := identity(t)
	data, err := encrypt(metadata{"feast.key", "mlops-prod"}, []byte("x"), mustParse(t, owner.Recipient().String()), rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	alone(t, owner.String())
	tree, err := yaml.NewStore(&config.YAMLStoreConfig{}).LoadEncryptedFile(data)
	if err != nil {
		t.Fatal(err)
	}
	key, err := tree.Metadata.GetDataKey()
	if err != nil || len(key) != 32 {
		t.Errorf("it has %d bytes, %v", len(key), err)
	}
}

func TestTheFormatIsThatOfTheLibrary(t *testing.T) {
	if sopsVersion != version.Version {
		t.Errorf("files say SOPS %s, the library that proves them is %s", sopsVersion, version.Version)
	}
}

// readers are SOPS's ways to turn a file into plain text with an age private key.
func readers(t *testing.T) map[string]func(data []byte, key string) (string, error) {
	t.Helper()
	sides := map[string]func([]byte, string) (string, error){
		"library": func(data []byte, key string) (string, error) {
			alone(t, key)
			text, err := decrypt.Data(data, "yaml")
			return string(text), err
		},
	}
	if sops := command(t); sops != "" {
		sides["command"] = func(data []byte, key string) (string, error) {
			alone(t, key)
			return run(sops, data, "decrypt", "--input-type", "yaml", "--output-type", "yaml")
		}
	}
	return sides
}

// writers are SOPS's ways to encrypt a file for a recipient.
func writers(t *testing.T) map[string]func(text []byte, public string) ([]byte, error) {
	t.Helper()
	sides := map[string]func([]byte, string) ([]byte, error){"library": libraryEncrypt}
	if sops := command(t); sops != "" {
		sides["command"] = func(text []byte, public string) ([]byte, error) {
			alone(t, "")
			out, err := run(sops, text, "encrypt", "--filename-override", "x.yaml", "--age", public, "--encrypted-regex", encryptedRegex)
			return []byte(out), err
		}
	}
	return sides
}

func libraryEncrypt(text []byte, public string) ([]byte, error) {
	store := yaml.NewStore(&config.YAMLStoreConfig{})
	branches, err := store.LoadPlainFile(text)
	if err != nil {
		return nil, err
	}
	owner, err := sopsage.MasterKeyFromRecipient(public)
	if err != nil {
		return nil, err
	}
	tree := sops.Tree{Branches: branches, Metadata: sops.Metadata{
		KeyGroups: []sops.KeyGroup{{owner}}, EncryptedRegex: encryptedRegex, Version: version.Version, LastModified: now.UTC(),
	}}
	key, errs := tree.GenerateDataKey()
	if len(errs) > 0 {
		return nil, fmt.Errorf("%v", errs)
	}
	cipher := aes.NewCipher()
	mac, err := tree.Encrypt(key, cipher)
	if err != nil {
		return nil, err
	}
	tree.Metadata.MessageAuthenticationCode, err = cipher.Encrypt(mac, key, tree.Metadata.LastModified.Format("2006-01-02T15:04:05Z07:00"))
	if err != nil {
		return nil, err
	}
	return store.EmitEncryptedFile(tree)
}

// alone makes key the only one that SOPS finds.
func alone(t *testing.T, key string) {
	t.Helper()
	home := t.TempDir()
	for name, value := range map[string]string{
		"HOME": home, "XDG_CONFIG_HOME": home, "SOPS_AGE_KEY": key,
		"SOPS_AGE_KEY_FILE": "", "SOPS_AGE_KEY_CMD": "", "SOPS_AGE_SSH_PRIVATE_KEY_FILE": "", "SOPS_AGE_SSH_PRIVATE_KEY_CMD": "",
	} {
		t.Setenv(name, value)
		if value == "" {
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// command is the path of sops, or "".
func command(t *testing.T) string {
	t.Helper()
	if named := os.Getenv("SOPS"); named != "" {
		return named
	}
	if found, err := exec.LookPath("sops"); err == nil {
		return found
	}
	lab := os.Getenv("LAB")
	if lab == "" {
		lab = filepath.Join(os.Getenv("HOME"), ".cache/mlops-gitops-lab/cluster")
	}
	found, err := exec.LookPath(filepath.Join(lab, "bin/sops"))
	if err != nil {
		return ""
	}
	return found
}

func run(program string, stdin []byte, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	return string(out), nil
}

// quoted is value as SOPS writes it in YAML.
func quoted(value string) string {
	if value == "true" || strings.Trim(value, "0123456789") == "" {
		return `"` + value + `"`
	}
	return value
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
