package kube

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// drain is for how many seconds a pod still serves when it is told to end, until
// nobody is sent to it any more.
const drain = 5

// podTemplate is the pod of p, under restricted Pod Security.
func podTemplate(p program) (corev1.PodTemplateSpec, error) {
	var template corev1.PodTemplateSpec
	main, volumes, err := mainContainer(p)
	if err != nil {
		return template, err
	}
	grace := p.Grace
	if main.Lifecycle != nil && main.Lifecycle.PreStop != nil {
		grace += drain
	}
	said := p.said().Pods
	template.Labels = p.versioned()
	template.Labels = both(both(said.Labels, said.PodLabels), template.Labels)
	template.Annotations = said.PodAnnotations
	template.Spec = p.podSpec()
	template.Spec.TerminationGracePeriodSeconds = new(int64(grace))
	template.Spec.Containers = []corev1.Container{main}
	if p.LowPorts() { // the restricted profile lets it pass
		template.Spec.SecurityContext.Sysctls = []corev1.Sysctl{{Name: "net.ipv4.ip_unprivileged_port_start", Value: "0"}}
	}
	for _, w := range p.waits {
		asking, more, err := waitContainer(p.env, w)
		if err != nil {
			return template, fmt.Errorf("%s: %w", w.name, err)
		}
		template.Spec.InitContainers = append(template.Spec.InitContainers, asking)
		volumes = append(volumes, more...)
	}
	if files := p.files(); len(files) > 0 {
		sum, err := digestOf(files, 16)
		if err != nil {
			return template, fmt.Errorf("digest of files: %w", err)
		}
		template.Annotations = both(template.Annotations, map[string]string{filesAnnotation: sum})
		volumes = append(volumes, filesVolume(p.name()))
	}
	if revised := p.revised(); len(revised) > 0 {
		sum, err := digestOf(revised, 16)
		if err != nil {
			return template, fmt.Errorf("digest of secrets: %w", err)
		}
		template.Annotations = both(template.Annotations, map[string]string{secretsAnnotation: sum})
	}
	place(&template.Spec, p.env, said)
	template.Spec.Volumes = volumes
	return template, checkVolumes(p, volumes)
}

// podSpec is what all pods of p's component have in common.
func (p program) podSpec() corev1.PodSpec {
	return corev1.PodSpec{
		ServiceAccountName:           p.component,
		AutomountServiceAccountToken: new(false),
		EnableServiceLinks:           new(false),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: new(true),
			RunAsUser:    new(p.User),
			RunAsGroup:   new(p.Group),
			FSGroup:      new(p.Group),
			// else every start goes through every file of a large volume
			FSGroupChangePolicy: new(corev1.FSGroupChangeOnRootMismatch),
			SeccompProfile:      &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}
}

// spread keeps the pods of p apart from two replicas up, where the cluster has
// room: over nodes and over zones. Labels of revisions let each revision count alone.
func spread(template *corev1.PodTemplateSpec, p program, revisions ...string) {
	if p.Replicas < 2 {
		return
	}
	apart := corev1.PodAffinityTerm{
		TopologyKey:    corev1.LabelHostname,
		LabelSelector:  &metav1.LabelSelector{MatchLabels: p.selector()},
		MatchLabelKeys: revisions,
	}
	template.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 100, PodAffinityTerm: apart}},
	}}
	for _, over := range []string{corev1.LabelHostname, corev1.LabelTopologyZone} {
		template.Spec.TopologySpreadConstraints = append(template.Spec.TopologySpreadConstraints, corev1.TopologySpreadConstraint{
			MaxSkew:           1,
			TopologyKey:       over,
			WhenUnsatisfiable: corev1.ScheduleAnyway,
			LabelSelector:     &metav1.LabelSelector{MatchLabels: p.selector()},
			MatchLabelKeys:    revisions,
		})
	}
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
