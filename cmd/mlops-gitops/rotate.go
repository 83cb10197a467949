package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
)

func rotateCmd(at *workdir) *cobra.Command {
	var all bool
	var from []string
	cmd := &cobra.Command{
		Use:   "rotate ENV [NAME...]",
		Short: "give secrets of this machine new values, and their programs too",
		Long: `rotate gives secrets of this machine new values. The program that keeps a value of its
own, such as the password of a database role, is told the new one first; then the file
in .secrets/ENV is replaced, and what uses the secret is started anew by Compose. Where
a program does not take the new value, the old one stays in force. A rotation that was
interrupted goes on when it is run again.

Without NAME it shows what can be rotated, and what each takes. A certificate goes by
its name without .crt and .key; ca is the authority that vouches for certificates.
A value that a person supplies comes from a file, or from standard input for "-".`,
		Example: `  mlops-gitops secrets rotate dev
  mlops-gitops secrets rotate dev postgres.admin mlflow.postgres.password
  mlops-gitops secrets rotate dev --all
  mlops-gitops secrets rotate dev --from nginx.tls.crt=fullchain.pem --from nginx.tls.key=privkey.pem`,
		ValidArgsFunction: at.offer(completeRotate),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return named(cmd, nil)
			}
			if all && (len(args) > 1 || len(from) > 0) {
				return &refusal{"--all and names of secrets exclude each other", "say one of them"}
			}
			repo, err := at.open()
			if err != nil {
				return err
			}
			loaded, err := repo.envs.Load(args[0])
			if err != nil {
				return err
			}
			if err := repo.ownSecrets(); err != nil {
				return err
			}
			r, err := repo.rotation(loaded[0].Environment)
			if err != nil {
				return err
			}
			given, err := readGiven(from, cmd.InOrStdin())
			if err != nil {
				return err
			}
			if len(args) == 1 && !all && len(given) == 0 {
				return r.show(cmd.OutOrStdout())
			}
			if all {
				err = r.chooseAll(cmd.ErrOrStderr())
			} else {
				err = r.choose(args[1:], given)
			}
			if err != nil {
				return err
			}
			return r.run(cmd.Context(), cmd.ErrOrStderr(), given, time.Now())
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every secret that can be rotated")
	cmd.Flags().StringArrayVar(&from, "from", nil, "NAME=FILE: the new value of a secret that a person supplies")
	return cmd
}

// readGiven reads the values that --from names. The newline at the end of a one-line
// value is no part of it.
func readGiven(from []string, stdin io.Reader) (map[string][]byte, error) {
	given := map[string][]byte{}
	for _, text := range from {
		name, file, ok := strings.Cut(text, "=")
		if !ok || name == "" || file == "" {
			return nil, &refusal{fmt.Sprintf("--from %q is not NAME=FILE", text), "--from NAME=FILE, or --from NAME=- for standard input"}
		}
		if _, twice := given[name]; twice {
			return nil, &refusal{"--from says twice where " + name + " comes from", "say it once"}
		}
		var value []byte
		var err error
		if file == "-" {
			value, err = io.ReadAll(stdin)
		} else {
			value, err = os.ReadFile(file)
		}
		if err != nil {
			return nil, err
		}
		if bytes.IndexByte(value, '\n') == len(value)-1 {
			value = bytes.TrimRight(value, "\r\n")
		}
		given[name] = value
	}
	return given, nil
}

// completeRotate is an environment, and then what can be rotated there.
func completeRotate(repo *repository, args []string, _ string) (names []string, err error) {
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
	for _, x := range r.all {
		if x.refused == nil && !slices.Contains(args[1:], x.name) {
			names = append(names, x.name)
		}
	}
	return names, nil
}

