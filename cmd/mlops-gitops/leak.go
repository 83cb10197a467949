package main

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/audit"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/repo"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
)

// A leak is where something is that others can read, or how they could get at it.
type leak struct {
	file         string // relative to the working directory; "" for a message
	line, column int    // 0: it is the file as a whole
	commit, tag  string // the full hash and the name, where history has it
	staged       bool   // what Git's index has, and nothing else
	msg, hint    string
	more         int // later versions of the file that have it, too
}

func (l *leak) Hint() string { return l.hint }

func (l *leak) Error() string {
	var at []string
	switch {
	case l.commit != "":
		at = append(at, fmt.Sprintf("commit %.7s", l.commit))
	case l.tag != "":
		at = append(at, "tag "+l.tag)
	case l.staged:
		at = append(at, "staged")
	}
	file := l.file
	if file == "" && len(at) > 0 {
		file = "message"
	}
	if l.line > 0 {
		file += fmt.Sprintf(":%d:%d", l.line, l.column)
	}
	if file != "" {
		at = append(at, inLine(file))
	}
	text := l.msg
	if len(at) > 0 {
		text = strings.Join(at, ", ") + ": " + text
	}
	if l.more > 0 {
		text += fmt.Sprintf(", and in %s of the file", count(l.more, "later version"))
	}
	return text
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
