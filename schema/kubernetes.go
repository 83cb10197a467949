package schema

import "encoding/json"

// Kubernetes is what is said of all that runs in a cluster. What it says of pods stands with
// each component, and operators are objects.
type Kubernetes struct {
	ImagePullSecrets []string `json:"imagePullSecrets"` // names of Secrets
	DNS              DNS      `json:"dns"`
}

// DNS is where a cluster's name servers are.
type DNS struct {
	Namespace string   `json:"namespace"`
	Port      int      `json:"port"`
	Addresses []string `json:"addresses"` // of name servers on nodes, in CIDR notation
}

// Pods is what holds for the pods of a component and for the objects that belong to them,
// whether it says so itself or the environment does of all.
type Pods struct {
	NodeSelector      map[string]string `json:"nodeSelector"`
	Tolerations       []Toleration      `json:"tolerations"`
	PriorityClassName string            `json:"priorityClassName"`
	StorageClassName  string            `json:"storageClassName"` // "": the cluster's own
	Labels            map[string]string `json:"labels"`           // of objects and pods
	Annotations       map[string]string `json:"annotations"`      // of objects
	PodLabels         map[string]string `json:"podLabels"`        // of pods alone
	PodAnnotations    map[string]string `json:"podAnnotations"`   // of pods alone
}

// A Toleration is of a node's taint.
type Toleration struct {
	Key               string `json:"key"`
	Operator          string `json:"operator"` // Equal, Exists, or "" for Equal
	Value             string `json:"value"`
	Effect            string `json:"effect"`
	TolerationSeconds int    `json:"tolerationSeconds"` // 0: for ever
}

// ComponentKubernetes is what is said of one component in a cluster.
type ComponentKubernetes struct {
	Pods
	ServiceAccount ServiceAccount             `json:"serviceAccount"`
	Service        Service                    `json:"service"` // of ports that are exposed
	Network        Network                    `json:"network"`
	Ports          map[string]ServicePort     `json:"ports"`   // behind Services that the component's objects make
	Objects        map[string]Object          `json:"objects"` // by a name of their owner's choice
	Health         map[string]Current         `json:"health"`  // by apiVersion and kind
	Patches        map[string]json.RawMessage `json:"patches"` // strategic merge patches, by kind and name: Deployment/NAME
}

// A ServiceAccount is as whom pods run.
type ServiceAccount struct {
	Annotations map[string]string `json:"annotations"`
}

// A Service says how ports answer outside the cluster.
type Service struct {
	Type                     string            `json:"type"` // "": LoadBalancer
	NodePorts                map[string]int    `json:"nodePorts"`
	LoadBalancerClass        string            `json:"loadBalancerClass"`
	LoadBalancerSourceRanges []string          `json:"loadBalancerSourceRanges"`
	ExternalTrafficPolicy    string            `json:"externalTrafficPolicy"`
	Annotations              map[string]string `json:"annotations"`
}

// Network is who else may talk to pods, and to whom these may talk.
type Network struct {
	From map[string]Peer `json:"from"`
	To   map[string]Peer `json:"to"`
}

// A Peer is somebody at the other end of a connection.
type Peer struct {
	Namespace string            `json:"namespace"` // "": the platform's
	Pods      map[string]string `json:"pods"`      // labels; none: all pods of the namespace
	Addresses []string          `json:"addresses"` // outside the cluster, in CIDR notation
	Ports     []int             `json:"ports"`     // none: all
}

// A ServicePort is a port behind a Service that somebody else makes. How it is encrypted
// stands in the edges that lead there.
type ServicePort struct {
	Service string            `json:"service"`
	Number  int               `json:"number"`
	Pods    map[string]string `json:"pods"` // labels of the pods behind it
}

// An Object is an object of Kubernetes that a component brings.
type Object struct {
	Stage         string          `json:"stage"`    // "": apps
	Manifest      json.RawMessage `json:"manifest"` // strings in it may hold tokens
	ClusterScoped bool            `json:"clusterScoped"`
	Keep          bool            `json:"keep"` // Flux never removes it
}

// Current is how Flux tells the state of objects of a kind, in CEL over the object.
type Current struct {
	Current    string `json:"current"`
	InProgress string `json:"inProgress"` // or ""
	Failed     string `json:"failed"`     // or ""
}