// choose takes the secrets that are named, and those that a person supplies. It names
// every one that can't be.
func (r *rotation) choose(names []string, given map[string][]byte) error {
	var problems []error
	for name := range given {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		x, err := r.find(name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if x.refused != nil {
			problems = append(problems, &refusal{x.name + " can't be rotated: " + x.refused.msg, x.refused.hint})
			continue
		}
		if slices.ContainsFunc(r.chosen, func(other rotatable) bool { return other.name == x.name }) {
			continue
		}
		_, isGiven := given[name]
		lacking := slices.DeleteFunc(slices.Clone(x.parts), func(part string) bool { return given[part] != nil })
		switch {
		case isGiven && !x.supplied:
			problems = append(problems, &refusal{x.name + " is not supplied but made", "leave out --from"})
		case x.supplied && len(lacking) > 0 && (isGiven || !slices.ContainsFunc(r.pending, x.is)):
			problems = append(problems, &refusal{
				"a person supplies " + x.name + ", and no new value is given for " + strings.Join(lacking, " and "),
				fmt.Sprintf("mlops-gitops secrets rotate %s %s", r.env.Name, x.from()),
			})
		default:
			r.chosen = append(r.chosen, x)
		}
	}
	return errors.Join(problems...)
}

// chooseAll takes what can be rotated without anything from a person.
func (r *rotation) chooseAll(stderr io.Writer) error {
	for _, x := range r.all {
		switch {
		case x.refused != nil:
			fmt.Fprintf(stderr, "%s: leaves out %s: %s\n", r.env.Name, x.name, x.refused.msg)
		case x.supplied:
			fmt.Fprintf(stderr, "%s: leaves out %s: a person supplies it\n", r.env.Name, x.name)
		default:
			r.chosen = append(r.chosen, x)
		}
	}
	if len(r.chosen) == 0 {
		return &refusal{"nothing of " + r.env.Name + " can be rotated here", "mlops-gitops secrets rotate " + r.env.Name + " says why"}
	}
	return nil
}

// addPending takes what an earlier run did not end, where that can be now.
func (r *rotation) addPending(stderr io.Writer, can func(rotatable) bool) {
	for _, name := range r.pending {
		x, err := r.find(name)
		if err != nil || x.refused != nil || slices.ContainsFunc(r.chosen, func(c rotatable) bool { return c.name == x.name }) || !can(x) {
			continue
		}
		fmt.Fprintf(stderr, "%s: goes on with %s, whose rotation did not end\n", r.env.Name, x.name)
		r.chosen = append(r.chosen, x)
	}
}

// run rotates what was chosen.
func (r *rotation) run(ctx context.Context, stderr io.Writer, given map[string][]byte, now time.Time) error {
	if missing, err := r.local.Missing(r.declared); err != nil {
		return err
	} else if len(missing) > 0 {
		return &refusal{fmt.Sprintf("%s has no value yet for %s", r.env.Name, strings.Join(missing, ", ")), "mlops-gitops render " + r.env.Name}
	}
	project, err := r.project(r.env)
	if err != nil {
		return err
	}
	states, reachable, err := project.Containers(ctx)
	if err != nil {
		return err
	}
	can := func(x rotatable) bool { return x.program == "" || states[x.program] == "running" }
	var problems []error
	for _, x := range r.chosen {
		if !can(x) {
			problems = append(problems, r.mustRun(x, reachable))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	r.addPending(stderr, can)
	var turns []secrets.Turn
	for _, x := range r.chosen {
		turn := secrets.Turn{Name: x.turn}
		for _, part := range x.parts {
			if value, ok := given[part]; ok {
				if turn.Given == nil {
					turn.Given = map[string][]byte{}
				}
				turn.Given[part] = value
			}
		}
		if x.program != "" {
			turn.Tell = func(ctx context.Context, value []byte) error {
				return project.Tell(ctx, x.program, x.command, value)
			}
		}
		turns = append(turns, turn)
	}
	restart := func(ctx context.Context, done []string) error {
		r.sayDone(stderr, done)
		return r.restart(ctx, stderr, project, done, states, reachable)
	}
	result, err := r.local.Rotate(ctx, r.declared, turns, restart, rand.Reader, now)
	for _, text := range result.Warned {
		fmt.Fprintf(stderr, "%s: %s\n", r.env.Name, text)
	}
	return errors.Join(err, r.sayAuthority(stderr, r.env, result.Authority))
}
