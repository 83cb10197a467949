package secrets

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// Rotate puts new values of some declared secrets in the place of those that are there, or
// where there is none: those that are given, and for the others new ones. It takes public keys
// only. Labels and annotations of a Secret that is there stay. Certificates that are given are
// looked at as those on this machine; to a key or certificate that is sealed the other one must
// belong, if its file says what its public key is. All Problems come at once, and
// then nothing changes; a file changes whole or not at all. now goes into the files.
//
// Where another process is changing the secrets, a Problem says so.
func (c Cluster) Rotate(declared map[string]schema.Secret, names []string, values map[string][]byte, rand io.Reader, now time.Time) (r Result, err error) {
	return c.RotateNoting(declared, names, values, rand, now, func(string) error { return nil })
}

// RotateNoting is Rotate, and note gets the revision of each file just before it is in place. Where
// that fails, the file stays as it is.
func (c Cluster) RotateNoting(declared map[string]schema.Secret, names []string, values map[string][]byte, rand io.Reader, now time.Time, note func(revision string) error) (r Result, err error) {
	f, kept, done, err := c.change(declared, rand, now)
	if err != nil {
		return r, err
	}
	kept.note = note
	defer func() { err = errors.Join(err, done()) }()
	labelled := map[string]metadata{}
	var problems []error
	for _, name := range names {
		if _, known := declared[name]; !known {
			problems = append(problems, fmt.Errorf("%q is not declared", name))
			continue
		}
		value, isGiven := values[name]
		switch {
		case !utf8.Valid(value):
			problems = append(problems, &Problem{"the new value of " + name + " is not text in UTF-8, as what a Secret's stringData holds must be", "supply it in base64, say, where its program reads that"})
		case !isGiven && declared[name].Supplied:
			problems = append(problems, &Problem{"a person supplies " + name, "supply the new value:\nmlops-gitops secrets set " + c.Env + " " + name})
		}
		if isGiven {
			problems = append(problems, given(c.Env, name, declared[name], value)...)
		}
		if labelled[name], err = f.metadata(kept, name); err != nil {
			problems = append(problems, err)
		}
	}
	certified, err := f.certified(kept, names, values, &r)
	if err != nil {
		return r, err
	}
	if problems = append(problems, certified...); len(problems) > 0 {
		return r, errors.Join(problems...)
	}
	for _, name := range names {
		if err := c.rotate(f, kept, name, labelled[name], values); err != nil {
			return r, err
		}
		r.Rotated = append(r.Rotated, name)
	}
	slices.Sort(r.Rotated)
	return r, nil
}

func (c Cluster) rotate(f *folder, kept sealed, name string, m metadata, given map[string][]byte) (err error) {
	value, isGiven := given[name]
	if !isGiven {
		if value, err = newValue(kept.rand, kept.declared[name].Length); err != nil {
			return err
		}
		defer clear(value)
	}
	data, err := encrypt(kept.noted(m, name, value), kept.declared[name].Login, value, kept.to, kept.rand, kept.now)
	if err != nil {
		return in(f.at(kept.file(name)), err)
	}
	if data, err = f.commented(kept.file(name), data); err != nil {
		return err
	}
	o, err := parse(data)
	if err == nil {
		err = kept.note(o.revision())
	}
	if err != nil {
		return in(f.at(kept.file(name)), err)
	}
	return f.swap(kept.file(name), data, kept.mode(), kept.rand)
}

// metadata is that of a secret's next file: what is there is kept of it.
func (f *folder) metadata(kept sealed, name string) (metadata, error) {
	m := metadata{Name: name, Namespace: kept.Namespace}
	size, err := f.size(kept.file(name))
	if err != nil || size <= 0 {
		return m, err
	}
	data, err := f.read(kept.file(name))
	if err != nil {
		return m, err
	}
	defer clear(data)
	o, err := parse(data)
	if err != nil || o.Kind != "Secret" {
		return m, &Problem{f.at(kept.file(name)) + " is not one Kubernetes Secret", "move it away"}
	}
	if err := o.carried(f.at(kept.file(name)), data); err != nil {
		return m, err
	}
	delete(o.Metadata.Annotations, lastApplied) // which holds a value
	m.Labels, m.Annotations = o.Metadata.Labels, o.Metadata.Annotations
	return m, nil
}

// change opens the folder for a process alone, to put sealed values there. done closes it.
func (c Cluster) change(declared map[string]schema.Secret, rand io.Reader, now time.Time) (f *folder, kept sealed, done func() error, err error) {
	kept = sealed{Cluster: c, declared: declared, rand: rand, now: now}
	if err := c.valid(); err != nil {
		return nil, kept, nil, err
	}
	if _, err := sorted(declared); err != nil {
		return nil, kept, nil, err
	}
	if kept.to, err = c.recipients(); err != nil {
		return nil, kept, nil, err
	}
	repo, err := os.OpenRoot(c.Dir)
	if err != nil {
		return nil, kept, nil, err
	}
	if f, err = makeFolder(repo, c.folder(), 0o755); err != nil {
		return nil, kept, nil, errors.Join(err, repo.Close())
	}
	closeAll := func() error { return errors.Join(f.Close(), repo.Close()) }
	unlock, err := f.lock(false)
	if err != nil {
		return nil, kept, nil, errors.Join(err, closeAll())
	}
	done = func() error { return errors.Join(unlock(), closeAll()) }
	if err := f.sweep(); err != nil {
		return nil, kept, nil, errors.Join(err, done())
	}
	return f, kept, done, nil
}

// at is a secret's file in the repository, for people.
func (c Cluster) at(name string) string { return path.Join(c.folder(), name+".yaml") }
