//go:build unix && !solaris && !aix

package secrets

import (
	"errors"
	"os"
	"syscall"
)

// flock keeps other processes from a folder until it is closed, by hand or by a kill.
// Where another has it, it waits or says so.
func flock(dir *os.File, wait bool) (busy bool, err error) {
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	for {
		err = syscall.Flock(int(dir.Fd()), how)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			return true, nil
		}
		return false, err
	}
}
