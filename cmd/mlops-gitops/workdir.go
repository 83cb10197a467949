package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

// A workdir is where the command line stands: the folder of -C.
type workdir struct{ dir string }

// A repository is the config repository around a workdir.
type repository struct {
	dir    string // absolute
	envs   *load.Repository
	memory memory // what envs remembers with, if it does

	compose func() (composeHead, error) // compose.yaml in dir
}

// open finds the config repository in the folder or one above it.
func (w *workdir) open() (*repository, error) {
	dir, err := w.top()
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir) // open as long as the program runs: environments are read when they are asked for
	if err != nil {
		return nil, err
	}
	under, err := fromHere(dir)
	if err != nil {
		return nil, err
	}
	envs, err := load.Open(root.FS(), filepath.ToSlash(under))
	if err != nil {
		return nil, err
	}
	envs.Watch(tooMuch, tooLong, exhausted)
	r := &repository{dir: dir, envs: envs}
	r.compose = sync.OnceValues(func() (composeHead, error) { return r.readCompose("compose.yaml") })
	if m, ok := memoryOf(dir); ok {
		r.memory = m
		envs.Remember(m)
	}
	return r, nil
}

// top is the folder of the config repository around the workdir, or the workdir itself
// when there is none: what is missing there is said by who looks.
func (w *workdir) top() (string, error) {
	start, err := filepath.Abs(w.dir)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(start); err != nil || !info.IsDir() {
		return "", &refusal{"there is no folder " + w.dir, "name the folder of a config repository with -C"}
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if isRepository(dir) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return start, nil
		}
	}
}

// path is a file of the repository, named with slashes, on this machine.
func (r *repository) path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

func isRepository(dir string) bool {
	for _, part := range []string{"cue.mod", "environments"} {
		if _, err := os.Stat(filepath.Join(dir, part)); errors.Is(err, fs.ErrNotExist) {
			return false
		}
	}
	return true
}

// fromHere is the way to a folder from the working directory, which is how
// positions and paths are shown.
func fromHere(dir string) (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if under, err := filepath.Rel(here, dir); err == nil {
		return under, nil
	}
	return dir, nil // on another volume
}

// named demands the names of environments.
func named(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return &refusal{cmd.CommandPath() + " needs the name of an environment", "mlops-gitops vet lists them"}
	}
	return nil
}

// offer completes arguments in the shell by words that the repository knows. Where it
// can't be read, nothing is offered.
func (w *workdir) offer(words func(r *repository, args []string, typed string) ([]string, error)) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		repo, err := w.open()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		offered, err := words(repo, args, typed)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return offered, cobra.ShellCompDirectiveNoFileComp
	}
}

// environments are the names to offer for each argument.
func environments(r *repository, _ []string, _ string) ([]string, error) { return r.envs.Names(), nil }
