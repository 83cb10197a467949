package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/repo"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
)

func auditCmd(at *workdir) *cobra.Command {
	var output *string
	cmd := &cobra.Command{
		Use:   "audit [ENV...]",
		Short: "prove that no value of a secret is where others can read it",
		Long: `audit looks for the values of secrets, of all environments unless some are named, where
others can read them: in the files that Git has or would take, in rendered files, in
what is staged, and in the whole history of every branch, tag, remote branch and stash,
messages included. It finds a value as it is, in base64, in hexadecimal, and escaped or
quoted for URLs, JSON, YAML, SQL and shells. It never prints one.

It knows the values in .secrets, and opens those in deploy/ENV/secrets in memory with an
age private key where sops looks for one: in SOPS_AGE_KEY, in the file that
SOPS_AGE_KEY_FILE names, or in sops/age/keys.txt in the user's configuration folder.
What it could not look for it says. Values from before a rotation are not known any more.

In what belongs to a config repository (CUE files, environments, deploy, clusters, files at
the top, messages) it also finds keys that were pasted: private keys, tokens and cloud keys
of the kinds that docs/security.md lists. It says when .secrets is open to other users or
to Git, and when an encrypted file holds a plain value.

Exit codes: 0 nothing is there; 1 something is; 2 could not look.`,
		Example: `  mlops-gitops secrets audit
  SOPS_AGE_KEY_FILE=age.agekey mlops-gitops secrets audit prod -o json`,
		ValidArgsFunction: at.offer(environments),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := at.open()
			if err != nil {
				return err
			}
			git, err := repo.Open(r.dir, os.LookupEnv)
			if err != nil {
				return err
			}
			own, err := secrets.FindIdentities(os.LookupEnv)
			if err != nil {
				return err
			}
			a, err := r.auditing(git, own, args)
			if err != nil {
				return err
			}
			defer a.finder.Wipe()
			if err := a.look(cmd.Context()); err != nil {
				return err
			}
			if *output == "json" {
				if err := a.showJSON(cmd.OutOrStdout()); err != nil {
					return err
				}
			} else {
				for _, l := range a.leaks {
					report(cmd.ErrOrStderr(), l)
				}
			}
			a.say(cmd.ErrOrStderr())
			if len(a.leaks) > 0 {
				return &found{nil}
			}
			return nil
		},
	}
	output = outputFlag(cmd)
	return cmd
}

// showJSON prints what was found as machines read it.
func (a *auditing) showJSON(w io.Writer) error {
	type shown struct {
		shownPosition
		Commit  string `json:"commit,omitempty"`
		Tag     string `json:"tag,omitempty"`
		Staged  bool   `json:"staged,omitempty"`
		Message string `json:"message"`
		Hint    string `json:"hint,omitempty"`
		More    int    `json:"laterVersions,omitempty"`
	}
	all := []shown{}
	for _, l := range a.leaks {
		all = append(all, shown{shownPosition{l.file, l.line, l.column}, l.commit, l.tag, l.staged, l.msg, l.hint, l.more})
	}
	return showJSON(w, all)
}

// say tells what could not be looked for, and what was.
func (a *auditing) say(w io.Writer) {
	for _, n := range a.notes {
		fmt.Fprintln(w, visible(n.msg))
		if n.hint != "" {
			fmt.Fprintln(w, "  hint:", visible(n.hint))
		}
	}
	result := "none is there"
	switch {
	case len(a.leaks) > 0:
		result = "see above: " + count(len(a.leaks), "finding")
	case a.partly:
		result = "none of these is there"
	}
	names := "no environment"
	if len(a.envs) > 0 {
		names = strings.Join(a.envs, ", ")
	}
	fmt.Fprintf(w, "%s: %s looked for in %s and %s of Git: %s\n", inLine(names), many(a.values, "value"), many(a.files, "file"), many(a.objects, "object"), result)
}

// many is a count of what there may be thousands of.
func many(n int, thing string) string {
	number, rest, _ := strings.Cut(count(n, thing), " ")
	for i := len(strconv.Itoa(n)) - 3; i > 0; i -= 3 {
		number = number[:i] + "," + number[i:]
	}
	return number + " " + rest
}
