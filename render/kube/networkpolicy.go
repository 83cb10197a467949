package kube

import (
	"cmp"
	"maps"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

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
	rules := traffic{p.env, p.component}
	policy := rules.policy(p.meta(p.name()), p.selector())
	if len(p.Ports) > 0 {
		policy.Spec.Ingress = append(policy.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{
			Ports: tcp(slices.Collect(maps.Values(p.Ports))...),
			From:  pods(p.env, p.component),
		})
	}
	policy.Spec.Ingress = append(policy.Spec.Ingress, rules.consumers(func(e schema.Edge) []int {
		if e.Workload != p.workload {
			return nil
		}
		return asked(p.env, e)
	})...)
	var public []int
	for port := range p.Expose {
		public = append(public, p.Ports[port])
	}
	if len(public) > 0 {
		policy.Spec.Ingress = append(policy.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{Ports: tcp(public...)})
	}
	policy.Spec.Ingress = append(policy.Spec.Ingress, rules.elsewhere(slices.Collect(maps.Keys(p.Ports)), func(port string) int { return p.Ports[port] })...)
	if p.component == p.env.Front {
		for _, component := range slices.Sorted(maps.Keys(p.env.Components)) {
			if component != p.component && goesPublic(p.env, component) {
				policy.Spec.Ingress = append(policy.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{Ports: tcp(publicPorts(p.env)...), From: pods(p.env, component)})
			}
		}
	}
	policy.Spec.Ingress = append(policy.Spec.Ingress, rules.from()...)
	return policy
}

// goesPublic reports whether a component in the cluster names an address at the front door:
// to itself it is somebody from outside.
func goesPublic(e *schema.Environment, component string) bool {
	if e.Components[component].Place != schema.Cluster {
		return false
	}
	named := func(values map[string]schema.Value) bool {
		for _, v := range values {
			for _, token := range []string{" public\uFDD1", "\uFDD0route "} {
				if strings.Contains(string(v), token) {
					return true
				}
			}
		}
		return false
	}
	for _, w := range e.Components[component].Workloads {
		if named(w.Env) || named(w.Files) {
			return true
		}
	}
	return false
}

// publicPorts are those at which the front door answers.
func publicPorts(e *schema.Environment) []int {
	var numbers []int
	for _, r := range e.Routes {
		numbers = append(numbers, r.Listen)
	}
	return numbers
}

// servedPolicy is the same for the pods behind a port that a component's objects serve. How
// they talk to each other and to their operator is for those objects to say.
func servedPolicy(e *schema.Environment, component, port string) *networkingv1.NetworkPolicy {
	rules := traffic{e, component}
	served := e.Components[component].Kubernetes.Ports[port]
	policy := rules.policy(metaOf(e, component, component+"-"+port, labelsOf(e, component)), served.Pods)
	policy.Spec.Ingress = append(rules.consumers(func(edge schema.Edge) []int {
		if edge.Workload != "" || edge.Port != port || edge.Host != served.Service {
			return nil
		}
		return []int{edge.Number}
	}), rules.elsewhere([]string{port}, func(string) int { return served.Number })...)
	policy.Spec.Ingress = append(policy.Spec.Ingress, rules.from()...)
	return policy
}

// traffic is who talks to a component and to whom it talks.
type traffic struct {
	env       *schema.Environment
	component string
}

// policy lets pods talk to those whom their component needs.
func (t traffic) policy(meta metav1.ObjectMeta, selector map[string]string) *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: meta,
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: selector},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Egress:      t.to(),
		},
	}
}

// consumers are those who need the component, at the ports that an edge of theirs comes to.
func (t traffic) consumers(ports func(schema.Edge) []int) []networkingv1.NetworkPolicyIngressRule {
	var rules []networkingv1.NetworkPolicyIngressRule
	for _, consumer := range slices.Sorted(maps.Keys(t.env.Edges)) {
		if consumer == t.component || t.env.Components[consumer].Place != schema.Cluster {
			continue
		}
		var numbers []int
		for _, edge := range t.env.Edges[consumer] {
			if edge.Provider == t.component && edge.Reached == "" {
				numbers = append(numbers, ports(edge)...)
			}
		}
		if len(numbers) > 0 {
			rules = append(rules, networkingv1.NetworkPolicyIngressRule{Ports: tcp(numbers...), From: pods(t.env, consumer)})
		}
	}
	return rules
}

