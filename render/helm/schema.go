package helm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// yaml is values.yaml. Helm reads it as it is, without executing it.
func (v values) yaml(env string, operated []string) (string, error) {
	var w writer
	fmt.Fprintf(&w, `# What can be said when the chart is installed. All else is said in environments/%s, and the chart rendered anew.

# imageRegistry is where all images come from, instead of the registry that each names: registry.example.com/mirror.
imageRegistry: ""

# These hold for all workloads that don't say their own below.
`, env)
	if len(operated) > 0 {
		fmt.Fprintf(&w, "# Not for %s, whose pods are an operator's: say it in environments/%s.\n", strings.Join(operated, ", "), env)
	}
	for _, field := range append(slices.Clone(ofPods), storageClass) {
		value, is := v.all[field]
		if !is {
			continue
		}
		fmt.Fprintf(&w, "\n# %s %s.\n", field, means[field])
		if err := w.fields(map[string]any{field: value}, 0); err != nil {
			return "", err
		}
	}
	w.WriteString(`
# workloads are those of the chart: the resources of the container that runs the program, and any of those above.
# Programs are set up for the memory that they are rendered with: for less of it, change the environment.
`)
	workloads := map[string]any{}
	for name, own := range v.workloads {
		workloads[name] = own
	}
	err := w.fields(map[string]any{"workloads": workloads}, 0)
	return w.String(), err
}

// means says what a value is, after its name.
var means = map[string]string{
	"imagePullSecrets":  "are Secrets of the namespace with which images are pulled: [{name: registry}]",
	"nodeSelector":      "are labels of the nodes on which pods may run",
	"priorityClassName": "is the PriorityClass of pods; by default the cluster's",
	"tolerations":       "are of nodes' taints, as pods have them",
	storageClass:        "is the StorageClass of disks when they are made; by default the cluster's. Kubernetes refuses a later change",
	resources:           "are what the container is promised and may use",
}

// schema is values.schema.json, against which Helm checks values. A value that is not there
// is refused (JSON Schema draft-07).
func (v values) schema() (string, error) {
	text := map[string]any{"type": "string"}
	closed := func(properties map[string]any) map[string]any {
		return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	}
	list := func(items any) map[string]any { return map[string]any{"type": "array", "items": items} }
	texts := map[string]any{"type": "object", "additionalProperties": text}
	amounts := map[string]any{"type": "object", "additionalProperties": map[string]any{"type": []string{"string", "number"}}}
	types := map[string]map[string]any{
		"imagePullSecrets":  list(closed(map[string]any{"name": text})),
		"nodeSelector":      texts,
		"priorityClassName": {"type": "string"},
		"tolerations": list(closed(map[string]any{
			"key":               text,
			"operator":          map[string]any{"enum": []string{"Equal", "Exists"}},
			"value":             text,
			"effect":            map[string]any{"enum": []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}},
			"tolerationSeconds": map[string]any{"type": "integer"},
		})),
		storageClass: {"type": "string"},
		resources:    closed(map[string]any{"requests": amounts, "limits": amounts}),
	}
	for field, what := range types {
		what["description"] = field + " " + means[field] + "."
	}
	all := map[string]any{
		"imageRegistry": map[string]any{"type": "string", "pattern": "^([A-Za-z0-9][A-Za-z0-9._/:-]*[A-Za-z0-9])?$", "description": "imageRegistry is where all images come from, instead of the registry that each names."},
		"global":        map[string]any{"type": "object", "description": "global is what Helm hands to a chart that another one contains; nothing of it is used."},
	}
	workloads := map[string]any{}
	for name := range v.workloads {
		own := map[string]any{resources: types[resources]}
		for field := range v.all {
			own[field] = types[field]
		}
		workloads[name] = closed(own)
	}
	for field := range v.all {
		all[field] = types[field]
	}
	all["workloads"] = closed(workloads)
	root := closed(all)
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(root)
	return b.String(), err
}
