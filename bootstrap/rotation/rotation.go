// Package rotation gives secrets new values: it knows which can be given one, how their
// programs are told, and what starts anew, on this machine and in a cluster.
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

// A Rotation is what can be rotated of an environment.
type Rotation struct {
	All    []Secret // in order
	env    *schema.Environment
	here   Here
	there  There
	mounts map[string][]string // services, by secret
}

// Here is what this machine keeps of an environment's secrets.
type Here struct {
	secrets.Local
	Declared map[string]schema.Secret
}

// There is what Git keeps of them for a cluster.
type There struct {
	secrets.Cluster
	Declared map[string]schema.Secret
	InGit    func(file string) (bool, error) // whether the last commit has a file of the repository as it is
}

// A Refused is why something is not rotated, in words, and what a person can do about it.
type Refused struct{ Msg, Fix string }

func (r *Refused) Error() string { return r.Msg }

// Hint implements the command line's hints.
func (r *Refused) Hint() string { return r.Fix }

// Of finds what can be rotated of an environment's secrets.
func Of(e *schema.Environment, here Here, there There) (*Rotation, error) {
	mounts, err := compose.Mounts(e)
	if err != nil {
		return nil, err
	}
	cluster, err := kube.Of(e)
	if err != nil {
		return nil, err
	}
	pending, err := here.Pending()
	if err != nil {
		return nil, err
	}
	revisions := map[string]string{}
	if len(there.Declared) > 0 {
		if revisions, err = there.Revisions(); err != nil {
			return nil, err
		}
	}
	r := &Rotation{env: e, here: here, there: there, mounts: mounts}
	all := map[string]Secret{}
	for name := range both(here.Declared, there.Declared) {
		s, err := r.secretOf(name)
		if err != nil {
			return nil, err
		}
		s.Services = using(e, mounts, s.turn)
		for _, part := range s.Parts {
			s.Uses = append(s.Uses, cluster.Uses[part]...)
		}
		s.Unfinished = slices.ContainsFunc(pending, s.is)
		if s.Unfinished && s.First {
			if s.Waiting, err = here.Waiting(name, revisions[name]); err != nil {
				return nil, err
			}
		}
		all[s.Name] = s
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		r.All = append(r.All, all[name])
	}
	return r, nil
}

func both(here, there map[string]schema.Secret) map[string]schema.Secret {
	all := maps.Clone(here)
	if all == nil {
		return there
	}
	maps.Copy(all, there)
	return all
}

// Choose takes the secrets that are named, and those that a person supplies. It names
// every one that can't be. Where any is true a person may supply also what is made.
func (r *Rotation) Choose(names []string, given map[string][]byte, any bool) (chosen []Secret, err error) {
	var problems []error
	for _, name := range slices.Sorted(slices.Values(slices.AppendSeq(slices.Clone(names), maps.Keys(given)))) {
		s, err := r.Find(name)
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
		case isGiven && !s.Supplied && !any:
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

// Made takes what can be rotated without anything from a person, and without waiting for a cluster.
func (r *Rotation) Made() (chosen []Secret, err error) {
	for _, s := range r.All {
		if s.Refused == nil && !s.Supplied && !s.Waiting {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, &Refused{"nothing of " + r.env.Name + " can be rotated", "mlops-gitops secrets rotate " + r.env.Name + " says why"}
	}
	return chosen, nil
}

// Find returns what a name means.
func (r *Rotation) Find(name string) (Secret, error) {
	if i := slices.IndexFunc(r.All, func(s Secret) bool { return s.is(name) }); i >= 0 {
		return r.All[i], nil
	}
	if x := r.env.Secrets[name].Existing; x.Name != "" {
		return Secret{}, &Refused{fmt.Sprintf("%s is the entry %s of the Secret %s, which somebody else makes", name, x.Key, x.Name), "give it a new value there"}
	}
	return Secret{}, &Refused{
		fmt.Sprintf("%s has no secret %s", r.env.Name, name),
		r.meant(name) + fmt.Sprintf("mlops-gitops secrets rotate %s lists them", r.env.Name),
	}
}

// meant asks for a secret whose name was said without its component, or wrongly after that.
func (r *Rotation) meant(name string) string {
	component, _, full := strings.Cut(name, ".")
	var near []string
	for _, s := range r.All {
		if !full && strings.Contains(s.Name, name) || full && strings.HasPrefix(s.Name, component+".") {
			near = append(near, s.Name)
		}
	}
	if len(near) == 0 || len(near) > 3 {
		return ""
	}
	return "did you mean " + strings.Join(near, " or ") + "? "
}
