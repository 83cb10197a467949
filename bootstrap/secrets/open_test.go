package secrets

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
	"go.yaml.in/yaml/v3"
)

// open returns the value of a Secret that SOPS or we encrypted, and an error
// where SOPS would refuse it. It shares nothing with encrypt but the names of the
// fields, and goes by the file as it is, whatever stands in it. That it agrees
// with SOPS is held by the files in testdata, which SOPS made, and by e2e/sops.
func open(data []byte, owner age.Identity) (string, error) {
	o, err := parse(data)
	if err != nil {
		return "", err
	}
	key, err := openKey(o.SOPS.Age, owner)
	if err != nil {
		return "", err
	}
	secret, err := regexp.Compile(o.SOPS.EncryptedRegex)
	if err != nil {
		return "", err
	}
	var file yaml.Node
	if err := yaml.Unmarshal(data, &file); err != nil {
		return "", err
	}
	w := walk{key, secret, sha512.New(), map[string]string{}}
	if err := w.node(file.Content[0], "", false); err != nil {
		return "", err
	}
	mac, err := dec(key, o.SOPS.MAC, o.SOPS.LastModified)
	if err != nil {
		return "", fmt.Errorf("the MAC: %w", err)
	}
	if want := fmt.Sprintf("%X", w.digest.Sum(nil)); mac != want {
		return "", fmt.Errorf("the MAC is %s, the values give %s", mac, want)
	}
	if text, ok := w.opened["stringData:value:"]; ok {
		return text, nil
	}
	value, err := base64.StdEncoding.DecodeString(w.opened["data:value:"])
	return string(value), err
}

// openKey returns the data key, which has 256 bits: SOPS takes shorter ones
// without a word, and calls it AES256 all the same.
func openKey(sealed []sealedKey, owner age.Identity) ([]byte, error) {
	for _, s := range sealed {
		r, err := age.Decrypt(armor.NewReader(strings.NewReader(s.Enc)), owner)
		if other := new(age.NoIdentityMatchError); errors.As(err, &other) {
			continue
		}
		if err != nil {
			return nil, err
		}
		key, err := io.ReadAll(r)
		if err == nil && len(key) != 32 {
			err = fmt.Errorf("the data key has %d bytes", len(key))
		}
		return key, err
	}
	return nil, fmt.Errorf("none of %d recipients is the owner of the key", len(sealed))
}

// A walk goes through the values of a file in its order.
type walk struct {
	key    []byte
	secret *regexp.Regexp // the keys below which values are encrypted
	digest hash.Hash
	opened map[string]string // by place
}

func (w walk) node(n *yaml.Node, place string, sealed bool) error {
	switch {
	case n.Kind == yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			name := n.Content[i].Value
			if place+name == "sops" {
				continue
			}
			if err := w.node(n.Content[i+1], place+name+":", sealed || w.secret.MatchString(name)); err != nil {
				return err
			}
		}
		return nil
	case n.Tag == "!!null":
		return nil
	case n.Tag != "!!str":
		return fmt.Errorf("%s can't be of type %s in our Secrets", place, n.Tag)
	}
	text := n.Value
	if sealed {
		var err error
		if text, err = dec(w.key, text, place); err != nil {
			return fmt.Errorf("%s %w", place, err)
		}
		w.opened[place] = text
	}
	_, err := w.digest.Write([]byte(text))
	return err
}

var sealedText = regexp.MustCompile(`^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:str\]$`)

// dec returns the text that is encrypted at place.
func dec(key []byte, text, place string) (string, error) {
	parts := sealedText.FindStringSubmatch(text)
	if parts == nil {
		return "", fmt.Errorf("is not encrypted: %s", text)
	}
	var raw [3][]byte
	for i, part := range parts[1:] {
		var err error
		if raw[i], err = base64.StdEncoding.DecodeString(part); err != nil {
			return "", err
		}
	}
	data, nonce, tag := raw[0], raw[1], raw[2]
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, len(nonce))
	if err != nil {
		return "", err
	}
	opened, err := gcm.Open(nil, nonce, bytes.Join([][]byte{data, tag}, nil), []byte(place))
	return string(opened), err
}
