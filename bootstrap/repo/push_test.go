package repo

import (
	"context"
	"errors"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// ahead makes a bare hub and a clone of it that is one commit ahead.
func (s sandbox) ahead() Result {
	s.Helper()
	s.start("seed")
	s.git(".", "clone", "-q", "--bare", "seed", "hub.git")
	s.git("hub.git", "config", "http.receivepack", "true")
	s.git(".", "clone", "-q", "hub.git", "work")
	s.write("work/deploy/dev/compose.yaml", "a: 2\n")
	return s.commit("work", "deploy/dev")
}

// behind lets somebody else push to the hub.
func (s sandbox) behind() {
	s.Helper()
	s.write("seed/theirs", "1\n")
	s.git("seed", "add", "theirs")
	s.git("seed", "commit", "-q", "-m", "theirs")
	s.git("seed", "push", "-q", "../hub.git", "main")
}

func (s sandbox) push() (PushResult, error) {
	s.Helper()
	return s.open("work").Push(context.Background())
}

func TestPush(t *testing.T) {
	for name, prepare := range map[string]func(s sandbox) (url string){
		"an absolute path": func(s sandbox) string { return s.path("hub.git") },
		"a relative path":  func(s sandbox) string { return "../hub.git" },
		"a path with blanks": func(s sandbox) string {
			s.git(".", "clone", "-q", "--bare", "hub.git", "my #1 hub?.git")
			return s.path("my #1 hub?.git")
		},
		"a file URL": func(s sandbox) string { return "file://" + s.path("hub.git") },
		"http":       func(s sandbox) string { return s.serve("", "") + "/hub.git" },
		"http with a password": func(s sandbox) string {
			return strings.Replace(s.serve("ann", "s3cr3t"), "//", "//ann:s3cr3t@", 1) + "/hub.git"
		},
		"an abbreviation": func(s sandbox) string {
			s.git("work", "config", "url."+s.home+"/.insteadOf", "home:")
			return "home:hub.git"
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t)
			committed := s.ahead()
			s.git("work", "remote", "set-url", "origin", prepare(s))
			result, err := s.push()
			if err != nil {
				t.Fatal(err)
			}
			if result.UpToDate || result.Branch != "main" {
				t.Errorf("result %+v", result)
			}
			if strings.Contains(result.URL, "s3cr3t") || strings.Contains(result.URL, "ann") && strings.HasPrefix(result.URL, "http") {
				t.Errorf("the URL shows credentials: %s", result.URL)
			}
			if got := s.git("work", "ls-remote", "origin", "refs/heads/main"); !strings.HasPrefix(got, committed.Commit) {
				t.Errorf("the remote has %s", got)
			}
			if got := s.git("work", "status", "--short", "--branch"); got != "## main...origin/main" {
				t.Errorf("status: %s", got)
			}
			if result, err = s.push(); err != nil || !result.UpToDate {
				t.Errorf("second time: %+v, %v", result, err)
			}
			s.whole("hub.git")
		})
	}
}

func TestPushFindsItsRemote(t *testing.T) {
	for name, test := range map[string]struct {
		config       [][]string
		remote, path string // what git ls-remote finds
	}{
		"no upstream: origin":           {nil, "hub.git", "refs/heads/topic"},
		"the upstream's branch":         {[][]string{{"branch.topic.remote", "origin"}, {"branch.topic.merge", "refs/heads/else"}}, "hub.git", "refs/heads/else"},
		"another remote":                {[][]string{{"branch.topic.remote", "two"}, {"branch.topic.merge", "refs/heads/else"}}, "two.git", "refs/heads/else"},
		"another to push to":            {[][]string{{"branch.topic.remote", "origin"}, {"branch.topic.merge", "refs/heads/else"}, {"branch.topic.pushRemote", "two"}}, "two.git", "refs/heads/topic"},
		"another for all":               {[][]string{{"remote.pushDefault", "two"}}, "two.git", "refs/heads/topic"},
		"an address of its own to push": {[][]string{{"remote.origin.pushurl", "../two.git"}}, "two.git", "refs/heads/topic"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t)
			result := s.ahead()
			s.git(".", "clone", "-q", "--bare", "seed", "two.git")
			s.git("work", "remote", "add", "two", "../two.git")
			s.git("work", "switch", "-q", "--no-track", "-c", "topic")
			for _, c := range test.config {
				s.git("work", "config", c[0], c[1])
			}
			if _, err := s.push(); err != nil {
				t.Fatal(err)
			}
			if got := s.git(test.remote, "rev-parse", test.path); got != result.Commit {
				t.Errorf("%s is at %s", test.path, got)
			}
		})
	}
}

