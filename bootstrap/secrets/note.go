package secrets

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// What a sealed Secret says of its value in the open, as annotations. The MAC covers them. A
// file that says nothing, as those of stock sops, is taken as it is.
const (
	valueNote = "mlops-gitops/value"      // whether it was made, or supplied by a person
	loginNote = "mlops-gitops/login"      // the user whose password it is
	keyNote   = "mlops-gitops/public-key" // of a certificate or its key: SHA-256 of the public key as PKIX, in hexadecimal

	wasMade, wasSupplied = "made", "supplied"
)

// noted is the metadata of a secret's file with what it says of its value.
func (s sealed) noted(m metadata, name string, value []byte) metadata {
	secret := s.declared[name]
	notes := map[string]string{valueNote: wasMade}
	if secret.Supplied {
		notes[valueNote] = wasSupplied
	}
	if secret.Login != "" {
		notes[loginNote] = secret.Login
	}
	if digest := publicKey(secret.Part, value); digest != "" {
		notes[keyNote] = digest
	}
	for key, text := range m.Annotations {
		if key != valueNote && key != loginNote && key != keyNote {
			notes[key] = text
		}
	}
	m.Annotations = notes
	return m
}

// publicKey is the digest of a certificate's public key, or of its key's, or "".
func publicKey(part string, value []byte) string {
	var public crypto.PublicKey
	switch part {
	case "crt":
		if cert, err := parseCertificate(value); err == nil {
			public = cert.PublicKey
		}
	case "key":
		if key, err := parseKey(value); err == nil {
			public = key.Public()
		}
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// Unfit are the Problems with sealed secrets that are there and are not what the settings ask
// for any longer: one that was made where a person is to supply it, and a login of another user.
// It takes no key and changes nothing.
func (c Cluster) Unfit(declared map[string]schema.Secret) (problems []error, err error) {
	err = c.each(func(name string, _ []byte, o object) error {
		secret, used := declared[name]
		notes := o.Metadata.Annotations
		again := "mlops-gitops secrets rotate " + c.Env + " " + name
		if secret.Supplied {
			again = "mlops-gitops secrets set " + c.Env + " " + name
		}
		switch {
		case !used:
		case secret.Supplied && notes[valueNote] == wasMade:
			problems = append(problems, &Problem{
				fmt.Sprintf("the secret %s is not made but supplied, and %s holds a value that was made before that", name, c.at(name)),
				again + "\nor, where the value is yours already, take the annotation " + valueNote + " away:\nsops edit " + c.at(name),
			})
		case secret.Login != "" && notes[loginNote] != "" && notes[loginNote] != secret.Login:
			problems = append(problems, &Problem{
				fmt.Sprintf("%s is the login of the user %s, and the settings name %s", c.at(name), notes[loginNote], secret.Login),
				"seal the login anew: " + again,
			})
		}
		return nil
	})
	return problems, err
}

// other is the secret that holds a certificate's other part.
func other(name, part string) string {
	if part == "crt" {
		return strings.TrimSuffix(name, ".crt") + ".key"
	}
	return strings.TrimSuffix(name, ".key") + ".crt"
}
