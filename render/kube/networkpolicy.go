package kube

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// denyAll is the policy of every pod in the namespace: nothing comes in and nothing goes
// out that another policy doesn't name (kubernetes.io, Network Policies).
func denyAll(e *schema.Environment) *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Name: "deny-all", Namespace: e.Settings.Namespace, Labels: Labels(e)},
		Spec: networkingv1.NetworkPolicySpec{
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
		},
	}
}

// networkPolicy names what p talks to and who talks to p: the needs of components, the
// pods of its own one, name servers, and people outside where it is exposed.
func networkPolicy(p program) *networkingv1.NetworkPolicy {
	policy := &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: p.meta(p.name()),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: p.selector()},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
		},
	}
	policy.Spec.Ingress = callers(p)
	policy.Spec.Egress = called(p)
	return policy
}

// callers are those who may talk to p.
func callers(p program) []networkingv1.NetworkPolicyIngressRule {
	var rules []networkingv1.NetworkPolicyIngressRule
	if len(p.Ports) > 0 {
		rules = append(rules, networkingv1.NetworkPolicyIngressRule{
			Ports: tcp(slices.Collect(maps.Values(p.Ports))...),
			From:  []networkingv1.NetworkPolicyPeer{p.siblings()},
		})
	}
	for _, consumer := range slices.Sorted(maps.Keys(p.env.Edges)) {
		numbers := map[int]bool{}
		for _, edge := range p.env.Edges[consumer] {
			if edge.Provider != p.component || edge.Workload != p.workload || consumer == p.component {
				continue
			}
			for _, number := range asked(p.env, edge) {
				numbers[number] = true
			}
		}
		if len(numbers) > 0 {
			rules = append(rules, networkingv1.NetworkPolicyIngressRule{
				Ports: tcp(slices.Collect(maps.Keys(numbers))...),
				From:  []networkingv1.NetworkPolicyPeer{pods(p.env, consumer)},
			})
		}
	}
	var public []int
	for port := range p.Expose {
		public = append(public, p.Ports[port])
	}
	if len(public) > 0 {
		rules = append(rules, networkingv1.NetworkPolicyIngressRule{Ports: tcp(public...)})
	}
	further(p, p.env.Components[p.component].Kubernetes.Network.From, func(ports []networkingv1.NetworkPolicyPort, from []networkingv1.NetworkPolicyPeer) {
		rules = append(rules, networkingv1.NetworkPolicyIngressRule{Ports: ports, From: from})
	})
	return rules
}

// called are those to whom p may talk.
func called(p program) []networkingv1.NetworkPolicyEgressRule {
	rules := []networkingv1.NetworkPolicyEgressRule{nameServers(p.env.Settings.Kubernetes.DNS)}
	if siblings := openedBy(p.env, p.component); len(siblings) > 0 {
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{
			Ports: tcp(siblings...),
			To:    []networkingv1.NetworkPolicyPeer{p.siblings()},
		})
	}
	edges := p.env.Edges[p.component]
	inside, outside := map[string]map[int]bool{}, map[string]map[int]bool{}
	note := func(to map[string]map[int]bool, who string, numbers ...int) {
		if to[who] == nil {
			to[who] = map[int]bool{}
		}
		for _, number := range numbers {
			to[who][number] = true
		}
	}
	for _, edge := range edges {
		switch {
		case edge.Reached != "" || edge.Provider == p.component:
		case edge.Workload != "":
			note(inside, edge.Provider, asked(p.env, edge)...)
		default:
			note(outside, edge.Host, edge.Number)
		}
	}
	for _, provider := range slices.Sorted(maps.Keys(inside)) {
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{
			Ports: tcp(slices.Collect(maps.Keys(inside[provider]))...),
			To:    []networkingv1.NetworkPolicyPeer{pods(p.env, provider)},
		})
	}
	for _, host := range slices.Sorted(maps.Keys(outside)) {
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{
			Ports: tcp(slices.Collect(maps.Keys(outside[host]))...),
			To:    address(host),
		})
	}
	further(p, p.env.Components[p.component].Kubernetes.Network.To, func(ports []networkingv1.NetworkPolicyPort, to []networkingv1.NetworkPolicyPeer) {
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{Ports: ports, To: to})
	})
	return rules
}

// asked are the ports of the provider's workload that the consumer of an edge talks to:
// the one that it needs, and where it waits for the workload, all, as the question may be
// asked at any.
func asked(e *schema.Environment, edge schema.Edge) []int {
	provider := e.Components[edge.Provider]
	if _, claimed := provider.Claims[edge.Claim]; claimed || len(edge.Waiters) == 0 {
		return []int{edge.Number}
	}
	return slices.Collect(maps.Values(provider.Workloads[edge.Workload].Ports))
}

// openedBy are the ports of all workloads of a component.
func openedBy(e *schema.Environment, component string) []int {
	var numbers []int
	for _, w := range e.Components[component].Workloads {
		numbers = slices.AppendSeq(numbers, maps.Values(w.Ports))
	}
	return numbers
}

// siblings are the pods of p's component.
func (p program) siblings() networkingv1.NetworkPolicyPeer { return pods(p.env, p.component) }

// pods are those of a component.
func pods(e *schema.Environment, component string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{
		MatchLabels: map[string]string{labelName: component, labelInstance: e.Name},
	}}
}

// further are the peers that people name, in order of their names.
func further(p program, peers map[string]schema.Peer, say func(ports []networkingv1.NetworkPolicyPort, peers []networkingv1.NetworkPolicyPeer)) {
	for _, name := range slices.Sorted(maps.Keys(peers)) {
		peer := peers[name]
		var at []networkingv1.NetworkPolicyPeer
		for _, cidr := range peer.Addresses {
			at = append(at, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr}})
		}
		if len(peer.Addresses) == 0 {
			at = append(at, podsIn(cmp.Or(peer.Namespace, p.env.Settings.Namespace), peer.Pods))
		}
		say(tcp(slices.Clone(peer.Ports)...), at)
	}
}

// podsIn are pods of a namespace, by labels or all of them.
func podsIn(namespace string, labels map[string]string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
		PodSelector:       &metav1.LabelSelector{MatchLabels: labels},
	}
}

// address is a host outside the cluster: itself, where it is an address, and else
// everything, as policies know no names. Nil is everything.
func address(host string) []networkingv1.NetworkPolicyPeer {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return nil
	}
	return []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: ip.String() + "/" + strconv.Itoa(ip.BitLen())}}}
}

// nameServers are where the cluster has them.
func nameServers(dns schema.DNS) networkingv1.NetworkPolicyEgressRule {
	port := new(intstr.FromInt32(int32(dns.Port)))
	rule := networkingv1.NetworkPolicyEgressRule{
		Ports: []networkingv1.NetworkPolicyPort{{Protocol: new(corev1.ProtocolTCP), Port: port}, {Protocol: new(corev1.ProtocolUDP), Port: port}},
		To:    []networkingv1.NetworkPolicyPeer{podsIn(dns.Namespace, nil)},
	}
	for _, cidr := range dns.Addresses {
		rule.To = append(rule.To, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr}})
	}
	return rule
}

// tcp are ports of these numbers, each once and in order.
func tcp(numbers ...int) []networkingv1.NetworkPolicyPort {
	slices.SortFunc(numbers, cmp.Compare)
	var ports []networkingv1.NetworkPolicyPort
	for _, number := range slices.Compact(numbers) {
		ports = append(ports, networkingv1.NetworkPolicyPort{Protocol: new(corev1.ProtocolTCP), Port: new(intstr.FromInt32(int32(number)))})
	}
	return ports
}
