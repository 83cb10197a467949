package secrets

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// A recipient is somebody who can read the secrets of a cluster.
type recipient struct {
	age.Recipient
	key string // as in the settings
}

// recipients returns those of the settings, each once. What is wrong with them is a
// Problem, one for each.
func (c Cluster) recipients() ([]recipient, error) {
	if len(c.Recipients) == 0 {
		return nil, &Problem{
			"environment " + c.Env + " names nobody who can read its secrets",
			fmt.Sprintf(`make a key, and keep it out of Git:
age-keygen -o age.agekey
put the public key that it prints into environments/%s:
environment: secrets: recipients: ["age1…"]
and give the private key to Flux:
kubectl create secret generic sops-age --namespace flux-system --from-file=age.agekey`, c.Env),
		}
	}
	var all []recipient
	var problems []error
	for i, key := range c.Recipients {
		if slices.Contains(c.Recipients[:i], key) {
			continue
		}
		r, err := parseRecipient(key)
		if err != nil {
			problems = append(problems, notRecipient(c.Env, i, key))
		}
		all = append(all, recipient{r, key})
	}
	return all, errors.Join(problems...)
}

// parseRecipient takes the two kinds of key that need no program of their own:
// X25519 and its post-quantum hybrid.
func parseRecipient(key string) (age.Recipient, error) {
	if strings.HasPrefix(key, "age1pq1") {
		return age.ParseHybridRecipient(key)
	}
	return age.ParseX25519Recipient(key)
}

// notRecipient says what is wrong with the key. It doesn't repeat a private one,
// as age's own error would.
func notRecipient(env string, index int, key string) *Problem {
	if strings.Contains(strings.ToUpper(key), "AGE-SECRET-KEY-") {
		return &Problem{
			fmt.Sprintf("secrets.recipients of environment %s: number %d is a private key", env, index+1),
			"take it out, and make another with age-keygen -o age.agekey where this one was in Git; recipients are public keys, age1…",
		}
	}
	return &Problem{
		fmt.Sprintf("secrets.recipients of environment %s: %q is not an age public key", env, key),
		"copy the whole key, age1…, that \"age-keygen -y age.agekey\" prints",
	}
}

// seal returns text as an age file that only r can read, in the form of text.
func (r recipient) seal(text []byte) (string, error) {
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	w, err := age.Encrypt(armored, r.Recipient)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(text); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	if err := armored.Close(); err != nil {
		return "", err
	}
	return out.String(), nil
}
