package helm

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
)

// readme is the chart's README.md: what must be there before, and the commands. What is pasted
// whole does one thing.
func (c *chart) readme() (string, error) {
	env, here := c.Name, c.Settings.Namespace
	var b strings.Builder
	fmt.Fprintf(&b, `# The platform %[1]s as a Helm chart

Rendered from environments/%[1]s: change that, not the chart. It is for Helm 4. Run the commands in bash or zsh, in the
folder that holds deploy/%[1]s.

`, env)
	commands, rest, err := c.installs()
	if len(commands)+len(rest) > 0 {
		b.WriteString("## Operators\n\n")
	}
	if len(commands) > 0 {
		fmt.Fprintf(&b, "Those that the cluster lacks, in this order, as later ones need earlier ones:\n\n%s", block(commands...))
	}
	if len(rest) > 0 {
		fmt.Fprintf(&b, "Of deploy/%s/operators, also %s.\n\n", env, strings.Join(rest, ", "))
	}
	fmt.Fprintf(&b, "## Namespace and Secrets\n\nThe namespace, under restricted Pod Security:\n\n%s", block(
		fmt.Sprintf("kubectl create namespace %s --dry-run=client -o yaml | kubectl apply -f -", here),
		fmt.Sprintf("kubectl label --overwrite namespace %s%s", here, c.podSecurity())))
	for _, name := range c.Settings.Kubernetes.ImagePullSecrets {
		fmt.Fprintf(&b, "The login with which images are pulled, as `docker login` wrote it:\n\n%s", block(fmt.Sprintf(
			`kubectl create secret generic %s --namespace %s --type=kubernetes.io/dockerconfigjson --from-file=.dockerconfigjson="$HOME/.docker/config.json"`, name, here)))
	}
	if len(c.Secrets) > 0 {
		fmt.Fprintf(&b, "The Secrets, with the age key that reads them:\n\n%s", block(
			`export SOPS_AGE_KEY_FILE="$PWD/age.agekey"`,
			"(",
			"  set -e -o pipefail",
			fmt.Sprintf("  for s in %s; do", strings.Join(c.Secrets, " ")),
			fmt.Sprintf("    sops decrypt deploy/%s/secrets/$s.yaml | kubectl apply -f -", env),
			"  done",
			")"))
	}
	release := fmt.Sprintf("mlops deploy/%s/%s --namespace %s --wait --wait-for-jobs --timeout 15m", env, Name, here)
	fmt.Fprintf(&b, "## Installation\n\n%s", block("helm install "+release))
	if len(c.tests) > 0 {
		fmt.Fprintf(&b, "Whether each service answers:\n\n%s", block("helm test mlops --namespace "+here))
	}
	b.WriteString(c.entry(here))
	fmt.Fprintf(&b, "## A change\n\nOf environments/%s: render it, then\n\n%s", env, block("helm upgrade "+release))
	if len(c.Secrets) > 0 {
		fmt.Fprintf(&b, `## A new value of a secret

`+"`helm upgrade`"+` brings no Secrets: apply them first. The chart holds what tells one value from the next, so that pods start anew:

%s`, block(
			fmt.Sprintf("mlops-gitops secrets rotate %s NAME", env),
			"mlops-gitops render "+env))
		b.WriteString("Then the Secrets as above, and `helm upgrade`.\n\n")
	}
	fmt.Fprintf(&b, "## Back to the release before\n\n%s", block("helm rollback mlops --namespace "+here+" --wait --wait-for-jobs --timeout 15m"))
	fmt.Fprintf(&b, "## Removal\n\nIt leaves Secrets, disks%s.\n\n%s", listed(c.kept()), block("helm uninstall mlops --namespace "+here))
	return strings.TrimRight(b.String(), "\n") + "\n", err
}

// block are commands as a page shows them.
func block(commands ...string) string { return "```sh\n" + strings.Join(commands, "\n") + "\n```\n\n" }

