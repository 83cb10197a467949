package secrets

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"time"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A Cluster is where an environment keeps the secrets of its cluster: one
// Kubernetes Secret each with the entry "value", or "username" and "password" for a login,
// deploy/ENV/secrets/NAME.yaml, encrypted as "sops" does it, for Git and Flux.
type Cluster struct {
	Dir        string // the repository's root
	Env        string
	Namespace  string   // of the Secrets
	Recipients []string // age public keys; each of their owners can read the values
}

// Generate makes the values that are lacking. A secret that this machine has too
// (Local) gets the same value. It returns all Problems at once, and then makes none; only where
// all that is wrong is what a person has still to supply, the others are made, and r says which.
// now goes into new files. No file that is there changes: that would take a private key.
// Processes that generate at once end up with the same values.
//
// The values and the keys of their files come from rand; age draws on the
// operating system for its own.
func (c Cluster) Generate(declared map[string]schema.Secret, rand io.Reader, now time.Time) (r Result, err error) {
	if err := c.valid(); err != nil {
		return Result{}, err
	}
	names, err := sorted(declared)
	if err != nil {
		return Result{}, err
	}
	if here := signed(certificates(declared)); len(here) > 0 {
		return Result{}, &Problem{
			fmt.Sprintf("the certificate %s would be of this machine's own authority, which nobody at a cluster knows", here[0].name),
			"declare it as supplied, and supply it",
		}
	}
	kept := sealed{Cluster: c, declared: declared, rand: rand, now: now}
	if len(names) > 0 {
		if kept.to, err = c.recipients(); err != nil {
			return Result{}, err
		}
	}
	repo, err := os.OpenRoot(c.Dir)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, repo.Close()) }()
	if len(names) == 0 && absent(repo, c.folder()) {
		return Result{}, nil
	}
	f, err := makeFolder(repo, c.folder(), 0o755)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.sweep(); err != nil {
		return Result{}, err
	}
	if err := f.fill(kept, names, declared, Local{Dir: c.Dir, Env: c.Env}.value, rand, &r); err != nil {
		return r, err
	}
	if r.Orphaned, err = c.Unused(declared); err != nil {
		return r, err
	}
	unfit, err := c.Unfit(declared)
	if err != nil {
		return r, err
	}
	r.asked = append(r.asked, unfit...)
	return r, errors.Join(r.asked...)
}

// Missing returns the declared secrets that have no file yet, in order. It
// changes nothing.
func (c Cluster) Missing(declared map[string]schema.Secret) ([]string, error) {
	if err := c.valid(); err != nil {
		return nil, err
	}
	return lacking(c.Dir, c.folder(), sealed{Cluster: c, declared: declared}, declared)
}

// Unused returns the sealed Secrets that are not declared, in order. It changes nothing.
func (c Cluster) Unused(declared map[string]schema.Secret) (names []string, err error) {
	err = c.each(func(name string, _ []byte, _ object) error {
		if _, used := declared[name]; !used {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// Readable is a Problem when nobody could read what is encrypted.
func (c Cluster) Readable() error {
	_, err := c.recipients()
	return err
}

func (c Cluster) valid() error {
	if err := checkEnv(c.Env); err != nil {
		return err
	}
	if notLabel(c.Namespace) {
		return fmt.Errorf("%q is not a Kubernetes namespace", c.Namespace)
	}
	return nil
}

func (c Cluster) folder() string { return path.Join("deploy", c.Env, "secrets") }
