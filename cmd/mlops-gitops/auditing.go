package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/audit"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/repo"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// tooLarge is the size in bytes of a file that is not looked into: no text that a person or a
// renderer writes has it.
const tooLarge = 32 << 20

// auditing is one look at everything that others can read.
type auditing struct {
	*repository
	git      *repo.Repo
	envs     []string
	declared map[string]map[string]schema.Secret // by environment; none of one with mistakes
	finder   *audit.Finder
	values   int // that are looked for
	files    int // that were looked into
	objects  int // of Git
	leaks    []*leak
	versions map[leak]*leak // the first one in history, by what it is and where
	large    []string
	notes    []refusal // what could not be looked for or at, and what else there is to say
	partly   bool      // some values could not be looked for, or some files not be looked into
}

// auditing learns what to look for.
func (r *repository) auditing(git *repo.Repo, own secrets.Identities, names []string) (*auditing, error) {
	kept, err := secrets.Kept(r.dir)
	if err != nil {
		return nil, err
	}
	all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(kept, r.envs.Names()))))
	for _, name := range names {
		if !slices.Contains(all, name) {
			if _, err := r.envs.Vet(name); err != nil { // says so
				return nil, err
			}
		}
	}
	if len(names) > 0 {
		all = slices.Compact(slices.Sorted(slices.Values(names)))
	}
	a := &auditing{repository: r, git: git, envs: all, declared: map[string]map[string]schema.Secret{}, versions: map[leak]*leak{}}
	var values []audit.Value
	for _, key := range own.Known() {
		values = append(values, audit.Value{Text: key})
	}
	for _, env := range all {
		known, err := a.known(env, own)
		if err != nil {
			return nil, err
		}
		values = append(values, known...)
		a.values += len(known)
	}
	a.finder = audit.NewFinder(values)
	return a, nil
}

// known are the values of an environment, on this machine and sealed, each once.
func (a *auditing) known(env string, own secrets.Identities) (values []audit.Value, err error) {
	local := secrets.Local{Dir: a.dir, Env: env}
	if err := local.Exposed(); err != nil {
		for _, e := range each(err) {
			p, ok := errors.AsType[*secrets.Problem](e)
			if !ok {
				return nil, e
			}
			if l := (&leak{msg: p.Msg, hint: p.Fix}); !slices.ContainsFunc(a.leaks, func(o *leak) bool { return *o == *l }) {
				a.leaks = append(a.leaks, l)
			}
		}
	}
	here, err := local.Known()
	if err != nil {
		return nil, err
	}
	sealed, closed, err := secrets.Cluster{Dir: a.dir, Env: env}.Known(own)
	if err != nil {
		return nil, err
	}
	var short []string
	for _, k := range slices.Concat(here, sealed) {
		same := func(v audit.Value) bool { return v.Name == k.Name && string(v.Text) == string(k.Text) }
		switch {
		case len(k.Text) < audit.Shortest:
			short = append(short, k.Name)
			clear(k.Text)
		case slices.ContainsFunc(values, same):
			clear(k.Text)
		default:
			values = append(values, audit.Value{Env: env, Name: k.Name, Text: k.Text})
		}
	}
	if len(closed) > 0 {
		a.partly = true
		a.notes = append(a.notes, refusal{
			fmt.Sprintf("%s: no age private key at hand opens these secrets, so of them only what this machine knows was looked for: %s", env, listed(slices.Clone(closed))),
			"let SOPS_AGE_KEY_FILE name the file with a key that opens them: SOPS_AGE_KEY_FILE=age.agekey mlops-gitops secrets audit " + env,
		})
	}
	if len(short) > 0 {
		a.partly = true
		a.notes = append(a.notes, refusal{
			fmt.Sprintf("%s: with less than %d characters these values can't be told from other text, and were not looked for: %s", env, audit.Shortest, listed(short)),
			"a value that short can be guessed: give it a longer one",
		})
	}
	for _, k := range sealed {
		closed = append(closed, k.Name)
	}
	a.unused(env, here, closed)
	return values, nil
}

