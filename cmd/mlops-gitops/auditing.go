package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
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
		case !slices.ContainsFunc(values, same):
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

// find notes what is in data, which is at all of these places.
func (a *auditing) find(data []byte, places []repo.Place, tree bool) error {
	values := a.finder.Values(data)
	for _, h := range values {
		msg := fmt.Sprintf("the value of %s's %s is here %s", h.Value.Env, h.Value.Name, h.What)
		if h.Value.Env == "" {
			msg = "your age private key is here " + h.What
		}
		if err := a.note(places[0], h, tree, msg, a.renew(*h.Value)); err != nil {
			return err
		}
	}
	for _, p := range places {
		switch {
		case ofSecrets(p.Path):
			if len(values) == 0 {
				return a.note(p, audit.Hit{}, tree, "this is, or was, the value of a secret", "give the secrets of that environment new values: mlops-gitops secrets rotate ENV --all")
			}
			return nil
		case ofSealed(p.Path) && secrets.GivenAway(data):
			env := strings.Split(p.Path, "/")[1]
			return a.note(p, audit.Hit{}, tree, "this Secret holds a value in plain text", "mlops-gitops secrets rotate "+env+" "+strings.TrimSuffix(path.Base(p.Path), ".yaml"))
		case owns(p.Path):
			return a.pasted(data, p, values, tree)
		}
	}
	return nil
}

// pasted notes keys that tell themselves apart, but for those that are known values.
func (a *auditing) pasted(data []byte, at repo.Place, values []audit.Hit, tree bool) error {
	for _, h := range audit.Pasted(data) {
		if slices.ContainsFunc(values, func(v audit.Hit) bool { return v.Line == h.Line || v.Line == h.Line+1 }) { // a key in PEM begins in its second line
			continue
		}
		if err := a.note(at, h, tree, h.What+" is here in plain text", "make another where this one was made, and let this one be valid no longer; what a program needs goes into a secret: mlops-gitops secrets set ENV NAME"); err != nil {
			return err
		}
	}
	return nil
}

// ofSealed reports whether a path is that of an encrypted secret.
func ofSealed(name string) bool {
	ok, err := path.Match("deploy/*/secrets/*.yaml", name)
	return err == nil && ok
}

// owns reports whether a file belongs to what a config repository consists of. In others, such
// as a program's tests, there may well be keys that open nothing.
func owns(name string) bool {
	top, _, deeper := strings.Cut(name, "/")
	return !deeper || slices.Contains([]string{"environments", "deploy", "clusters", "cue.mod", "schema", ".github"}, top) ||
		slices.Contains([]string{".cue", ".agekey"}, path.Ext(name))
}

// note keeps a finding. Of what several versions of a file have, the first one is told.
func (a *auditing) note(at repo.Place, h audit.Hit, tree bool, msg, cure string) error {
	under, err := fromHere(a.dir)
	if err != nil {
		return err
	}
	l := &leak{line: h.Line, column: h.Column, commit: at.Commit, tag: at.Tag, staged: !tree && at.Commit == "" && at.Tag == "", msg: msg}
	if at.Path != "" {
		l.file = filepath.ToSlash(filepath.Join(under, at.Path))
	}
	switch {
	case tree || l.staged:
		l.hint = "take it out before it is committed; where others could read it: " + cure
	default:
		l.hint = "Git never forgets: " + cure
	}
	if at.Commit != "" && at.Path != "" {
		same := leak{file: l.file, msg: msg}
		if first := a.versions[same]; first != nil {
			first.more++
			return nil
		}
		a.versions[same] = l
	}
	a.leaks = append(a.leaks, l)
	return nil
}

// renew says how a value becomes worthless.
func (a *auditing) renew(v audit.Value) string {
	if v.Env == "" {
		return "make another with age-keygen, name its public key in secrets.recipients in this one's place, then: mlops-gitops secrets recipients ENV"
	}
	declared, known := a.declared[v.Env]
	secret, used := declared[v.Name]
	base, isKey := strings.CutSuffix(v.Name, ".key")
	switch {
	case isKey && declared[base+".crt"].Part == "ca":
		return "mlops-gitops secrets rotate " + v.Env + " " + base
	case known && !used:
		return "nothing uses it here any longer; let it be valid nowhere else"
	case secret.Part == "key":
		return "mlops-gitops secrets rotate " + v.Env + " " + base
	case secret.Supplied:
		return "mlops-gitops secrets set " + v.Env + " " + v.Name
	}
	return "mlops-gitops secrets rotate " + v.Env + " " + v.Name
}