func TestPushRejected(t *testing.T) {
	hook := func(s sandbox, name, script string) {
		s.write("hub.git/hooks/"+name, "#!/bin/sh\n"+script)
		if err := os.Chmod(s.path("hub.git/hooks/"+name), 0o755); err != nil {
			s.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		prepare func(s sandbox)
		behind  bool
		words   []string
	}{
		"the remote moved on":             {func(s sandbox) { s.behind() }, true, []string{"git pull --rebase --autostash origin main", "mlops-gitops commit ENV --push"}},
		"the remote moved on and we know": {func(s sandbox) { s.behind(); s.git("work", "fetch", "-q") }, true, []string{"git pull --rebase"}},
		"the remote moves meanwhile": {func(s sandbox) {
			hook(s, "pre-receive", "unset GIT_QUARANTINE_PATH\ngit update-ref refs/heads/main "+s.git("work", "rev-parse", "HEAD^")+"~0 || exit 0\n"+
				"git update-ref refs/heads/main $(git commit-tree -m theirs -p main main^{tree})\n")
		}, true, []string{"git pull --rebase"}},
		"a rule of the remote": {func(s sandbox) {
			hook(s, "update", "echo 'main is protected,'\necho 'open a pull request' >&2\nexit 1\n")
		}, false,
			[]string{"hook declined", "main is protected, open a pull request", "pull request"}},
		"a branch that is checked out there": {func(s sandbox) { s.git("work", "remote", "set-url", "origin", "../seed") }, false, []string{"checked out"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t)
			result := s.ahead()
			test.prepare(s)
			s.write("work/notes.txt", "not committed\n")
			there, _ := s.try("hub.git", "rev-parse", "main")
			_, err := s.push()
			fails(t, err, append(test.words, "nothing is lost", result.Commit[:7])...)
			rejected := (*Rejected)(nil)
			if !errors.As(err, &rejected) {
				t.Fatalf("%T: %v", err, err)
			}
			if rejected.Behind != test.behind || rejected.Commit != result.Commit {
				t.Errorf("%+v", rejected)
			}
			if got := s.git("work", "rev-parse", "HEAD"); got != result.Commit {
				t.Errorf("HEAD is %s", got)
			}
			if now, _ := s.try("hub.git", "rev-parse", "main"); name != "the remote moves meanwhile" && now != there {
				t.Errorf("the remote is at %s", now)
			}
			if !strings.HasPrefix(name, "the remote moved on") {
				return
			}
			// What the hint says works, with other changes lying about.
			s.git("work", "pull", "-q", "--rebase", "--autostash", "origin", "main")
			if result := s.commit("work", "deploy/dev"); !result.Nothing {
				t.Errorf("after the pull: %v", result.Changes)
			}
			if _, err := s.push(); err != nil {
				t.Error(err)
			}
			if got := s.status("work"); got != " M notes.txt" {
				t.Errorf("status: %s", got)
			}
		})
	}
}

