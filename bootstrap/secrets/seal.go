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
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// seal encrypts a file's values with a new data key for the recipients. from gives each its
// plain text, which is wiped, and SOPS's word for its type.
func seal(file *yaml.Node, from plainText, regex string, to []recipient, rand io.Reader, now time.Time) error {
	key := make([]byte, dataKeySize)
	defer clear(key)
	if _, err := io.ReadFull(rand, key); err != nil {
		return err
	}
	gcm, err := gcmOf(key, nonceSize)
	if err != nil {
		return err
	}
	modified := now.UTC().Format(time.RFC3339)
	mac, err := digestValues(file, regex, func(n *yaml.Node, place string) ([]byte, error) {
		text, kind, err := from(n, place)
		if err != nil {
			return nil, err
		}
		n.Style = 0
		n.Value, err = enc(gcm, text, place, kind, rand)
		return text, err
	})
	if err != nil {
		return err
	}
	sealedMAC, err := enc(gcm, mac, modified, "str", rand)
	if err != nil {
		return err
	}
	envelope, err := field(file, "sops")
	if err != nil {
		return err
	}
	return errors.Join(sealKey(file, key, to), setField(envelope, "lastmodified", modified), setField(envelope, "mac", sealedMAC))
}

// sealKey puts the data key into the file for each recipient, and for nobody else: nothing that
// is there is kept, since its name is all that says whom it is for.
func sealKey(file *yaml.Node, key []byte, to []recipient) error {
	var keys []sealedKey
	for _, r := range to {
		enc, err := r.seal(key)
		if err != nil {
			return err
		}
		keys = append(keys, sealedKey{r.key, enc})
	}
	envelope, err := field(file, "sops")
	if err != nil {
		return err
	}
	return setField(envelope, "age", keys)
}

// A plainText is where the plain text of an encrypted value comes from.
type plainText func(n *yaml.Node, place string) (text []byte, kind string, err error)

// digestValues goes through the values of a file in its order and returns the digest that the
// MAC holds. plain gives the text of those below keys that regex matches; it is wiped.
//
// Source: getsops/sops v3.13.3, sops.go (Tree.Encrypt, ToBytes).
func digestValues(file *yaml.Node, regex string, plain func(n *yaml.Node, place string) ([]byte, error)) ([]byte, error) {
	below, err := regexp.Compile(regex)
	if err != nil {
		return nil, err
	}
	w := values{below, sha512.New(), plain}
	if err := w.walk(root(file), "", false); err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%X", w.digest.Sum(nil)), nil
}

type values struct {
	below  *regexp.Regexp
	digest hash.Hash
	plain  func(n *yaml.Node, place string) ([]byte, error)
}

func (w values) walk(n *yaml.Node, place string, hidden bool) error {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			name := n.Content[i].Value
			if place == "" && name == "sops" {
				continue
			}
			if err := w.walk(n.Content[i+1], place+name+":", hidden || w.below.MatchString(name)); err != nil {
				return err
			}
		}
		return nil
	case yaml.SequenceNode: // its values have its own place
		for _, child := range n.Content {
			if err := w.walk(child, place, hidden); err != nil {
				return err
			}
		}
		return nil
	case yaml.ScalarNode:
	default:
		return fmt.Errorf("%s is an alias", place)
	}
	text := []byte(n.Value)
	switch {
	case n.Tag == "!!null", hidden && n.Value == "": // which SOPS leaves as it is
		return nil
	case hidden:
		var err error
		if text, err = w.plain(n, place); err != nil {
			return err
		}
	case n.Tag == "!!bool":
		is := strings.EqualFold(n.Value, "true")
		text = []byte(map[bool]string{true: "True", false: "False"}[is])
	case n.Tag == "!!int":
		number, err := strconv.Atoi(n.Value)
		if err != nil {
			return fmt.Errorf("%s is not a number in decimal", place)
		}
		text = []byte(strconv.Itoa(number))
	case n.Tag != "!!str":
		return fmt.Errorf("%s is of the type %s", place, n.Tag)
	}
	defer clear(text)
	_, err := w.digest.Write(text)
	return err
}

// enc returns the text encrypted and bound to place.
func enc(gcm cipher.AEAD, text []byte, place, kind string, rand io.Reader) (string, error) {
	nonce := make([]byte, nonceSize)
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return "", err
	}
	out := gcm.Seal(nil, nonce, text, []byte(place))
	data, tag := out[:len(text)], out[len(text):]
	base := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("ENC[AES256_GCM,data:%s,iv:%s,tag:%s,type:%s]", base(data), base(nonce), base(tag), kind), nil
}

var encText = regexp.MustCompile(`^ENC\[AES256_GCM,data:([^,]*),iv:([^,]+),tag:([^,]+),type:(str|int|float|bool|bytes|time|comment)\]$`)

// isEnc reports whether text is what SOPS writes for an encrypted value, to the last byte: a
// person may have written something like it around a value.
func isEnc(text string) bool {
	parts := encText.FindStringSubmatch(text)
	if parts == nil || strings.ContainsAny(text, "\r\n") {
		return false
	}
	var raw [3][]byte
	for i, part := range parts[1:4] {
		var err error
		if raw[i], err = base64.StdEncoding.Strict().DecodeString(part); err != nil {
			return false
		}
	}
	return len(raw[1]) == nonceSize && len(raw[2]) == tagSize
}

// unenc returns the text that is encrypted at place, and SOPS's word for its type. Its errors
// hold no value.
func unenc(key []byte, value, place string) (text []byte, kind string, err error) {
	parts := encText.FindStringSubmatch(value)
	if parts == nil {
		return nil, "", fmt.Errorf("%s is not encrypted as SOPS does it", place)
	}
	var raw [3][]byte
	for i, part := range parts[1:4] {
		if raw[i], err = base64.StdEncoding.DecodeString(part); err != nil {
			return nil, "", fmt.Errorf("%s: %w", place, err)
		}
	}
	gcm, err := gcmOf(key, len(raw[1]))
	if err != nil {
		return nil, "", err
	}
	if text, err = gcm.Open(nil, raw[1], bytes.Join([][]byte{raw[0], raw[2]}, nil), []byte(place)); err != nil {
		return nil, "", fmt.Errorf("%s was changed after it was encrypted", place)
	}
	return text, parts[4], nil
}

func gcmOf(key []byte, nonce int) (cipher.AEAD, error) {
	if len(key) != dataKeySize || nonce == 0 {
		return nil, errors.New("it is not encrypted by AES with 256 bits")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithNonceSize(block, nonce)
}

// root is the mapping that a file consists of.
func root(file *yaml.Node) *yaml.Node {
	if file.Kind == yaml.DocumentNode && len(file.Content) == 1 {
		return file.Content[0]
	}
	return file
}

// field is the value of a mapping's key.
func field(n *yaml.Node, key string) (*yaml.Node, error) {
	n = root(n)
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1], nil
		}
	}
	return nil, fmt.Errorf("there is no %s", key)
}

// setField gives a mapping's key, which is there, another value.
func setField(n *yaml.Node, key string, value any) error {
	old, err := field(n, key)
	if err != nil {
		return err
	}
	*old = yaml.Node{}
	return old.Encode(value)
}
