// Package secrets makes the values of declared secrets: as files for the containers
// of this machine (Local), as SOPS files for a cluster (Cluster). Generate leaves a
// value that is there as it is, Rotate gives new ones, and Reseal changes who can read
// those of a cluster. None is ever printed, and none meant for a cluster alone touches
// a disk before it is encrypted.
package secrets

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A Result says what Generate or Rotate found and did, by the names of secrets, sorted.
type Result struct {
	Made     []string
	Kept     []string // they had a value before, or another process was quicker
	Orphaned []string // there is a value, but nothing declares them any longer
	Repaired []string // modes that were put right, in words, each with its path

	Renewed    []Renewal // certificates that were there and were made anew
	Authority  []string  // the names for which a new authority may vouch; nil: it is the old one
	Warned     []string  // what a person has to do before long, in words
	Rotated    []string  // certificates by their names without .crt and .key
	Unfinished []string  // whose new value is not in force everywhere yet: Rotate goes on with it

	asked []error // Problems: a person has still to supply these
}

// A Renewal is a certificate that was made anew.
type Renewal struct {
	Name string // without .crt, but for the authority's
	Why  string
}

// A Problem is something that a person has to put right before secrets can be
// made. It never holds a value.
type Problem struct {
	Msg string // what is wrong, and with which file, secret or setting
	Fix string // what to do; it may be several lines, each but the first a command
}

func (p *Problem) Error() string { return p.Msg }

// Hint implements the command line's hints.
func (p *Problem) Hint() string { return p.Fix }

// sorted returns the names of the declared secrets in order. Names that can't
// be files and Kubernetes objects, and lengths that can't be, are Problems.
func sorted(declared map[string]schema.Secret) ([]string, error) {
	names := slices.Sorted(maps.Keys(declared))
	var problems []error
	for _, name := range names {
		secret := declared[name]
		if notName(name) {
			problems = append(problems, &Problem{
				fmt.Sprintf("a secret can't be called %q: each part between dots has lower-case letters, digits and dashes, at most 63, with a letter or digit at both ends", name),
				fmt.Sprintf("rename it where the component %s declares it", secret.Component),
			})
		}
		if !secret.Supplied && secret.Length < 1 {
			problems = append(problems, &Problem{
				fmt.Sprintf("the secret %s can't have %d characters", name, secret.Length),
				fmt.Sprintf("set its length where the component %s declares it", secret.Component),
			})
		}
	}
	return names, errors.Join(problems...)
}

// notLabel reports whether s can't name a Kubernetes namespace, or be a part
// between dots in the name of a Secret (RFC 1123: a label and a subdomain).
func notLabel(s string) bool {
	return s == "" || len(s) > 63 || strings.ContainsFunc(s, notInLabel) || strings.Trim(s, "-") != s
}

func notInLabel(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }

// notName reports whether s can't name a Secret.
func notName(s string) bool {
	return len(s) > 253 || slices.ContainsFunc(strings.Split(s, "."), notLabel)
}

// checkEnv returns an error when env can't be a folder's name.
func checkEnv(env string) error {
	if !fs.ValidPath(env) || strings.HasPrefix(env, ".") || strings.Contains(env, "/") {
		return fmt.Errorf("%q is not the name of an environment", env)
	}
	return nil
}
