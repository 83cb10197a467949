// Package schema is the model of an environment. Its CUE says what a person may
// write and what follows from it; its Go is the plain-data mirror of what
// follows. It renders nothing and reads no files: schema/load fills it.
package schema

// An Environment is the platform that follows from what a person wrote, field by
// field as #Platform in platform.cue has it.
type Environment struct {
	Name       string                     `json:"name"` // the folder under environments/
	Mode       string                     `json:"mode"` // dev, prod or hybrid
	Settings   Settings                   `json:"settings"`
	Components map[string]Component       `json:"components"`
	Edges      map[string]map[string]Edge `json:"edges"`   // by consumer, then by the name of its need
	Front      string                     `json:"front"`   // the component that is the front door, or ""
	Routes     map[string]Route           `json:"routes"`  // by component.route
	Secrets    map[string]Secret          `json:"secrets"` // by the name under which the secret is kept
	Findings   []Finding                  `json:"findings"`
}

// RunsAt reports whether any component of e is at a place. When none is in the cluster,
// say, there is nothing to apply there.
func (e *Environment) RunsAt(place Place) bool {
	for _, c := range e.Components {
		if c.Place == place {
			return true
		}
	}
	return false
}

// Settings are those of the whole environment. What is particular to a component
// has done its work in CUE.
type Settings struct {
	Domain     string         `json:"domain"`
	Namespace  string         `json:"namespace"` // of every object in the cluster
	Place      Place          `json:"place"`
	Registry   string         `json:"registry"` // of built-in components' images, or ""
	Flux       Flux           `json:"flux"`
	Proxy      Proxy          `json:"proxy"`
	CA         string         `json:"ca"` // that all programs are to trust, in PEM, or ""
	Secrets    SecretSettings `json:"secrets"`
	Kubernetes Kubernetes     `json:"kubernetes"`
}

// A Proxy leads to what is outside the platform.
type Proxy struct {
	HTTP  string   `json:"http"`  // the proxy's address, or ""
	HTTPS string   `json:"https"` // the same, for HTTPS
	No    []string `json:"no"`    // who is reached without it, beside the platform's own
}

// Flux says how Flux applies the stages; times are in Go's notation.
type Flux struct {
	Interval      string `json:"interval"`
	RetryInterval string `json:"retryInterval"`
	Timeout       string `json:"timeout"`
}

// SecretSettings say how secrets are kept.
type SecretSettings struct {
	Recipients []string            `json:"recipients"` // age public keys
	Existing   map[string]Existing `json:"existing"`   // by the name under which the platform keeps a secret
}

// A Place is where a component runs: local (Compose), cluster, or external.
type Place string

// The places that #Place in types.cue allows.
const (
	Local    Place = "local"
	Cluster  Place = "cluster"
	External Place = "external"
)

// An Edge is a need with both ends known: how the consumer reaches the provider.
type Edge struct {
	Consumer string   `json:"consumer"`
	Provider string   `json:"provider"`
	Port     string   `json:"port"`     // the provider's name for it
	Workload string   `json:"workload"` // the provider's workload behind the port; "" across places
	Host     string   `json:"host"`
	Number   int      `json:"number"`
	TLS      string   `json:"tls"`      // libpq's word for how the connection is encrypted
	CA       string   `json:"ca"`       // who signs the provider's certificate, in PEM, or ""
	CASecret string   `json:"caSecret"` // the secret that is who signs it, or ""
	Public   string   `json:"public"`   // where people reach the port, or ""
	User     string   `json:"user"`     // the claimed login, or ""
	Secret   string   `json:"secret"`   // that login's password, by the name under which it is kept, or ""
	Claim    string   `json:"claim"`    // the key in the provider's Claims, or ""
	Ambient  bool     `json:"ambient"`  // there is no login: the cloud says who the consumer's pod is
	Waiters  []string `json:"waiters"`  // the consumer's workloads that start after the provider
	Reached  string   `json:"reached"`  // "" when it can be reached; else a finding says why not
}

// A Secret is declared here and valued elsewhere: by generation or by a person.
type Secret struct {
	Component string   `json:"component"` // or "", for what belongs to all
	Length    int      `json:"length"`    // characters, when generated
	Least     int      `json:"least"`     // characters of one that a person chooses; 0: any number
	Supplied  bool     `json:"supplied"`
	Part      string   `json:"part"`  // crt or key of a certificate, ca; or "", for text
	Names     []string `json:"names"` // what the certificate is for
	Rotate    Rotation `json:"rotate"`
	Login     string   `json:"login"`    // the user whose password it is, or ""
	Existing  Existing `json:"existing"` // in a cluster; the zero Existing: it is the platform's own
}

// Existing is an entry of a Kubernetes Secret that somebody else makes.
type Existing struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// Authority is the secret that vouches for this machine's certificates.
const Authority = "ca.crt"

// The keys under which a Kubernetes Secret holds a value: text of its own, and a login as
// kubernetes.io/basic-auth has it, which operators ask for.
const (
	SecretKey   = "value"
	UserKey     = "username"
	PasswordKey = "password"
)

// SealedFields matches the fields of a Kubernetes Secret that are encrypted in Git: Flux needs
// the rest in the open (fluxcd.io, Manage Kubernetes secrets with SOPS).
const SealedFields = "^(data|stringData)$"

// InCluster returns the Kubernetes Secret that holds a secret, and its key there.
func (e *Environment) InCluster(name string) (object, key string) {
	switch s := e.Secrets[name]; {
	case s.Existing.Name != "":
		return s.Existing.Name, s.Existing.Key
	case s.Login != "":
		return name, PasswordKey
	}
	return name, SecretKey
}

// A Finding is something wrong that no single field can say.
type Finding struct {
	At      []string `json:"at"` // paths of settings, the most telling first
	Message string   `json:"message"`
	Hint    string   `json:"hint"`
	Said    string   `json:"said"`  // the name that leads nowhere, or ""
	Known   []string `json:"known"` // the names that do lead somewhere
}
