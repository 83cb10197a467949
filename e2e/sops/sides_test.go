package sops

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	"github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/decrypt"
	"github.com/getsops/sops/v3/stores/yaml"
	"github.com/getsops/sops/v3/version"
)

// encryptedRegex is what the program's hints tell people to use.
const encryptedRegex = "^(data|stringData)$"

// readers are SOPS's ways to turn a file into plain text with an age private key.
func readers(t *testing.T) map[string]func(file, key string) (string, error) {
	t.Helper()
	sides := map[string]func(string, string) (string, error){
		"library": func(file, key string) (string, error) {
			alone(t, key)
			text, err := decrypt.Data([]byte(file), "yaml")
			return string(text), err
		},
	}
	if has(t, "sops") {
		sides["command"] = func(file, key string) (string, error) {
			alone(t, key)
			out, said, err := pipe("", file, "sops", "decrypt", "--input-type", "yaml", "--output-type", "yaml")
			if err != nil {
				err = fmt.Errorf("%w: %s", err, said)
			}
			return out, err
		}
	}
	return sides
}

// encrypt does with SOPS's library what "sops encrypt" does.
func encrypt(text, public string) (string, error) {
	store := yaml.NewStore(&config.YAMLStoreConfig{})
	branches, err := store.LoadPlainFile([]byte(text))
	if err != nil {
		return "", err
	}
	owner, err := age.MasterKeyFromRecipient(public)
	if err != nil {
		return "", err
	}
	tree := sops.Tree{Branches: branches, Metadata: sops.Metadata{
		KeyGroups: []sops.KeyGroup{{owner}}, EncryptedRegex: encryptedRegex, Version: version.Version, LastModified: time.Now().UTC(),
	}}
	key, errs := tree.GenerateDataKey()
	if len(errs) > 0 {
		return "", errors.Join(errs...)
	}
	cipher := aes.NewCipher()
	mac, err := tree.Encrypt(key, cipher)
	if err != nil {
		return "", err
	}
	tree.Metadata.MessageAuthenticationCode, err = cipher.Encrypt(mac, key, tree.Metadata.LastModified.Format(time.RFC3339))
	if err != nil {
		return "", err
	}
	file, err := store.EmitEncryptedFile(tree)
	return string(file), err
}

// alone makes key the only one that SOPS finds.
func alone(t *testing.T, key string) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("SOPS_AGE_KEY", key)
	for _, name := range []string{"SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_CMD"} {
		t.Setenv(name, "") // so that the old value comes back
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
}

// has reports whether all these commands are on PATH.
func has(t *testing.T, commands ...string) bool {
	t.Helper()
	for _, name := range commands {
		if _, err := exec.LookPath(name); err != nil {
			t.Logf("proved without the command: %v", err)
			return false
		}
	}
	return true
}
