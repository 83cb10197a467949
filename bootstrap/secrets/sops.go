package secrets

import (
	"io"
	"maps"
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
	encryptedRegex = schema.SealedFields
	dataKeySize    = 32
	nonceSize      = 32
	tagSize        = 16 // of AES-GCM

	// reloadLabel makes the operator CloudNativePG take a login's new password as soon as its
	// Secret has it (its manual, Role Management, password secrets).
	reloadLabel = "cnpg.io/reload"

	// lastApplied holds the whole object as somebody applied it, values and all (kubectl apply).
	lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

	// largestFile is what a sealed file holds at most, in bytes: a Secret of 1 MiB, in base64.
	largestFile = 3 << 19
	// mostParts is how many keys and lines it has at most: the decoder compares each key of a
	// mapping with all others. A recipient takes 10 lines, a post-quantum one 50.
	mostParts = 4000
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
	Others     map[string]any    `yaml:",inline"` // only read
}

type metadata struct {
	Name        string            `yaml:"name"`
	Namespace   string            `yaml:"namespace"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
	Others      map[string]any    `yaml:",inline"` // only read
}

// is reports whether it names the Secret.
func (m metadata) is(name, namespace string) bool { return m.Name == name && m.Namespace == namespace }

// An envelope is what SOPS adds to a file.
type envelope struct {
	Age            []sealedKey    `yaml:"age"`
	LastModified   string         `yaml:"lastmodified"` // RFC 3339
	MAC            string         `yaml:"mac"`
	EncryptedRegex string         `yaml:"encrypted_regex"`
	Version        string         `yaml:"version"`
	Others         map[string]any `yaml:",inline"` // of other kinds of keys and other ways to encrypt
}

// A sealedKey is the data key for one recipient.
type sealedKey struct {
	Recipient string `yaml:"recipient"`
	Enc       string `yaml:"enc"`
}

// encrypt returns the file of a Secret whose entry "value" has the value, or, with the name of
// a user, of that user's login.
func encrypt(m metadata, user string, value []byte, to []recipient, rand io.Reader, now time.Time) ([]byte, error) {
	o := object{APIVersion: "v1", Kind: "Secret", Metadata: m, Type: "Opaque"}
	o.SOPS = envelope{EncryptedRegex: encryptedRegex, Version: sopsVersion}
	entries := map[string][]byte{schema.SecretKey: value}
	if user != "" {
		o.Type = "kubernetes.io/basic-auth"
		entries = map[string][]byte{schema.PasswordKey: value, schema.UserKey: []byte(user)}
		o.Metadata.Labels = map[string]string{reloadLabel: "true"}
		maps.Copy(o.Metadata.Labels, m.Labels)
	}
	o.StringData = map[string]string{}
	plain := map[string][]byte{}
	for key, value := range entries {
		o.StringData[key] = "-" // until the value is encrypted
		plain["stringData:"+key+":"] = value
	}
	var file yaml.Node
	if err := file.Encode(o); err != nil {
		return nil, err
	}
	from := func(n *yaml.Node, place string) (text []byte, kind string, err error) {
		return append([]byte(nil), plain[place]...), "str", nil
	}
	if err := seal(&file, from, encryptedRegex, to, rand, now); err != nil {
		return nil, err
	}
	return yaml.Marshal(&file)
}