func TestPushFails(t *testing.T) {
	secret := "tok3n-and-more"
	for name, test := range map[string]struct {
		prepare func(s sandbox) string // the remote's new URL, unless ""
		words   []string
	}{
		"no remote": {func(s sandbox) string { s.git("work", "remote", "remove", "origin"); return "" }, []string{`no remote "origin"`, "git remote add origin URL"}},
		"another remote only": {func(s sandbox) string {
			s.git("work", "remote", "rename", "origin", "hub")
			s.git("work", "config", "--unset", "branch.main.remote")
			return ""
		}, []string{"only hub", "git config remote.pushDefault hub"}},
		"no repository there":  {func(s sandbox) string { return "../gone.git" }, []string{"no repository at", "gone.git", "is safe on the branch main"}},
		"nobody answers":       {func(s sandbox) string { return "http://" + secret + "@127.0.0.1:1/x.git" }, []string{"http://127.0.0.1:1/x.git", "is safe on the branch main", "git push origin main"}},
		"a password is wanted": {func(s sandbox) string { return s.serve("ann", "s3cr3t") + "/hub.git" }, []string{"credentials", "is safe"}},
		"another password": {func(s sandbox) string {
			return strings.Replace(s.serve("ann", "s3cr3t"), "//", "//ann:"+secret+"@", 1) + "/hub.git"
		}, []string{"credentials"}},
		"another repository": {func(s sandbox) string {
			return strings.Replace(s.serve("", ""), "//", "//ann:"+secret+"@", 1) + "/gone.git"
		}, []string{"no repository at", "/gone.git"}},
		"a URL out of shape":    {func(s sandbox) string { return "https://ann:" + secret + "@exa mple.com:x/y" }, []string{"URL can't be read: https://exa mple.com:x/y"}},
		"a protocol of its own": {func(s sandbox) string { return "rsync://ann:" + secret + "@example.com/y" }, []string{"can't push by rsync", "rsync://example.com/y"}},
		"ssh without an agent":  {func(s sandbox) string { return "ssh://git:" + secret + "@127.0.0.1:1/x.git" }, []string{"ssh://git@127.0.0.1:1/x.git", "is safe"}},
		"ssh, short":            {func(s sandbox) string { return "git@localhost:x.git" }, []string{"git@localhost:x.git", "is safe"}},
		"several addresses": {func(s sandbox) string {
			s.git("work", "remote", "set-url", "--add", "origin", "../more.git")
			return ""
		}, []string{"2 addresses"}},
		"the upstream is local": {func(s sandbox) string { s.git("work", "config", "branch.main.remote", "."); return "" }, []string{"same repository"}},
		"the upstream is a tag": {func(s sandbox) string { s.git("work", "config", "branch.main.merge", "refs/tags/x"); return "" }, []string{"isn't a branch"}},
		"a detached HEAD":       {func(s sandbox) string { s.git("work", "checkout", "-q", "--detach"); return "" }, []string{"detached"}},
		"a branch with nothing": {func(s sandbox) string { s.git("work", "switch", "-q", "--orphan", "new"); return "" }, []string{"new has no commit"}},
		"a shallow clone behind": {func(s sandbox) string {
			s.remove("work")
			s.git("seed", "commit", "-q", "--allow-empty", "-m", "deeper")
			s.git("seed", "push", "-q", "../hub.git", "main")
			s.git(".", "clone", "-q", "--depth=1", "file://"+s.path("hub.git"), "work")
			s.write("work/deploy/dev/compose.yaml", "a: 2\n")
			s.commit("work", "deploy/dev")
			s.behind()
			return ""
		}, []string{"shallow", "git fetch --unshallow origin"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t)
			s.ahead()
			if url := test.prepare(s); url != "" {
				s.git("work", "remote", "set-url", "origin", url)
			}
			_, err := s.push()
			fails(t, err, test.words...)
			if text := err.Error() + err.(interface{ Hint() string }).Hint(); strings.Contains(text, secret) || strings.Contains(text, "s3cr3t") {
				t.Errorf("the error holds a secret: %s", text)
			}
		})
	}
}

func TestPushFromAShallowClone(t *testing.T) {
	s := newSandbox(t)
	s.start("seed")
	for range 3 {
		s.git("seed", "commit", "-q", "--allow-empty", "-m", "more")
	}
	s.git(".", "clone", "-q", "--bare", "seed", "hub.git")
	s.git(".", "clone", "-q", "--depth=1", "file://"+s.path("hub.git"), "work")
	s.write("work/deploy/dev/compose.yaml", "a: 2\n")
	result := s.commit("work", "deploy/dev")
	if _, err := s.push(); err != nil {
		t.Fatal(err)
	}
	if got := s.git("hub.git", "rev-parse", "main"); got != result.Commit {
		t.Errorf("the hub is at %s", got)
	}
	s.whole("hub.git")
}

func TestPushStops(t *testing.T) {
	s := newSandbox(t)
	s.ahead()
	stuck := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stuck:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { close(stuck); server.Close() })
	s.git("work", "remote", "set-url", "origin", server.URL+"/x.git")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.open("work").Push(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// serve runs git's own server program over http, with a password unless it is "".
func (s sandbox) serve(user, password string) string {
	s.Helper()
	backend := &cgi.Handler{
		Path: s.git(".", "--exec-path") + "/git-http-backend",
		Env:  append(s.environ(), "GIT_PROJECT_ROOT="+s.home, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER="+user),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); password != "" && (u != user || p != password) {
			w.Header().Set("WWW-Authenticate", "Basic")
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	s.Cleanup(server.Close)
	return server.URL
}
