// Package load turns folders of CUE into environments, and mistakes into words.
// It reads a file tree, be it a disk or a Git revision, asks no network and
// writes nothing. With schema/doc it alone knows cuelang.org/go.
package load

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

var environment = cue.ParsePath("environment")

const (
	folder       = "environments"
	vendoredFile = "schema/environment.cue"
	modulePath   = "github.com/mlops-gitops/mlops-gitops/schema@v0"
)

// A Repository is a tree of files that holds environments.
type Repository struct {
	fsys   fs.FS
	under  string
	names  []string // of the environments
	memory Memory   // or nil
	limits limits
}

// Open looks at a tree and finds the environments in it. It is an error when the
// tree is not a config repository. Mistakes name files as seen from where the
// reader stands: under is the way from there to the tree, "" or "." for none.
func Open(fsys fs.FS, under string) (*Repository, error) {
	tree := newOnlyCUE(fsys, under)
	for _, need := range []struct{ file, why string }{
		{"cue.mod/module.cue", "it makes the folder a CUE module"},
		{folder, "every folder in it is one environment"},
		{vendoredFile, "the vendored schema pins the model"},
	} {
		if _, err := tree.Stat(need.file); errors.Is(err, fs.ErrNotExist) {
			return nil, &NotARepository{need.file, need.why}
		} else if err != nil {
			return nil, seenFrom(under, err)
		}
	}
	vendored, err := fs.Sub(tree, "schema")
	if err == nil {
		err = fitsProgram(vendored)
	}
	if err != nil {
		return nil, seenFrom(under, err)
	}
	entries, err := tree.ReadDir(folder)
	if err != nil {
		return nil, seenFrom(under, err)
	}
	r := &Repository{fsys: fsys, under: under}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "_") {
			continue // as CUE does
		}
		if e.IsDir() {
			r.names = append(r.names, e.Name())
		}
	}
	return r, nil
}

// NotARepository says what a folder lacks.
type NotARepository struct{ missing, why string }

func (e *NotARepository) Error() string {
	if e.missing == vendoredFile {
		return fmt.Sprintf("there is no %s (%s)", e.missing, e.why)
	}
	return fmt.Sprintf("this is not a config repository: there is no %s (%s)", e.missing, e.why)
}

// Hint is what to do about it.
func (e *NotARepository) Hint() string {
	if e.missing == vendoredFile {
		return `"mlops-gitops upgrade" puts it there; in a folder that is no config repository, "mlops-gitops init" makes one`
	}
	return `run "mlops-gitops init" to make one here, or name one with -C`
}

// NoEnvironment says that an environment's name leads nowhere.
type NoEnvironment struct {
	Name  string
	Known []string

	setting string // that is called so, or ""
}

func (e *NoEnvironment) Error() string { return fmt.Sprintf("there is no environment %q", e.Name) }

