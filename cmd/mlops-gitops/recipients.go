package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
)

func recipientsCmd(at *workdir) *cobra.Command {
	return &cobra.Command{
		Use:   "recipients ENV...",
		Short: "make those whom the settings name the ones who can read a cluster's secrets",
		Long: `recipients makes the owners of the keys in secrets.recipients, and nobody else, the ones
who can read the sealed secrets of an environment. It takes an age private key of one who
can read them now, where sops looks for it: in SOPS_AGE_KEY, in the file that
SOPS_AGE_KEY_FILE names, or in sops/age/keys.txt in the user's configuration folder.

For one more reader the values stay as they are. For one less they are encrypted anew;
who could read them still knows them, and can read them in Git's history, until they
get new values.`,
		Example:           "  mlops-gitops secrets recipients prod",
		Args:              named,
		ValidArgsFunction: at.offer(environments),
		RunE: func(cmd *cobra.Command, args []string) error {
			repo, err := at.open()
			if err != nil {
				return err
			}
			sound, err := repo.envs.Vet(args...)
			if err != nil {
				return err
			}
			own, err := secrets.FindIdentities(os.LookupEnv)
			if err != nil {
				return err
			}
			for _, s := range sound {
				about, err := repo.rendering(s)
				if err != nil {
					return err
				}
				if len(about.InCluster) == 0 {
					return &refusal{"no secret of " + s.Name + " is for a cluster, and only those are sealed", "mlops-gitops secrets --help"}
				}
				done, err := clusterSecrets(repo, s.Name, about.Settings).Reseal(own, rand.Reader, time.Now())
				if err != nil {
					return err
				}
				sayResealed(cmd.ErrOrStderr(), s.Name, done)
			}
			return nil
		},
	}
}

// sayResealed tells who can read what from now on.
func sayResealed(w io.Writer, env string, r secrets.Resealed) {
	if len(r.Wrapped)+len(r.Anew) == 0 {
		fmt.Fprintf(w, "%s: %s in deploy/%[1]s/secrets, sealed for those whom the settings name\n", env, count(len(r.Unchanged), "secret"))
		return
	}
	fmt.Fprintf(w, "%s: sealed for those whom the settings name: %s\n", env, listed(append(r.Wrapped, r.Anew...)))
	if len(r.Added) > 0 {
		fmt.Fprintf(w, "%s: new readers: %s\n", env, listed(r.Added))
	}
	if len(r.Removed) > 0 {
		fmt.Fprintf(w, "%s: readers no longer, who still know the values: %s\n  hint: give the secrets new values: mlops-gitops secrets rotate %[1]s --all\n", env, listed(r.Removed))
		fmt.Fprintf(w, "%s: what uses them in the cluster starts anew, as if the values were new: %s\n", env, listed(r.Anew))
	}
	fmt.Fprintf(w, "  hint: mlops-gitops commit %s --push\n", env)
}
