package secrets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"go.yaml.in/yaml/v3"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// Resealed says what Reseal did: secrets by name and recipients, sorted.
type Resealed struct {
	Wrapped   []string // more can read them: their data keys were wrapped anew, the values stay
	Anew      []string // fewer can read them: the values are encrypted anew, with new data keys
	Unchanged []string
	Added     []string // recipients that some file did not have
	Removed   []string // who could read some file, as recipients or in words
}

// Reseal makes those who are named in the settings the ones who can read the sealed secrets of
// the environment, declared or not. It takes a private key of one who can read them now. All
// Problems come at once, and then nothing changes; a file changes whole or not at all.
func (c Cluster) Reseal(declared map[string]schema.Secret, own Identities, rand io.Reader, now time.Time) (r Resealed, err error) {
	f, kept, done, err := c.change(declared, rand, now)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, done()) }()
	added, removed := map[string]bool{}, map[string]bool{}
	var problems []error
	var shut closed
	files := map[string][]byte{}
	err = f.eachSealed(func(name string, data []byte, o object) error {
		more, fewer := c.differs(o, own)
		if len(more)+len(fewer) == 0 {
			r.Unchanged = append(r.Unchanged, name)
			return nil
		}
		for _, key := range more {
			added[key] = true
		}
		for _, key := range fewer {
			removed[key] = true
		}
		file, err := kept.reseal(name, data, o, own, len(fewer) > 0)
		files[name] = file
		switch {
		case errors.Is(err, errClosed):
			shut.add(name, o)
		case err != nil:
			problems = append(problems, err)
		case len(fewer) > 0:
			r.Anew = append(r.Anew, name)
		default:
			r.Wrapped = append(r.Wrapped, name)
		}
		return nil
	})
	if err != nil {
		return Resealed{}, err
	}
	if len(shut.names) > 0 {
		problems = append(problems, kept.cannotOpen(shut, own))
	}
	if len(problems) > 0 {
		return Resealed{}, errors.Join(problems...)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := f.swap(kept.file(name), files[name], kept.mode(), rand); err != nil {
			return Resealed{}, err
		}
	}
	r.Added, r.Removed = slices.Sorted(maps.Keys(added)), slices.Sorted(maps.Keys(removed))
	return r, nil
}

// differs are the recipients that a sealed file lacks, and those who could read it and should
// not. With private keys it is seen, too, where what bears a public key's name is not for its owner.
func (c Cluster) differs(o object, own Identities) (more, fewer []string) {
	has := map[string]bool{}
	for _, k := range o.SOPS.Age {
		n := k.readers()
		switch {
		case !slices.Contains(c.Recipients, k.Recipient):
			fewer = append(fewer, k.Recipient)
		case n > 1, has[k.Recipient], n == 1 && own.misled(k):
			fewer = append(fewer, "somebody else in the name of "+k.Recipient)
		}
		has[k.Recipient] = has[k.Recipient] || n > 0
	}
	if o.SOPS.otherKeys() {
		fewer = append(fewer, "owners of other keys than age's")
	}
	for _, key := range c.Recipients {
		if !has[key] {
			more = append(more, key)
		}
	}
	return more, fewer
}

