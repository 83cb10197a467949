//go:build linux || darwin

package repo

import (
	"encoding/binary"
	"io/fs"
	"syscall"
)

// fillStat writes the first 36 bytes of an index entry: what git compares to
// see without reading that a file is unchanged. The mode is the caller's.
func fillStat(out []byte, info fs.FileInfo) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return // git then compares the content
	}
	changed, modified := times(st)
	for i, v := range []uint32{
		uint32(changed.Sec), uint32(changed.Nsec), uint32(modified.Sec), uint32(modified.Nsec),
		uint32(st.Dev), uint32(st.Ino), 0, st.Uid, st.Gid,
	} {
		binary.BigEndian.PutUint32(out[4*i:], v)
	}
}
