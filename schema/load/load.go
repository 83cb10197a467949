// Package load turns folders of CUE into environments, and mistakes into words.
// It reads a file tree, be it a disk or a Git revision, asks no network and
// writes nothing. It alone knows cuelang.org/go.
package load

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/mod/modfile"
	"cuelang.org/go/mod/module"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

var environment = cue.ParsePath("environment")

const (
	folder     = "environments"
	modulePath = "github.com/mlops-gitops/mlops-gitops/schema@v0"

	// perContext is how many environments share one CUE context. Sharing saves
	// compiling the schema; a context never forgets, so it is renewed.
	perContext = 50
)

// A Repository is a tree of files that holds environments.
type Repository struct {
	fsys   fs.FS
	under  string
	names  []string // of the environments
	shared []string // files in the folder of environments
}

// Open looks at a tree and finds the environments in it. It is an error when the
// tree is not a config repository. Mistakes name files as seen from where the
// reader stands: under is the way from there to the tree, "" or "." for none.
func Open(fsys fs.FS, under string) (*Repository, error) {
	for _, need := range []struct{ file, why string }{
		{"cue.mod/module.cue", "it makes the folder a CUE module"},
		{"schema/environment.cue", "the vendored schema pins the model"},
		{folder, "every folder in it is one environment"},
	} {
		if _, err := fs.Stat(fsys, need.file); errors.Is(err, fs.ErrNotExist) {
			return nil, &NotARepository{need.file, need.why}
		} else if err != nil {
			return nil, err
		}
	}
	entries, err := fs.ReadDir(fsys, folder)
	if err != nil {
		return nil, err
	}
	r := &Repository{fsys: fsys, under: under}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "_") {
			continue // as CUE does
		}
		if e.IsDir() {
			r.names = append(r.names, e.Name())
		} else {
			r.shared = append(r.shared, path.Join(folder, e.Name()))
		}
	}
	return r, nil
}

// NotARepository says what a folder lacks.
type NotARepository struct{ missing, why string }

func (e *NotARepository) Error() string {
	return fmt.Sprintf("this is not a config repository: there is no %s (%s)", e.missing, e.why)
}

// Hint is what to do about it.
func (e *NotARepository) Hint() string {
	return `run "mlops-gitops init" to make one here, or name one with -C`
}

// NoEnvironment says that an environment's name leads nowhere.
type NoEnvironment struct {
	Name  string
	Known []string
}

func (e *NoEnvironment) Error() string { return fmt.Sprintf("there is no environment %q", e.Name) }

// Hint names what there is.
func (e *NoEnvironment) Hint() string {
	if len(e.Known) == 0 {
		return "make the folder " + folder + "/" + e.Name + ` with a file in it that says environment: mode: "dev"`
	}
	if near := nearest(e.Name, e.Known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "there are " + list(e.Known)
}

// Names returns the environments in order.
func (r *Repository) Names() []string { return slices.Clone(r.names) }

// Shared returns the files that all environments share, in order.
func (r *Repository) Shared() []string { return slices.Clone(r.shared) }

// A Loaded environment comes with its Base: the platform of its mode alone, with
// the same name and namespace, which is what overlays are written against.
type Loaded struct {
	*schema.Environment
	Base *schema.Environment
}

// Load evaluates environments, all those of the repository when none is named.
// When anything is wrong it returns every mistake it can find, joined.
func (r *Repository) Load(names ...string) ([]Loaded, error) {
	if len(names) == 0 {
		names = r.names
	}
	for _, n := range names {
		if !slices.Contains(r.names, n) {
			return nil, &NoEnvironment{n, r.names}
		}
	}
	if len(names) == 0 {
		return nil, &Mistake{Pos: Position{File: path.Join(r.under, folder)}, Msg: "holds no environment", Fix: (&NoEnvironment{Name: "dev"}).Hint()}
	}
	src, mistakes := readSources(r.fsys, r.under, names)
	if len(mistakes) > 0 {
		return nil, join(r.under, mistakes)
	}
	var loaded []Loaded
	var ctx *cue.Context
	for i, inst := range load.Instances(packages(names), config(src)) {
		if i%perContext == 0 {
			ctx = cuecontext.New()
		}
		env := typed(ctx.BuildInstance(inst), model(ctx, inst))
		if inst.Err != nil || !env.Exists() || env.Validate(cue.Concrete(true)) != nil {
			more, err := src.peel(names[i], inst)
			if err != nil {
				return nil, err
			}
			mistakes = append(mistakes, more...)
			continue
		}
		l, err := platform(ctx, inst, names[i], env)
		if err != nil {
			return nil, fmt.Errorf("environment %s: %w", names[i], err)
		}
		mistakes = append(mistakes, src.findings(names[i], l.Findings)...)
		loaded = append(loaded, l)
	}
	if len(mistakes) > 0 {
		return nil, join(r.under, mistakes)
	}
	return loaded, nil
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

// config makes CUE read the tree and nothing else: no disk, network or variables.
func config(src *sources) *load.Config {
	return &load.Config{FS: onlyCUE{src.fsys}, ParseFile: src.parse, Dir: "/", Env: []string{}, Registry: offline{}}
}

// onlyCUE is a tree without its other files: CUE would read each one that stands in
// a folder above an environment, be it as large as it may.
type onlyCUE struct{ fs.FS }

func (t onlyCUE) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(t.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !e.IsDir() && path.Ext(e.Name()) != ".cue" }), err
}

func (t onlyCUE) Stat(name string) (fs.FileInfo, error) { return fs.Stat(t.FS, name) }
func (t onlyCUE) ReadFile(name string) ([]byte, error)  { return fs.ReadFile(t.FS, name) }

// offline is a registry without modules: what a config repository imports, it holds.
type offline struct{}

var errOffline = errors.New("a config repository imports only what it holds: the vendored schema, its own packages and CUE's")

func (offline) ModFile(context.Context, module.Version) (*modfile.File, error) {
	return nil, errOffline
}

func (offline) Fetch(context.Context, module.Version) (module.SourceLoc, error) {
	return module.SourceLoc{}, errOffline
}

func (offline) ModuleVersions(context.Context, string) ([]string, error) { return nil, errOffline }

func join(under string, mistakes []*Mistake) error {
	var errs []error
	for _, m := range inOrder(mistakes) {
		m.Pos = m.Pos.from(under)
		for i := range m.Also {
			m.Also[i] = m.Also[i].from(under)
		}
		errs = append(errs, m)
	}
	return errors.Join(errs...)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
