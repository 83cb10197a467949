package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/rotation"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
)

// showSecrets lists what can be rotated and what it takes.
func showSecrets(w io.Writer, all []rotation.Secret) error {
	var rows table
	for _, s := range all {
		takes := takes(s)
		switch {
		case s.Waiting:
			takes = "unfinished, until it is in force in the cluster: " + takes
		case s.Unfinished:
			takes = "unfinished: " + takes
		}
		rows = append(rows, []string{s.Name, takes})
	}
	return rows.write(w, 3)
}

// takes says what a rotation takes.
func takes(s rotation.Secret) string {
	if s.Refused != nil {
		return "can't be: " + s.Refused.Msg
	}
	var does []string
	switch {
	case s.Supplied:
		does = append(does, s.From())
	case s.IsAuthority():
		does = append(does, "a new authority, which people have to trust anew, and its certificates")
	case s.IsCertificate():
		does = append(does, "a new certificate")
	case s.Program != "":
		does = append(does, s.Program+" is told, for which it must run")
	case s.By != "":
		does = append(does, s.By+" sets it")
	}
	if s.Here && len(s.Services) > 0 {
		does = append(does, "starts anew: "+strings.Join(s.Services, ", "))
	}
	if s.There {
		does = append(does, effects(s.Uses)...)
	}
	return strings.Join(does, "; ")
}

// sayLeftOut tells what can't be rotated without more.
func sayLeftOut(stderr io.Writer, env string, all []rotation.Secret) {
	for _, s := range all {
		switch {
		case s.Refused != nil:
			fmt.Fprintf(stderr, "%s: leaves out %s: %s\n", env, s.Name, s.Refused.Msg)
		case s.Supplied:
			fmt.Fprintf(stderr, "%s: leaves out %s: a person supplies it\n", env, s.Name)
		case s.Waiting:
			fmt.Fprintf(stderr, "%s: leaves out %s: it waits for its new value to be in force in the cluster\n", env, s.Name)
		}
	}
}

// rotating tells a person what happens while it does.
type rotating struct {
	stderr     io.Writer
	env, start string
	others     []string // secrets that were sealed for others than the settings name
}

func (r rotating) GoesOn(s rotation.Secret) {
	fmt.Fprintf(r.stderr, "%s: goes on with %s, whose rotation did not end\n", r.env, s.Name)
}

// New tells where people find the value, too.
func (r rotating) New(s rotation.Secret) {
	switch {
	case s.IsAuthority():
		fmt.Fprintf(r.stderr, "%s: %s is new, and people have to trust it anew\n", r.env, s.Name)
	case s.IsCertificate():
		fmt.Fprintf(r.stderr, "%s: %s is a new certificate\n", r.env, s.Name)
	case s.By != "":
		fmt.Fprintf(r.stderr, "%s: %s has a new value\n", r.env, s.Name)
	default:
		fmt.Fprintf(r.stderr, "%s: %s has a new value; who needs it: cat .secrets/%[1]s/%[2]s\n", r.env, s.Name)
	}
}

func (r rotating) Starts(services []string) {
	fmt.Fprintf(r.stderr, "%s: starting anew: %s\n", r.env, strings.Join(services, ", "))
}

func (r rotating) Started() { fmt.Fprintf(r.stderr, "%s: started, with the new values\n", r.env) }

func (r rotating) Waits(why rotation.Wait, services []string) {
	switch {
	case why == rotation.Incomplete:
		fmt.Fprintf(r.stderr, "%s: it does not run, and not all that it needs is there yet\n  hint: mlops-gitops render %[1]s\n", r.env)
	case why == rotation.NotRunning:
		fmt.Fprintf(r.stderr, "%s: it does not run; the next start takes the new values: %s\n", r.env, r.start)
	case len(services) > 0:
		fmt.Fprintf(r.stderr, "%s: no container engine answers; what uses them has to start anew\n  hint: %s --force-recreate %s\n", r.env, r.start, strings.Join(services, " "))
	}
}

// Sealed tells what a cluster does with the new values, and how it gets them.
func (r rotating) Sealed(all []rotation.Secret) {
	var uses []kube.Use
	var names, here []string
	for _, s := range all {
		names = append(names, s.Parts...)
		uses = append(uses, s.Uses...)
		if s.First {
			here = append(here, s.Name)
		}
	}
	changed := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(r.others, name) })
	if len(changed) > 0 {
		fmt.Fprintf(r.stderr, "%s: sealed for other readers than before: %s\n", r.env, listed(changed))
		sayFluxKey(r.stderr)
	}
	sayWaiting(r.stderr, r.env, names, uses, here)
}

// sayWaiting tells of values that a cluster has still to be given: what it does with them, and
// those that this machine takes only then.
func sayWaiting(w io.Writer, env string, names []string, uses []kube.Use, here []string) {
	fmt.Fprintf(w, "%s: sealed in deploy/%[1]s/secrets, with a new value: %s\n", env, listed(names))
	if does := effects(uses); len(does) > 0 {
		fmt.Fprintf(w, "%s: when Flux applies it: %s\n", env, strings.Join(does, "; "))
	}
	fmt.Fprintf(w, "  hint: mlops-gitops commit %s --push\n", env)
	if len(here) > 0 {
		fmt.Fprintf(w, "%s: this machine keeps the old value until the new one is in force in the cluster: %s\n  hint: when Flux has applied it: mlops-gitops secrets rotate %[1]s %[3]s\n", env, listed(here), strings.Join(here, " "))
	}
}

// effects are what a cluster does with new values, a stage after the other.
func effects(uses []kube.Use) (does []string) {
	words := map[kube.How]string{kube.RunsAgain: "%s: runs again: %s", kube.Rolls: "%s: new pods of %s", kube.IsRead: "%s: read by %s"}
	for _, stage := range kube.Stages() {
		for _, how := range []kube.How{kube.RunsAgain, kube.Rolls, kube.IsRead} {
			var names []string
			for _, u := range uses {
				if u.Stage == stage && u.How == how {
					names = append(names, u.Name)
				}
			}
			if len(names) > 0 {
				does = append(does, fmt.Sprintf(words[how], stage, listed(names)))
			}
		}
	}
	return does
}
