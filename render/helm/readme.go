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

// readme is the chart's README.md: what must be there before, and the commands.
func (c *chart) readme() (string, error) {
	env, here := c.Name, c.Settings.Namespace
	var b strings.Builder
	fmt.Fprintf(&b, `# The platform %[1]s as a Helm chart

Rendered from environments/%[1]s: change that, not the chart. Run commands where deploy/%[1]s lies.

## Before

`, env)
	commands, rest, err := c.installs()
	if len(commands) > 0 {
		fmt.Fprintf(&b, "Operators, if the cluster has them not:\n\n```sh\n%s\n```\n\n", strings.Join(commands, "\n"))
	}
	if len(rest) > 0 {
		fmt.Fprintf(&b, "Of deploy/%s/operators, also %s.\n\n", env, strings.Join(rest, ", "))
	}
	fmt.Fprintf(&b, "The namespace, under restricted Pod Security, and the Secrets:\n\n```sh\nkubectl create namespace %[1]s --dry-run=client -o yaml | kubectl apply -f -\nkubectl label --overwrite namespace %[1]s%[2]s\n", here, c.podSecurity())
	if len(c.Secrets) > 0 {
		fmt.Fprintf(&b, "for s in %s; do\n  sops decrypt deploy/%s/secrets/$s.yaml | kubectl apply -f -\ndone\n", strings.Join(c.Secrets, " "), env)
	}
	fmt.Fprintf(&b, "```\n\n## Then\n\n```sh\nhelm install mlops deploy/%[1]s/%[3]s --namespace %[2]s --wait --wait-for-jobs --timeout 15m\n", env, here, Name)
	if len(c.tests) > 0 {
		fmt.Fprintf(&b, "helm test mlops --namespace %s\n", here)
	}
	fmt.Fprintf(&b, "helm upgrade mlops deploy/%[1]s/%[3]s --namespace %[2]s --wait --wait-for-jobs --timeout 15m\nhelm rollback mlops --namespace %[2]s\nhelm uninstall mlops --namespace %[2]s # leaves Secrets, disks%[4]s\n```\n", env, here, Name, listed(c.kept()))
	return b.String(), err
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
			rest = append(rest, o.Kind()+"/"+o.GetName())
		}
	}
	for _, r := range releases {
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
