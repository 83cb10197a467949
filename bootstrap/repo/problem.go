package repo

import "fmt"

// A Problem is why a repository can't be committed to or pushed, in words. It
// happens before anything of the commit or push that returns it was changed.
type Problem struct {
	Msg   string
	Fix   string // what to do about it, or ""
	Cause error  // what was met below, or nil
}

func (p *Problem) Error() string {
	if p.Cause != nil {
		return p.Msg + ": " + p.Cause.Error()
	}
	return p.Msg
}

// Hint implements the command line's hints.
func (p *Problem) Hint() string { return p.Fix }

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Cause }

// A Locked is a lock file of Git's in the way: another git works on the
// repository, or one was killed.
type Locked struct {
	Path string // of the lock file
}

func (l *Locked) Error() string {
	return fmt.Sprintf("another Git process works on this repository, or one was killed: %s exists", l.Path)
}

// Hint implements the command line's hints.
func (l *Locked) Hint() string {
	return "try again; if no other process runs, delete that file"
}

// A Moved is a branch that got a commit from elsewhere while ours was made.
// Nothing was changed: the work tree has all that was to be committed.
type Moved struct {
	Branch string
}

func (m *Moved) Error() string {
	return fmt.Sprintf("the branch %s moved while the commit was made; nothing was committed and nothing is lost", m.Branch)
}

// Hint implements the command line's hints.
func (m *Moved) Hint() string { return "run the same command again" }

// A Rejected is a push that the remote refused. The commit is kept locally.
type Rejected struct {
	Remote string // name of the remote
	Branch string // its branch
	Commit string // the full hash of the local commit
	Reason string // the remote's, in its own words
	Behind bool   // the remote has commits that we don't
}

func (r *Rejected) Error() string {
	return fmt.Sprintf("%s refused the push to %s: %s; nothing is lost, the commit is at %s", r.Remote, r.Branch, r.Reason, short(r.Commit))
}

// Hint implements the command line's hints.
func (r *Rejected) Hint() string {
	if r.Behind {
		return fmt.Sprintf("git pull --rebase --autostash %s %s, then mlops-gitops commit ENV --push", r.Remote, r.Branch)
	}
	return "the rules of the remote forbid it: push to a branch of your own and open a pull request"
}

// short abbreviates a full hash as git does by default.
func short(hash string) string { return hash[:min(len(hash), 7)] }
