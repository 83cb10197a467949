package engine

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A holder is who listens at a port. Where its process belongs to somebody else, all
// that shows is whose it is.
type holder struct {
	name string // of the program
	pid  int
	uid  string
}

func (h holder) String() string {
	if h.pid == 0 {
		return "a process of user " + h.uid
	}
	return fmt.Sprintf("%s (PID %d)", h.name, h.pid)
}

// holders are those that listen where at would, by /proc/net/tcp (proc(5)) and the
// open files of the processes that we may look at.
func (m Machine) holders(at netip.AddrPort) (found []holder) {
	sockets := map[string]string{} // owner by "socket:[inode]"
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		for line := range strings.Lines(m.word(table)) {
			f := strings.Fields(line)
			const listening = "0A"
			if len(f) < 10 || f[3] != listening {
				continue
			}
			if local, ok := endpoint(f[1]); ok && local.Port() == at.Port() && overlap(local.Addr(), at.Addr()) {
				sockets["socket:["+f[9]+"]"] = f[7]
			}
		}
	}
	if len(sockets) == 0 {
		return nil
	}
	fds, _ := fs.Glob(m.Proc, "[0-9]*/fd/*") // the pattern is right; what may not be read is left out
	for _, fd := range fds {
		socket, err := fs.ReadLink(m.Proc, fd)
		if _, holds := sockets[socket]; err != nil || !holds {
			continue
		}
		delete(sockets, socket) // children may have it too; the first is the parent
		process, _, _ := strings.Cut(fd, "/")
		pid, err := strconv.Atoi(process)
		if err == nil {
			found = append(found, holder{name: m.word(process + "/comm"), pid: pid})
		}
	}
	for _, uid := range sockets {
		found = append(found, holder{uid: uid})
	}
	slices.SortFunc(found, func(a, b holder) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(found)
}

// endpoint is an address as /proc/net/tcp writes it: hexadecimal, each four bytes in
// the machine's own order.
func endpoint(text string) (at netip.AddrPort, ok bool) {
	address, number, _ := strings.Cut(text, ":")
	b, err := hex.DecodeString(address)
	port, errPort := strconv.ParseUint(number, 16, 16)
	if err != nil || errPort != nil || len(b)%4 != 0 {
		return at, false
	}
	for word := range slices.Chunk(b, 4) {
		binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	addr, ok := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(addr.Unmap(), uint16(port)), ok
}

// toFind is what to type to learn who listens at a port.
func (m Machine) toFind(port uint16) string {
	switch m.System {
	case "linux":
		return fmt.Sprintf("sudo ss -ltnp 'sport = :%d'", port)
	case "windows":
		return fmt.Sprintf("netstat -ano | findstr :%d", port)
	}
	return fmt.Sprintf("sudo lsof -nP -iTCP:%d -sTCP:LISTEN", port)
}
