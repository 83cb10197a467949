package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/engine"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// mustRun is the refusal to rotate what a program has to be told while it doesn't run.
func (r *rotation) mustRun(x rotatable, reachable bool) error {
	start, err := r.startCommand(r.env.Name)
	if err != nil {
		return err
	}
	if !reachable {
		return &refusal{fmt.Sprintf("%s has to be told the new value of %s, and no container engine answers", x.program, x.name), "start the engine, and then: " + start}
	}
	return &refusal{fmt.Sprintf("%s has to be told the new value of %s, and it does not run", x.program, x.name), "start it first: " + start}
}

// restart starts anew what uses the secrets and runs, and says what else takes effect when.
func (r *rotation) restart(ctx context.Context, stderr io.Writer, project engine.Project, done []string, states map[string]string, reachable bool) error {
	services := using(r.env, r.mounts, done...)
	start, err := r.startCommand(r.env.Name)
	if err != nil {
		return err
	}
	if !reachable {
		if len(services) > 0 {
			fmt.Fprintf(stderr, "%s: no container engine answers; what uses them has to start anew\n  hint: %s --force-recreate %s\n", r.env.Name, start, strings.Join(services, " "))
		}
		return nil
	}
	running := false
	for _, state := range states {
		running = running || state == "running"
	}
	services = slices.DeleteFunc(services, func(s string) bool {
		return states[s] != "running" && (!runsOnce(r.env, s) || states[s] == "")
	})
	if !running {
		fmt.Fprintf(stderr, "%s: it does not run; the next start takes the new values: %s\n", r.env.Name, start)
		return nil
	}
	if len(services) == 0 {
		return nil
	}
	fmt.Fprintf(stderr, "%s: starting anew: %s\n", r.env.Name, strings.Join(services, ", "))
	if err := project.Recreate(ctx, services); err != nil {
		return &notStarted{r.env.Name, done, services, err}
	}
	fmt.Fprintf(stderr, "%s: started, with the new values\n", r.env.Name)
	return nil
}

// notStarted is when new values are in place and what uses them did not start.
type notStarted struct {
	env      string
	names    []string // of secrets
	services []string
	err      error
}

func (n *notStarted) Error() string {
	return fmt.Sprintf("the new values are in place, and these did not start with them: %s: %v", strings.Join(n.services, ", "), n.err)
}
func (n *notStarted) Unwrap() error { return n.err }
func (n *notStarted) Hint() string {
	return fmt.Sprintf("see docker compose logs, mend it, and go on:\nmlops-gitops secrets rotate %s %s", n.env, strings.Join(n.names, " "))
}

// sayDone tells which secrets have new values, and where people find those.
func (r *rotation) sayDone(stderr io.Writer, done []string) {
	for _, turn := range done {
		x, err := r.find(turn)
		if err != nil {
			continue
		}
		switch {
		case x.turn == schema.Authority:
			fmt.Fprintf(stderr, "%s: %s is new, and people have to trust it anew\n", r.env.Name, x.name)
		case len(x.parts) > 1:
			fmt.Fprintf(stderr, "%s: %s is a new certificate\n", r.env.Name, x.name)
		case x.by != "":
			fmt.Fprintf(stderr, "%s: %s has a new value\n", r.env.Name, x.name)
		default:
			fmt.Fprintf(stderr, "%s: %s has a new value; who needs it: cat .secrets/%[1]s/%[2]s\n", r.env.Name, x.name)
		}
	}
}
