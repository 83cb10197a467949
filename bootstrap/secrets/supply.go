package secrets

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// Supply puts down the first value of a declared secret of text, which must not have one yet.
// What programs would trip over is a Problem.
func (l Local) Supply(declared map[string]schema.Secret, name string, value []byte, rand io.Reader) (r Result, err error) {
	if _, err := l.valid(declared); err != nil {
		return r, err
	}
	if _, text := texts(declared)[name]; !text {
		return r, fmt.Errorf("%q is not a declared secret of text", name)
	}
	if err := errors.Join(append(given(l.Env, name, declared[name], value), l.check(name, value))...); err != nil {
		return r, err
	}
	repo, err := os.OpenRoot(l.Dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, repo.Close()) }()
	if err := hide(repo, rand, &r); err != nil {
		return r, err
	}
	f, err := private(repo, l.folder(), &r)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	made, err := f.create(l.file(name), value, l.mode(), rand)
	if err != nil {
		return r, err
	}
	if !made {
		return r, &Problem{"another command has just given " + name + " a value", "look at " + path.Join(l.folder(), name)}
	}
	r.Made = []string{name}
	return r, f.sync()
}