// elsewhere are those who need a port of the component and run outside of the cluster, so
// that nobody knows from where they come.
func (t traffic) elsewhere(ports []string, number func(port string) int) []networkingv1.NetworkPolicyIngressRule {
	var numbers []int
	for consumer, edges := range t.env.Edges {
		for _, edge := range edges {
			if edge.Provider == t.component && edge.Reached == "" && t.env.Components[consumer].Place == schema.Local && slices.Contains(ports, edge.Port) {
				numbers = append(numbers, number(edge.Port))
			}
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	return []networkingv1.NetworkPolicyIngressRule{{Ports: tcp(numbers...)}}
}

// from are the others whom people let in.
func (t traffic) from() []networkingv1.NetworkPolicyIngressRule {
	var rules []networkingv1.NetworkPolicyIngressRule
	t.further(t.env.Components[t.component].Kubernetes.Network.From, func(ports []networkingv1.NetworkPolicyPort, from []networkingv1.NetworkPolicyPeer) {
		rules = append(rules, networkingv1.NetworkPolicyIngressRule{Ports: ports, From: from})
	})
	return rules
}

// to are those to whom the component's pods may talk.
func (t traffic) to() []networkingv1.NetworkPolicyEgressRule {
	rules := []networkingv1.NetworkPolicyEgressRule{nameServers(t.env.Settings.Kubernetes.DNS)}
	if siblings := openedBy(t.env, t.component); len(siblings) > 0 {
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{Ports: tcp(siblings...), To: pods(t.env, t.component)})
	}
	inside, outside, ambient := map[string][]int{}, map[string][]int{}, false
	for _, edge := range t.env.Edges[t.component] {
		switch {
		case edge.Reached != "" || edge.Provider == t.component:
		case t.env.Components[edge.Provider].Place == schema.Cluster:
			inside[edge.Provider] = append(inside[edge.Provider], asked(t.env, edge)...)
		default:
			outside[edge.Host] = append(outside[edge.Host], edge.Number)
			ambient = ambient || edge.Ambient
		}
	}
	for _, provider := range slices.Sorted(maps.Keys(inside)) {
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{Ports: tcp(inside[provider]...), To: pods(t.env, provider)})
	}
	if goesPublic(t.env, t.component) && t.env.Front != "" {
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{Ports: tcp(publicPorts(t.env)...), To: everywhere()}) // by a balancer's address, or straight
	}
	for _, proxy := range []string{t.env.Settings.Proxy.HTTP, t.env.Settings.Proxy.HTTPS} {
		if host, number, ok := proxyAt(proxy); ok {
			outside[host] = append(outside[host], number)
		}
	}
	for _, host := range slices.Sorted(maps.Keys(outside)) {
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{Ports: tcp(outside[host]...), To: address(host)})
	}
	if ambient {
		rules = append(rules, identity(t.env.Components[t.component].Kubernetes.ServiceAccount.Annotations)...)
	}
	t.further(t.env.Components[t.component].Kubernetes.Network.To, func(ports []networkingv1.NetworkPolicyPort, to []networkingv1.NetworkPolicyPeer) {
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{Ports: ports, To: to})
	})
	return rules
}

// identity is where a cloud tells a pod on its nodes as whom it is taken: the agent of EKS Pod
// Identity, in clusters of either family of addresses (Amazon EKS, pod-id-agent-setup), and for an
// account that is tied to one of Google's, GKE's metadata server, with Dataplane V2 and without (as
// policies in public use have it; tried on neither cloud). Elsewhere that address answers with the
// login of the node. What trades a token for a login, as IRSA does, is at port 443 of a name.
func identity(account map[string]string) []networkingv1.NetworkPolicyEgressRule {
	rule := func(port int, cidrs ...string) (rule networkingv1.NetworkPolicyEgressRule) {
		rule.Ports = tcp(port)
		for _, cidr := range cidrs {
			rule.To = append(rule.To, block(cidr))
		}
		return rule
	}
	for name := range account {
		if strings.HasPrefix(name, "iam.gke.io/") {
			return []networkingv1.NetworkPolicyEgressRule{rule(80, "169.254.169.254/32"), rule(988, "169.254.169.252/32")}
		}
	}
	return []networkingv1.NetworkPolicyEgressRule{rule(80, "169.254.170.23/32", "fd00:ec2::23/128")}
}

