package rotation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/engine"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
)

// A Project is an environment's, as people start it.
type Project struct {
	engine.Project
	Start      string // the command that does
	Unrendered error  // that it is not on the disk yet, or nil
}

// Progress hears what happens while it does.
type Progress interface {
	GoesOn(Secret)                     // with one whose rotation did not end
	New(Secret)                        // its value is
	Starts(services []string)          // anew, with the new values
	Started()                          // and well
	Waits(why Wait, services []string) // nothing was started anew
	Sealed([]Secret)                   // for a cluster, which has still to be given them
}

// A Wait is why new values take effect later.
type Wait int

// No engine answers, the environment does not run, or it lacks its files or other secrets.
const (
	NoEngine Wait = iota
	NotRunning
	Incomplete
)

// running is a rotation on its way.
type running struct {
	*Rotation
	Progress
	project   Project
	states    map[string]string // of services
	reachable bool              // an engine answers
	complete  bool              // each secret has a value
	sealed    []Secret          // that this machine has too
	rand      io.Reader
	now       time.Time
}

// Run rotates what was chosen, and what an earlier run did not end. A value that a person
// supplies may be the first. What a cluster alone has is sealed; what it has too is sealed
// before it is put in place here.
func (r *Rotation) Run(ctx context.Context, chosen []Secret, given map[string][]byte, project Project, said Progress, rand io.Reader, now time.Time) (secrets.Result, error) {
	run := running{Rotation: r, Progress: said, project: project, rand: rand, now: now}
	var alone, here []Secret
	for _, s := range chosen {
		if s.Here {
			here = append(here, s)
		} else {
			alone = append(alone, s)
		}
	}
	if len(here) > 0 {
		if err := run.look(ctx, here, given); err != nil {
			return secrets.Result{}, err
		}
	}
	sealed, err := run.sealAlone(alone, given)
	if err != nil || len(here) == 0 {
		return sealed, err
	}
	for _, s := range r.All {
		if run.complete && s.Unfinished && !s.Waiting && s.Here && s.Refused == nil && run.can(s) && !slices.ContainsFunc(here, s.same) {
			said.GoesOn(s)
			here = append(here, s)
		}
	}
	var turns []secrets.Turn
	for _, s := range here {
		turns = append(turns, run.turn(s, given))
	}
	result, err := r.here.Rotate(ctx, r.here.Declared, turns, run.restart, rand, now)
	if len(run.sealed) > 0 {
		said.Sealed(run.sealed)
	}
	result.Warned = append(sealed.Warned, result.Warned...)
	return result, err
}

// sealAlone gives a cluster's own secrets new values.
func (r *running) sealAlone(alone []Secret, given map[string][]byte) (sealed secrets.Result, err error) {
	if len(alone) == 0 {
		return sealed, nil
	}
	var names []string
	for _, s := range alone {
		names = append(names, s.Parts...)
	}
	if sealed, err = r.there.Rotate(r.there.Declared, names, given, r.rand, r.now); err != nil {
		return sealed, err
	}
	r.Sealed(alone)
	return sealed, nil
}

// elsewhere is the cluster's copy of a secret that this machine has too.
func (r *running) elsewhere(s Secret) *secrets.Elsewhere {
	file := path.Join("deploy", r.env.Name, "secrets", s.Name+".yaml")
	_, key := r.env.InCluster(s.Name)
	return &secrets.Elsewhere{
		First: s.First,
		Taken: func() error {
			if in, err := r.there.InGit(file); in || err != nil {
				return err
			}
			return &Refused{
				fmt.Sprintf("Git does not have %s as it is, so no cluster can have the new value of %s yet", file, s.Name),
				fmt.Sprintf("mlops-gitops commit %s --push; when Flux has applied it: mlops-gitops secrets rotate %[1]s %s", r.env.Name, s.Name),
			}
		},
		Changed: &Refused{
			fmt.Sprintf("%s was changed since %s was sealed there, and this machine still waits for the value that it had", file, s.Name),
			fmt.Sprintf("with a private key, take here what it holds:\n"+
				"sops decrypt --extract '[\"stringData\"][\"%[3]s\"]' %[4]s | mlops-gitops secrets set %[1]s %[2]s\n"+
				"or have a new value made for both:\nrm .secrets/%[1]s/.new/%[2]s && mlops-gitops secrets rotate %[1]s %[2]s", r.env.Name, s.Name, key, file),
		},
		State: func() (string, error) {
			revisions, err := r.there.Revisions()
			return revisions[s.Name], err
		},
		Put: func(value []byte, note func(string) error) error {
			_, err := r.there.RotateNoting(r.there.Declared, s.Parts, map[string][]byte{s.Name: value}, r.rand, r.now, note)
			if err == nil {
				r.sealed = append(r.sealed, s)
			}
			return err
		},
	}
}

