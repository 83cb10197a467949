package rotation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/render/container"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A Secret is one that may be rotated, or a certificate as a whole.
type Secret struct {
	Name       string
	Parts      []string // the secrets that it consists of
	Supplied   bool     // by a person
	Refused    *Refused // why it can't be rotated, or nil
	Program    string   // the service that is told the new value, or ""
	By         string   // the task that sets the value, or ""
	Services   []string // that start anew
	Unfinished bool     // an earlier run did not end

	Here, There bool       // where it is kept: on this machine, sealed in Git for a cluster
	First       bool       // kept in both, it must be in force in the cluster before it is here
	Waiting     bool       // for that: it is sealed
	Uses        []kube.Use // who takes it in the cluster

	turn    string   // what the turn is called
	command []string // reads the new value, in the program's container
}

// IsAuthority reports whether it is what vouches for certificates.
func (s Secret) IsAuthority() bool { return s.turn == schema.Authority }

// IsCertificate reports whether it is a certificate with its key.
func (s Secret) IsCertificate() bool { return len(s.Parts) > 1 }

// From is the command line's way to supply the value.
func (s Secret) From() string {
	var from []string
	for _, part := range s.Parts {
		from = append(from, "--from "+part+"=FILE")
	}
	return strings.Join(from, " ")
}

// is reports whether a name means this one: its own, or one of its parts'.
func (s Secret) is(name string) bool {
	return name == s.Name || name == s.turn || slices.Contains(s.Parts, name)
}

func (s Secret) same(other Secret) bool { return s.Name == other.Name }

// lacking are the parts of which no value is given.
func (s Secret) lacking(given map[string][]byte) []string {
	return slices.DeleteFunc(slices.Clone(s.Parts), func(part string) bool { return given[part] != nil })
}

// secretOf is a declared secret, or the certificate that it is a part of.
func (r *Rotation) secretOf(name string) (s Secret, err error) {
	e, declared := r.env, r.env.Secrets[name]
	s = Secret{Name: name, turn: name, Parts: []string{name}, Supplied: declared.Supplied}
	_, s.Here = r.here.Declared[name]
	_, s.There = r.there.Declared[name]
	s.First = s.Here && s.There && e.Components[owner(e, name)].Place == schema.Cluster
	switch declared.Part {
	case "ca":
		s.Name = strings.TrimSuffix(name, ".crt")
	case "crt", "key":
		s.Name = strings.TrimSuffix(name, "."+declared.Part)
		s.turn, s.Parts = s.Name, []string{s.Name + ".crt", s.Name + ".key"}
	default:
		if s.command, _, err = container.Command(e, declared.Component, declared.Rotate.Command); err != nil {
			return s, fmt.Errorf("how %s is rotated: %w", name, err)
		}
		if len(s.command) > 0 && e.Components[declared.Component].Place == schema.Local {
			s.Program = schema.FullName(declared.Component, declared.Rotate.Workload)
		}
		s.By = setBy(e, name)
	}
	switch {
	case declared.Rotate.Never != "":
		s.Refused = &Refused{declared.Rotate.Never, ""}
	case s.Here && s.There && declared.Part != "":
		s.Refused = &Refused{"a certificate is of this machine or of a cluster", "declare one for each"}
	}
	return s, nil
}

// owner is the component that must know a secret first: who is logged in to with it, or who
// declares it.
func owner(e *schema.Environment, secret string) string {
	for _, c := range e.Components {
		for key := range c.Claims {
			if key+".password" == secret {
				return c.Name
			}
		}
	}
	return e.Secrets[secret].Component
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

// Using are the services that mount any of some secrets; a certificate goes by its name
// without .crt and .key, and who uses one uses its authority.
func Using(e *schema.Environment, names ...string) ([]string, error) {
	mounts, err := compose.Mounts(e)
	return using(e, mounts, names...), err
}

func using(e *schema.Environment, mounts map[string][]string, names ...string) (services []string) {
	for name, secret := range e.Secrets {
		base := strings.TrimSuffix(name, "."+secret.Part)
		ours := (secret.Part == "crt" || secret.Part == "key") && !secret.Supplied
		if slices.Contains(names, name) || secret.Part != "ca" && slices.Contains(names, base) || ours && slices.Contains(names, schema.Authority) {
			services = append(services, mounts[name]...)
		}
	}
	slices.Sort(services)
	return slices.Compact(services)
}

// runsOnce reports whether a service is a task.
func runsOnce(e *schema.Environment, service string) bool {
	for _, c := range e.Components {
		for name, w := range c.Workloads {
			if schema.FullName(c.Name, name) == service {
				return w.Kind == "task"
			}
		}
	}
	return false
}
