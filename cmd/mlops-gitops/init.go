package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// skeleton is what a new config repository starts with, beside the schema.
//
//go:embed all:skeleton
var skeleton embed.FS

func initCmd(at *workdir) *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "make a folder a config repository",
		Long: `init makes a folder (this one, unless DIR is given) a config repository: the vendored
schema, the environments dev, prod and hybrid, a workflow for pull requests, and a
compose.yaml that starts dev. It changes no file that is there: one that says
something else is an error, and then nothing is written.`,
		Example: `  mlops-gitops init
  mlops-gitops init platform && cd platform && mlops-gitops render dev`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &refusal{"init takes one folder", "mlops-gitops init " + args[0]}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := at.dir
			if len(args) == 1 && filepath.IsAbs(args[0]) {
				dir = args[0]
			} else if len(args) == 1 {
				dir = filepath.Join(dir, args[0])
			}
			files, err := newRepository()
			if err != nil {
				return err
			}
			if info, err := os.Stat(dir); err == nil && !info.IsDir() {
				return &refusal{dir + " is a file", "name a folder"}
			}
			n, err := addFiles(dir, files)
			if err != nil {
				return err
			}
			said := "is a config repository already"
			if n > 0 {
				said = fmt.Sprintf("is a config repository now (%s)", count(n, "file"))
			}
			steps := []string{
				"mlops-gitops render dev      the platform for this machine, in deploy/dev",
				"docker compose up --wait     start it",
				`git init && git add . && git commit -m "config repository"`,
			}
			if filepath.Clean(dir) != "." {
				steps = slices.Insert(steps, 0, "cd "+dir)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n\nnext   %s\n", dir, said, strings.Join(steps, "\n       "))
			return err
		},
	}
}

// newRepository is every file of a new config repository, by path.
func newRepository() (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, from := range []struct {
		fsys fs.FS
		dir  string // of fsys
		to   string // of the repository
	}{{skeleton, "skeleton", "."}, {schema.Files, ".", "schema"}} {
		sub, err := fs.Sub(from.fsys, from.dir)
		if err != nil {
			return nil, err
		}
		files, err := filesOf(sub)
		if err != nil {
			return nil, err
		}
		for name, data := range files {
			all[filepath.Join(from.to, name)] = data
		}
	}
	for name, data := range all {
		all[name] = installed.ReplaceAll(data, []byte("${1}"+pinned(moduleVersion())))
	}
	return all, nil
}

// installed is where a workflow installs this program, and which version.
var installed = regexp.MustCompile(`(go install \S+/cmd/mlops-gitops@)(\S+)`)

// filesOf is every file of a tree, by path as this machine writes it.
func filesOf(fsys fs.FS) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[filepath.FromSlash(p)], err = fs.ReadFile(fsys, p)
		return err
	})
	return files, err
}

// addFiles writes those files that are not there, each whole or not at all, and returns
// their number. When one is there and differs, or a link leads out of the folder, it
// writes nothing. After a kill or an error another run adds the others.
func addFiles(dir string, files map[string][]byte) (n int, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	var taken []error
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		switch info, err := root.Stat(name); {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, name)
			continue
		case err != nil:
			taken = append(taken, err)
			continue
		case !info.Mode().IsRegular():
			taken = append(taken, &refusal{filepath.Join(dir, name) + " is there and is no plain file", "move it away, or run init in an empty folder"})
			continue
		}
		if have, err := root.ReadFile(name); err != nil {
			taken = append(taken, err)
		} else if !bytes.Equal(have, files[name]) {
			taken = append(taken, &refusal{filepath.Join(dir, name) + " is there and says something else", "move it away, or keep it and run init in an empty folder"})
		}
	}
	if len(taken) > 0 {
		return 0, errors.Join(taken...)
	}
	for _, name := range missing {
		if err := addFile(root, name, files[name]); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// addFile writes beside the file, for a rename: under its name it is whole.
func addFile(root *os.Root, name string, data []byte) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	temp := filepath.Join(filepath.Dir(name), hiddenName("new"))
	err := root.WriteFile(temp, data, 0o644)
	if err == nil {
		err = root.Rename(temp, name)
	}
	if err != nil {
		return errors.Join(err, remove(root, temp))
	}
	return nil
}

// hiddenName is that of something that is there for a moment; .gitignore knows its beginning.
func hiddenName(what string) string { return ".mlops-gitops-" + what }

// remove removes what may not be there.
func remove(root *os.Root, name string) error {
	if err := root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
