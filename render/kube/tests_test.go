package kube_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// TestTests holds that every service that can be asked is, by a pod that restricted Pod
// Security admits, that no Service leads to, that policies let out and in, and that ends.
func TestTests(t *testing.T) {
	loadtest.Each(t, "prod", func(t *testing.T, l load.Loaded) {
		cluster, err := kube.Of(l.Environment)
		if err != nil {
			t.Fatal(err)
		}
		tests, err := kube.Tests(l.Environment)
		if err != nil {
			t.Fatal(err)
		}
		services := decoded[corev1.Service](t, cluster.Objects, "Service")
		in := decoded[networkingv1.NetworkPolicy](t, cluster.Objects, "NetworkPolicy")
		out := decoded[networkingv1.NetworkPolicy](t, tests, "NetworkPolicy")
		pods := decoded[corev1.Pod](t, tests, "Pod")
		want := 0
		for _, c := range l.Components {
			for name, w := range c.Workloads {
				if c.Place == "cluster" && w.Kind == "service" && w.Wait != nil {
					want++
					server := labels.Set{"app.kubernetes.io/name": c.Name, "app.kubernetes.io/instance": l.Name, "app.kubernetes.io/component": name}
					if !slices.ContainsFunc(slices.Collect(maps.Values(pods)), func(p corev1.Pod) bool { return lets(in, server, p.Labels) }) {
						t.Errorf("%s %s lets no test in", c.Name, name)
					}
				}
			}
		}
		if len(pods) != want {
			t.Errorf("there are %d tests of %d services", len(pods), want)
		}
		for _, o := range tests {
			restricted(t, o)
		}
		for name, p := range pods {
			if p.Spec.ActiveDeadlineSeconds == nil || p.Spec.RestartPolicy != corev1.RestartPolicyNever {
				t.Errorf("%s may ask for ever", name)
			}
			for service, s := range services {
				if s.Spec.Selector != nil && labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(p.Labels)) {
					t.Errorf("Service %s leads to the test %s", service, name)
				}
			}
			for policy, o := range out {
				if !labels.SelectorFromSet(o.Spec.PodSelector.MatchLabels).Matches(labels.Set(p.Labels)) {
					t.Errorf("%s does not let %s out", policy, name)
				}
			}
			for policy, o := range in {
				if policy != "deny-all" && labels.SelectorFromSet(o.Spec.PodSelector.MatchLabels).Matches(labels.Set(p.Labels)) {
					t.Errorf("%s holds for the test %s, too", policy, name)
				}
			}
		}
	})
}

// lets reports whether policies let pods of some labels in to those of others.
func lets(policies map[string]networkingv1.NetworkPolicy, to, from labels.Set) bool {
	for _, p := range policies {
		if len(p.Spec.PodSelector.MatchLabels) == 0 || !labels.SelectorFromSet(p.Spec.PodSelector.MatchLabels).Matches(to) {
			continue
		}
		for _, rule := range p.Spec.Ingress {
			for _, peer := range rule.From {
				if peer.PodSelector != nil && peer.NamespaceSelector == nil && labels.SelectorFromSet(peer.PodSelector.MatchLabels).Matches(from) {
					return true
				}
			}
		}
	}
	return false
}

// decoded are the objects of one kind, by name.
func decoded[T any](t *testing.T, objects []kube.Object, kind string) map[string]T {
	t.Helper()
	found := map[string]T{}
	for _, o := range objects {
		if o.Kind() != kind {
			continue
		}
		var v T
		if err := json.Unmarshal([]byte(asJSON(t, o.Fields)), &v); err != nil {
			t.Fatal(err)
		}
		found[o.GetName()] = v
	}
	return found
}
