package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// run is the one door to the program: it runs a command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	defer func() {
		if broken := recover(); broken != nil {
			report(stderr, &refusal{fmt.Sprintf("this program failed: %v", broken), "it is a mistake of the program, not yours: please report it with the files that show it"})
			code = 2
		}
	}()
	cmd := rootCmd()
	cmd.SetArgs(args)
	cmd.SetIn(stdin)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	report(stderr, err)
	return exitCode(err)
}

func rootCmd() *cobra.Command {
	at := new(workdir)
	root := &cobra.Command{
		Use:   "mlops-gitops",
		Short: "environments of an ML platform as typed code, for Compose, Flux and Helm",
		Long: `mlops-gitops keeps the environments of an ML platform as typed code. It says what is
wrong with them in words, renders them for Docker Compose, for Kustomize with Flux and
for Helm, and commits what it rendered to Git.

Exit codes: 0 fine; 1 looked and found something (vet, check, render --check, secrets
audit, and upgrade, which vets); 2 could not do it (wrong usage, render of an environment with
mistakes).`,
		Example: `  mlops-gitops init            # a config repository in this folder
  mlops-gitops render dev      # deploy/dev/compose.yaml and what it mounts
  docker compose up --wait     # the platform on this machine`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := "mlops-gitops --help lists the verbs"
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = fmt.Sprintf("did you mean %q?", near[0])
			}
			return &refusal{fmt.Sprintf("there is no verb %q", args[0]), hint}
		},
		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVarP(&at.dir, "directory", "C", ".", "run as if started in this folder")
	root.SetVersionTemplate("mlops-gitops {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &refusal{err.Error(), fmt.Sprintf("%s --help shows the flags", cmd.CommandPath())}
	})
	root.AddCommand(
		initCmd(at),
		upgradeCmd(at),
		vetCmd(at),
		explainCmd(at),
		renderCmd(at),
		checkCmd(at),
		graphCmd(at),
		secretsCmd(at),
		commitCmd(at),

		versionCmd(),
	)
	return root
}
