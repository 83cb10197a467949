package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

func upgradeCmd(at *workdir) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "upgrade",
		Short: "replace the vendored schema by the one of this program",
		Long: `upgrade replaces schema/, which pins the model of a config repository, by the schema
that this program was made with, whole or not at all, and vets every environment
with it. It renders nothing, and says in how many files of each environment the next
render would change something: "render --all" does it, and git shows what changed.
It refuses when schema/ was changed by hand, and when it is newer than this program.

Exit codes: 0 fine; 1 environments have mistakes now; 2 could not upgrade.`,
		Example: `  mlops-gitops upgrade
  mlops-gitops render --all && git diff --stat`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &refusal{"upgrade takes no names: the schema is that of all environments", "mlops-gitops upgrade"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := at.top()
			if err != nil {
				return err
			}
			changed, err := replaceSchema(dir, force)
			if err != nil {
				return err
			}
			if len(changed) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "schema/ is the schema of this program already")
				return nil
			}
			fmt.Fprintf(cmd.OutOrStdout(), "schema/ is the schema of this program now:\n  %s\n", strings.Join(changed, "\n  "))
			repo, err := at.open()
			if err != nil {
				return err
			}
			sound, err := repo.envs.Vet()
			if err != nil {
				if m := (*load.Mistake)(nil); errors.As(err, &m) {
					return &found{err}
				}
				return err
			}
			if err := repo.sayChanges(cmd.OutOrStdout(), sound); err != nil {
				return err
			}
			next := table{
				nil,
				{"next", "mlops-gitops render --all", "what was rendered before, anew"},
				{"", "git diff", "what changes in the schema and in each environment"},
			}
			if old, now, err := repo.workflowVersion(); err != nil {
				return err
			} else if old != now {
				next = append(next, []string{"", "edit " + workflow, fmt.Sprintf("it installs mlops-gitops %s, and this is %s", old, now)})
			}
			return next.write(cmd.OutOrStdout(), 3)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace the schema although it was changed by hand")
	return cmd
}

// sayChanges says of how many files each environment's next render would change.
func (r *repository) sayChanges(w io.Writer, sound []load.Sound) error {
	rows := table{nil, {"of what is rendered, the next render changes, as \"render --all --check\" names them:"}}
	for _, s := range sound {
		if !r.rendered(s.Name) {
			continue
		}
		about, err := r.rendering(s)
		if err != nil {
			return err
		}
		drifts, err := render.Check(os.DirFS(r.dir), ownerOf(s.Name), about.tree)
		if err != nil {
			return err
		}
		rows = append(rows, []string{"  " + s.Name, count(len(drifts), "file")})
	}
	if len(rows) == 2 {
		return nil
	}
	return rows.write(w, 3)
}

// workflow is the one that init writes.
const workflow = ".github/workflows/environments.yaml"

// workflowVersion is which version of this program the repository's workflow installs, and
// which one it would when init had written it now. Where it installs the latest, or none, the
// two are the same.
func (r *repository) workflowVersion() (old, now string, err error) {
	data, err := r.readSmall(workflow)
	if unread := (*refusal)(nil); errors.Is(err, fs.ErrNotExist) || errors.As(err, &unread) { // there is none, or it is a person's own
		return "", "", nil
	}
	m := installed.FindSubmatch(data)
	now = pinned(moduleVersion())
	if err != nil || m == nil || string(m[2]) == "latest" || now == "latest" {
		return "", "", err
	}
	return string(m[2]), now, nil
}

// replaceSchema puts this program's schema in the place of a repository's, and says
// which files that changes. Where there is none, it puts it there.
func replaceSchema(dir string, force bool) (changed []string, err error) {
	if !isRepository(dir) {
		return nil, &refusal{"this is not a config repository: there is no cue.mod/ and environments/", `run "mlops-gitops init" to make one here, or name one with -C`}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	unlock, err := render.Lock(root, "schema")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	next, last := hiddenName("schema.next"), hiddenName("schema.last")
	there, err := isFolder(root, "schema")
	if err != nil {
		return nil, err
	}
	if !there { // a run was killed between two steps
		if kept, err := isFolder(root, last); err != nil {
			return nil, err
		} else if kept {
			if err := root.Rename(last, "schema"); err != nil {
				return nil, err
			}
			there = true
		}
	}
	if err := errors.Join(root.RemoveAll(next), root.RemoveAll(last)); err != nil {
		return nil, err
	}
	files, err := filesOf(schema.Files)
	if err != nil {
		return nil, err
	}
	if !there {
		_, err = addFiles(filepath.Join(dir, next), files)
		if err == nil {
			err = root.Rename(next, "schema")
		}
		return []string{"schema added"}, err
	}
	vendored, err := fs.Sub(root.FS(), "schema")
	if err != nil {
		return nil, err
	}
	var lost []string
	if changed, lost, err = differences(vendored, files); err != nil || len(changed) == 0 {
		return nil, err
	}
	if len(lost) > 0 && !force {
		if err := mayReplace(vendored, lost); err != nil {
			return nil, err
		}
	}
	if _, err := addFiles(filepath.Join(dir, next), files); err != nil {
		return nil, errors.Join(err, root.RemoveAll(next))
	}
	if err := root.Rename("schema", last); err != nil {
		return nil, err
	}
	if err := root.Rename(next, "schema"); err != nil {
		return nil, errors.Join(err, root.Rename(last, "schema"))
	}
	return changed, root.RemoveAll(last)
}

// mayReplace is an error when a vendored schema is not an older one.
func mayReplace(vendored fs.FS, lost []string) error {
	theirs, err := load.SchemaVersion(vendored)
	if err != nil {
		return err
	}
	ours, err := load.SchemaVersion(schema.Files)
	switch {
	case err != nil:
		return err
	case theirs > ours:
		return &load.Misfit{Vendored: theirs, Program: ours}
	case theirs == ours:
		return &refusal{"schema/ is of this program's form and differs from it: " + strings.Join(lost, ", "),
			"it was changed by hand, or comes from another build; --force replaces it, and git keeps what was there"}
	}
	return nil
}

// isFolder reports whether there is a folder of that name; anything else there is an error.
func isFolder(root *os.Root, name string) (bool, error) {
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil && !info.IsDir() {
		err = &refusal{name + " is no folder", "move it away"}
	}
	return err == nil, err
}

// differences are the files in which a vendored schema differs from this program's, and
// those of them of which something would be lost. It is an error when something stands
// there that is no part of a schema.
func differences(vendored fs.FS, ours map[string][]byte) (changed, lost []string, err error) {
	err = fs.WalkDir(vendored, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (!d.Type().IsRegular() || path.Ext(p) != ".cue") {
			err = &refusal{"schema/" + p + " is no part of a schema, and would go with it", "move it out of schema/"}
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	theirs, err := filesOf(vendored)
	if err != nil {
		return nil, nil, err
	}
	say := func(name, what string) {
		changed = append(changed, path.Join("schema", filepath.ToSlash(name))+" "+what)
	}
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		if _, stays := ours[name]; !stays {
			say(name, "removed")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		if data, there := theirs[name]; !there {
			say(name, "added")
		} else if !bytes.Equal(data, ours[name]) {
			say(name, "changed")
		}
	}
	lost = slices.DeleteFunc(slices.Clone(changed), func(what string) bool { return strings.HasSuffix(what, " added") })
	return changed, lost, nil
}
