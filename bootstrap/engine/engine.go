// Package engine asks the container engine of this machine, through its command
// line, which is what finds the right engine (contexts, DOCKER_HOST). It starts
// and changes nothing.
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

// Volumes returns the names of the volumes that a Compose project has on this
// machine, as the project calls them. Without an engine, or with one that does not
// answer, there are none to be known: ok is false.
func Volumes(ctx context.Context, project string) (names []string, ok bool, err error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	docker := exec.CommandContext(ctx, "docker", "volume", "ls",
		"--filter", "label=com.docker.compose.project="+project,
		"--format", `{{.Label "com.docker.compose.volume"}}`)
	docker.WaitDelay = time.Second // its own children may hold the pipe
	out, err := docker.Output()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return strings.Fields(string(out)), true, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, exec.ErrNotFound), errors.As(err, &failed) && ctx.Err() == nil:
		return nil, false, nil
	}
	return nil, false, fmt.Errorf("ask docker for volumes: %w", err)
}
