package repo

import (
	"cmp"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// A remote is where a push goes.
type remote struct {
	name   string
	url    string // as go-git takes it, perhaps with a password
	branch string // short name of the remote's branch
}

// remoteFor finds the remote as git push does: branch.NAME.pushRemote, else
// remote.pushDefault, branch.NAME.remote, origin. The branch is the upstream when that
// is on the same remote, else of our name.
func (r *Repo) remoteFor(branch string) (remote, error) {
	upstream, _ := r.config.get("branch." + branch + ".remote")
	pushDefault, _ := r.config.get("remote.pushdefault")
	pushRemote, _ := r.config.get("branch." + branch + ".pushremote")
	name := cmp.Or(pushRemote, pushDefault, upstream, "origin")
	to := remote{name: name, branch: branch}
	if merge, ok := r.config.get("branch." + branch + ".merge"); ok && name == upstream {
		if to.branch, ok = strings.CutPrefix(merge, "refs/heads/"); !ok {
			return remote{}, &Problem{Msg: fmt.Sprintf("the upstream of %s is %s, which isn't a branch", branch, merge), Fix: fmt.Sprintf("git branch --set-upstream-to=%s/%s", name, branch)}
		}
	}
	if name == "." {
		return remote{}, &Problem{Msg: fmt.Sprintf("the upstream of %s is a branch of this same repository", branch), Fix: fmt.Sprintf("git branch --set-upstream-to=origin/%s", branch)}
	}
	urls, kind := r.config.all("remote."+name+".pushurl"), ".pushinsteadof"
	if len(urls) == 0 {
		urls = r.config.all("remote." + name + ".url")
	} else {
		kind = ".insteadof"
	}
	switch len(urls) {
	case 0:
		return remote{}, r.noRemote(name)
	case 1:
	default:
		return remote{}, &Problem{Msg: fmt.Sprintf("the remote %s has %d addresses to push to, and mlops-gitops pushes to one", name, len(urls)), Fix: fmt.Sprintf("git push %s %s", name, branch)}
	}
	address, err := r.address(r.insteadOf(urls[0], kind))
	if err != nil {
		return remote{}, err
	}
	to.url = address
	return to, nil
}

func (r *Repo) noRemote(name string) error {
	var names []string
	for _, s := range r.config {
		if rest, ok := strings.CutPrefix(s.key, "remote."); ok {
			if other, ok := strings.CutSuffix(rest, ".url"); ok && !slices.Contains(names, other) {
				names = append(names, other)
			}
		}
	}
	if len(names) == 0 {
		return &Problem{Msg: fmt.Sprintf("there is no remote %q to push to", name), Fix: fmt.Sprintf("say where it is: git remote add %s URL", name)}
	}
	return &Problem{
		Msg: fmt.Sprintf("there is no remote %q to push to, only %s", name, strings.Join(names, ", ")),
		Fix: fmt.Sprintf("make one the default: git config remote.pushDefault %s", names[0]),
	}
}

// insteadOf rewrites a URL by the longest url.BASE.insteadOf that it starts with;
// those of kind, when there are any that fit, go before.
func (r *Repo) insteadOf(address, kind string) string {
	for _, kind := range []string{kind, ".insteadof"} {
		base, prefix := "", ""
		for _, s := range r.config {
			rest, isURL := strings.CutPrefix(s.key, "url.")
			to, isKind := strings.CutSuffix(rest, kind)
			if isURL && isKind && len(s.value) > len(prefix) && strings.HasPrefix(address, s.value) {
				base, prefix = to, s.value
			}
		}
		if prefix != "" {
			return base + address[len(prefix):]
		}
	}
	return address
}

// address makes a remote's URL one that go-git understands: paths become file
// URLs, for otherwise it takes relative ones from the working directory.
func (r *Repo) address(raw string) (string, error) {
	scheme, _, hasScheme := strings.Cut(raw, "://")
	if hasScheme {
		switch strings.ToLower(scheme) {
		case "http", "https", "ssh", "file":
			if _, err := url.Parse(raw); err != nil {
				return "", &Problem{Msg: "the remote's URL can't be read: " + redact(raw), Fix: "correct it: git remote set-url NAME URL"}
			}
			return raw, nil
		}
		return "", &Problem{Msg: fmt.Sprintf("mlops-gitops can't push by %s: %s", scheme, redact(raw)), Fix: "use https, ssh or a path, or push with git"}
	}
	if host, _, colon := strings.Cut(raw, ":"); colon && !strings.Contains(host, "/") && filepath.VolumeName(raw) == "" {
		return raw, nil // user@host:path, which is ssh
	}
	path := expand(raw, r.home())
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.root, path)
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	return (&url.URL{Scheme: "file", Path: path}).String(), nil
}

// redact returns a URL without the user's part where that may be a secret: a
// password, or over http also the name, since a token may stand there alone.
func redact(raw string) string {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return raw
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndex(rest[:end], "@")
	if at < 0 {
		return raw
	}
	user, _, hasPassword := strings.Cut(rest[:at], ":")
	if strings.EqualFold(scheme, "ssh") {
		if !hasPassword {
			return raw
		}
		return scheme + "://" + user + rest[at:]
	}
	return scheme + "://" + rest[at+1:]
}

// scrub takes what is secret in a URL out of a text.
func scrub(text, raw string) string {
	text = strings.ReplaceAll(text, raw, redact(raw))
	u, err := url.Parse(raw)
	if err != nil || u.User == nil {
		return text
	}
	password, _ := u.User.Password()
	hidden := []string{password}
	if u.Scheme != "ssh" {
		hidden = append(hidden, u.User.String()+"@", u.User.Username()+":***@", u.User.Username()+":xxxxx@")
		if password == "" {
			hidden = append(hidden, u.User.Username())
		}
	}
	for _, h := range hidden {
		if h == "" {
			continue
		}
		for _, form := range []string{h, url.PathEscape(h), url.QueryEscape(h)} {
			replacement := "***"
			if strings.HasSuffix(h, "@") {
				replacement = ""
			}
			text = strings.ReplaceAll(text, form, replacement)
		}
	}
	return text
}
