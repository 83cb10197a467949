package secrets

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

// Revisions are short digests of what the sealed secrets hold, by name: of their encrypted
// values and nothing else, so that one is another when a value is, and who may read the file
// makes no difference. It takes no key. A secret that is not made yet has none, and neither
// has a file that is no sealed Secret.
func (c Cluster) Revisions() (map[string]string, error) {
	revisions := map[string]string{}
	err := c.each(func(name string, _ []byte, o object) error {
		revisions[name] = o.revision()
		return nil
	})
	return revisions, err
}

func (o object) revision() string {
	h := sha256.New()
	for _, values := range []map[string]string{o.Data, o.StringData} {
		for _, key := range slices.Sorted(maps.Keys(values)) {
			fmt.Fprintf(h, "%q %q\n", key, values[key])
		}
		fmt.Fprintln(h)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
