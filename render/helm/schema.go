package helm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
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

// schema is values.schema.json, against which Helm checks values (JSON Schema draft-07). What
// it does not name is refused.
func (v values) schema() (string, error) {
	type fields = map[string]any
	text := fields{"type": "string"}
	list := func(items any) fields { return fields{"type": "array", "items": items} }
	closed := func(properties fields) fields {
		return fields{"type": "object", "additionalProperties": false, "properties": properties}
	}
	open := func(values any) fields { return fields{"type": "object", "additionalProperties": values} }
	amounts := open(fields{"type": []string{"string", "number"}})
	definitions := fields{
		"imagePullSecrets":  list(closed(fields{"name": text})),
		"nodeSelector":      open(text),
		"priorityClassName": fields{"type": "string"},
		"tolerations": list(closed(fields{
			"key":               text,
			"operator":          fields{"enum": []string{"Equal", "Exists"}},
			"value":             text,
			"effect":            fields{"enum": []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}},
			"tolerationSeconds": fields{"type": "integer"},
		})),
		storageClass: fields{"type": "string"},
		resources:    closed(fields{"requests": amounts, "limits": amounts}),
	}
	refer := func(names []string) fields {
		to := fields{}
		for _, name := range names {
			to[name] = fields{"$ref": "#/definitions/" + name}
		}
		return to
	}
	for name, d := range definitions {
		d.(fields)["description"] = name + " " + means[name] + "."
	}

	workloads := fields{}
	for name := range v.workloads {
		may := append(slices.Clone(ofPods), resources)
		if v.disks[name] {
			may = append(may, storageClass)
		}
		workloads[name] = closed(refer(may))
	}
	all := refer(slices.Sorted(maps.Keys(v.all)))
	all["imageRegistry"] = fields{"type": "string", "pattern": "^([A-Za-z0-9][A-Za-z0-9._/:-]*[A-Za-z0-9])?$", "description": "imageRegistry is where all images come from, instead of the registry that each names."}
	all["global"] = fields{"type": "object", "description": "global is what Helm hands to a chart that another one contains; nothing of it is used."}
	all["workloads"] = closed(workloads)
	root := closed(all)
	root["$schema"], root["definitions"] = "http://json-schema.org/draft-07/schema#", definitions
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(root)
	return b.String(), err
}
