package helm

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// checks is a template that makes nothing. It ends an installation that could not come to
// anything: what must be there before is looked for where there is a cluster to look at.
// Only one has kinds among its versions, and every namespace has kube-root-ca.crt, which a
// dry run at the client does not look up.
func (c *chart) checks() string {
	var b strings.Builder
	here := c.Settings.Namespace
	if len(c.bound) > 0 {
		fmt.Fprintf(&b, `{{- if ne .Release.Namespace %q }}
{{- fail %q }}
{{- end }}
`, here, fmt.Sprintf("text of %s names the namespace %s, so this chart can be installed into no other\n  hint: --namespace %[2]s; or write schema.platform.namespace there, and render the chart anew; if something else is called so, too, call the namespace otherwise",
			shortened(c.bound), here))
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
`, quoted(c.Secrets), here, ` | kubectl patch --local --type merge -p '{"metadata":{"namespace":"%s"}}' -o yaml -f -`,
		"the namespace %s lacks the Secrets %s\n  hint: with the file of an age key in SOPS_AGE_KEY_FILE: for s in %s; do sops decrypt deploy/"+c.Name+"/secrets/$s.yaml%s | kubectl apply -f -; done")
	return b.String()
}

// shortened are words, as many as a message can hold.
func shortened(words []string) string {
	const most = 5
	if over := len(words) - most; over > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), over)
	}
	return strings.Join(words, ", ")
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

// quoted are words of a template.
func quoted(words []string) string {
	all := ""
	for _, w := range words {
		all += fmt.Sprintf(" %q", w)
	}
	return all
}