// Hint names what there is.
func (e *NoEnvironment) Hint() string {
	var known []string
	for _, name := range e.Known {
		known = append(known, printable(name))
	}
	if len(known) == 0 {
		return "make the folder " + folder + "/" + e.Name + ` with a file in it that says environment: mode: "dev"`
	}
	if near := nearest(e.Name, e.Known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if e.setting != "" {
		return "mlops-gitops explain ENV " + e.setting + "; there are " + list(known)
	}
	return "there are " + list(known)
}

// Say makes mistakes of what renderers find in an environment, each at the place where it
// was written.
func (r *Repository) Say(env string, found []schema.Finding) error {
	src, mistakes, err := readSources(newOnlyCUE(r.fsys, r.under), []string{env})
	if err != nil {
		return err
	}
	return join(r.under, append(mistakes, src.findings(env, found)...))
}

// Names returns the environments in order.
func (r *Repository) Names() []string { return slices.Clone(r.names) }

// A Loaded environment comes with its Base: the platform of its mode alone, with
// the same name and namespace, which is what overlays are written against.
type Loaded struct {
	*schema.Environment
	Base *schema.Environment

	// Inputs are the CUE files that the environment imports from packages of the
	// repository's own, in order: not its own folder's, those that all environments
	// share, nor the schema's.
	Inputs []string

	// Digest is that of everything that the environment was worked out from, or "" when
	// nobody asked to remember it. It is kept beside what it is of.
	Digest string `json:"-"`
}

// A Sound environment is one without mistakes. When nothing that it is made of has changed
// since it was kept, it is known to be sound without being looked at whole.
type Sound struct {
	Name      string
	Namespace string
	Inputs    []string // as Loaded has them
	Digest    string   // the same

	runs  bool // anything of it, in its namespace
	whole func() (Loaded, error)
}

// Whole is all of it.
func (s Sound) Whole() (Loaded, error) { return s.whole() }

// Sound is what is known without looking at all of it.
func (l Loaded) Sound() Sound {
	return Sound{
		Name: l.Name, Namespace: l.Settings.Namespace, Inputs: l.Inputs, Digest: l.Digest,
		runs:  l.RunsAt(schema.Local) || l.RunsAt(schema.Cluster),
		whole: func() (Loaded, error) { return l, nil },
	}
}

// Load is Vet with all of each environment.
func (r *Repository) Load(names ...string) ([]Loaded, error) {
	sound, err := r.Vet(names...)
	if err != nil {
		return nil, err
	}
	loaded, errs := make([]Loaded, len(sound)), make([]error, len(sound))
	together(len(sound), func(i int) { loaded[i], errs[i] = sound[i].Whole() })
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return loaded, nil
}

// Vet evaluates environments, all those of the repository when none is named.
// When anything is wrong it returns every mistake it can find, joined; a file that
// can't be read is an error of another kind.
func (r *Repository) Vet(names ...string) ([]Sound, error) {
	if len(names) == 0 {
		names = r.names
	}
	var once []string
	for _, n := range names {
		if !slices.Contains(r.names, n) {
			return nil, &NoEnvironment{Name: n, Known: r.names}
		}
		if !slices.Contains(once, n) {
			once = append(once, n)
		}
	}
	names = once
	if len(names) == 0 {
		return nil, &Mistake{Pos: Position{File: path.Join(r.under, folder)}, Msg: "holds no environment", Fix: (&NoEnvironment{Name: "dev"}).Hint()}
	}
	tree := newOnlyCUE(r.fsys, r.under)
	return r.load(tree, names, r.recall(tree, names), nil)
}

// load evaluates the environments that are not known yet. Who asks for their values gets
// those of one that is evaluated.
func (r *Repository) load(tree *onlyCUE, names []string, known map[string]Sound, asked *values) ([]Sound, error) {
	unknown := slices.DeleteFunc(slices.Clone(names), func(name string) bool { _, ok := known[name]; return ok })
	src, mistakes, err := readSources(tree, unknown)
	if err != nil {
		return nil, err
	}
	if unknown = unbroken(unknown, mistakes); len(unknown) == 0 && len(mistakes) > 0 {
		return nil, join(r.under, mistakes)
	}
	defer r.watched(&src.hand, unknown)()
	outcomes := src.evaluate(unknown, asked != nil)
	if m := (*Mistake)(nil); errors.As(tree.failure(), &m) {
		return nil, join(r.under, append(mistakes, m))
	} else if err := tree.failure(); err != nil {
		return nil, err
	}
	worked := map[string]*Loaded{}
	for i, o := range outcomes {
		switch name := unknown[i]; {
		case o.refused != nil:
			mistakes = append(mistakes, o.refused...)
		case o.wrong != nil:
			more, err := src.peel(name, o.wrong)
			if err != nil {
				return nil, err
			}
			mistakes = append(mistakes, more...)
		case o.err != nil:
			return nil, fmt.Errorf("environment %s: %w", name, o.err)
		default:
			mistakes = append(mistakes, src.findings(name, slices.Concat(o.loaded.Findings, cycles(o.loaded.Environment), fits(o.loaded.Environment)))...)
			worked[name] = &outcomes[i].loaded
			if asked != nil {
				*asked = o.values
			}
		}
	}
	if len(mistakes) == 0 {
		r.keep(tree, worked)
	}
	var sound []Sound
	for _, name := range names {
		if s, ok := known[name]; ok {
			sound = append(sound, s)
		} else if l := worked[name]; l != nil {
			sound = append(sound, l.Sound())
		}
	}
	clashes := src.clashes(sound)
	if len(clashes) > 0 && len(known) > 0 {
		return r.load(tree, names, nil, asked) // their sources say where
	}
	if mistakes = append(mistakes, clashes...); len(mistakes) > 0 {
		return nil, join(r.under, mistakes)
	}
	return sound, nil
}

// unbroken are the environments that can be looked at although there are mistakes: of
// those whose own files hold one, and of all when it is in a shared file, more can't be said.
func unbroken(names []string, mistakes []*Mistake) []string {
	broken := map[string]bool{}
	for _, m := range mistakes {
		of, own := strings.CutPrefix(m.Pos.File, folder+"/")
		env, file, _ := strings.Cut(of, "/")
		if !own || file == "" && m.Pos.Line > 0 {
			return nil
		}
		broken[env] = true
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return broken[name] })
}

func packages(names []string) []string {
	var ps []string
	for _, dir := range inFolder(names) {
		ps = append(ps, "./"+dir)
	}
	return ps
}

func inFolder(names []string) []string {
	var dirs []string
	for _, n := range names {
		dirs = append(dirs, path.Join(folder, n))
	}
	return dirs
}

// seenFrom is an error of reading: a mistake like any other, or one of its own kind.
func seenFrom(under string, err error) error {
	if m := (*Mistake)(nil); errors.As(err, &m) {
		return join(under, []*Mistake{m})
	}
	return err
}

func join(under string, mistakes []*Mistake) error {
	var errs []error
	for _, m := range inOrder(mistakes) {
		m.Pos = m.Pos.from(under)
		if m.Also.File != "" {
			m.Also = m.Also.from(under)
		}
		errs = append(errs, m)
	}
	return errors.Join(errs...)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
