package kube

import (
	"cmp"
	"maps"

	corev1 "k8s.io/api/core/v1"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// said is what people say of p's pods: of its component before of the whole platform.
func (p program) said() schema.Pods {
	return saidOf(p.env, p.component)
}

func saidOf(e *schema.Environment, component string) schema.Pods {
	all, own := e.Settings.Kubernetes.Pods, e.Components[component].Kubernetes.Pods
	said := schema.Pods{
		NodeSelector:      all.NodeSelector,
		Tolerations:       all.Tolerations,
		PriorityClassName: cmp.Or(own.PriorityClassName, all.PriorityClassName),
		StorageClassName:  cmp.Or(own.StorageClassName, all.StorageClassName),
		Labels:            both(all.Labels, own.Labels),
		Annotations:       both(all.Annotations, own.Annotations),
		PodLabels:         both(all.PodLabels, own.PodLabels),
		PodAnnotations:    both(all.PodAnnotations, own.PodAnnotations),
	}
	if own.NodeSelector != nil {
		said.NodeSelector = own.NodeSelector
	}
	if own.Tolerations != nil {
		said.Tolerations = own.Tolerations
	}
	return said
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

// place puts a pod where people say.
func place(spec *corev1.PodSpec, e *schema.Environment, said schema.Pods) {
	for _, name := range e.Settings.Kubernetes.ImagePullSecrets {
		spec.ImagePullSecrets = append(spec.ImagePullSecrets, corev1.LocalObjectReference{Name: name})
	}
	spec.NodeSelector = said.NodeSelector
	spec.PriorityClassName = said.PriorityClassName
	for _, t := range said.Tolerations {
		k := corev1.Toleration{
			Key:      t.Key,
			Operator: corev1.TolerationOperator(t.Operator),
			Value:    t.Value,
			Effect:   corev1.TaintEffect(t.Effect),
		}
		if t.TolerationSeconds > 0 {
			k.TolerationSeconds = new(int64(t.TolerationSeconds))
		}
		spec.Tolerations = append(spec.Tolerations, k)
	}
}
