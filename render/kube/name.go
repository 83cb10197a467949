package kube

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// The longest names: of a DNS label (RFC 1035, 2.3.4), as a Service, a container
// and a label's value must be, and of a StatefulSet, whose name and a hash of ten
// characters together are a label's value (controller-revision-hash). What is named for
// neither may have as many as a DNS name.
const (
	longestName        = 63
	longestStatefulSet = longestName - 11
	longestOther       = 253
)

// A TooLong is an object whose name is longer than Kubernetes takes.
type TooLong struct {
	Object Object
	Most   int // characters
}

func (e *TooLong) Error() string {
	return fmt.Sprintf("%s: the name has %d characters, and a %s may have %d", e.Object, len(e.Object.GetName()), e.Object.Kind(), e.Most)
}

// Hint says what to do about it.
func (e *TooLong) Hint() string { return "give the component or the workload a shorter name" }

// A Clash is two workloads whose objects would have one name.
type Clash struct{ Object Object }

func (e *Clash) Error() string { return fmt.Sprintf("two workloads make %s", e.Object) }

// Hint says what to do about it.
func (e *Clash) Hint() string {
	return `rename a component or a workload: workload "b" of "a" and a component "a-b" are called the same`
}

// checkNames returns the first object in objects that can't be called what it is called. A
// workload comes before what bears its name, too.
func checkNames(objects []Object) error {
	taken := map[string]bool{}
	for _, first := range []bool{true, false} {
		for _, o := range objects {
			if runs := templateOf(o.typed) != nil; runs != first {
				continue
			}
			most := longestName
			switch o.Kind() {
			case "StatefulSet":
				most = longestStatefulSet
			case "Deployment", "Job", "Service":
			default:
				most = longestOther
			}
			if len(o.GetName()) > most {
				return &TooLong{o, most}
			}
			if taken[o.String()] {
				return &Clash{o}
			}
			taken[o.String()] = true
		}
	}
	return nil
}

// short returns name, or its start and a hash where it is longer than a label may be.
func short(name string) string {
	if len(name) <= longestName {
		return name
	}
	sum := digest([]byte(name), 8)
	return name[:longestName-1-len(sum)] + "-" + sum
}

var (
	plainPath = regexp.MustCompile(`^(/[a-z0-9]+)+$`)
	notPlain  = regexp.MustCompile(`[^a-z0-9]+`)
)

// volumeName makes the name of a volume from what it is for and where it is
// mounted: scratch-tmp. Where the path has other characters than a name may have,
// a hash keeps two paths apart.
func volumeName(use, path string) string {
	name := use + notPlain.ReplaceAllString(strings.ToLower(path), "-")
	if !plainPath.MatchString(path) {
		name = strings.TrimRight(name, "-") + "-" + digest([]byte(path), 8)
	}
	return short(name)
}

// fileKey is a file's key in a ConfigMap: the container that mounts it, a dot and
// its path. No two files have one key: names of containers have no dot, a slash
// is two underscores, and any other character that a key can't have, like the
// underscore itself, is an underscore and two digits.
func fileKey(container, path string) string {
	var b strings.Builder
	b.WriteString(container + ".")
	for _, c := range []byte(strings.TrimPrefix(path, "/")) {
		switch {
		case c == '/':
			b.WriteString("__")
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "_%02x", c)
		}
	}
	return b.String()
}

// digest returns the first n hexadecimal digits of the SHA-256 of data.
func digest(data []byte, n int) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])[:n]
}

// digestOf is the digest of a value's JSON.
func digestOf(v any, n int) (string, error) {
	data, err := json.Marshal(v)
	return digest(data, n), err
}