// asked are the ports of the provider's workload that the consumer of an edge talks to:
// the one that it needs, and where it waits for the workload, all, as the question may be
// asked at any.
func asked(e *schema.Environment, edge schema.Edge) []int {
	provider := e.Components[edge.Provider]
	w, runs := provider.Workloads[edge.Workload]
	if _, claimed := provider.Claims[edge.Claim]; claimed || !runs || len(edge.Waiters) == 0 {
		return []int{edge.Number}
	}
	return slices.Collect(maps.Values(w.Ports))
}

// openedBy are the ports of all workloads of a component.
func openedBy(e *schema.Environment, component string) []int {
	var numbers []int
	for _, w := range e.Components[component].Workloads {
		numbers = slices.AppendSeq(numbers, maps.Values(w.Ports))
	}
	return numbers
}

// pods are those of a component: of its programs, and those behind ports that its objects serve.
func pods(e *schema.Environment, component string) []networkingv1.NetworkPolicyPeer {
	of := func(labels map[string]string) networkingv1.NetworkPolicyPeer {
		return networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{MatchLabels: labels}}
	}
	c := e.Components[component]
	var peers []networkingv1.NetworkPolicyPeer
	if len(c.Workloads) > 0 || len(c.Kubernetes.Ports) == 0 {
		peers = append(peers, of(map[string]string{labelName: component, labelInstance: e.Name}))
	}
	for _, port := range slices.Sorted(maps.Keys(c.Kubernetes.Ports)) {
		peer := of(c.Kubernetes.Ports[port].Pods)
		if !slices.ContainsFunc(peers, func(other networkingv1.NetworkPolicyPeer) bool { return reflect.DeepEqual(other, peer) }) {
			peers = append(peers, peer)
		}
	}
	return peers
}

// further are the peers that people name, in order of their names.
func (t traffic) further(peers map[string]schema.Peer, say func(ports []networkingv1.NetworkPolicyPort, peers []networkingv1.NetworkPolicyPeer)) {
	for _, name := range slices.Sorted(maps.Keys(peers)) {
		peer := peers[name]
		var at []networkingv1.NetworkPolicyPeer
		for _, cidr := range peer.Addresses {
			at = append(at, block(cidr))
		}
		if len(peer.Addresses) == 0 {
			at = append(at, podsIn(cmp.Or(peer.Namespace, t.env.Settings.Namespace), peer.Pods))
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

// address is a host outside the cluster: itself, where it is an address, and else everywhere, as
// policies know no names.
func address(host string) []networkingv1.NetworkPolicyPeer {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return everywhere()
	}
	return []networkingv1.NetworkPolicyPeer{block(ip.String() + "/" + strconv.Itoa(ip.BitLen()))}
}

// everywhere are all pods and all addresses but those of a node's own link, and what EC2 has in
// IPv6 for them (AWS, IPv6 on AWS): there clouds hand out the login of the node to whoever asks.
func everywhere() []networkingv1.NetworkPolicyPeer {
	return []networkingv1.NetworkPolicyPeer{
		{NamespaceSelector: &metav1.LabelSelector{}},
		block("0.0.0.0/0", "169.254.0.0/16"),
		block("::/0", "fd00:ec2::/32", "fe80::/10"),
	}
}

// block is a range of addresses, but for those of others in it.
func block(cidr string, except ...string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr, Except: except}}
}

// proxyAt is where a proxy listens.
func proxyAt(address string) (host string, port int, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "", 0, false
	}
	port = map[string]int{"http": 80, "https": 443}[u.Scheme]
	if number, err := strconv.Atoi(u.Port()); err == nil {
		port = number
	}
	return u.Hostname(), port, true
}

// nameServers are where the cluster has them.
func nameServers(dns schema.DNS) networkingv1.NetworkPolicyEgressRule {
	port := new(intstr.FromInt32(int32(dns.Port)))
	rule := networkingv1.NetworkPolicyEgressRule{
		Ports: []networkingv1.NetworkPolicyPort{{Protocol: new(corev1.ProtocolTCP), Port: port}, {Protocol: new(corev1.ProtocolUDP), Port: port}},
		To:    []networkingv1.NetworkPolicyPeer{podsIn(dns.Namespace, nil)},
	}
	for _, cidr := range dns.Addresses {
		rule.To = append(rule.To, block(cidr))
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
