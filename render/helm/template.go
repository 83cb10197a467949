package helm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// helpers are the chart's own templates.
//
// mlops.pod gives what is said of a workload's pods: what it says itself, or else what is
// said for all. mlops.task gives the end of a task's name: the digest of what it does, another
// one when values change what it does, since a Job can't be changed.
const helpers = `{{- define "mlops.pod" -}}
{{- $pod := pick .values "imagePullSecrets" "nodeSelector" "priorityClassName" "tolerations" "storageClassName" -}}
{{- range $field, $value := index .values.workloads .name -}}
{{- if not (kindIs "invalid" $value) }}{{ $_ := set $pod $field $value }}{{ end -}}
{{- end -}}
{{- toJson $pod -}}
{{- end -}}

{{- define "mlops.task" -}}
{{- $changed := toJson (list .registry (omit .pod "storageClassName")) | sha256sum -}}
{{- if eq $changed .rendered }}{{ .digest }}{{ else }}{{ printf "%s %s" .digest $changed | sha256sum | trunc 10 }}{{ end -}}
{{- end -}}
`

// template is an object's template.
func (v values) template(o object) (string, error) {
	var w writer
	if name, is := v.names[o.Slot()]; is {
		fmt.Fprintf(&w, "{{- $pod := include \"mlops.pod\" (dict \"values\" .Values \"name\" %q) | fromJson }}\n", name)
		if metadata, is := o.fields["metadata"].(map[string]any); is && o.Kind() == "Job" {
			rendered, err := v.rendered(name)
			if err != nil {
				return "", err
			}
			base, sum := task(o.GetName())
			metadata["name"] = code(fmt.Sprintf(
				`%s{{ include "mlops.task" (dict "registry" .Values.imageRegistry "pod" $pod "rendered" %q "digest" %q) }}`,
				base, rendered, sum))
		}
	}
	err := w.fields(o.fields, 0)
	return w.String(), err
}

// task is the name of a Job without the digest of what it does, and that digest (render/kube
// puts ten digits there).
func task(name string) (base, sum string) {
	at := max(0, len(name)-10)
	return name[:at], name[at:]
}

// rendered is the digest of what is said of a workload when nothing is said at installation,
// as mlops.task has it.
func (v values) rendered(name string) (string, error) {
	pod := map[string]any{}
	for _, of := range []map[string]any{v.all, v.workloads[name]} {
		for field, value := range of {
			if field != storageClass {
				pod[field] = value
			}
		}
	}
	data, err := json.Marshal([]any{"", pod})
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), err
}
