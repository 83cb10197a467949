package secrets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// Compose mounts a secret's file into the container as it is on the host, owner
// and mode included (docker/compose, pkg/compose/create.go), so everyone may
// read the file; the folders round it keep the host's other users out.
const (
	localFolder     = ".secrets"
	gitignore       = ".gitignore"
	localFolderMode = 0o700
	localFileMode   = 0o444
)

// A Local is where an environment keeps the secrets of the containers on this
// machine: one file each, .secrets/ENV/NAME, the value and nothing else.
type Local struct {
	Dir string // the repository's root
	Env string
	// Before is asked before values are made, with the names of those that have none. Its error
	// keeps all as it was. Nil: nobody is asked.
	Before func(missing []string) error
}

// Generate makes the values that are lacking. It returns all Problems at once,
// and then makes none, but as in Cluster's Generate. Folders and files with a mode that exposes a value, or
// keeps it from its container, get the right one. Git sees nothing of it.
// Processes that generate at once end up with the same values.
//
// Certificates are made together with the authority that vouches for them, and made
// anew when they end soon, are for other names or don't fit their keys. The authority
// stays as long as it may vouch for them.
func (l Local) Generate(declared map[string]schema.Secret, rand io.Reader, now time.Time) (r Result, err error) {
	names, err := l.valid(declared)
	if err != nil {
		return Result{}, err
	}
	repo, err := os.OpenRoot(l.Dir)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, repo.Close()) }()
	if len(names) == 0 && absent(repo, l.folder()) {
		return Result{}, nil
	}
	if err := l.askBefore(repo, names); err != nil {
		return Result{}, err
	}
	if err := hide(repo, rand, &r); err != nil {
		return r, err
	}
	f, err := private(repo, l.folder(), &r)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := l.fillAll(f, declared, rand, now, &r); err != nil {
		return r, err
	}
	for _, name := range names {
		if absent(f.root, name) { // a person has still to supply it
			continue
		}
		if err := f.setMode(name, localFileMode, &r); err != nil {
			return r, err
		}
	}
	if r.Unfinished, err = f.pending(); err != nil {
		return r, err
	}
	files, err := f.files()
	ours := len(signed(certificates(declared))) > 0
	r.Orphaned = slices.DeleteFunc(files, func(name string) bool {
		return slices.Contains(names, name) || ours && (name == authorityKey || name == authorityCert)
	})
	return r, errors.Join(append(r.asked, err)...)
}

// fillAll makes what f lacks.
func (l Local) fillAll(f *folder, declared map[string]schema.Secret, rand io.Reader, now time.Time, r *Result) error {
	all := certificates(declared)
	if err := f.finish(all); err != nil {
		return err
	}
	text := texts(declared)
	problems := l.checkCertificates(f, all, now, r)
	if err := f.fill(l, slices.Sorted(maps.Keys(text)), text, nowhere, rand, r, problems...); err != nil {
		return err
	}
	if declared[authorityCert].Part == "ca" || len(signed(all)) > 0 {
		if err := l.fillCertificates(f, all, rand, now, r); err != nil {
			return err
		}
	}
	for name, secret := range declared {
		if secret.Part != "" && !slices.Contains(r.Made, name) {
			r.Kept = append(r.Kept, name)
		}
	}
	slices.Sort(r.Kept)
	return nil
}

func (l Local) askBefore(repo *os.Root, names []string) error {
	if l.Before == nil {
		return nil
	}
	missing := names
	f, err := enter(repo, l.folder())
	if err == nil {
		missing = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !absent(f.root, l.file(name)) })
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) || len(missing) == 0 {
		return err
	}
	return l.Before(missing)
}

// valid returns the names of the declared secrets in order, unless they can't be kept here.
func (l Local) valid(declared map[string]schema.Secret) ([]string, error) {
	if err := checkEnv(l.Env); err != nil {
		return nil, err
	}
	names, err := sorted(declared)
	if err != nil {
		return nil, err
	}
	if _, taken := declared[authorityKey]; taken && len(signed(certificates(declared))) > 0 {
		return nil, &Problem{"the secret " + authorityKey + " would be where this machine's own authority has its key", "rename it, or the component that declares it"}
	}
	return names, nil
}

