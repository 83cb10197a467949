package repo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// land moves index and branch to a stored commit, if the work tree still stands
// where the commit began. Both locks are held from before that is looked at
// until both files are replaced, and both new files are written before the
// first is: the time in which a kill leaves a lock behind is as short as can be.
func (r *Repo) land(c Change, from head, commit plumbing.Hash, owned []string, files []indexEntry) (err error) {
	indexLock, err := acquire(filepath.Join(r.gitDir, "index"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, indexLock.release()) }()
	refLock, err := acquire(filepath.Join(r.commonDir, filepath.FromSlash(from.ref())))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, refLock.release()) }()

	if err := r.idle(); err != nil {
		return err
	}
	now, err := r.readHead()
	if err != nil {
		return err
	}
	if now != from {
		return &Moved{Branch: from.branch}
	}
	x, err := r.readIndex()
	if err != nil {
		return err
	}
	x.replace(owned, files)
	if err := indexLock.write(x.encode()); err != nil {
		return err
	}
	if err := refLock.write([]byte(commit.String() + "\n")); err != nil {
		return err
	}
	if err := r.log(c, from, commit); err != nil {
		return err
	}
	if err := indexLock.commit(); err != nil {
		return err
	}
	return refLock.commit()
}

// log adds the move to the reference logs of HEAD and the branch, from which a
// person gets back what was lost (git help reflog).
func (r *Repo) log(c Change, from head, commit plumbing.Hash) error {
	subject, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
	action := "commit"
	if from.tip.IsZero() {
		action = "commit (initial)"
	}
	line := fmt.Sprintf("%s %s %s <%s> %d %s\t%s: %s\n", from.tip, commit,
		c.Author.Name, c.Author.Email, c.When.Unix(), c.When.Format("-0700"), action, subject)
	for _, file := range []string{
		filepath.Join(r.gitDir, "logs", "HEAD"),
		filepath.Join(r.commonDir, "logs", filepath.FromSlash(from.ref())),
	} {
		if !r.config.on("core.logallrefupdates", true) {
			if there, err := exists(file); err != nil || !there {
				continue // switched off, and none from before
			}
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("write Git's log of the branch: %w", err)
		}
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
		if err != nil {
			return fmt.Errorf("write Git's log of the branch: %w", err)
		}
		_, err = f.WriteString(line)
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("write Git's log of the branch: %w", err)
		}
	}
	return nil
}
