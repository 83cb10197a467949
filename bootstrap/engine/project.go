package engine

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
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
	return p.compose(ctx, value, append([]string{"exec", "-T", service}, command...)...)
}

// Recreate makes the containers of services anew, in the order of what they depend on,
// and waits until they are healthy or have done their work. What they depend on is
// started where it does not run.
func (p Project) Recreate(ctx context.Context, services []string) error {
	return p.compose(ctx, nil, append([]string{"up", "--detach", "--wait", "--force-recreate"}, services...)...)
}

func (p Project) compose(ctx context.Context, stdin []byte, args ...string) error {
	all := append([]string{"compose", "--project-name", p.Name, "--progress", "plain"}, p.File...)
	docker := exec.CommandContext(ctx, "docker", append(all, args...)...)
	docker.Dir = p.Dir
	docker.Stdin = bytes.NewReader(stdin)
	docker.Cancel = func() error { return docker.Process.Signal(os.Interrupt) }
	docker.WaitDelay = 10 * time.Second
	var said bytes.Buffer
	docker.Stdout, docker.Stderr = &said, &said
	err := docker.Run()
	if err == nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	return &Failed{Command: "docker " + strings.Join(docker.Args[1:], " "), Said: last(said.String(), 20), err: err}
}

// Failed is what docker said when it could not do something.
type Failed struct {
	Command string
	Said    string // its last lines
	err     error
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
