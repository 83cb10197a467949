package secrets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A sealed is the form in which a Cluster keeps values.
type sealed struct {
	Cluster
	declared map[string]schema.Secret
	to       []recipient
	rand     io.Reader
	now      time.Time
	note     func(revision string) error // hears of a new value before it is in place
}

func (s sealed) file(secret string) string { return secret + ".yaml" }

func (s sealed) mode() fs.FileMode { return 0o644 }

func (s sealed) encode(secret string, value []byte) ([]byte, error) {
	m := s.noted(metadata{Name: secret, Namespace: s.Namespace}, secret, value)
	return encrypt(m, s.declared[secret].Login, value, s.to, s.rand, s.now)
}

// check refuses a file that gives a value away, and one whose Secret no
// container of the environment would find. It needs no private key.
func (s sealed) check(secret string, data []byte) error {
	file := path.Join(s.folder(), s.file(secret))
	if len(data) == 0 {
		return &Problem{file + " is empty", "take it back from Git, or remove it where the value may be a new one"}
	}
	o, err := parse(data)
	unknown := slices.DeleteFunc(slices.Sorted(maps.Keys(o.Others)), func(field string) bool { return field == "immutable" })
	switch {
	case errors.Is(err, errLarge):
		return &Problem{fmt.Sprintf("%s is larger than a Secret can be, which is 1 MiB, or has more than %d keys and lines", file, mostParts), "take it back from Git, or move it away"}
	case err != nil || o.Kind != "Secret":
		// The parser's words could hold a value.
		return &Problem{file + " is not one Kubernetes Secret", "move it away"}
	case !o.encrypted():
		return &Problem{
			file + " holds a value in plain text",
			fmt.Sprintf("encrypt it; where it was in Git already, remove it instead and have a new value made:\n"+
				"sops encrypt --in-place --age %s --encrypted-regex '%s' %s", strings.Join(s.Recipients, ","), encryptedRegex, file),
		}
	case o.Metadata.Annotations[lastApplied] != "" && !isEnc(o.Metadata.Annotations[lastApplied]):
		return &Problem{
			file + " holds its value in plain text, in the annotation " + lastApplied,
			"take the annotation out, which takes a private key; where it was in Git already, give the secret a new value, too:\nsops edit " + file,
		}
	case len(unknown) > 0:
		return &Problem{
			fmt.Sprintf("%s has the field %q, which no Secret has, and which is not encrypted", file, unknown[0]),
			"take it out, which takes a private key:\nsops edit " + file,
		}
	case !o.Metadata.is(secret, s.Namespace):
		return &Problem{
			fmt.Sprintf("%s is the Secret %s of namespace %q; this environment needs %s of %q",
				file, o.Metadata.Name, o.Metadata.Namespace, secret, s.Namespace),
			"change its metadata, which takes a private key:\nsops edit " + file,
		}
	}
	for _, key := range s.keys(secret) {
		if o.StringData[key] == "" && o.Data[key] == "" {
			return &Problem{
				fmt.Sprintf("%s has no entry %q", file, key),
				"give it one, which takes a private key:\nsops edit " + file,
			}
		}
	}
	return nil
}

// keys are the entries that a secret's file must have.
func (s sealed) keys(secret string) []string {
	if s.declared[secret].Login != "" {
		return []string{schema.PasswordKey, schema.UserKey}
	}
	return []string{schema.SecretKey}
}

// Ask is the Problem that a person has not supplied a declared secret.
func (c Cluster) Ask(name string, secret schema.Secret) error {
	return sealed{Cluster: c}.ask(name, secret)
}

func (s sealed) ask(name string, secret schema.Secret) error {
	how := fmt.Sprintf("supply it; this asks for it, or reads it from a file or from standard input:\nmlops-gitops secrets set %s %s", s.Env, name)
	switch secret.Part {
	case "crt":
		how = fmt.Sprintf("supply the certificate for %s, with those behind it that lead to its authority:\nmlops-gitops secrets set %s %s --from fullchain.pem", strings.Join(secret.Names, ", "), s.Env, name)
	case "key":
		how = fmt.Sprintf("supply it from its file:\nmlops-gitops secrets set %s %s --from privkey.pem", s.Env, name)
	}
	return &Problem{fmt.Sprintf("the secret %s is not made but supplied, and %s is not there", name, path.Join(s.folder(), s.file(name))), how}
}

// errLarge is that a file is more than a sealed Secret can be. It is found before the file is decoded.
var errLarge = errors.New("it is larger than a Secret")

// parse reads a file that holds one object. Its errors may hold values. Anybody can have written
// what a recipient is called: what no public key looks like is in quotes.
func parse(data []byte) (o object, err error) {
	parts := 0
	for _, sign := range []string{":", ",", "\n"} { // one of them goes with each key and line
		parts += bytes.Count(data, []byte(sign))
	}
	if len(data) > largestFile || parts > mostParts {
		return object{}, errLarge
	}
	files := yaml.NewDecoder(bytes.NewReader(data))
	if err := files.Decode(&o); err != nil {
		return object{}, err
	}
	if err := files.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return object{}, errors.Join(errors.New("more than one object"), err)
	}
	for i, k := range o.SOPS.Age {
		if k.Recipient == "" || strings.ContainsFunc(k.Recipient, notInLabel) {
			o.SOPS.Age[i].Recipient = strconv.Quote(k.Recipient)
		}
	}
	return o, nil
}

// encrypted reports whether SOPS wrote o and all of its values are encrypted:
// a person may have added one since. SOPS leaves an empty one as it is.
func (o object) encrypted() bool {
	for _, values := range []map[string]string{o.Data, o.StringData} {
		for _, value := range values {
			if value != "" && !isEnc(value) {
				return false
			}
		}
	}
	return isEnc(o.SOPS.MAC)
}
