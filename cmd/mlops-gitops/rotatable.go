package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/engine"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/render/container"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A rotation is what can be rotated in an environment, and what was chosen.
type rotation struct {
	*repository
	env      *schema.Environment
	local    secrets.Local
	declared map[string]schema.Secret
	mounts   map[string][]string // services, by secret
	pending  []string            // what an earlier run did not end, by file
	all      []rotatable         // in order
	chosen   []rotatable
}

// A rotatable is a secret, or a certificate as a whole.
type rotatable struct {
	name     string
	turn     string   // what the turn is called
	parts    []string // the secrets that it consists of
	supplied bool
	refused  *refusal // why it can't be rotated
	program  string   // the service where the command runs, or ""
	command  []string // reads the new value
	by       string   // the task that sets the value, or ""
	services []string // that start anew
}

// rotation finds what can be rotated on this machine.
func (r *repository) rotation(e *schema.Environment) (*rotation, error) {
	declared, err := localSecrets(e)
	if err != nil {
		return nil, err
	}
	if len(declared) == 0 {
		return nil, &refusal{
			fmt.Sprintf("nothing of %s runs on this machine, and secrets of a cluster can't be rotated yet", e.Name),
			fmt.Sprintf("by hand: remove the secret's file in deploy/%[1]s/secrets, mlops-gitops secrets generate %[1]s, commit it, and give the program the new value", e.Name),
		}
	}
	mounts, err := compose.Mounts(e)
	if err != nil {
		return nil, err
	}
	inCluster, err := kube.Secrets(e)
	if err != nil {
		return nil, err
	}
	local := secrets.Local{Dir: r.dir, Env: e.Name}
	pending, err := local.Pending()
	if err != nil {
		return nil, err
	}
	all := map[string]rotatable{}
	for name, secret := range declared {
		x := rotatable{name: name, turn: name, parts: []string{name}, supplied: secret.Supplied}
		switch secret.Part {
		case "ca":
			x.name = strings.TrimSuffix(name, ".crt")
		case "crt", "key":
			x.name = strings.TrimSuffix(name, "."+secret.Part)
			x.turn, x.parts = x.name, []string{x.name + ".crt", x.name + ".key"}
		default:
			if x.command, err = bindCommand(e, secret); err != nil {
				return nil, fmt.Errorf("how %s is rotated: %w", name, err)
			}
			if len(x.command) > 0 {
				x.program = schema.FullName(secret.Component, secret.Rotate.Workload)
			}
			x.by = setBy(e, name)
		}
		switch {
		case secret.Rotate.Never != "":
			x.refused = &refusal{secret.Rotate.Never, ""}
		case slices.ContainsFunc(x.parts, func(part string) bool { return slices.Contains(inCluster, part) }):
			x.refused = &refusal{"a cluster has the same value, and can't be given another yet", "change both by hand"}
		}
		x.services = using(e, mounts, x.turn)
		all[x.name] = x
	}
	found := &rotation{repository: r, env: e, local: local, declared: declared, mounts: mounts, pending: pending}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		found.all = append(found.all, all[name])
	}
	return found, nil
}

// bindCommand is how a program takes a new value, with addresses in place.
func bindCommand(e *schema.Environment, secret schema.Secret) (command []string, err error) {
	for _, word := range secret.Rotate.Command {
		parts, err := e.Bind(secret.Component, word)
		if err != nil {
			return nil, err
		}
		text := ""
		for _, p := range parts {
			switch {
			case p.Secret == "":
				text += p.Text
			case p.File:
				text += path.Join(container.SecretDir, p.Secret)
			default:
				return nil, errors.New("a secret in the command would be seen in the process list")
			}
		}
		command = append(command, text)
	}
	return command, nil
}

// setBy is the task that gives a claimed login its password, or "".
func setBy(e *schema.Environment, secret string) string {
	for _, c := range e.Components {
		for key, claim := range c.Claims {
			if key+".password" == secret && claim.By != "" && c.Place == schema.Local {
				return schema.FullName(c.Name, claim.By)
			}
		}
	}
	return ""
}

// project is an environment's project as people start it.
func (r *repository) project(e *schema.Environment) (engine.Project, error) {
	p := engine.Project{Name: e.Settings.Namespace, Dir: r.dir}
	if err := r.oneProject(e.Name, e.Settings.Namespace); err != nil {
		return p, err
	}
	own, err := r.ownCompose(e.Name)
	if err != nil || own.includes {
		return p, err
	}
	p.File = []string{"--file", composeFile(e.Name)}
	if _, err := os.Stat(r.path(composeFile(e.Name))); errors.Is(err, fs.ErrNotExist) {
		return p, &refusal{composeFile(e.Name) + " is not there", "mlops-gitops render " + e.Name}
	}
	return p, nil
}

// from is the command line's way to supply the value.
func (x rotatable) from() string {
	var from []string
	for _, part := range x.parts {
		from = append(from, "--from "+part+"=FILE")
	}
	return strings.Join(from, " ")
}

// show lists what can be rotated and what it takes.
func (r *rotation) show(w io.Writer) error {
	var rows table
	for _, x := range r.all {
		takes := x.takes()
		if slices.ContainsFunc(r.pending, x.is) {
			takes = "unfinished: " + takes
		}
		rows = append(rows, []string{x.name, takes})
	}
	return rows.write(w, 3)
}

// takes says what a rotation takes.
func (x rotatable) takes() string {
	if x.refused != nil {
		return "can't be: " + x.refused.msg
	}
	var does []string
	switch {
	case x.supplied:
		does = append(does, x.from())
	case x.turn == schema.Authority:
		does = append(does, "a new authority, which people have to trust anew, and its certificates")
	case len(x.parts) > 1:
		does = append(does, "a new certificate")
	case x.program != "":
		does = append(does, x.program+" is told, for which it must run")
	case x.by != "":
		does = append(does, x.by+" sets it")
	}
	if len(x.services) > 0 {
		does = append(does, "starts anew: "+strings.Join(x.services, ", "))
	}
	return strings.Join(does, "; ")
}

// is reports whether a name means this one: its own, or one of its parts'.
func (x rotatable) is(name string) bool {
	return name == x.name || name == x.turn || slices.Contains(x.parts, name)
}

// find returns what a name means.
func (r *rotation) find(name string) (rotatable, error) {
	if i := slices.IndexFunc(r.all, func(x rotatable) bool { return x.is(name) }); i >= 0 {
		return r.all[i], nil
	}
	return rotatable{}, &refusal{
		fmt.Sprintf("%s has no secret %s on this machine", r.env.Name, name),
		fmt.Sprintf("mlops-gitops secrets rotate %s lists them", r.env.Name),
	}
}
