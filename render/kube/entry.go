package kube

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// An Entry is what people read in a cluster to get in: an entry of a Secret.
type Entry struct {
	What        string // in words
	Object, Key string // the Secret's name, and the entry
}

// Entries are the first logins at components in the cluster, and the certificate of the
// platform's own authority, which clients are to trust.
func Entries(e *schema.Environment) (all []Entry) {
	for _, c := range e.Components {
		if c.Place != schema.Cluster || c.Login == nil {
			continue
		}
		title := c.Name
		for _, r := range e.Routes {
			if r.Component == c.Name && r.Title != "" {
				title = r.Title
			}
		}
		object, key := e.InCluster(c.Name + "." + c.Login.Secret)
		all = append(all, Entry{fmt.Sprintf("The password of %s, %s's first user", c.Login.User, title), object, key})
	}
	slices.SortFunc(all, func(a, b Entry) int {
		return cmp.Or(strings.Compare(a.What, b.What), strings.Compare(a.Object, b.Object))
	})
	if front := e.Components[e.Front]; front.Place == schema.Cluster && front.Front.Authority != "" {
		object, key := e.InCluster(front.Name + "." + front.Front.Authority)
		all = append(all, Entry{"The certificate of the authority that clients are to trust", object, key})
	}
	return all
}

// Command prints it.
func (e Entry) Command(namespace string) string {
	return fmt.Sprintf(`kubectl get secret %s --namespace %s -o go-template='{{index .data "%s" | base64decode}}{{"\n"}}'`, e.Object, namespace, e.Key)
}
