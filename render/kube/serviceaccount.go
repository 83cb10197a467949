package kube

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// serviceAccount is who a component's pods are. It may do nothing in the cluster, and no
// pod gets its token.
func serviceAccount(e *schema.Environment, component string) *corev1.ServiceAccount {
	a := &corev1.ServiceAccount{
		TypeMeta:                     metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta:                   metaOf(e, component, component, labelsOf(e, component)),
		AutomountServiceAccountToken: new(false),
	}
	a.Annotations = both(a.Annotations, e.Components[component].Kubernetes.ServiceAccount.Annotations)
	return a
}
