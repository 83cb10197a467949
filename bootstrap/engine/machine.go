package engine

import (
	"context"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// A Machine is what is looked at beside the engine.
type Machine struct {
	System string // as Go calls it: linux, darwin, windows
	Proc   fs.FS  // Linux' /proc; empty elsewhere
	Listen func(ctx context.Context, at netip.AddrPort) error
	Room   func(dir string) (int64, error) // free bytes on a folder's disk
}

// ThisMachine is the one that the program runs on.
func ThisMachine() Machine {
	return Machine{System: runtime.GOOS, Proc: os.DirFS("/proc"), Listen: listen, Room: room}
}

// listen tries to listen at an address and stops at once.
func listen(ctx context.Context, at netip.AddrPort) error {
	network := "tcp6"
	if at.Addr().Is4() {
		network = "tcp4" // else 0.0.0.0 would be both
	}
	l, err := new(net.ListenConfig).Listen(ctx, network, at.String())
	if err != nil {
		return err
	}
	return l.Close()
}

// word is the text of a small file in /proc, "" where there is none.
func (m Machine) word(name string) string {
	data, err := fs.ReadFile(m.Proc, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// shares reports whether an engine runs on this machine's own kernel, not in a virtual
// machine or elsewhere, so that memory and disks are the same.
func (m Machine) shares(f facts) bool {
	kernel := m.word("sys/kernel/osrelease")
	return m.System == "linux" && !f.remote() && !f.desktop() && kernel != "" && kernel == f.info.KernelVersion
}

// available is the memory that programs could still get (proc(5), MemAvailable), in bytes.
func (m Machine) available() (int64, bool) {
	for line := range strings.Lines(m.word("meminfo")) {
		if text, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			n, err := strconv.ParseInt(strings.Fields(text + " x")[0], 10, 64)
			return n << 10, err == nil
		}
	}
	return 0, false
}

// firstOpen is the lowest port that an ordinary user may listen at.
func (m Machine) firstOpen() uint16 {
	n, err := strconv.ParseUint(m.word("sys/net/ipv4/ip_unprivileged_port_start"), 10, 16)
	if err != nil {
		return 1024
	}
	return uint16(n)
}
