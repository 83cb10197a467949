package helm

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
)

// notes is what Helm says after an installation.
func (c *chart) notes() string {
	var b strings.Builder
	fmt.Fprintf(&b, `%s is in the namespace {{ .Release.Namespace }}. Programs start when what they wait for is there:

  kubectl get pods --namespace {{ .Release.Namespace }}
`, c.Name)
	if len(c.tests) > 0 {
		b.WriteString("  helm test {{ .Release.Name }} --namespace {{ .Release.Namespace }}\n")
	}
	ways := map[string]string{}
	for _, r := range c.Routes {
		if r.Title != "" {
			ways[r.Title] = r.URL
		}
	}
	if len(ways) > 0 {
		b.WriteString("\nPeople find\n\n")
		for _, title := range slices.Sorted(maps.Keys(ways)) {
			fmt.Fprintf(&b, "  %-20s %s\n", literal.Replace(title), literal.Replace(ways[title]))
		}
	}
	for _, e := range kube.Entries(c.Environment) {
		fmt.Fprintf(&b, "\n%s:\n\n  %s\n", literal.Replace(e.What), literal.Replace(e.Command(anywhere)))
	}
	fmt.Fprintf(&b, "\nhelm uninstall leaves Secrets, disks%s where they are.\n", listed(c.kept()))
	return b.String()
}

func listed(names []string) string {
	all := ""
	for _, name := range names {
		all += ", " + name
	}
	return all
}

// kept are the objects that Helm leaves when a release goes.
func (c *chart) kept() []string {
	var found []string
	for _, o := range c.objects {
		if under(o.fields, "metadata", "annotations", policy) == "keep" {
			found = append(found, o.Short())
		}
	}
	return found
}
