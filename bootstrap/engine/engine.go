// Package engine asks the container engine of this machine, through its command
// line, which is what finds the right engine (contexts, DOCKER_HOST), and judges
// whether it and the machine are fit for an environment. It starts and changes
// nothing, but for what a Project is asked to, and reaches no registry.
package engine

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// patience is how long an engine may take to answer.
const patience = 5 * time.Second

// A Docker is an engine's command line. The zero Docker is the program on PATH.
type Docker struct {
	// Run runs a program and returns what it printed on stdout; nil is exec's way.
	Run func(ctx context.Context, program string, args ...string) ([]byte, error)
}

// A silence is why a program gave no answer.
type silence struct {
	missing bool   // it is not there
	late    bool   // it took too long
	said    string // what it printed on stderr
}

// ask runs a program and waits for its answer, but not for ever. What it printed is
// returned even when it failed. An error is that of ctx, which has ended, or one of the system.
func (d Docker) ask(ctx context.Context, program string, args ...string) (out []byte, why *silence, err error) {
	run := d.Run
	if run == nil {
		run = output
	}
	limited, stop := context.WithTimeout(ctx, patience)
	defer stop()
	out, err = run(limited, program, args...)
	var failed *exec.ExitError
	switch {
	case err == nil:
		return out, nil, nil
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return nil, &silence{missing: true}, nil
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return nil, &silence{late: true}, nil
	case errors.As(err, &failed):
		return out, &silence{said: strings.TrimSpace(string(failed.Stderr))}, nil
	}
	return nil, nil, fmt.Errorf("ask %s: %w", program, err)
}

func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.WaitDelay = time.Second // its own children may hold the pipe
	return cmd.Output()
}

// Volumes returns the names of the volumes that a Compose project has on this
// machine, as the project calls them. Without an engine, or with one that does not
// answer, there are none to be known: ok is false.
func Volumes(ctx context.Context, project string) (names []string, ok bool, err error) {
	return Docker{}.volumes(ctx, project)
}

func (d Docker) volumes(ctx context.Context, project string) (names []string, ok bool, err error) {
	out, why, err := d.ask(ctx, "docker", "volume", "ls",
		"--filter", "label=com.docker.compose.project="+project,
		"--format", `{{.Label "com.docker.compose.volume"}}`)
	if err != nil || why != nil {
		return nil, false, err
	}
	return strings.Fields(string(out)), true, nil
}

// images returns which of the references the engine has. It resolves them itself: it
// alone knows that docker.io/library/x and x are one.
func (d Docker) images(ctx context.Context, references []string) (have map[string]bool, err error) {
	have = map[string]bool{}
	inspect := func(refs ...string) (bool, error) {
		_, why, err := d.ask(ctx, "docker", append([]string{"image", "inspect", "--format", "{{.Id}}"}, refs...)...)
		return why == nil, err
	}
	if len(references) == 0 {
		return have, nil
	}
	all, err := inspect(references...)
	for _, ref := range references {
		if have[ref] = all; all || err != nil {
			continue
		}
		if have[ref], err = inspect(ref); err != nil {
			break
		}
	}
	return have, err
}
