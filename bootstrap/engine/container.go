package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
)

// A container is one that the engine has, running or not.
type container struct {
	Name    string
	Project string // the Compose project, or ""
	Service string
	Oneoff  string // "True" for that of "docker compose run"
	Dir     string // where the project was started
	State   string
	Ports   string // as docker ps shows them
}

// containers lists them all. Labels are asked for one by one: docker ps joins them
// with commas, which their text may hold.
func (d Docker) containers(ctx context.Context) (all []container, why *silence, err error) {
	var fields []string
	for _, f := range [][2]string{
		{"name", ".Names"},
		{"project", `(.Label "com.docker.compose.project")`},
		{"service", `(.Label "com.docker.compose.service")`},
		{"oneoff", `(.Label "com.docker.compose.oneoff")`},
		{"dir", `(.Label "com.docker.compose.project.working_dir")`},
		{"state", ".State"},
		{"ports", ".Ports"},
	} {
		fields = append(fields, `"`+f[0]+`":{{json `+f[1]+`}}`)
	}
	out, why, err := d.ask(ctx, "docker", "ps", "--all", "--no-trunc", "--format", "{"+strings.Join(fields, ",")+"}")
	if err != nil || why != nil {
		return nil, why, err
	}
	for line := range bytes.Lines(out) {
		var c container
		if json.Unmarshal(line, &c) != nil {
			return nil, &silence{said: "docker ps is not as Docker's own command line has it"}, nil
		}
		all = append(all, c)
	}
	return all, nil, nil
}

// publishes reports whether a running container answers at an address and port of its
// engine's machine. docker ps shows "127.0.0.1:5000->5000/tcp, [::]:80-81->80-81/tcp,
// 9000/tcp", older ones ":::80->80/tcp".
func (c container) publishes(at netip.AddrPort) bool {
	for part := range strings.SplitSeq(c.Ports, ", ") {
		outside, inside, published := strings.Cut(part, "->")
		colon := strings.LastIndexByte(outside, ':')
		if !published || colon < 0 || strings.HasSuffix(inside, "/udp") {
			continue
		}
		first, last, isRange := strings.Cut(outside[colon+1:], "-")
		if !isRange {
			last = first
		}
		low, err1 := strconv.ParseUint(first, 10, 16)
		high, err2 := strconv.ParseUint(last, 10, 16)
		address, err3 := netip.ParseAddr(strings.Trim(outside[:colon], "[]"))
		if err1 != nil || err2 != nil || err3 != nil || address.Is4() != at.Addr().Is4() {
			continue
		}
		if p := uint64(at.Port()); low <= p && p <= high && overlap(address, at.Addr()) {
			return true
		}
	}
	return false
}

// overlap reports whether who listens at one address is in the way of the other.
func overlap(a, b netip.Addr) bool { return a == b || a.IsUnspecified() || b.IsUnspecified() }
