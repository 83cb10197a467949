package secrets

import (
	"bufio"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// readers are how many can open a sealed data key, none where it is no age file: one has a
// stanza for each. The stock command makes it for one.
//
// Source: C2SP, age.md (File format, Header): a stanza begins with "-> ", and "---" ends them.
func (k sealedKey) readers() (n int) {
	header := bufio.NewScanner(armor.NewReader(strings.NewReader(k.Enc)))
	for header.Scan() {
		switch line := header.Text(); {
		case strings.HasPrefix(line, "-> "):
			n++
		case strings.HasPrefix(line, "---"):
			return n
		}
	}
	return 0
}

// misled reports whether a data key is sealed in the name of a person's own key, which does not
// open it.
func (i Identities) misled(k sealedKey) bool {
	at := slices.Index(i.public, k.Recipient)
	if at < 0 {
		return false
	}
	_, err := age.Decrypt(armor.NewReader(strings.NewReader(k.Enc)), i.all[at])
	return err != nil
}
