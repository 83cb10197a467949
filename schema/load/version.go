package load

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

var versionLine = regexp.MustCompile(`(?m)^_version: ([0-9]+)$`)

// SchemaVersion is the number of a schema's form, 0 when it says none. It looks at a
// folder of the schema alone.
func SchemaVersion(fsys fs.FS) (int, error) {
	data, err := fs.ReadFile(fsys, "version.cue")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	m := versionLine.FindSubmatch(data)
	if m == nil {
		return 0, nil
	}
	return strconv.Atoi(string(m[1]))
}

// A Misfit is a vendored schema of another form than this program takes.
type Misfit struct{ Vendored, Program int }

func (e *Misfit) Error() string {
	if e.Vendored > e.Program {
		return fmt.Sprintf("the vendored schema in schema/ is newer than this program: it is of form %d, and this program takes form %d", e.Vendored, e.Program)
	}
	return fmt.Sprintf("the vendored schema in schema/ is older than this program takes: it is of form %d, and this program takes form %d", e.Vendored, e.Program)
}

// Hint is what to do about it.
func (e *Misfit) Hint() string {
	if e.Vendored > e.Program {
		return "install the mlops-gitops with which it was put there, or a newer one"
	}
	return `"mlops-gitops upgrade" replaces schema/ by this program's own; or go on with the program that it came from`
}

// fitsProgram holds that the vendored schema is of the form that this program takes.
func fitsProgram(vendored fs.FS) error {
	program, err := SchemaVersion(schema.Files)
	if err != nil {
		return err
	}
	theirs, err := SchemaVersion(vendored)
	if err != nil {
		return err
	}
	if theirs != program {
		return &Misfit{theirs, program}
	}
	return nil
}
