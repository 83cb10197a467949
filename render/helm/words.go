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

// checks is a template that makes nothing. It ends an installation that could not come to
// anything: what must be there before is looked for where there is a cluster to look at.
// Only one has kinds among its versions, and every namespace has kube-root-ca.crt; a dry run
// at the client finds neither.
func (c *chart) checks() string {
	var b strings.Builder
	here := c.Settings.Namespace
	if len(c.bound) > 0 {
		fmt.Fprintf(&b, `{{- if ne .Release.Namespace %q }}
{{- fail %q }}
{{- end }}
`, here, fmt.Sprintf("text of %s names the namespace %s, so this chart can be installed into no other\n  hint: --namespace %[2]s; or write schema.platform.namespace there, and render the chart anew",
			strings.Join(c.bound, ", "), here))
	}
	fmt.Fprintf(&b, `{{- if .Capabilities.APIVersions.Has "v1/Secret" }}
{{- $unknown := list }}
{{- range list%s }}
{{- if not ($.Capabilities.APIVersions.Has .) }}{{ $unknown = append $unknown . }}{{ end }}
{{- end }}
{{- with $unknown }}
{{- fail (printf "this cluster does not know %%s\n  hint: first install what defines it, as README.md of the chart says" (join ", " .)) }}
{{- end }}
{{- end }}
`, quoted(c.kinds()))
	if len(c.Secrets) == 0 {
		return b.String()
	}
	fmt.Fprintf(&b, `{{- if lookup "v1" "ConfigMap" .Release.Namespace "kube-root-ca.crt" }}
{{- $missing := list }}
{{- range list%s }}
{{- if not (lookup "v1" "Secret" $.Release.Namespace .) }}{{ $missing = append $missing . }}{{ end }}
{{- end }}
{{- with $missing }}
{{- $names := join " " . }}
{{- $into := eq $.Release.Namespace %q | ternary "" (printf %q $.Release.Namespace) }}
{{- fail (printf %q $.Release.Namespace (join ", " .) $names $into) }}
{{- end }}
{{- end }}
`, quoted(c.Secrets), here, ` | sed 's/^\( *namespace:\).*/\1 "%s"/'`,
		"the namespace %s lacks the Secrets %s\n  hint: for s in %s; do sops decrypt deploy/"+c.Name+"/secrets/$s.yaml%s | kubectl apply -f -; done")
	return b.String()
}

// kinds are those of the chart's objects, as Helm has them among a cluster's versions.
func (c *chart) kinds() []string {
	kinds := map[string]bool{}
	for _, o := range c.objects {
		version, kind := o.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
		kinds[version+"/"+kind] = true
	}
	return slices.Sorted(maps.Keys(kinds))
}

// operated are the objects of the chart from which operators make pods: they name an image.
func (c *chart) operated() []string {
	var found []string
	for _, o := range c.objects {
		if podOf(o) == nil && hasImage(o.fields) {
			found = append(found, o.Kind()+"/"+o.GetName())
		}
	}
	return found
}

func hasImage(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), hasImage)
	case []any:
		return slices.ContainsFunc(v, hasImage)
	case code:
		return true
	}
	return false
}

// kept are the objects that Helm leaves when a release goes.
func (c *chart) kept() []string {
	var found []string
	for _, o := range c.objects {
		if under(o.fields, "metadata", "annotations", "helm.sh/resource-policy") == "keep" {
			found = append(found, o.Kind()+"/"+o.GetName())
		}
	}
	return found
}

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

// quoted are words of a template.
func quoted(words []string) string {
	all := ""
	for _, w := range words {
		all += fmt.Sprintf(" %q", w)
	}
	return all
}
