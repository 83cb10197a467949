package kube_test

import (
	"testing"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// TestNetworkPolicies holds that a pod talks to what its component needs, to its own
// component and to name servers, and nobody else to it.
func TestNetworkPolicies(t *testing.T) {
	const app, store = "NetworkPolicy/ml/app", "NetworkPolicy/ml/store"
	peer := func(name string) string {
		return `[{"podSelector":{"matchLabels":{"app.kubernetes.io/instance":"prod","app.kubernetes.io/name":"` + name + `"}}}]`
	}
	port := func(number string) string { return `"ports":[{"port":` + number + `,"protocol":"TCP"}]` }
	dns := func(e *schema.Environment) {
		e.Settings.Kubernetes.DNS = schema.DNS{Namespace: "names", Port: 5353, Addresses: []string{"169.254.20.10/32"}}
		w := e.Components["store"].Workloads["server"]
		w.Ports = map[string]int{"sql": 5432, "admin": 9}
		e.Components["store"].Workloads["server"] = w
		for need, edge := range e.Edges["app"] {
			edge.Number = 5432
			e.Edges["app"][need] = edge
		}
	}
	claimed := func(e *schema.Environment) {
		dns(e)
		delete(e.Edges["app"], "plain")
	}
	served := func(e *schema.Environment) {
		dns(e)
		e.Components["store"] = schema.Component{Name: "store", Place: schema.Cluster, Kubernetes: schema.ComponentKubernetes{
			Ports: map[string]schema.ServicePort{"sql": {Service: "store-rw", Number: 5432, Pods: map[string]string{"operated": "yes"}}},
		}}
		e.Edges["app"] = map[string]schema.Edge{"plain": {Consumer: "app", Provider: "store", Port: "sql", Host: "store-rw", Number: 5432, Waiters: []string{"server"}}}
	}
	outside := func(host string) func(e *schema.Environment) {
		return func(e *schema.Environment) {
			dns(e)
			e.Edges["app"] = map[string]schema.Edge{"db": {Consumer: "app", Provider: "elsewhere", Host: host, Number: 5432}}
		}
	}
	said := func(n schema.Network) func(e *schema.Environment) {
		return func(e *schema.Environment) {
			claimed(e)
			c := e.Components["store"]
			c.Kubernetes.Network = n
			e.Components["store"] = c
		}
	}
	exposed := func(e *schema.Environment) {
		claimed(e)
		w := e.Components["store"].Workloads["server"]
		w.Expose = map[string]schema.Expose{"admin": {Port: 80}}
		e.Components["store"].Workloads["server"] = w
	}
	for _, tt := range []struct {
		what, object string
		change       func(*schema.Environment)
		field, want  string
	}{
		{"nothing else passes, of any pod", "NetworkPolicy/ml/deny-all", dns, "spec", `{"podSelector":{},"policyTypes":["Ingress","Egress"]}`},
		{"name servers are asked by all", app, dns, "spec egress 0",
			`{"ports":[{"port":5353,"protocol":"TCP"},{"port":5353,"protocol":"UDP"}],"to":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"names"}},"podSelector":{}},{"ipBlock":{"cidr":"169.254.20.10/32"}}]}`},
		{"a claim reaches the port that it needs", app, claimed, "spec egress 1", `{` + port("5432") + `,"to":` + peer("store") + `}`},
		{"and no more", app, claimed, "spec egress 2", "nothing"},
		{"so does who needs a port that an operator serves", app, served, "spec egress 1", `{` + port("5432") + `,"to":[{"podSelector":{"matchLabels":{"operated":"yes"}}}]}`},
		{"whose pods let the consumer in", "NetworkPolicy/ml/store-sql", served, "spec ingress 0", `{"from":` + peer("app") + `,` + port("5432") + `}`},
		{"who waits for a program reaches all of its ports, as its question may", app, dns, "spec egress 1 ports", `[{"port":9,"protocol":"TCP"},{"port":5432,"protocol":"TCP"}]`},
		{"the other end lets its own in", store, claimed, "spec ingress 0 from", peer("store")},
		{"and the consumer", store, claimed, "spec ingress 1", `{"from":` + peer("app") + `,` + port("5432") + `}`},
		{"and nobody else", store, claimed, "spec ingress 2", "nothing"},
		{"who is nobody's provider lets nobody in", app, dns, "spec ingress", "nothing"},
		{"what is exposed is for everyone", store, exposed, "spec ingress 2", `{` + port("9") + `}`},
		{"an address outside is itself", app, outside("10.1.2.3"), "spec egress 1", `{` + port("5432") + `,"to":[{"ipBlock":{"cidr":"10.1.2.3/32"}}]}`},
		{"a name outside is everywhere but where a cloud hands out logins, at its port", app, outside("db.example.com"), "spec egress 1", `{` + port("5432") +
			`,"to":[{"namespaceSelector":{}},{"ipBlock":{"cidr":"0.0.0.0/0","except":["169.254.0.0/16"]}},{"ipBlock":{"cidr":"::/0","except":["fd00:ec2::/32","fe80::/10"]}}]}`},
		{"peers that people name come in", store, said(schema.Network{From: map[string]schema.Peer{"p": {Namespace: "monitoring", Pods: map[string]string{"a": "b"}, Ports: []int{7}}}}), "spec ingress 2",
			`{"from":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"monitoring"}},"podSelector":{"matchLabels":{"a":"b"}}}],` + port("7") + `}`},
		{"or are reached", store, said(schema.Network{To: map[string]schema.Peer{"p": {Addresses: []string{"0.0.0.0/0"}}}}), "spec egress 2", `{"to":[{"ipBlock":{"cidr":"0.0.0.0/0"}}]}`},
		{"without a namespace they are the platform's", store, said(schema.Network{From: map[string]schema.Peer{"p": {}}}), "spec ingress 2",
			`{"from":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"ml"}},"podSelector":{}}]}`},
	} {
		if got := at(t, ordered(tt.change), tt.object, tt.field); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.what, got, tt.want)
		}
	}
}
