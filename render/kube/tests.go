package kube

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// tests labels the pods of Tests as a component's. No workload's name has a dot, so no
// Service leads to them.
const tests = "platform.tests"

// testSeconds is for how long a test asks before it has failed.
const testSeconds = 120

// Tests are pods that ask each service whether it is there, by its own question, and what
// they need for it: files, and a policy that lets them talk to the platform's pods. A pod
// ends well when the answer is yes. They are not among the objects of a Cluster, and nobody
// applies them but to test. A service that can't be asked has none.
func Tests(e *schema.Environment) ([]Object, error) {
	programs, err := programsOf(e, nil)
	if err != nil {
		return nil, err
	}
	var objects []Object
	for _, component := range slices.Sorted(maps.Keys(programs)) {
		for _, p := range programs[component] {
			if p.Kind != "service" || p.Wait == nil {
				continue
			}
			made, err := p.test()
			if err != nil {
				return nil, fmt.Errorf("test of %s: %w", p, err)
			}
			objects = append(objects, made...)
		}
	}
	if len(objects) == 0 {
		return nil, nil
	}
	objects = append(objects, Object{Stage: StageApps, typed: testPolicy(e)})
	for i, o := range objects {
		if objects[i].Fields, err = Fields(o.typed); err != nil {
			return nil, fmt.Errorf("%s: %w", o, err)
		}
	}
	return objects, nil
}

// test asks whether p is there.
func (p program) test() ([]Object, error) {
	asking, err := waitFor(p, "asks", p.Image, p.User, p.Group, *p.Wait)
	if err != nil {
		return nil, err
	}
	c, volumes, err := waitContainer(p.env, asking)
	if err != nil {
		return nil, err
	}
	labels := p.labels()
	labels[labelComponent] = tests
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metaOf(p.env, p.component, short(p.name()+"-test"), labels),
		Spec:       p.podSpec(),
	}
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	pod.Spec.ActiveDeadlineSeconds = new(int64(testSeconds))
	pod.Spec.Containers = []corev1.Container{c}
	place(&pod.Spec, p.env, p.said().Pods)
	objects := []Object{{Stage: StageApps, typed: pod}}
	if files := mounted(asking.asks); len(files) > 0 {
		data := map[string]string{}
		for path, text := range files {
			data[fileKey(c.Name, path)] = text
		}
		m := &corev1.ConfigMap{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
			ObjectMeta: metaOf(p.env, p.component, p.name()+".test", labels),
			Data:       data,
		}
		volumes = append(volumes, filesVolume(m.Name))
		objects = append(objects, Object{Stage: StageApps, typed: m})
	}
	pod.Spec.Volumes = volumes
	return objects, nil
}

// testPolicy lets tests talk to the platform's pods. Who is asked lets pods of its own
// component in already.
func testPolicy(e *schema.Environment) *networkingv1.NetworkPolicy {
	pods := func(labels map[string]string) metav1.LabelSelector { return metav1.LabelSelector{MatchLabels: labels} }
	platform := pods(map[string]string{labelInstance: e.Name})
	return &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Name: tests, Namespace: e.Settings.Namespace, Labels: Labels(e)},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: pods(map[string]string{labelInstance: e.Name, labelComponent: tests}),
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
			Egress: []networkingv1.NetworkPolicyEgressRule{
				nameServers(e.Settings.Kubernetes.DNS),
				{To: []networkingv1.NetworkPolicyPeer{{PodSelector: &platform}}},
			},
		},
	}
}