// entry says how people get in.
func (c *chart) entry(namespace string) string {
	var b strings.Builder
	for _, e := range kube.Entries(c.Environment) {
		fmt.Fprintf(&b, "%s:\n\n%s", e.What, block(e.Command(namespace)))
	}
	return b.String()
}

// podSecurity are the labels by which the namespace says which pods it takes.
func (c *chart) podSecurity() string {
	said := ""
	for _, o := range c.InStage(kube.StageSecrets) {
		for _, name := range slices.Sorted(maps.Keys(o.GetLabels())) {
			if o.Kind() == "Namespace" && o.GetName() == c.Settings.Namespace && strings.HasPrefix(name, "pod-security.kubernetes.io/") {
				said += " " + name + "=" + o.GetLabels()[name]
			}
		}
	}
	return said
}

// installs are commands that install what Flux would, and what else the stage of operators
// holds.
func (c *chart) installs() (commands, rest []string, err error) {
	urls := map[string]string{}
	var releases []map[string]any
	for _, o := range c.InStage(kube.StageOperators) {
		switch o.Kind() {
		case "Namespace":
		case "HelmRepository":
			urls[o.GetNamespace()+"/"+o.GetName()] = text(o.Fields, "spec", "url")
		case "HelmRelease":
			releases = append(releases, o.Fields)
		default:
			rest = append(rest, o.Short())
		}
	}
	for _, r := range inOrder(releases) {
		name, namespace := text(r, "metadata", "name"), text(r, "metadata", "namespace")
		chart, url := text(r, "spec", "chart", "spec", "chart"), urls[namespace+"/"+text(r, "spec", "chart", "spec", "sourceRef", "name")]
		from := []string{chart, "--repo", url}
		if strings.HasPrefix(url, "oci://") {
			from = []string{strings.TrimSuffix(url, "/") + "/" + chart}
		}
		command := slices.Concat([]string{"helm", "upgrade", "--install", name}, from,
			[]string{"--version", text(r, "spec", "chart", "spec", "version"), "--namespace", namespace, "--create-namespace", "--wait"})
		if values, _ := under(r, "spec", "values").(map[string]any); len(values) > 0 {
			data, err := json.Marshal(values)
			if err != nil {
				return nil, nil, fmt.Errorf("values of %s: %w", name, err)
			}
			command = append(command, "--set-json", string(data))
		}
		commands = append(commands, shell(command))
	}
	return commands, rest, nil
}

// inOrder are releases of Helm, each behind those that it depends on (Flux, HelmRelease v2,
// dependsOn). Of those in a circle, or on what is not here, none waits.
func inOrder(releases []map[string]any) (sorted []map[string]any) {
	called := func(r any) string { return text(r, "namespace") + "/" + text(r, "name") }
	for left := releases; len(left) > 0; {
		waits := func(r map[string]any) bool {
			needs, _ := under(r, "spec", "dependsOn").([]any)
			return slices.ContainsFunc(left, func(other map[string]any) bool {
				return slices.ContainsFunc(needs, func(n any) bool { return called(n) == called(other["metadata"]) })
			})
		}
		next := max(0, slices.IndexFunc(left, func(r map[string]any) bool { return !waits(r) }))
		sorted = append(sorted, left[next])
		left = slices.Delete(slices.Clone(left), next, next+1)
	}
	return sorted
}

// shell are words as a POSIX shell has them (POSIX.1-2024, 2.2.2).
func shell(words []string) string {
	var quoted []string
	for _, w := range words {
		if !plain.MatchString(w) {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		quoted = append(quoted, w)
	}
	return strings.Join(quoted, " ")
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// under is the value at a path, or nil.
func under(v any, path ...string) any {
	for _, step := range path {
		m, _ := v.(map[string]any)
		v = m[step]
	}
	return v
}

func text(v any, path ...string) string {
	s, _ := under(v, path...).(string)
	return s
}