// Missing returns the declared secrets that have no value yet, in order. It
// changes nothing.
func (l Local) Missing(declared map[string]schema.Secret) ([]string, error) {
	if _, err := l.valid(declared); err != nil {
		return nil, err
	}
	return lacking(l.Dir, l.folder(), l, declared)
}

// value is what a secret has on this machine, nil for nothing.
func (l Local) value(name string) (value []byte, err error) {
	err = l.look(func(f *folder) error {
		size, err := f.size(l.file(name))
		if err != nil || size <= 0 {
			return err
		}
		value, err = f.read(l.file(name))
		return err
	})
	return value, err
}

// look lets at read the folder, unless there is none.
func (l Local) look(at func(*folder) error) error { return lookInto(l.Dir, l.folder(), at) }

// private opens the folder, which is for its owner alone from now on, without what killed
// processes left there.
func private(repo *os.Root, name string, r *Result) (*folder, error) {
	f, err := owned(repo, name, r)
	if err != nil {
		return nil, err
	}
	if err := f.sweep(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func owned(repo *os.Root, name string, r *Result) (*folder, error) {
	f, err := makeFolder(repo, name, localFolderMode)
	if err != nil {
		return nil, err
	}
	if err := f.setMode(".", localFolderMode, r); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// hide keeps the values of all environments out of Git, whatever the repository's
// own .gitignore says.
func hide(repo *os.Root, rand io.Reader, r *Result) (err error) {
	f, err := owned(repo, localFolder, r) // of all environments: sweeping it for each would cost more the more there are
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.size(gitignore)
	if err != nil {
		return err
	}
	if size < 0 {
		if err := f.sweep(); err != nil {
			return err
		}
		if _, err := f.create(gitignore, []byte("# values of secrets, for this machine only\n*\n"), 0o644, rand); err != nil {
			return err
		}
	}
	data, err := f.read(gitignore)
	if err != nil {
		return err
	}
	if !ignoresAll(data) {
		return &Problem{f.at(gitignore) + " lets values into Git", "make \"*\" its only line"}
	}
	return nil
}

// ignoresAll reports whether the .gitignore excepts nothing but itself.
func ignoresAll(data []byte) bool {
	all := false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		all = all || line == "*"
		if strings.HasPrefix(line, "!") && line != "!"+gitignore && line != "!/"+gitignore {
			return false
		}
	}
	return all
}

func (l Local) folder() string { return path.Join(localFolder, l.Env) }

func (l Local) file(secret string) string { return secret }

func (l Local) mode() fs.FileMode { return localFileMode }

func (l Local) encode(_ string, value []byte) ([]byte, error) { return value, nil }

// check refuses what programs would trip over: some ignore an empty file and run
// with a known password, others take the newline of an editor for part of theirs.
func (l Local) check(secret string, data []byte) error {
	file := path.Join(l.folder(), secret)
	if len(data) == 0 {
		return &Problem{file + " is empty", "put the value into it, or remove it where the value may be a new one"}
	}
	if i := bytes.IndexByte(data, '\n'); i == len(data)-1 {
		return &Problem{
			file + " ends with a newline, which would be part of the value",
			fmt.Sprintf("take it off:\ntr -d '\\r\\n' < %s > %[1]s.new && mv -f %[1]s.new %[1]s", file),
		}
	}
	return nil
}

func (l Local) ask(secret string, _ schema.Secret) error {
	return &Problem{
		fmt.Sprintf("the secret %s is not made but supplied, and %s is not there", secret, path.Join(l.folder(), secret)),
		fmt.Sprintf("supply it; this asks for it, or reads it from a file or from standard input:\nmlops-gitops secrets set %s %s", l.Env, secret),
	}
}
