package kube

import (
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// The recommended labels (kubernetes.io, Recommended Labels).
const (
	labelName      = "app.kubernetes.io/name"
	labelInstance  = "app.kubernetes.io/instance"
	labelComponent = "app.kubernetes.io/component"
	labelPartOf    = "app.kubernetes.io/part-of"
	labelManagedBy = "app.kubernetes.io/managed-by"
	labelVersion   = "app.kubernetes.io/version"
)

// What Flux is told about single objects (kustomize-controller, Kustomization v1).
const (
	fluxPrune      = "kustomize.toolkit.fluxcd.io/prune"
	fluxSubstitute = "kustomize.toolkit.fluxcd.io/substitute"
	fluxDisabled   = "disabled"
)

// filesAnnotation on a pod holds the digest of the files that it mounts, so that
// pods are replaced when a file changes.
const filesAnnotation = "mlops-gitops/files"

// secretsAnnotation on a pod holds the digest of the revisions of the secrets that it mounts, so
// that pods are replaced, and tasks run again, when a value changes. Where none of them is made
// yet there is none.
const secretsAnnotation = "mlops-gitops/secrets"

// Labels are those of everything that belongs to e.
func Labels(e *schema.Environment) map[string]string {
	return map[string]string{
		labelInstance:  e.Name,
		labelPartOf:    "mlops",
		labelManagedBy: "mlops-gitops",
	}
}

// selector tells the pods of p from all others. It must never change: the
// selectors of workloads and the labels of claims are immutable.
func (p program) selector() map[string]string {
	return map[string]string{
		labelName:      p.component,
		labelInstance:  p.env.Name,
		labelComponent: p.workload,
	}
}

// labels are those of p's objects.
func (p program) labels() map[string]string {
	labels := Labels(p.env)
	maps.Copy(labels, p.selector())
	return labels
}

// versioned are the labels of what runs p's image. A version that can't be a
// label's value is left out.
func (p program) versioned() map[string]string {
	labels := p.labels()
	if tag := p.Image.Tag; tag != "" && len(validation.IsValidLabelValue(tag)) == 0 {
		labels[labelVersion] = tag
	}
	return labels
}

// meta is the metadata of an object of p.
func (p program) meta(name string) metav1.ObjectMeta {
	return metaOf(p.env, p.component, name, p.labels())
}

// metaOf is the metadata of an object of a component, with what people say of it.
func metaOf(e *schema.Environment, component, name string, labels map[string]string) metav1.ObjectMeta {
	said := e.Components[component].Kubernetes
	return metav1.ObjectMeta{
		Name:        name,
		Namespace:   e.Settings.Namespace,
		Labels:      both(said.Labels, labels), // the platform needs its own
		Annotations: said.Annotations,
	}
}

// labelsOf are those of what belongs to a component and to none of its programs.
func labelsOf(e *schema.Environment, component string) map[string]string {
	labels := Labels(e)
	labels[labelName] = component
	return labels
}

// protected says that Flux leaves an object alone when it is no longer in Git.
func protected() map[string]string { return map[string]string{fluxPrune: fluxDisabled} }

// workloadMeta is the metadata of what runs p.
func (p program) workloadMeta(name string) metav1.ObjectMeta {
	meta := metaOf(p.env, p.component, name, p.versioned())
	if len(p.told) > 0 { // by a script, whose ${…} are its own
		meta.Annotations = both(meta.Annotations, map[string]string{fluxSubstitute: fluxDisabled})
	}
	return meta
}

// labelled is why the cluster would not take an object's labels, or nil.
func labelled(o metav1.Object) error {
	labels := o.GetLabels()
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		switch {
		case len(validation.IsQualifiedName(name)) > 0:
			return fmt.Errorf("%q is no name of a label, such as example.com/team", name)
		case len(validation.IsValidLabelValue(labels[name])) > 0:
			return fmt.Errorf("the label %s must be at most 63 letters, digits, dashes, underscores and dots, with a letter or digit at both ends, not %q", name, labels[name])
		}
	}
	return nil
}

// both are the entries of two maps; where they have the same key, the second's holds. Nil
// when there are none.
func both(first, second map[string]string) map[string]string {
	if len(first)+len(second) == 0 {
		return nil
	}
	all := maps.Clone(first)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, second)
	return all
}
