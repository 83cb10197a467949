package kube

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// An Object is a Kubernetes object and the stage that applies it.
type Object struct {
	Stage Stage
	typed
}

// typed is what every Kubernetes object in Go can do.
type typed interface {
	metav1.Object
	runtime.Object
}

// Kind returns the object's kind, such as Deployment.
func (o Object) Kind() string { return o.GetObjectKind().GroupVersionKind().Kind }

// String returns Kind/namespace/name, or Kind/name for what is in no namespace.
func (o Object) String() string {
	if o.GetNamespace() == "" {
		return o.Kind() + "/" + o.GetName()
	}
	return o.Kind() + "/" + o.GetNamespace() + "/" + o.GetName()
}

// Fields returns the object as it goes into a file: maps, lists, strings, int64,
// float64 and booleans.
func (o Object) Fields() (map[string]any, error) { return Fields(o.typed) }

// Fields is a typed object as it goes into a file: without a status, which is the
// cluster's to say, and without the structs that are empty only because Go's
// encoder can't leave them out.
func Fields(o any) (map[string]any, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, fmt.Errorf("fields of %T: %w", o, err)
	}
	dropEmpty(fields)
	return fields, nil
}

// dropEmpty removes empty structs that say nothing, at any depth. It goes by name:
// elsewhere, as in an emptyDir or a podSelector, an empty struct says a lot.
func dropEmpty(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range []string{"status", "resources", "strategy", "updateStrategy"} {
			if m, ok := v[name].(map[string]any); ok && len(m) == 0 {
				delete(v, name)
			}
		}
		// a Service's status is never empty
		if m, ok := v["status"].(map[string]any); ok && len(m) == 1 {
			if lb, ok := m["loadBalancer"].(map[string]any); ok && len(lb) == 0 {
				delete(v, "status")
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

// YAML is a typed object as a file, its fields in order of their names.
func YAML(o any) ([]byte, error) {
	fields, err := Fields(o)
	if err != nil {
		return nil, err
	}
	return yaml.Marshal(fields)
}
