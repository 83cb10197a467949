package secrets

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// given are the Problems with a value of text that a person supplies: with that of a password,
// before a program refuses it or reads half of it.
func given(env, name string, secret schema.Secret, value []byte) (problems []error) {
	problem := func(msg, fix string) { problems = append(problems, &Problem{msg, fix}) }
	if len(value) == 0 {
		problem("the new value of "+name+" is empty", "supply one")
		return problems
	}
	made := ""
	if !secret.Supplied {
		made = "; or have one made: mlops-gitops secrets rotate " + env + " " + name
	}
	if n := utf8.RuneCount(value); n < secret.Least {
		problem(fmt.Sprintf("the new value of %s has %s, and its program takes none of fewer than %d", name, characters(n), secret.Least), "choose a longer one"+made)
	}
	if password := secret.Part == "" && (secret.Login != "" || !secret.Supplied); password && bytes.ContainsAny(value, "\r\n") {
		problem("the new value of "+name+" has more than one line, and is a password", "supply it in one line"+made)
	}
	return problems
}

func characters(n int) string {
	if n == 1 {
		return "1 character"
	}
	return fmt.Sprintf("%d characters", n)
}

// certified are the Problems with certificates and keys that are given to be sealed.
func (f *folder) certified(kept sealed, names []string, values map[string][]byte, r *Result) (problems []error, err error) {
	for _, name := range names {
		secret, value := kept.declared[name], values[name]
		if secret.Part != "crt" && secret.Part != "key" || len(value) == 0 {
			continue
		}
		c := certificate{strings.TrimSuffix(name, "."+secret.Part), secret.Names, true}
		crt, key := values[c.crt()], values[c.key()]
		if secret.Part == "key" {
			if crt != nil { // looked at with it
				continue
			}
		}
		for _, p := range c.faults("the new "+c.crt(), "the new "+c.key(), crt, key, kept.now, r) {
			problems = append(problems, kept.again(c, name, crt != nil && key != nil, p))
		}
		if crt != nil && key != nil {
			continue
		}
		fits, err := f.belongs(kept, name, secret.Part, value)
		if err != nil {
			return nil, err
		}
		if !fits {
			problems = append(problems, &Problem{
				fmt.Sprintf("the new %s and the %s that is sealed do not belong together", name, other(name, secret.Part)),
				kept.both(c),
			})
		}
	}
	return problems, nil
}

// belongs reports whether a certificate's part goes with the other one that is sealed, as far as
// its file says.
func (f *folder) belongs(kept sealed, name, part string, value []byte) (bool, error) {
	data, err := f.readIfAny(kept.file(other(name, part)))
	if err != nil || data == nil {
		return true, err
	}
	o, err := parse(data)
	if err != nil {
		return true, nil // which is said where it is needed
	}
	digest, noted := publicKey(part, value), o.Metadata.Annotations[keyNote]
	return digest == "" || noted == "" || digest == noted, nil
}

// again is a problem with a certificate or key that was given, with how to give another.
func (s sealed) again(c certificate, name string, together bool, problem error) error {
	p, ok := errors.AsType[*Problem](problem)
	if !ok {
		return problem
	}
	if together {
		return &Problem{p.Msg, s.both(c)}
	}
	how, _ := errors.AsType[*Problem](s.ask(name, s.declared[name]))
	return &Problem{p.Msg, how.Fix}
}

// both is how a certificate and its key are given at once.
func (s sealed) both(c certificate) string {
	return fmt.Sprintf("give the two files that belong together, for %s:\nmlops-gitops secrets rotate %s --from %s=fullchain.pem --from %s=privkey.pem",
		strings.Join(slices.Sorted(slices.Values(c.names)), ", "), s.Env, c.crt(), c.key())
}
