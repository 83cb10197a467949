package secrets

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A Known is a value that a secret has, or is about to get.
type Known struct {
	Name string // of the secret
	Text []byte // for the caller to wipe
}

// Known are the values of all files of the environment on this machine, used or not, in order:
// those in force, new ones of a rotation that goes on, and certificates' keys that wait for their
// place. What is a certificate is no secret and not among them.
func (l Local) Known() (values []Known, err error) {
	for _, place := range []string{".", pendingFolder, staged, unstaged} {
		err := lookInto(l.Dir, path.Join(l.folder(), place), func(f *folder) error {
			files, err := f.files()
			if err != nil {
				return err
			}
			for _, file := range files {
				info, err := f.root.Lstat(file)
				if err != nil {
					return in(f.at(file), err)
				}
				if !info.Mode().IsRegular() {
					return &Problem{f.at(file) + " is not a plain file", "move it away"}
				}
				data, err := f.read(file)
				if err != nil {
					return err
				}
				if place == pendingFolder && string(data) == madeAnew || onlyCertificates(data) {
					continue
				}
				values = append(values, Known{file, data})
			}
			return nil
		})
		if err != nil {
			return values, err
		}
	}
	return values, nil
}

func onlyCertificates(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN CERTIFICATE-----")) && !bytes.Contains(data, []byte("PRIVATE KEY-----"))
}

// Known are the private keys themselves.
func (i Identities) Known() (keys [][]byte) {
	for _, id := range i.all {
		if key, ok := id.(fmt.Stringer); ok { // both kinds that add takes
			keys = append(keys, []byte(key.String()))
		}
	}
	return keys
}

// Known are the values of all sealed files that a person's own keys open, in order, and the
// secrets that they don't open. It decrypts in memory and changes nothing.
func (c Cluster) Known(own Identities) (values []Known, closed []string, err error) {
	err = c.each(func(name string, _ []byte, o object) error {
		key, err := dataKey(o, own)
		if err != nil {
			closed = append(closed, name)
			return nil
		}
		defer clear(key)
		for field, entries := range map[string]map[string]string{"data": o.Data, "stringData": o.StringData} {
			for entry, hidden := range entries {
				if hidden == "" || entry == schema.UserKey { // a user's name is no secret
					continue
				}
				text, _, err := unenc(key, hidden, field+":"+entry+":")
				if err != nil {
					return err
				}
				if field == "data" {
					plain, err := base64.StdEncoding.AppendDecode(nil, text)
					clear(text)
					if err != nil {
						return fmt.Errorf("%s:%s is not base64", field, entry)
					}
					text = plain
				}
				values = append(values, Known{name, text})
			}
		}
		return nil
	})
	return values, closed, err
}

// GivenAway reports whether data is a Kubernetes Secret with a value in plain text.
func GivenAway(data []byte) bool {
	o, err := parse(data)
	return err == nil && o.Kind == "Secret" && len(o.Data)+len(o.StringData) > 0 && !o.encrypted()
}

// Exposed is a Problem for each folder that lets this machine's other users at the values, and
// for an authority's key that does. Where files have no such modes it is nil.
func (l Local) Exposed() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	root, err := os.OpenRoot(l.Dir)
	if err != nil {
		return err
	}
	var problems []error
	for _, name := range []string{localFolder, l.folder(), path.Join(l.folder(), pendingFolder), path.Join(l.folder(), authorityKey)} {
		info, err := root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			problems = append(problems, in(name, err))
			continue
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			want := fs.FileMode(localFolderMode)
			if !info.IsDir() {
				want = authorityKeyMode
			}
			problems = append(problems, &Problem{
				fmt.Sprintf("%s has the mode %#o, which lets other users of this machine at it", name, mode),
				fmt.Sprintf("chmod %o %s", want, name),
			})
		}
	}
	return errors.Join(append(problems, root.Close())...)
}

// Kept are the environments that have values on this machine or sealed ones, in order, be they
// declared or not.
func Kept(dir string) (envs []string, err error) {
	for _, pattern := range []string{localFolder + "/*", "deploy/*/secrets"} {
		found, err := fs.Glob(os.DirFS(dir), pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			if path.Base(name) == "secrets" {
				name = path.Dir(name)
			}
			if env := path.Base(name); checkEnv(env) == nil {
				envs = append(envs, env)
			}
		}
	}
	slices.Sort(envs)
	return slices.Compact(envs), nil
}
