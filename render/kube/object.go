package kube

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// An Object is a Kubernetes object and the stage that applies it.
type Object struct {
	Stage Stage
	typed

	// Fields are the object as it goes into a file: maps, lists, strings, int64, float64 and
	// booleans. They are not to be changed.
	Fields map[string]any
}

// typed is what every Kubernetes object in Go can do.
type typed interface {
	metav1.Object
	runtime.Object
}

// Kind returns the object's kind, such as Deployment.
func (o Object) Kind() string { return o.GetObjectKind().GroupVersionKind().Kind }

// Short returns Kind/name, as people call an object within its environment.
func (o Object) Short() string { return o.Kind() + "/" + o.GetName() }

// String returns Kind/namespace/name, or Kind/name for what is in no namespace.
func (o Object) String() string {
	if o.GetNamespace() == "" {
		return o.Short()
	}
	return o.Kind() + "/" + o.GetNamespace() + "/" + o.GetName()
}

// Slot is the object's place in its environment: String, but for a Job, whose name
// follows what it does, that of its task. A changed task is another Job in the same slot.
func (o Object) Slot() string {
	if labels := o.GetLabels(); o.Kind() == "Job" {
		return "Job/" + o.GetNamespace() + "/" + schema.FullName(labels[labelName], labels[labelComponent])
	}
	return o.String()
}

// Fields is a typed object as it goes into a file: without a status, which is the
// cluster's to say, and without the structs that are empty only because Go's
// encoder can't leave them out.
func Fields(o runtime.Object) (map[string]any, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, fmt.Errorf("fields of %T: %w", o, err)
	}
	delete(fields, "status")
	if _, given := o.(*unstructured.Unstructured); !given {
		dropEmpty(fields)
	}
	return fields, nil
}

// dropEmpty removes empty structs that say nothing, at any depth. It goes by name:
// elsewhere, as in an emptyDir or a podSelector, an empty struct says a lot.
func dropEmpty(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range []string{"spec", "status", "resources", "strategy", "updateStrategy"} {
			if m, ok := v[name].(map[string]any); ok && len(m) == 0 {
				delete(v, name)
			}
		}
		for _, child := range v {
			dropEmpty(child)
		}
	case []any:
		for _, child := range v {
			dropEmpty(child)
		}
	}
}

// YAML writes fields, in order of their names, or a struct with yaml tags. Text of
// several lines stays that, tabs included, so that a person can read it.
func YAML(fields any) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	e.CompactSeqIndent()
	if err := e.Encode(fields); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}
