package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/rotation"
)

// showSecrets lists what can be rotated and what it takes.
func showSecrets(w io.Writer, all []rotation.Secret) error {
	var rows table
	for _, s := range all {
		takes := takes(s)
		if s.Unfinished {
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
	if len(s.Services) > 0 {
		does = append(does, "starts anew: "+strings.Join(s.Services, ", "))
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
		}
	}
}

// rotating tells a person what happens while it does.
type rotating struct {
	stderr     io.Writer
	env, start string
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
