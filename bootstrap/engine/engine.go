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
)

// Volumes returns the names of the volumes that a Compose project has on this
// machine, as the project calls them. Without an engine, or with one that does not
// answer, there are none to be known: ok is false.
func Volumes(ctx context.Context, project string) (names []string, ok bool, err error) {
	out, err := exec.CommandContext(ctx, "docker", "volume", "ls",
		"--filter", "label=com.docker.compose.project="+project,
		"--format", `{{.Label "com.docker.compose.volume"}}`).Output()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return strings.Fields(string(out)), true, nil
	case errors.Is(err, exec.ErrNotFound), errors.As(err, &failed) && ctx.Err() == nil:
		return nil, false, nil
	}
	return nil, false, fmt.Errorf("ask docker for volumes: %w", err)
}
