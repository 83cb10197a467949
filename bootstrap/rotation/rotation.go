// Package rotation gives secrets of this machine new values: it knows which can be given
// one, how their programs are told, and what starts anew.
package rotation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A Rotation is what can be rotated of an environment on this machine.
type Rotation struct {
	All      []Secret // in order
	env      *schema.Environment
	local    secrets.Local
	declared map[string]schema.Secret
	mounts   map[string][]string // services, by secret
}

// A Refused is why something is not rotated, in words, and what a person can do about it.
type Refused struct{ Msg, Fix string }

func (r *Refused) Error() string { return r.Msg }

// Hint implements the command line's hints.
func (r *Refused) Hint() string { return r.Fix }

// Of finds what can be rotated of an environment's declared secrets, which are those that
// this machine keeps.
func Of(e *schema.Environment, local secrets.Local, declared map[string]schema.Secret) (*Rotation, error) {
	if len(declared) == 0 {
		return nil, &Refused{
			fmt.Sprintf("nothing of %s runs on this machine, and secrets of a cluster can't be rotated yet", e.Name),
			fmt.Sprintf("by hand: remove the secret's file in deploy/%[1]s/secrets, mlops-gitops secrets generate %[1]s, commit it, and give the program the new value", e.Name),
		}
	}
	mounts, err := compose.Mounts(e)
	if err != nil {
		return nil, err
	}
	cluster, err := kube.Of(e)
	if err != nil {
		return nil, err
	}
	pending, err := local.Pending()
	if err != nil {
		return nil, err
	}
	all := map[string]Secret{}
	for name, declared := range declared {
		s, err := secretOf(e, name, declared, cluster.Secrets)
		if err != nil {
			return nil, err
		}
		s.Services = using(e, mounts, s.turn)
		s.Unfinished = slices.ContainsFunc(pending, s.is)
		all[s.Name] = s
	}
	r := &Rotation{env: e, local: local, declared: declared, mounts: mounts}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		r.All = append(r.All, all[name])
	}
	return r, nil
}

// Choose takes the secrets that are named, and those that a person supplies. It names
// every one that can't be.
func (r *Rotation) Choose(names []string, given map[string][]byte) (chosen []Secret, err error) {
	var problems []error
	for _, name := range slices.Sorted(slices.Values(slices.AppendSeq(slices.Clone(names), maps.Keys(given)))) {
		s, err := r.find(name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if s.Refused != nil {
			problems = append(problems, &Refused{s.Name + " can't be rotated: " + s.Refused.Msg, s.Refused.Fix})
			continue
		}
		if slices.ContainsFunc(chosen, s.same) {
			continue
		}
		_, isGiven := given[name]
		lacking := s.lacking(given)
		switch {
		case isGiven && !s.Supplied:
			problems = append(problems, &Refused{s.Name + " is not supplied but made", "leave out --from"})
		case s.Supplied && len(lacking) > 0 && (isGiven || !s.Unfinished):
			problems = append(problems, &Refused{
				"a person supplies " + s.Name + ", and no new value is given for " + strings.Join(lacking, " and "),
				fmt.Sprintf("mlops-gitops secrets rotate %s %s", r.env.Name, s.From()),
			})
		default:
			chosen = append(chosen, s)
		}
	}
	return chosen, errors.Join(problems...)
}

// Made takes what can be rotated without anything from a person.
func (r *Rotation) Made() (chosen []Secret, err error) {
	for _, s := range r.All {
		if s.Refused == nil && !s.Supplied {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, &Refused{"nothing of " + r.env.Name + " can be rotated here", "mlops-gitops secrets rotate " + r.env.Name + " says why"}
	}
	return chosen, nil
}

// find returns what a name means.
func (r *Rotation) find(name string) (Secret, error) {
	if i := slices.IndexFunc(r.All, func(s Secret) bool { return s.is(name) }); i >= 0 {
		return r.All[i], nil
	}
	return Secret{}, &Refused{
		fmt.Sprintf("%s has no secret %s on this machine", r.env.Name, name),
		fmt.Sprintf("mlops-gitops secrets rotate %s lists them", r.env.Name),
	}
}
