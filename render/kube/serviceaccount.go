package kube

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// serviceAccount is who a component's pods are. It may do nothing in the cluster, and no
// pod gets its token.
func serviceAccount(e *schema.Environment, component string) *corev1.ServiceAccount {
	labels := Labels(e)
	labels[labelName] = component
	a := &corev1.ServiceAccount{
		TypeMeta:                     metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta:                   metav1.ObjectMeta{Name: component, Namespace: e.Settings.Namespace, Labels: labels},
		AutomountServiceAccountToken: new(false),
	}
	adorn(&a.ObjectMeta, saidOf(e, component))
	a.Annotations = both(a.Annotations, e.Components[component].Kubernetes.ServiceAccount.Annotations)
	return a
}
