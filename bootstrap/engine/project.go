package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// A Project is a Compose project of this machine, as its owner starts it.
type Project struct {
	Name string
	Dir  string   // where docker runs
	File []string // the arguments that say where the project's file is; none: Dir has it
}

// Containers returns the state of a service's containers by service: running where any
// runs, else what the engine says of the last. Without an engine that answers, ok is false.
func (p Project) Containers(ctx context.Context) (states map[string]string, ok bool, err error) {
	all, why, err := Docker{}.containers(ctx)
	if err != nil || why != nil {
		return nil, false, err
	}
	states = map[string]string{}
	for _, c := range all {
		if c.Project == p.Name && c.Oneoff != "True" && states[c.Service] != "running" {
			states[c.Service] = c.State
		}
	}
	return states, true, nil
}

// Tell runs a command in a service's running container and gives it a value on its
// standard input: a value among the arguments would be in the process list.
func (p Project) Tell(ctx context.Context, service string, command []string, value []byte) error {
	_, err := p.compose(ctx, value, append([]string{"exec", "-T", service}, command...)...)
	return err
}

// Recreate makes the containers of services anew, one after the other in the order of
// what they depend on, so that each is away no longer than it takes to start; and waits
// until they are healthy or have done their work. Others are left alone.
func (p Project) Recreate(ctx context.Context, services []string) error {
	out, err := p.compose(ctx, nil, "config", "--format", "json")
	if err != nil {
		return err
	}
	var file project
	if err := json.Unmarshal(out, &file); err != nil {
		return fmt.Errorf("docker compose config: %w", err)
	}
	up := []string{"up", "--detach", "--no-deps", "--force-recreate"}
	for _, level := range file.levels(services) {
		stay, end := file.split(level)
		if len(stay) > 0 {
			if _, err := p.compose(ctx, nil, slices.Concat(up, []string{"--wait"}, stay)...); err != nil {
				return err
			}
		}
		if len(end) > 0 { // which "up --wait" takes for a failure (docker/compose, pkg/compose/start.go)
			if _, err := p.compose(ctx, nil, slices.Concat(up, end)...); err != nil {
				return err
			}
			if err := p.await(ctx, end); err != nil {
				return err
			}
		}
	}
	return nil
}

// A project is what Compose says of the order in a project's file.
type project struct {
	Services map[string]struct {
		DependsOn map[string]struct{ Condition string } `json:"depends_on"`
	}
}

// levels are the services in order: each depends on none of its own level or a later one.
func (p project) levels(services []string) (levels [][]string) {
	left := slices.Sorted(slices.Values(services))
	for len(left) > 0 {
		var level []string
		for _, s := range left {
			if !slices.ContainsFunc(left, func(other string) bool { return other != s && p.follows(s, other, map[string]bool{}) }) {
				level = append(level, s)
			}
		}
		if len(level) == 0 { // a circle, which Compose refuses
			level = left
		}
		levels = append(levels, level)
		left = slices.DeleteFunc(slices.Clone(left), func(s string) bool { return slices.Contains(level, s) })
	}
	return levels
}

// follows reports whether a service depends on another, by however many others.
func (p project) follows(service, other string, seen map[string]bool) bool {
	if seen[service] {
		return false
	}
	seen[service] = true
	for next := range p.Services[service].DependsOn {
		if next == other || p.follows(next, other, seen) {
			return true
		}
	}
	return false
}

// split parts services that stay from those that end when their work is done.
func (p project) split(services []string) (stay, end []string) {
	ends := map[string]bool{}
	for _, s := range p.Services {
		for other, on := range s.DependsOn {
			ends[other] = ends[other] || on.Condition == "service_completed_successfully"
		}
	}
	for _, s := range services {
		if ends[s] {
			end = append(end, s)
		} else {
			stay = append(stay, s)
		}
	}
	return stay, end
}

// await waits for the end of services that end, which must be a good one.
func (p Project) await(ctx context.Context, services []string) error {
	for _, s := range services {
		ids, err := p.compose(ctx, nil, "ps", "--all", "--quiet", s)
		if err != nil {
			return err
		}
		codes, err := p.docker(ctx, nil, append([]string{"wait"}, strings.Fields(string(ids))...)...)
		if err != nil {
			return err
		}
		for _, code := range strings.Fields(string(codes)) {
			if code != "0" {
				return &Failed{Said: fmt.Sprintf("%s ended with exit code %s", s, code)}
			}
		}
	}
	return nil
}

func (p Project) compose(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	return p.docker(ctx, stdin, slices.Concat([]string{"compose", "--project-name", p.Name, "--progress", "quiet"}, p.File, args)...)
}

func (p Project) docker(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	docker := exec.CommandContext(ctx, "docker", args...)
	docker.Dir = p.Dir
	docker.Stdin = bytes.NewReader(stdin)
	docker.Cancel = func() error { return docker.Process.Signal(os.Interrupt) }
	docker.WaitDelay = 10 * time.Second
	var out, said bytes.Buffer
	docker.Stdout, docker.Stderr = &out, &said
	err := docker.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, &Failed{last(out.String()+said.String(), 10), err}
	}
	return out.Bytes(), nil
}

// Failed is what docker said when it could not do something.
type Failed struct {
	Said string // its last lines
	err  error
}

func (f *Failed) Error() string {
	if f.Said == "" {
		return f.err.Error()
	}
	return f.Said
}

func (f *Failed) Unwrap() error { return f.err }

// last is the end of a text, of so many lines at most.
func last(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
