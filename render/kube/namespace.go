package kube

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// podSecurity pins what restricted means: with 1.34 probes can no longer
// name another host. A cluster that doesn't know a version takes its newest.
var podSecurity = api.MajorMinorVersion(1, 34)

// namespace holds all objects of e. Flux never removes it: everything would go with it.
func namespace(e *schema.Environment) *corev1.Namespace {
	labels := Labels(e)
	labels["pod-security.kubernetes.io/enforce"] = "restricted"
	labels["pod-security.kubernetes.io/enforce-version"] = podSecurity.String()
	return &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: e.Settings.Namespace, Labels: labels, Annotations: protected()},
	}
}
