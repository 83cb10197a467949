package kube

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// serviceAccount is who the pods of p's component are. It may do nothing, and no
// pod gets its token.
func serviceAccount(p program) *corev1.ServiceAccount {
	labels := Labels(p.env)
	labels[labelName] = p.component
	return &corev1.ServiceAccount{
		TypeMeta:                     metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta:                   metav1.ObjectMeta{Name: p.component, Namespace: p.env.Settings.Namespace, Labels: labels},
		AutomountServiceAccountToken: new(false),
	}
}
