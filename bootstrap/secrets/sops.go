package secrets

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// The format is SOPS's own, written here because its library brings the clients
// of every cloud's key service (26 MB and 7 ms of each start at the least). Files
// in testdata, some of them made by the sops command, and e2e/sops, which has the
// library and the command, hold it to SOPS. In short:
//
//   - A random data key of 256 bits encrypts the values below the top-level keys
//     that encryptedRegex matches. All else stays readable.
//   - Each is AES-GCM with a nonce of 32 bytes, written as ENC[…], and bound to its
//     place: the additional data is the keys on the way, each with a colon behind.
//   - The MAC is the SHA-512 of all values, readable or not, in the file's order, in
//     upper-case hexadecimal; it is encrypted likewise, bound to lastmodified.
//   - The data key is in the file once for each recipient, as an age file.
//
// Source: getsops/sops v3.13.3, aes/cipher.go (Encrypt), sops.go (Tree.Encrypt),
// age/keysource.go (MasterKey.Encrypt), stores/metadata.go.
const (
	sopsVersion    = "3.13.3" // "sops edit" puts its own in place of an older one
	encryptedRegex = "^(data|stringData)$"
	dataKeySize    = 32
	nonceSize      = 32
)

// An object is a Kubernetes Secret as SOPS encrypts it. The order of its fields
// is that of the file.
type object struct {
	APIVersion string            `yaml:"apiVersion"`
	Kind       string            `yaml:"kind"`
	Metadata   metadata          `yaml:"metadata"`
	Type       string            `yaml:"type"`
	Data       map[string]string `yaml:"data,omitempty"` // only read
	StringData map[string]string `yaml:"stringData"`
	SOPS       envelope          `yaml:"sops"`
}

type metadata struct {
	Name      string `yaml:"name"`
	Namespace string `yaml:"namespace"`
}

// An envelope is what SOPS adds to a file.
type envelope struct {
	Age            []sealedKey `yaml:"age"`
	LastModified   string      `yaml:"lastmodified"` // RFC 3339
	MAC            string      `yaml:"mac"`
	EncryptedRegex string      `yaml:"encrypted_regex"`
	Version        string      `yaml:"version"`
}

// A sealedKey is the data key for one recipient.
type sealedKey struct {
	Recipient string `yaml:"recipient"`
	Enc       string `yaml:"enc"`
}

// encrypt returns the file of a Secret whose entry "value" has the value, or, with the name of
// a user, of that user's login.
func encrypt(m metadata, user string, value []byte, to []recipient, rand io.Reader, now time.Time) ([]byte, error) {
	key := make([]byte, dataKeySize)
	if _, err := io.ReadFull(rand, key); err != nil {
		return nil, err
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, nonceSize)
	if err != nil {
		return nil, err
	}

	o := object{APIVersion: "v1", Kind: "Secret", Metadata: m, Type: "Opaque"}
	o.SOPS = envelope{LastModified: now.UTC().Format(time.RFC3339), EncryptedRegex: encryptedRegex, Version: sopsVersion}
	entries := []entry{{schema.SecretKey, value}}
	if user != "" {
		o.Type = "kubernetes.io/basic-auth"
		entries = []entry{{schema.PasswordKey, value}, {schema.UserKey, []byte(user)}} // in the file's order
	}
	o.StringData = map[string]string{}
	for _, e := range entries {
		if o.StringData[e.key], err = enc(gcm, e.value, "stringData:"+e.key+":", rand); err != nil {
			return nil, err
		}
	}
	if o.SOPS.MAC, err = enc(gcm, o.mac(entries), o.SOPS.LastModified, rand); err != nil {
		return nil, err
	}
	for _, r := range to {
		armored, err := r.seal(key)
		if err != nil {
			return nil, err
		}
		o.SOPS.Age = append(o.SOPS.Age, sealedKey{r.key, armored})
	}
	return yaml.Marshal(o)
}

// An entry is what a Secret holds under a key.
type entry struct {
	key   string
	value []byte
}

// mac returns the digest of o's values, of which entries are the encrypted ones.
func (o object) mac(entries []entry) []byte {
	text := []byte(o.APIVersion + o.Kind + o.Metadata.Name + o.Metadata.Namespace + o.Type)
	for _, e := range entries {
		text = append(text, e.value...)
	}
	defer clear(text)
	return fmt.Appendf(nil, "%X", sha512.Sum512(text))
}

// enc returns the text encrypted and bound to place.
func enc(gcm cipher.AEAD, text []byte, place string, rand io.Reader) (string, error) {
	nonce := make([]byte, nonceSize)
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return "", err
	}
	out := gcm.Seal(nil, nonce, text, []byte(place))
	data, tag := out[:len(text)], out[len(text):]
	base := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("ENC[AES256_GCM,data:%s,iv:%s,tag:%s,type:str]", base(data), base(nonce), base(tag)), nil
}
