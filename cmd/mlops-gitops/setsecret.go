package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/rotation"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

func setCmd(at *workdir) *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "set ENV NAME",
		Short: "give a secret the value that you have for it",
		Long: `set gives a secret a value that you have: one that is supplied, or one that would be made
otherwise. It reads it from a file or from standard input, and asks for it at a terminal,
which does not show it. It is never an argument, which others could see.

The value goes where the secret is kept: for this machine into .secrets/ENV, for a cluster
sealed into deploy/ENV/secrets, for which public keys are enough. Where it has a value
already, set is what rotate is: programs are told, and what uses it is started anew.`,
		Example: `  mlops-gitops secrets set prod feast.token
  mlops-gitops secrets set prod nginx.tls.key --from privkey.pem
  pass show feast | mlops-gitops secrets set prod feast.token`,
		ValidArgsFunction: at.offer(completeSet),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return &refusal{"secrets set needs the name of an environment and of one secret", "mlops-gitops secrets set ENV NAME; the value comes from the keyboard, from --from FILE or from standard input, never as an argument"}
			}
			repo, e, r, err := at.rotation(args[0])
			if err != nil {
				return err
			}
			what, err := repo.toSet(e, r, args[1])
			if err != nil {
				return err
			}
			value, err := readValue(cmd.Context(), args[1], from, cmd.InOrStdin(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			defer clear(value)
			if err := what.fits(value); err != nil {
				return err
			}
			return what.set(cmd.Context(), cmd.ErrOrStderr(), value)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the file that holds the value, or - for standard input")
	return cmd
}

// A setting is a secret that gets a value.
type setting struct {
	*repository
	e     *schema.Environment
	all   *rotation.Rotation
	name  string
	of    rotation.Secret
	first bool // it has no value yet, on this machine or for the cluster
}

// toSet finds a secret, and whether it can be given a value, before one is asked for.
func (r *repository) toSet(e *schema.Environment, all *rotation.Rotation, name string) (s setting, err error) {
	of, err := all.Find(name)
	if err != nil {
		return s, err
	}
	s = setting{r, e, all, name, of, false}
	switch {
	case of.IsAuthority() || of.IsCertificate() && !of.Supplied:
		return s, &refusal{of.Name + " is made here, with its authority", "to bring a certificate of your own, say that you supply it, or rotate it: mlops-gitops secrets rotate " + e.Name + " " + of.Name}
	case of.IsCertificate() && of.Here:
		return s, &refusal{"a certificate and its key belong together", "mlops-gitops secrets rotate " + e.Name + " " + of.From()}
	case of.IsCertificate() && name == of.Name:
		return s, &refusal{fmt.Sprintf("%s is two files, %s and %s", of.Name, of.Parts[0], of.Parts[1]), "set each of them: mlops-gitops secrets set " + e.Name + " " + of.Parts[0] + " --from FILE"}
	}
	declared := map[string]schema.Secret{name: e.Secrets[name]}
	s.first = true
	if of.Here {
		missing, err := r.localStore(e).Missing(declared)
		if err != nil {
			return s, err
		}
		s.first = len(missing) > 0
	}
	if of.There {
		missing, err := clusterSecrets(r, e.Name, e.Settings).Missing(declared)
		if err != nil {
			return s, err
		}
		s.first = s.first && len(missing) > 0
	}
	if !s.first && of.Refused != nil {
		hint := of.Refused.Fix
		if of.There && !of.Here {
			hint = fmt.Sprintf("to seal the very value that the program has, take the file away first: rm deploy/%s/secrets/%s.yaml", e.Name, name)
		}
		return s, &refusal{name + " has a value and can't get another: " + of.Refused.Msg, hint}
	}
	return s, nil
}

// fits refuses what would break where the value is joined into addresses and files. What is made
// needs no quotes anywhere, and nothing quotes it. A value that data on this machine were made
// with is what it is.
func (s setting) fits(value []byte) error {
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.~", r)
	}
	if s.of.Supplied || s.first && s.of.Here || bytes.IndexFunc(value, odd) < 0 {
		return nil
	}
	return &refusal{
		s.name + " is joined into addresses and files, where its value would have to be quoted",
		"choose one of letters, digits and -_.~; or have one made: mlops-gitops secrets rotate " + s.e.Name + " " + s.name,
	}
}

// set puts the first value where the secret is kept; a later one is a rotation.
func (s setting) set(ctx context.Context, stderr io.Writer, value []byte) error {
	given := map[string][]byte{s.name: value}
	if !s.first && !s.of.IsCertificate() {
		chosen, err := s.all.Choose(nil, given, true)
		if err != nil {
			return err
		}
		return s.rotate(ctx, stderr, s.e, s.all, chosen, given)
	}
	declared := map[string]schema.Secret{s.name: s.e.Secrets[s.name]}
	if s.of.There {
		sealed, err := clusterSecrets(s.repository, s.e.Name, s.e.Settings).Rotate(declared, []string{s.name}, given, rand.Reader, time.Now())
		if err != nil {
			return err
		}
		for _, text := range sealed.Warned {
			fmt.Fprintf(stderr, "%s: %s\n", s.e.Name, text)
		}
		sayWaiting(stderr, s.e.Name, []string{s.name}, s.of.Uses, nil)
	}
	if s.of.Here {
		made, err := s.localStore(s.e).Supply(declared, s.name, value, rand.Reader)
		if err != nil {
			return err
		}
		for _, text := range made.Repaired {
			fmt.Fprintf(stderr, "%s: %s\n", s.e.Name, text)
		}
		fmt.Fprintf(stderr, "%s: %s has its value in .secrets/%[1]s\n", s.e.Name, s.name)
	}
	return nil
}

func (r *repository) localStore(e *schema.Environment) secrets.Local {
	return secrets.Local{Dir: r.dir, Env: e.Name}
}

// completeSet is an environment, and then one of its secrets.
func completeSet(repo *repository, args []string, typed string) (names []string, err error) {
	if len(args) > 1 {
		return nil, nil
	}
	if len(args) == 0 {
		return repo.envs.Names(), nil
	}
	loaded, err := repo.envs.Load(args[0])
	if err != nil {
		return nil, err
	}
	r, err := repo.rotation(loaded[0].Environment)
	if err != nil {
		return nil, err
	}
	for _, s := range r.All {
		switch {
		case s.IsAuthority() || s.IsCertificate() && (s.Here || !s.Supplied):
		default:
			names = append(names, s.Parts...)
		}
	}
	slices.Sort(names)
	return names, nil
}
