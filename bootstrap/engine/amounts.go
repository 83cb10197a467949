package engine

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

const desktopHint = "; Docker Desktop has settings for it under Resources"

// raise says how an engine gets more of something.
func (c *Check) raise(hint string) string {
	if c.facts.desktop() {
		hint += desktopHint
	}
	return hint
}

// memory compares limits with what the engine's machine has.
func (c *Check) memory(n Needs) (lines []Line) {
	sum, most, its, open := n.memory()
	total := c.facts.info.MemTotal
	l := Line{Subject: "memory", State: Fine, Figures: map[string]any{"limits": sum, "total": total, "most": most}}
	l.Message = fmt.Sprintf("limits come to %s; the engine has %s", size(sum), size(total))
	available, known := c.machine.available()
	if known = known && c.machine.shares(c.facts); known {
		l.Figures["available"] = available
		l.Message += fmt.Sprintf(", %s of it available now", size(available))
	}
	switch {
	case sum > total:
		l.State = Wrong
		l.Message = fmt.Sprintf("limits come to %s, and the engine has %s; %s asks most, %s", size(sum), size(total), most, size(its))
		l.Hint = c.raise(fmt.Sprintf("lower resources.limits.memory of %s, or give the engine more", most))
	case known && sum > available && !c.runs(n):
		l.State = Note
		l.Hint = fmt.Sprintf("end what needs it, or lower resources.limits.memory of %s, which asks most: %s", most, size(its))
	}
	if len(open) > 0 {
		l.Message += fmt.Sprintf("; without a limit: %s", strings.Join(open, ", "))
	}
	lines = append(lines, l)
	if sum > 0 && !c.facts.info.MemoryLimit {
		lines = append(lines, Line{Subject: "memory", State: Note, Message: "the engine can't hold containers to limits of memory, and starts them without"})
	}
	return lines
}

// runs reports whether any container of the project runs already, and so has memory.
func (c *Check) runs(n Needs) bool {
	return slices.ContainsFunc(c.facts.containers, func(x container) bool { return x.Project == n.Project && x.State == "running" })
}

// cpus compares limits with the engine's CPUs: it refuses a container that may use more
// than there are, and any limit where the kernel has none (moby,
// daemon/daemon_unix.go, verifyPlatformContainerResources).
func (c *Check) cpus(n Needs) (lines []Line) {
	has := c.facts.info.NCPU
	var largest int64
	for _, l := range n.limits {
		largest = max(largest, l.cpu)
		if l.cpu > int64(has)*1000 {
			lines = append(lines, Line{
				Subject: "cpus", State: Wrong,
				Message: fmt.Sprintf("%s may use %s, and the engine has %s: it would refuse the container", l.service, cores(l.cpu), cores(int64(has)*1000)),
				Hint:    c.raise(fmt.Sprintf("lower resources.limits.cpu of %s to %d, or give the engine more", l.component, has)),
				Figures: map[string]any{"service": l.service, "limit": float64(l.cpu) / 1000, "total": has},
			})
		}
	}
	if largest > 0 && !c.facts.info.CPUCfsQuota {
		return []Line{{
			Subject: "cpus", State: Wrong, Message: "the engine's kernel has no limits of CPU (CFS bandwidth control), and would refuse each container with one",
			Hint: "a rootless engine needs the cpu controller delegated to it: https://docs.docker.com/engine/security/rootless/; some appliances' kernels lack it for good",
		}}
	}
	if len(lines) > 0 {
		return lines
	}
	text := "no container has a limit"
	if largest > 0 {
		text = "a container may use up to " + cores(largest)
	}
	return []Line{{
		Subject: "cpus", State: Fine, Message: text + "; the engine has " + cores(int64(has)*1000),
		Figures: map[string]any{"limit": float64(largest) / 1000, "total": has},
	}}
}

// disk compares the volumes that are still to be made with the room where the engine
// keeps them. Nothing reserves it, so it is about what they may come to hold.
func (c *Check) disk(n Needs, existing []string) Line {
	var sum, toCome int64
	for name, bytes := range n.volumes {
		sum += bytes
		if !slices.Contains(existing, name) {
			toCome += bytes
		}
	}
	l := Line{Subject: "disk", State: Fine, Message: "no volumes", Figures: map[string]any{"volumes": sum, "toCome": toCome}}
	if sum == 0 {
		return l
	}
	l.Message = "volumes may come to " + size(sum)
	if toCome < sum {
		l.Message += fmt.Sprintf(", %s of it in volumes that exist", size(sum-toCome))
	}
	root := c.facts.info.DockerRootDir
	free, err := c.machine.Room(filepath.Join(root, "volumes"))
	if err != nil { // others than root see the folder above
		free, err = c.machine.Room(root)
	}
	if err != nil || !c.machine.shares(c.facts) {
		l.State = Note
		l.Message += "; how much room the engine has can't be seen from here"
		return l
	}
	l.Figures["free"] = free
	if toCome > free {
		l.State = Wrong
		l.Message = fmt.Sprintf("volumes still to be made may come to %s, and %s has %s free", size(toCome), root, size(free))
		l.Hint = "make room (docker system df shows what the engine holds), or lower the sizes"
		return l
	}
	l.Message += fmt.Sprintf("; %s has %s free", root, size(free))
	return l
}