// SealedForOthers are the sealed secrets, used or not, that can't be read by exactly those whom
// the settings name, in order. It changes nothing.
func (c Cluster) SealedForOthers() (names []string, err error) {
	err = c.each(func(name string, _ []byte, o object) error {
		if more, fewer := c.differs(o, Identities{}); len(more)+len(fewer) > 0 {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// reseal is a secret's file for the recipients of the settings.
func (s sealed) reseal(name string, data []byte, o object, own Identities, anew bool) ([]byte, error) {
	file := path.Join(s.folder(), s.file(name))
	if o.SOPS.otherKeys() {
		return nil, &Problem{file + " is encrypted for other keys than age's, too", fmt.Sprintf("take the stock command, which knows those, in the folder that holds its .sops.yaml:\n(cd deploy/%s && sops updatekeys secrets/%s)", s.Env, s.file(name))}
	}
	key, err := dataKey(o, own)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil {
		return nil, &Problem{file + " is not one Kubernetes Secret", "move it away"}
	}
	if err = byRegex(o.SOPS); err == nil {
		err = intact(data, key, o.SOPS)
	}
	switch {
	case err != nil:
	case anew:
		from := func(n *yaml.Node, place string) ([]byte, string, error) { return unenc(key, n.Value, place) }
		if err = holdsOnlyValues(&node); err == nil {
			err = seal(&node, from, o.SOPS.EncryptedRegex, s.to, s.rand, s.now)
		}
	default:
		err = sealKey(&node, key, s.to)
	}
	if err != nil {
		return nil, &Problem{fmt.Sprintf("%s: %v", file, err), "take it back from Git, or give it a new value, which the new recipients alone can read:\nmlops-gitops secrets rotate " + s.Env + " " + name}
	}
	return yaml.Marshal(&node)
}

// intact is an error when the values are not those that the MAC is of.
func intact(data, key []byte, e envelope) error {
	var file yaml.Node
	if err := yaml.Unmarshal(data, &file); err != nil {
		return errors.New("it is not YAML")
	}
	now, err := digestValues(&file, e.EncryptedRegex, func(n *yaml.Node, place string) ([]byte, error) {
		text, _, err := unenc(key, n.Value, place)
		return text, err
	})
	if err != nil {
		return err
	}
	then, _, err := unenc(key, e.MAC, e.LastModified)
	if err != nil {
		return errors.New("its MAC was changed after it was encrypted")
	}
	if !bytes.Equal(now, then) {
		return errors.New("it was changed after it was encrypted")
	}
	return nil
}

// byRegex is an error where it can't be told from encrypted_regex alone what is encrypted and
// what the MAC is of.
func byRegex(e envelope) error {
	if e.EncryptedRegex == "" || e.Others["mac_only_encrypted"] == true {
		return errors.New("it says in another way than by encrypted_regex what is encrypted")
	}
	return nil
}

// holdsOnlyValues is an error where something is encrypted in a way that values are not, which
// re-encrypting them would leave unreadable.
func holdsOnlyValues(n *yaml.Node) error {
	for _, comment := range []string{n.HeadComment, n.LineComment, n.FootComment} {
		if strings.Contains(comment, "ENC[") {
			return errors.New("it holds an encrypted comment")
		}
	}
	for _, child := range n.Content {
		if err := holdsOnlyValues(child); err != nil {
			return err
		}
	}
	return nil
}

// otherKeys reports whether others than age's recipients can read the file: sops lists the keys
// of each kind, and whatever else it says there is no list.
func (e envelope) otherKeys() bool {
	for _, value := range e.Others {
		switch value := value.(type) {
		case []any:
			if len(value) > 0 {
				return true
			}
		case map[string]any:
			if len(value) > 0 {
				return true
			}
		}
	}
	return false
}

// errClosed is that a person has no key of those who can open a file.
var errClosed = errors.New("it is sealed for others")

// dataKey opens the file's data key with a person's own.
func dataKey(o object, own Identities) ([]byte, error) {
	for _, k := range o.SOPS.Age {
		r, err := age.Decrypt(armor.NewReader(strings.NewReader(k.Enc)), own.all...)
		if err != nil || len(own.all) == 0 {
			continue // it is somebody else's
		}
		if key, err := io.ReadAll(r); err == nil && len(key) == dataKeySize {
			return key, nil
		}
	}
	return nil, errClosed
}

// each goes through the sealed Secrets that are there, by name.
func (c Cluster) each(do func(name string, data []byte, o object) error) error {
	if err := checkEnv(c.Env); err != nil {
		return err
	}
	return lookInto(c.Dir, c.folder(), func(f *folder) error { return f.eachSealed(do) })
}

// eachSealed goes through the sealed Secrets of a folder, by name. What can't be one (a link, a
// folder, a name that no Secret has) is somebody else's, which those say who need it.
func (f *folder) eachSealed(do func(name string, data []byte, o object) error) error {
	files, err := f.files()
	if err != nil {
		return err
	}
	for _, file := range files {
		name, isYAML := strings.CutSuffix(file, ".yaml")
		if size, err := f.size(file); !isYAML || notName(name) || err != nil || size < 0 || size > largestFile {
			continue
		}
		data, err := f.read(file)
		if err != nil {
			return err
		}
		o, err := parse(data)
		if err != nil || o.Kind != "Secret" || !o.encrypted() {
			continue
		}
		if err := do(name, data, o); err != nil {
			return in(f.at(file), err)
		}
	}
	return nil
}
