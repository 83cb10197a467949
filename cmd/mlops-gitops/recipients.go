package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
	"github.com/mlops-gitops/mlops-gitops/schema"
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
get new values: rotate them afterwards, since what is rotated before is sealed for whom the
settings name, and what can't be rotated is left.`,
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
				done, err := clusterSecrets(repo, s.Name, about.Settings).Reseal(about.InCluster, own, rand.Reader, time.Now())
				if err != nil {
					return err
				}
				sayResealed(cmd.ErrOrStderr(), s.Name, about.InCluster, done)
			}
			return nil
		},
	}
}

// sayResealed tells who can read what from now on.
func sayResealed(w io.Writer, env string, declared map[string]schema.Secret, r secrets.Resealed) {
	if len(r.Wrapped)+len(r.Anew) == 0 {
		fmt.Fprintf(w, "%s: %s in deploy/%[1]s/secrets, sealed for those whom the settings name\n", env, count(len(r.Unchanged), "secret"))
		return
	}
	fmt.Fprintf(w, "%s: sealed for those whom the settings name: %s\n", env, listed(slices.Concat(r.Wrapped, r.Anew)))
	if len(r.Added) > 0 {
		fmt.Fprintf(w, "%s: new readers: %s\n", env, listed(r.Added))
	}
	if len(r.Removed) > 0 {
		fmt.Fprintf(w, "%s: readers no longer, who still know the values: %s\n", env, listed(r.Removed))
		sayKnown(w, env, declared, r.Anew)
		fmt.Fprintf(w, "%s: what uses them in the cluster starts anew, as if the values were new: %s\n", env, listed(r.Anew))
	}
	if len(r.Added) > 0 {
		sayFluxKey(w)
	}
	fmt.Fprintf(w, "  hint: mlops-gitops commit %s --push\n", env)
}

// sayKnown says how secrets that somebody still knows get other values, and which can't.
func sayKnown(w io.Writer, env string, declared map[string]schema.Secret, names []string) {
	var made []string
	for _, name := range names {
		if secret, used := declared[name]; used && secret.Rotate.Never == "" && !secret.Supplied {
			made = append(made, name)
		}
	}
	if len(made) > 0 {
		fmt.Fprintf(w, "  hint: give them new values: mlops-gitops secrets rotate %s %s\n", env, strings.Join(made, " "))
	}
	for _, name := range names {
		switch secret := declared[name]; {
		case secret.Rotate.Never != "":
			fmt.Fprintf(w, "%s: %s stays known to them, since it can't be rotated: %s\n", env, name, inLine(secret.Rotate.Never))
		case secret.Supplied:
			fmt.Fprintf(w, "  hint: have another one made where it comes from: mlops-gitops secrets set %s %s\n", env, name)
		}
	}
}

// sayFluxKey says that Flux may need another key for what was sealed for others than before.
func sayFluxKey(w io.Writer) {
	fmt.Fprintf(w, "  hint: Flux needs a private key of a reader before this is pushed; where it has none yet, the old one beside the new one:\n        %s\n", secrets.GiveFlux)
}