// look finds out how things stand, and whether what was chosen can be rotated like that.
func (r *running) look(ctx context.Context, chosen []Secret, given map[string][]byte) error {
	missing, err := r.here.Missing(r.here.Declared)
	if err != nil {
		return err
	}
	missing = slices.DeleteFunc(missing, func(name string) bool { return given[name] != nil })
	r.complete = len(missing) == 0
	// what a person brings needs nothing that is there
	if brought := !slices.ContainsFunc(chosen, func(s Secret) bool { return s.Program != "" || len(s.lacking(given)) > 0 }); !brought {
		if !r.complete {
			return &Refused{fmt.Sprintf("%s has no value yet for %s", r.env.Name, strings.Join(missing, ", ")), "mlops-gitops render " + r.env.Name}
		}
		if r.project.Unrendered != nil {
			return r.project.Unrendered
		}
	}
	if r.states, r.reachable, err = r.project.Containers(ctx); err != nil {
		return err
	}
	var problems []error
	for _, s := range chosen {
		if !r.can(s) {
			problems = append(problems, r.mustRun(s))
		}
	}
	return errors.Join(problems...)
}

// can reports whether the program that has to be told runs, if there is one.
func (r *running) can(s Secret) bool { return s.Program == "" || r.states[s.Program] == "running" }

// mustRun is the refusal to rotate what a program has to be told while it doesn't run.
func (r *running) mustRun(s Secret) error {
	if !r.reachable {
		return &Refused{fmt.Sprintf("%s has to be told the new value of %s, and no container engine answers", s.Program, s.Name), "start the engine, and then: " + r.project.Start}
	}
	return &Refused{fmt.Sprintf("%s has to be told the new value of %s, and it does not run", s.Program, s.Name), "start it first: " + r.project.Start}
}

// turn is a secret with all that its rotation takes.
func (r *running) turn(s Secret, given map[string][]byte) secrets.Turn {
	turn := secrets.Turn{Name: s.turn}
	for _, part := range s.Parts {
		if value, ok := given[part]; ok {
			if turn.Given == nil {
				turn.Given = map[string][]byte{}
			}
			turn.Given[part] = value
		}
	}
	if s.There {
		turn.There = r.elsewhere(s)
	}
	if s.Program != "" {
		turn.Tell = func(ctx context.Context, value []byte) error {
			return r.project.Tell(ctx, s.Program, s.command, value)
		}
	}
	return turn
}

// restart starts anew what uses the secrets and runs, and tells what else takes effect when.
func (r *running) restart(ctx context.Context, done []string) error {
	for _, turn := range done {
		if s, err := r.Find(turn); err == nil {
			r.New(s)
		}
	}
	services := using(r.env, r.mounts, done...)
	runs := false
	for _, state := range r.states {
		runs = runs || state == "running"
	}
	switch {
	case !runs && (r.project.Unrendered != nil || !r.complete):
		r.Waits(Incomplete, services)
		return nil
	case !r.reachable:
		r.Waits(NoEngine, services)
		return nil
	case !runs:
		r.Waits(NotRunning, services)
		return nil
	}
	services = slices.DeleteFunc(services, func(s string) bool {
		return r.states[s] != "running" && (!runsOnce(r.env, s) || r.states[s] == "")
	})
	if len(services) == 0 {
		return nil
	}
	r.Starts(services)
	if err := r.project.Recreate(ctx, services); err != nil {
		return &notStarted{r.env.Name, done, services, err}
	}
	r.Started()
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
