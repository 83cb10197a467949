package kube

import (
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// A Deployment counts as failed when a pod isn't ready after patience seconds,
// Kubernetes' own default, which is too few for what takes long to start.
const patience = 600

// deployment runs a service that keeps nothing. A new pod is ready before an old
// one goes.
func deployment(p program) (*appsv1.Deployment, error) {
	template, err := podTemplate(p)
	if err != nil {
		return nil, err
	}
	spread(&template, p, "pod-template-hash")
	d := &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: p.workloadMeta(p.name()),
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(p.Replicas)),
			Selector: &metav1.LabelSelector{MatchLabels: p.selector()},
			Template: template,
			Strategy: appsv1.DeploymentStrategy{
				Type: appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{
					MaxSurge:       new(intstr.FromInt32(1)),
					MaxUnavailable: new(intstr.FromInt32(0)),
				},
			},
		},
	}
	if h := p.Health; h != nil && h.Start > patience/2 {
		d.Spec.ProgressDeadlineSeconds = new(int32(h.Start + patience/2))
	}
	return d, nil
}
