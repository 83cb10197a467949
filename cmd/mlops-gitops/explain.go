package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func explainCmd(at *workdir) *cobra.Command {
	var output *string
	cmd := &cobra.Command{
		Use:   "explain ENV [PATH]",
		Short: "say which settings hold in an environment, who says so, and what they mean",
		Long: `explain shows every setting that holds in an environment: its value, the layer that
says it, and where. An environment's own settings hold over the team's defaults,
those over the defaults of its mode.

With the PATH of a setting, such as mlflow.workers, it shows what the schema says of
it, what it must be, what each layer says, and what else could be set there. With
mistakes in the environment it still shows documentation and what was written.

Exit codes: 0 fine; 2 there is no such setting, or the environment has mistakes.`,
		Example: `  mlops-gitops explain prod
  mlops-gitops explain prod mlflow
  mlops-gitops explain prod postgres.resources.limits.memory
  mlops-gitops explain dev components.feast.workloads.server -o json`,
		ValidArgsFunction: at.offer(func(r *repository, args []string, typed string) ([]string, error) {
			switch len(args) {
			case 0:
				return r.envs.Names(), nil
			case 1:
				return r.envs.Complete(args[0], typed)
			}
			return nil, nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			repo, err := at.open()
			if err != nil {
				return err
			}
			switch {
			case len(args) == 0:
				return &refusal{"explain what? name an environment", "mlops-gitops explain ENV [PATH]; there are " + strings.Join(repo.envs.Names(), ", ")}
			case len(args) > 2:
				return &refusal{"explain takes an environment and one path", fmt.Sprintf("mlops-gitops explain %s %s", args[0], strings.Join(args[1:], "."))}
			}
			env, err := repo.envs.Explain(args[0])
			if err != nil {
				return err
			}
			if len(args) == 1 {
				if env.Mistakes != nil {
					return env.Mistakes
				}
				if *output == "json" {
					return showJSON(cmd.OutOrStdout(), shownSettings(env.Settings()))
				}
				return explainAll(cmd.OutOrStdout(), env)
			}
			x, err := env.At(args[1])
			if err != nil {
				return err
			}
			if *output == "json" {
				err = showJSON(cmd.OutOrStdout(), shown(x))
			} else {
				err = explainOne(cmd.OutOrStdout(), x, env.Mistakes != nil)
			}
			if err != nil {
				return err
			}
			return env.Mistakes
		},
	}
	output = outputFlag(cmd)
	return cmd
}
