package repo

import "syscall"

// times are when a file's entry and its content changed.
func times(st *syscall.Stat_t) (entry, content syscall.Timespec) { return st.Ctimespec, st.Mtimespec }
