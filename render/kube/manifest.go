package kube

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// manifest is an object that a component brings, with its addresses bound and the labels
// of the platform. The stage of one that says none is that of applications.
func manifest(e *schema.Environment, component, name string) (Object, error) {
	given := e.Components[component].Kubernetes.Objects[name]
	var fields map[string]any
	if err := json.Unmarshal(given.Manifest, &fields); err != nil {
		return Object{}, err
	}
	bound, err := bindAll(e, component, fields)
	if err != nil {
		return Object{}, err
	}
	o := &unstructured.Unstructured{Object: bound.(map[string]any)}
	if o.GetNamespace() == "" && !given.ClusterScoped {
		o.SetNamespace(e.Settings.Namespace)
	}
	said := e.Components[component].Kubernetes
	if given.Keep {
		said.Annotations = both(said.Annotations, protected())
	}
	own, _, err := unstructured.NestedStringMap(o.Object, "metadata", "labels")
	if err != nil {
		return Object{}, err
	}
	notes, _, err := unstructured.NestedStringMap(o.Object, "metadata", "annotations")
	if err != nil {
		return Object{}, err
	}
	o.SetLabels(both(both(labelsOf(e, component), said.Labels), own))
	if annotations := both(notes, said.Annotations); annotations != nil {
		o.SetAnnotations(annotations)
	}
	if err := cmp.Or(labelled(o), admitted(e, o)); err != nil {
		return Object{}, err
	}
	if foreign := foreignIn(e, component, o.Object); len(foreign) > 0 {
		return Object{}, errors.New("it names " + foreign[0] + "; " + ownOnly)
	}
	return Object{Stage: cmp.Or(Stage(given.Stage), StageApps), typed: o}, nil
}

var plainKind = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)

// admitted is why the cluster would not take an object as it is, or nil.
func admitted(e *schema.Environment, o *unstructured.Unstructured) error {
	switch kind := o.GetKind(); {
	case !plainKind.MatchString(kind) || strings.HasSuffix(kind, "List"):
		return fmt.Errorf("%q is no kind of object", kind)
	case kind == "Job":
		return errors.New("a Job can't be changed once it is there, so it would hold up Flux; make it a workload of kind task")
	case kind == "Secret" && !public(o):
		return errors.New("its value would be in Git for everyone to read; declare it among the secrets of the component (certificates alone may stand under stringData)")
	case kind == "Namespace" && o.GetName() == e.Settings.Namespace:
		return errors.New("that is the platform's own namespace, with all that is in it")
	}
	pod, err := podOf(o)
	if err != nil || o.GetNamespace() != e.Settings.Namespace {
		return err
	}
	rule, err := insecure(pod)
	if err != nil {
		return err
	}
	if rule != "" {
		return fmt.Errorf("its pod breaks restricted Pod Security, which the namespace enforces: %s", rule)
	}
	return nil
}

// public reports whether a Secret holds nothing but certificates, which are shown to whoever
// connects: there are resources that take them from a Secret only.
func public(o *unstructured.Unstructured) bool {
	values, _, err := unstructured.NestedStringMap(o.Object, "stringData")
	if err != nil || o.Object["data"] != nil {
		return false
	}
	for _, value := range values {
		if _, err := schema.Certificates(value); err != nil {
			return false
		}
	}
	return true
}

// podOf is the pod of an object of Kubernetes' own kinds, or nil.
func podOf(o *unstructured.Unstructured) (*corev1.PodTemplateSpec, error) {
	at := map[string][]string{
		"Pod": {}, "Deployment": {"spec", "template"}, "StatefulSet": {"spec", "template"}, "DaemonSet": {"spec", "template"},
		"ReplicaSet": {"spec", "template"}, "ReplicationController": {"spec", "template"}, "CronJob": {"spec", "jobTemplate", "spec", "template"},
	}
	path, known := at[o.GetKind()]
	if !known || !slices.Contains([]string{"v1", "apps/v1", "batch/v1"}, o.GetAPIVersion()) {
		return nil, nil
	}
	fields, found, err := unstructured.NestedMap(o.Object, path...)
	if err != nil || !found {
		return nil, err
	}
	pod := &corev1.PodTemplateSpec{}
	return pod, runtime.DefaultUnstructuredConverter.FromUnstructured(fields, pod)
}

// bindAll puts addresses into all text of a value. A secret can't stand there: anyone who
// may look at objects would read it.
func bindAll(e *schema.Environment, component string, v any) (any, error) {
	var err error
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			if v[key], err = bindAll(e, component, child); err != nil {
				return nil, err
			}
		}
	case []any:
		for i, child := range v {
			if v[i], err = bindAll(e, component, child); err != nil {
				return nil, err
			}
		}
	case string:
		return e.Text(component, schema.Value(v))
	}
	return v, nil
}
