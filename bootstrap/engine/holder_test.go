package engine

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
)

func TestPublishes(t *testing.T) {
	for _, tt := range []struct {
		ports, at string
		want      bool
	}{
		{"127.0.0.1:5000->5000/tcp", "127.0.0.1:5000", true},
		{"127.0.0.1:5000->80/tcp, 9000/tcp", "127.0.0.1:9000", false},
		{"127.0.0.1:5000->80/tcp", "127.0.0.1:80", false},
		{"127.0.0.1:5000->80/tcp", "127.0.0.2:5000", false},
		{"127.0.0.1:5000->80/tcp", "0.0.0.0:5000", true},
		{"0.0.0.0:80-82->80-82/tcp, [::]:80-82->80-82/tcp", "127.0.0.1:81", true},
		{"0.0.0.0:80-82->80-82/tcp", "127.0.0.1:83", false},
		{"0.0.0.0:80->80/tcp", "[::1]:80", false},
		{":::80->80/tcp", "[::1]:80", true},
		{"[::1]:80->80/tcp", "[::1]:80", true},
		{"0.0.0.0:53->53/udp", "127.0.0.1:53", false},
		{"", "127.0.0.1:80", false},
		{"nonsense->, x:y->z, 1:2", "127.0.0.1:80", false},
	} {
		if got := (container{Ports: tt.ports}).publishes(netip.MustParseAddrPort(tt.at)); got != tt.want {
			t.Errorf("%q at %s: got %v", tt.ports, tt.at, got)
		}
	}
}

func TestHolders(t *testing.T) {
	table := func(local, state, uid, inode string) string {
		return fmt.Sprintf("   0: %s 00000000:0000 %s 00000000:00000000 00:00000000 00000000  %s        0 %s 1 0 100 0 0 10 0\n", local, state, uid, inode)
	}
	word := func(b ...byte) string { return fmt.Sprintf("%08X", binary.NativeEndian.Uint32(b)) }
	loopback, any6 := word(127, 0, 0, 1), strings.Repeat(word(0, 0, 0, 0), 4)
	mapped := strings.Repeat(word(0, 0, 0, 0), 2) + word(0, 0, 255, 255) + loopback
	link := func(inode string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("socket:[" + inode + "]"), Mode: fs.ModeSymlink}
	}
	m := Machine{Proc: fstest.MapFS{
		"net/tcp": {Data: []byte("  sl  local_address rem_address   st\n" +
			table(loopback+":1388", "0A", "1000", "11") +
			table(loopback+":1388", "01", "1000", "12") + // a connection, no listener
			table(word(127, 0, 0, 2)+":1388", "0A", "1000", "13") + // another address
			table(loopback+":0050", "0A", "0", "14") +
			"cut off\n")},
		"net/tcp6":  {Data: []byte(table(any6+":1F90", "0A", "33", "15") + table(mapped+":1F91", "0A", "1000", "16"))},
		"7/comm":    {Data: []byte("python3\n")},
		"7/fd/3":    link("11"),
		"7/fd/4":    {},
		"70/comm":   {Data: []byte("java\n")},
		"70/fd/9":   link("16"),
		"71/fd/9":   link("16"), // its child
		"self/fd/3": link("11"),
	}}
	for at, want := range map[string]string{
		"127.0.0.1:5000": "[python3 (PID 7)]",
		"127.0.0.3:5000": "[]",
		"0.0.0.0:5000":   "[a process of user 1000 python3 (PID 7)]",
		"127.0.0.1:80":   "[a process of user 0]",
		"127.0.0.1:8080": "[a process of user 33]",
		"127.0.0.1:8081": "[java (PID 70)]",
		"127.0.0.1:81":   "[]",
	} {
		if got := fmt.Sprint(m.holders(netip.MustParseAddrPort(at))); got != want {
			t.Errorf("%s: got %s, want %s", at, got, want)
		}
	}
}

// TestThisMachine listens, and finds itself.
func TestThisMachine(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort(l.Addr().String())
	m := ThisMachine()
	if err := m.Listen(t.Context(), at); err == nil {
		t.Errorf("%s is free, though we hold it", at)
	}
	if runtime.GOOS == "linux" {
		held := m.holders(at)
		if len(held) != 1 || held[0].pid != os.Getpid() || held[0].name == "" {
			t.Errorf("%s is held by %v, not by %d", at, held, os.Getpid())
		}
		if n, ok := m.available(); !ok || n <= 0 {
			t.Errorf("%d bytes of memory are available", n)
		}
		if n, err := m.Room(t.TempDir()); err != nil || n <= 0 {
			t.Errorf("%d bytes of disk are free, %v", n, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := m.Listen(t.Context(), at); err != nil {
		t.Errorf("%s is held, though we let go: %v", at, err)
	}
}

func TestHowToFind(t *testing.T) {
	for system, want := range map[string]string{
		"linux":   "sudo ss -ltnp 'sport = :80'",
		"darwin":  "sudo lsof -nP -iTCP:80 -sTCP:LISTEN",
		"windows": "netstat -ano | findstr :80",
	} {
		if got := (Machine{System: system}).toFind(80); got != want {
			t.Errorf("%s: %s", system, got)
		}
	}
}

func TestWords(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 512: "512 B", 1536: "1.5 KiB", 512 << 20: "512 MiB", 25276514304: "23.5 GiB", 1 << 40: "1 TiB", 3 << 50: "3072 TiB"} {
		if got := size(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
	for _, tt := range []struct {
		version   string
		ok, known bool
	}{{"2.40.3-3", true, true}, {"2.40", true, true}, {"2.39.9", false, true}, {"2.9", false, true}, {"10.0-rc1", true, true}, {"5.0", true, true}, {"1.99", false, true}, {"dev", false, false}, {"", false, false}} {
		if ok, known := newer(tt.version, 2, 40); ok != tt.ok || known != tt.known {
			t.Errorf("%q: got %v, %v", tt.version, ok, known)
		}
	}
}
