package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// A PushResult is what Push did.
type PushResult struct {
	UpToDate bool   // the remote had it all
	URL      string // without user and password
	Branch   string // the remote's, short name
}

// Push pushes the current branch to its upstream, by default the branch of the
// same name at origin. It never forces.
// It speaks http and https (with what user and password the URL has), ssh by
// the agent, and paths, for which the git program must be installed.
//
// A push that the remote refuses is a *Rejected; what a person can mend
// otherwise is a *Problem. In either case the commit is safe on the local branch.
// No error holds a password of the URL.
func (r *Repo) Push(ctx context.Context) (PushResult, error) {
	at, err := r.readHead()
	if err != nil {
		return PushResult{}, err
	}
	if at.tip.IsZero() {
		return PushResult{}, &Problem{Msg: fmt.Sprintf("the branch %s has no commit to push yet", at.branch), Fix: "commit first"}
	}
	to, err := r.remoteFor(at.branch)
	if err != nil {
		return PushResult{}, err
	}
	target := "refs/heads/" + to.branch
	var said bytes.Buffer
	err = git.NewRemote(r.store, &config.RemoteConfig{Name: to.name, URLs: []string{to.url}}).PushContext(ctx, &git.PushOptions{
		RemoteName: to.name,
		RefSpecs:   []config.RefSpec{config.RefSpec(at.tip.String() + ":" + target)},
		Progress:   &said,
	})
	result := PushResult{URL: redact(to.url), Branch: to.branch}
	switch {
	case errors.Is(err, git.NoErrAlreadyUpToDate):
		result.UpToDate = true
	case err != nil && ctx.Err() != nil:
		return PushResult{}, fmt.Errorf("push to %s: %w", to.name, ctx.Err())
	case err != nil:
		return PushResult{}, r.explain(err, to, at, said.String())
	}
	if err := r.track(to, target, at.tip); err != nil {
		return result, &Problem{Msg: fmt.Sprintf("pushed to %s, but could not note it here", to.name), Fix: "git fetch " + to.name, Cause: err}
	}
	return result, nil
}

// track moves the remote-tracking branch along, as git push does. go-git would
// empty the file before it writes it, and a kill would leave it empty.
func (r *Repo) track(to remote, target string, tip plumbing.Hash) (err error) {
	for _, line := range r.config.all("remote." + to.name + ".fetch") {
		spec := config.RefSpec(line)
		if spec.Validate() != nil || !spec.Match(plumbing.ReferenceName(target)) {
			continue
		}
		name := spec.Dst(plumbing.ReferenceName(target))
		if name.Validate() != nil || !strings.HasPrefix(name.String(), "refs/remotes/") {
			continue
		}
		if now, err := r.readRef(name.String()); err != nil || now == tip {
			return err
		}
		l, err := acquire(filepath.Join(r.commonDir, filepath.FromSlash(name.String())))
		if err != nil {
			return err
		}
		err = l.write([]byte(tip.String() + "\n"))
		if err == nil {
			err = l.commit()
		}
		return errors.Join(err, l.release())
	}
	return nil
}

// explain says why a push failed. go-git has values for some reasons and only
// texts for others.
func (r *Repo) explain(err error, to remote, at head, said string) error {
	text := scrub(err.Error(), to.url)
	where := redact(to.url)
	kept := fmt.Sprintf("; the commit %s is safe on the branch %s", short(at.tip.String()), at.branch)
	byGit := fmt.Sprintf("git push %s %s", to.name, at.branch)
	if to.branch != at.branch {
		byGit += ":" + to.branch
	}
	rejected := &Rejected{Remote: to.name, Branch: to.branch, Commit: at.tip.String()}
	_, reason, isCommand := strings.Cut(text, "command error on refs/heads/"+to.branch+": ")
	switch {
	case strings.Contains(text, "non-fast-forward update"):
		rejected.Reason, rejected.Behind = "it has commits that you don't have", true
		return rejected
	case errors.Is(err, plumbing.ErrObjectNotFound):
		rejected.Reason, rejected.Behind = "it has commits that you don't have, or this clone lacks some of its history", true
		if shallow, err := r.store.Shallow(); err == nil && len(shallow) > 0 {
			return &Problem{Msg: "this clone is shallow, so it can't be told whether the push fits" + kept, Fix: fmt.Sprintf("git fetch --unshallow %s, then push again", to.name)}
		}
		return rejected
	case isCommand:
		rejected.Reason = reason
		if said = plain(scrub(said, to.url)); said != "" {
			rejected.Reason += " (" + said + ")"
		}
		rejected.Behind = overtaken(reason)
		return rejected
	case strings.Contains(text, "unpack error: "):
		rejected.Reason = text
		return rejected
	case errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrAuthorizationFailed):
		return &Problem{Msg: fmt.Sprintf("%s does not let you push: it wants other credentials%s", where, kept), Fix: "push with git, which knows your credential helper: " + byGit}
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return &Problem{Msg: fmt.Sprintf("there is no repository at %s, or it is hidden from you%s", where, kept), Fix: fmt.Sprintf("see git remote get-url %s; make the repository there, or push with git: %s", to.name, byGit)}
	case strings.Contains(text, "SSH agent"), strings.Contains(text, "unable to authenticate"):
		return &Problem{Msg: fmt.Sprintf("%s does not let you in: no key of the ssh agent fits%s", where, kept), Fix: "ssh-add your key, or push with git: " + byGit}
	case strings.Contains(text, "knownhosts:"), strings.Contains(text, "known_hosts"):
		return &Problem{Msg: fmt.Sprintf("the host of %s is not known to ssh, or its key has changed%s", where, kept), Fix: "push with git once, which shows the key: " + byGit}
	case strings.HasPrefix(to.url, "file:") && strings.Contains(text, "executable file not found"):
		return &Problem{Msg: fmt.Sprintf("pushing to the path %s needs the git program, which isn't installed%s", where, kept), Fix: "install git"}
	}
	return &Problem{Msg: fmt.Sprintf("can't push to %s: %s%s", where, text, kept), Fix: "when the remote answers again: " + byGit}
}

// overtaken tells a branch that moved during the push from a rule of the remote.
func overtaken(reason string) bool {
	for _, sign := range []string{"non-fast-forward", "fetch first", "stale info", "failed to update ref", "failed to lock", "cannot lock ref", "incorrect old value"} {
		if strings.Contains(reason, sign) {
			return true
		}
	}
	return false
}

// plain makes a remote's message fit on a line, without control characters.
func plain(said string) string {
	const most = 400 // of runes; hooks can be talkative
	said = strings.Join(strings.FieldsFunc(said, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }), " ")
	if runes := []rune(said); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return said
}
