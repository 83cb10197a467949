package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
)

// ports says of each published port whether it can be had.
func (c *Check) ports(ctx context.Context, n Needs) (lines []Line) {
	for _, p := range n.ports {
		l := c.port(ctx, n, p)
		l.Subject = "ports"
		l.Figures = map[string]any{"address": p.at.Addr().String(), "port": p.at.Port(), "service": p.service}
		lines = append(lines, l)
	}
	return lines
}

// Beside says which environments can't run at once, since they want the same ports.
func Beside(all []Needs) (lines []Line) {
	for i, n := range all {
		for _, m := range all[:i] {
			var both []string
			for _, p := range n.ports {
				if slices.ContainsFunc(m.ports, func(q port) bool {
					return p.at.Port() == q.at.Port() && p.at.Addr().Is4() == q.at.Addr().Is4() && overlap(p.at.Addr(), q.at.Addr())
				}) {
					both = append(both, p.at.String())
				}
			}
			if len(both) == 0 {
				continue
			}
			lines = append(lines, Line{
				Environment: n.Environment, Subject: "beside", State: Note,
				Message: fmt.Sprintf("%s wants these ports, too, so one of the two runs at a time: %s", m.Environment, strings.Join(both, ", ")),
				Hint:    fmt.Sprintf("for both at once, give %s ports of its own", n.Environment),
				Figures: map[string]any{"environment": m.Environment, "ports": both},
			})
		}
	}
	return lines
}

func (c *Check) port(ctx context.Context, n Needs, p port) Line {
	other := fmt.Sprintf("or give %s another port in %s", p.component, n.Environment)
	for _, x := range c.facts.containers {
		if !x.publishes(p.at) {
			continue
		}
		switch {
		case x.Project == n.Project && slices.Contains(n.Services, x.Service):
			return Line{State: Fine, Message: fmt.Sprintf("%s (%s) is held by %s, of this environment", p.at, p.component, x.Name)}
		case x.Project == "":
			return Line{State: Wrong, Message: fmt.Sprintf("%s (%s) is held by container %s", p.at, p.component, x.Name), Hint: fmt.Sprintf("docker stop %s; %s", x.Name, other)}
		}
		return Line{
			State: Wrong, Message: fmt.Sprintf("%s (%s) is held by container %s of Compose project %s", p.at, p.component, x.Name, x.Project),
			Hint: fmt.Sprintf("docker compose --project-name %s stop %s; %s", x.Project, x.Service, other),
		}
	}
	if c.facts.remote() {
		return Line{State: Note, Message: fmt.Sprintf("%s (%s) is published on the engine's machine; no container holds it, and what else listens there can't be seen from here", p.at, p.component)}
	}
	err := c.machine.Listen(ctx, p.at)
	holders := []holder{}
	if err != nil {
		holders = c.machine.holders(p.at)
	}
	privileged := p.at.Port() < c.machine.firstOpen()
	switch {
	case c.facts.rootless() && privileged && len(holders) == 0:
		return Line{
			State: Wrong, Message: fmt.Sprintf("%s (%s) is below %d, and a rootless engine may not listen there", p.at, p.component, c.machine.firstOpen()),
			Hint: fmt.Sprintf("sudo sysctl net.ipv4.ip_unprivileged_port_start=%d; %s", p.at.Port(), other),
		}
	case err == nil:
		return Line{State: Fine, Message: fmt.Sprintf("%s (%s) is free", p.at, p.component)}
	case errors.Is(err, syscall.EACCES) && len(holders) == 0:
		return Line{State: Fine, Message: fmt.Sprintf("%s (%s) is for the engine to open, which may; nothing is seen to hold it", p.at, p.component)}
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return Line{
			State: Wrong, Message: fmt.Sprintf("%s (%s): this machine has no address %s", p.at, p.component, p.at.Addr()),
			Hint: "127.0.0.1 is for this machine alone, 0.0.0.0 all of its addresses",
		}
	case len(holders) > 0:
		return Line{State: Wrong, Message: fmt.Sprintf("%s (%s) is held by %s", p.at, p.component, joined(holders)), Hint: c.release(p.at, holders) + "; " + other}
	case errors.Is(err, syscall.EADDRINUSE):
		return Line{State: Wrong, Message: fmt.Sprintf("%s (%s) is held by another program", p.at, p.component), Hint: fmt.Sprintf("%s names it; %s", c.machine.toFind(p.at.Port()), other)}
	}
	return Line{State: Wrong, Message: fmt.Sprintf("%s (%s) can't be listened at: %v", p.at, p.component, err), Hint: "give " + strings.TrimPrefix(other, "or give ")}
}

func joined(holders []holder) string {
	var names []string
	for _, h := range holders {
		names = append(names, h.String())
	}
	return strings.Join(names, ", ")
}

// release says how to learn more of who holds a port, or to end it.
func (c *Check) release(at netip.AddrPort, holders []holder) string {
	switch {
	case slices.ContainsFunc(holders, func(h holder) bool { return h.pid == 0 }):
		return c.machine.toFind(at.Port()) + " names it"
	case slices.ContainsFunc(holders, func(h holder) bool { return h.name == "docker-proxy" || h.name == "rootlesskit" }):
		return "a container of another engine is behind it: docker context ls shows the engines there are"
	}
	return "end it"
}
