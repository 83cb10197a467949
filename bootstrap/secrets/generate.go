package secrets

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A form is how a folder keeps a value: as it is, or encrypted.
type form interface {
	// file is the name of the secret's file.
	file(secret string) string
	// mode is that of a new file.
	mode() fs.FileMode
	// check returns a Problem when a file that is there can't be the secret's.
	check(secret string, data []byte) error
	// encode returns what goes into the file.
	encode(secret string, value []byte) ([]byte, error)
	// ask is the Problem that a person has not supplied the value.
	ask(name string, secret schema.Secret) error
}

// A source gives the value that a secret has somewhere else, nil for none.
type source func(name string) ([]byte, error)

func nowhere(string) ([]byte, error) { return nil, nil }

// fill makes the values that f lacks and adds to r what it found and did. When
// anything is wrong it returns all Problems at once and makes nothing; so it does when there
// are problems already. What a person has still to supply keeps none of the others from being made.
// A value is taken from elsewhere where that is asked for and it has one.
func (f *folder) fill(kept form, names []string, declared map[string]schema.Secret, elsewhere source, rand io.Reader, r *Result, problems ...error) error {
	var missing []string
	for _, name := range names {
		found, err := f.holds(kept, name)
		switch {
		case err != nil:
			problems = append(problems, err)
		case found:
			r.Kept = append(r.Kept, name)
		case declared[name].Supplied:
			r.asked = append(r.asked, kept.ask(name, declared[name]))
		default:
			missing = append(missing, name)
		}
	}
	if len(problems) > 0 {
		return errors.Join(append(r.asked, problems...)...)
	}
	for _, name := range missing {
		made, err := f.make(kept, name, declared[name].Length, elsewhere, rand)
		if err != nil {
			return err
		}
		if made {
			r.Made = append(r.Made, name)
		} else {
			r.Kept = append(r.Kept, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(r.Kept)
	return f.sync()
}

// holds reports whether there is a value for the secret.
func (f *folder) holds(kept form, name string) (bool, error) {
	size, err := f.size(kept.file(name))
	if err != nil || size < 0 {
		return false, err
	}
	data, err := f.read(kept.file(name))
	if err != nil {
		return false, err
	}
	defer clear(data)
	return true, kept.check(name, data)
}

// make gives the secret a new value of so many characters, unless another
// process has just done so: then made is false.
func (f *folder) make(kept form, name string, length int, elsewhere source, rand io.Reader) (made bool, err error) {
	value, err := elsewhere(name)
	if err == nil && value == nil {
		value, err = newValue(rand, length)
	}
	if err != nil {
		return false, err
	}
	defer clear(value)
	data, err := kept.encode(name, value)
	if err != nil {
		return false, in(f.at(kept.file(name)), err)
	}
	return f.create(kept.file(name), data, kept.mode(), rand)
}

// lacking returns the secrets of which the folder of the repository dir has no file. A
// file that can't be the secret's, such as one that isn't encrypted, is a Problem. It
// changes nothing.
func lacking(dir, name string, kept form, declared map[string]schema.Secret) (missing []string, err error) {
	names, err := sorted(declared)
	if err != nil {
		return nil, err
	}
	repo, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, repo.Close()) }()
	f, err := enter(repo, name)
	if errors.Is(err, fs.ErrNotExist) {
		return names, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var problems []error
	for _, name := range names {
		found, err := f.holds(kept, name)
		if err != nil {
			problems = append(problems, err)
		} else if !found {
			missing = append(missing, name)
		}
	}
	return missing, errors.Join(problems...)
}
