package secrets

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"filippo.io/age"
)

// Identities are the age private keys that a person has, where SOPS looks for them.
type Identities struct {
	all    []age.Identity
	public []string // of those that all are
	looked []string // where there was none
}

// FindIdentities reads SOPS_AGE_KEY, the file that SOPS_AGE_KEY_FILE names, and
// sops/age/keys.txt in the user's configuration folder, all of them.
//
// Source: getsops/sops v3.13.3, age/keysource.go (MasterKey.loadIdentities).
func FindIdentities(env func(string) (string, bool)) (i Identities, err error) {
	if text, ok := env("SOPS_AGE_KEY"); ok {
		if err := i.read("SOPS_AGE_KEY", []byte(text)); err != nil {
			return i, err
		}
	} else {
		i.looked = append(i.looked, "SOPS_AGE_KEY")
	}
	if file, ok := env("SOPS_AGE_KEY_FILE"); ok {
		if err := i.readFile(file); err != nil {
			return i, &Problem{fmt.Sprintf("SOPS_AGE_KEY_FILE: %v", err), "let it name the file that age-keygen -o made"}
		}
	} else {
		i.looked = append(i.looked, "SOPS_AGE_KEY_FILE")
	}
	folder, err := configFolder(env)
	if err != nil {
		i.looked = append(i.looked, "sops/age/keys.txt in the configuration folder of a user, who has none here")
		return i, nil
	}
	file := filepath.Join(folder, "sops", "age", "keys.txt")
	err = i.readFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		i.looked = append(i.looked, file)
		return i, nil
	}
	return i, err
}

func configFolder(env func(string) (string, bool)) (string, error) {
	if folder, ok := env("XDG_CONFIG_HOME"); ok && folder != "" && runtime.GOOS == "darwin" { // as sops has it
		return folder, nil
	}
	return os.UserConfigDir()
}

func (i *Identities) readFile(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	defer clear(data)
	return i.read(file, data)
}

// read takes the keys in data, in lines. Errors don't repeat them.
func (i *Identities) read(from string, data []byte) error {
	if bytes.HasPrefix(data, []byte("age-encryption")) || bytes.HasPrefix(data, []byte("-----BEGIN AGE")) {
		return &Problem{from + " is encrypted with a passphrase, which is not asked for here", fmt.Sprintf("let age ask for it:\nSOPS_AGE_KEY=$(age --decrypt %s) mlops-gitops …", from)}
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		for word := range strings.FieldsSeq(line) {
			if err := i.add(from, number, word); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

func (i *Identities) add(from string, number int, key string) error {
	switch {
	case strings.HasPrefix(key, "AGE-SECRET-KEY-PQ-1"):
		id, err := age.ParseHybridIdentity(key)
		if err != nil {
			return badIdentity(from, number)
		}
		i.all, i.public = append(i.all, id), append(i.public, id.Recipient().String())
	case strings.HasPrefix(key, "AGE-SECRET-KEY-1"):
		id, err := age.ParseX25519Identity(key)
		if err != nil {
			return badIdentity(from, number)
		}
		i.all, i.public = append(i.all, id), append(i.public, id.Recipient().String())
	case strings.HasPrefix(key, "AGE-PLUGIN-"):
		return &Problem{fmt.Sprintf("line %d of %s is a key of a plugin, which only age and sops can ask", number, from), "take the stock command: sops updatekeys FILE for each file"}
	default:
		return badIdentity(from, number)
	}
	return nil
}

func badIdentity(from string, number int) error {
	return &Problem{fmt.Sprintf("line %d of %s is not an age private key", number, from), "a private key is a line AGE-SECRET-KEY-1…, as age-keygen makes it"}
}
