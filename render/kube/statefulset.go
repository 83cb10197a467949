package kube

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// statefulSet runs a service that keeps something. Its disks outlive it, and
// their labels are the selector only: a claim's template is immutable. Its pods
// start in parallel (immutable, too): what must wait for what is said elsewhere,
// and a pod that can't get ready doesn't keep its own correction from coming.
func statefulSet(p program) (*appsv1.StatefulSet, error) {
	template, err := podTemplate(p)
	if err != nil {
		return nil, err
	}
	spread(&template, p)
	s := &appsv1.StatefulSet{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"},
		ObjectMeta: p.workloadMeta(p.name()),
		Spec: appsv1.StatefulSetSpec{
			Replicas:            new(int32(p.Replicas)),
			Selector:            &metav1.LabelSelector{MatchLabels: p.selector()},
			ServiceName:         headlessName(p),
			PodManagementPolicy: appsv1.ParallelPodManagement,
			UpdateStrategy:      appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType},
			Template:            template,
			PersistentVolumeClaimRetentionPolicy: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
				WhenDeleted: appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
				WhenScaled:  appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
			},
		},
	}
	if p.stage() == StageData {
		s.Annotations = both(s.Annotations, protected())
	}
	var class *string // nil: the cluster's own
	if name := p.said().StorageClassName; name != "" {
		class = &name
	}
	for _, name := range slices.Sorted(maps.Keys(p.Volumes)) {
		if p.Volumes[name].Existing != "" {
			continue
		}
		size, err := quantity(p.Volumes[name].Size)
		if err != nil {
			return nil, fmt.Errorf("volume %s: %w", name, err)
		}
		s.Spec.VolumeClaimTemplates = append(s.Spec.VolumeClaimTemplates, corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: p.selector(), Annotations: protected()},
			Spec: corev1.PersistentVolumeClaimSpec{
				AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				StorageClassName: class,
				Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: size}},
			},
		})
	}
	return s, nil
}