// unused notes what an environment declares, and which values nothing there uses.
func (a *auditing) unused(env string, here []secrets.Known, sealed []string) {
	var about rendering
	if slices.Contains(a.repository.envs.Names(), env) {
		sound, err := a.repository.envs.Vet(env)
		if err == nil {
			about, err = a.rendering(sound[0])
		}
		if err != nil {
			a.notes = append(a.notes, refusal{env + ": it has mistakes, so which secrets it uses is not known", "mlops-gitops vet " + env})
			return
		}
	}
	declared := map[string]schema.Secret{}
	for _, some := range []map[string]schema.Secret{about.Local, about.InCluster} {
		for name, s := range some {
			declared[name] = s
		}
	}
	a.declared[env] = declared
	left := map[string][]string{}
	for _, k := range here {
		_, used := about.Local[k.Name]
		if base, isKey := strings.CutSuffix(k.Name, ".key"); isKey && !used { // the authority's, which nothing declares
			_, used = about.Local[base+".crt"]
		}
		if !used {
			left[".secrets/"+env] = append(left[".secrets/"+env], k.Name)
		}
	}
	for _, name := range sealed {
		if _, used := about.InCluster[name]; !used {
			left["deploy/"+env+"/secrets"] = append(left["deploy/"+env+"/secrets"], name)
		}
	}
	for _, where := range []string{".secrets/" + env, "deploy/" + env + "/secrets"} {
		if len(left[where]) > 0 {
			a.notes = append(a.notes, refusal{fmt.Sprintf("%s: nothing uses these secrets in %s any longer: %s", env, where, listed(left[where])), ""})
		}
	}
}

// look looks at all that others can read.
func (a *auditing) look(ctx context.Context) error {
	files, err := a.inTree(ctx)
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := a.lookInto(name); err != nil {
			return err
		}
	}
	whole, err := a.git.Contents(ctx, tooLarge, a.inHistory)
	if err != nil {
		return err
	}
	if !whole {
		a.partly = true
		a.notes = append(a.notes, refusal{"this clone is shallow: older commits are not here, and were not looked at", "git fetch --unshallow"})
	}
	if len(a.large) > 0 {
		a.partly = true
		a.notes = append(a.notes, refusal{fmt.Sprintf("over %d MiB, and not looked into: %s", tooLarge>>20, listed(a.large)), ""})
	}
	return nil
}

// inTree are the files to look into, without those in .secrets: that Git would take them is a
// finding by itself.
func (a *auditing) inTree(ctx context.Context) (files []string, err error) {
	taken, err := a.git.Takes(ctx)
	if err != nil {
		return nil, err
	}
	var open []string
	for _, name := range taken {
		if ofSecrets(name) {
			open = append(open, name)
		} else {
			files = append(files, name)
		}
	}
	if len(open) > 0 {
		l := &leak{msg: "Git does not ignore the values of secrets in " + open[0], hint: `git rm -r --cached --ignore-unmatch .secrets; make "*" the only line of .secrets/.gitignore`}
		if more := len(open) - 1; more > 0 {
			l.msg += fmt.Sprintf(" and %d more", more)
		}
		a.leaks = append(a.leaks, l)
	}
	for _, env := range a.envs { // what is rendered may be ignored, and is shown to engines and clusters
		for _, folder := range ownerOf(env).Roots {
			err := fs.WalkDir(os.DirFS(a.dir), folder, func(name string, d fs.DirEntry, err error) error {
				if err == nil && d.Type().IsRegular() {
					files = append(files, name)
				}
				return err
			})
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// ofSecrets reports whether a path is that of a value, as a folder .secrets keeps it.
func ofSecrets(name string) bool {
	parts := strings.Split(name, "/")
	i := slices.IndexFunc(parts, func(part string) bool { return strings.EqualFold(part, ".secrets") })
	return i >= 0 && i < len(parts)-1 && parts[len(parts)-1] != ".gitignore"
}

func (a *auditing) lookInto(name string) error {
	info, err := os.Lstat(a.path(name))
	if err == nil && info.Mode().IsRegular() {
		if info.Size() > tooLarge {
			a.large = append(a.large, name)
			return nil
		}
		var data []byte
		if data, err = os.ReadFile(a.path(name)); err == nil {
			a.files++
			return a.find(data, []repo.Place{{Path: name}}, true)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has just gone
	}
	return err
}

func (a *auditing) inHistory(c repo.Content) error {
	a.objects++
	if c.Size > tooLarge {
		a.large = append(a.large, fmt.Sprintf("%s (commit %.7s)", c.Places[0].Path, c.Places[0].Commit))
		return nil
	}
	return a.find(c.Data, c.Places, false)
}
