package schema

// A Component is a part of the platform, built-in or a team's own.
type Component struct {
	Name       string               `json:"name"`
	Place      Place                `json:"place"`
	Published  map[string]Published `json:"published"` // by port
	Needs      map[string]Need      `json:"needs"`
	Accepts    Accepts              `json:"accepts"`
	Front      Front                `json:"front"`  // where the front door answers
	Claims     map[string]Claim     `json:"claims"` // what others claim here
	Login      *Login               `json:"login"`  // for all who need it; nil: it makes one for each, or none
	Users      map[string]string    `json:"users"`  // other logins than the usual, by those
	Routes     map[string]OwnRoute  `json:"routes"`
	Routed     map[string]Routed    `json:"routed"` // where the front door leads, by component.route
	Secrets    map[string]OwnSecret `json:"secrets"`
	Workloads  map[string]Workload  `json:"workloads"`
	Answers    map[string]Value     `json:"answers"` // where people find it, by title
	Client     map[string]Value     `json:"client"`  // variables that a client needs
	Kubernetes ComponentKubernetes  `json:"kubernetes"`
}

// Published is where a port answers for those who run elsewhere.
type Published struct {
	Host        string `json:"host"`
	Port        int    `json:"port"`
	TLS         string `json:"tls"`         // libpq's word for it, or ""
	CA          string `json:"ca"`          // in PEM, or ""
	Credentials string `json:"credentials"` // keys, ambient, or "" for keys
}

// Front is where the front door answers.
type Front struct {
	HTTP      int    `json:"http"`
	HTTPS     int    `json:"https"`     // 0: it has no TLS
	Before    bool   `json:"before"`    // TLS ends before it
	CA        string `json:"ca"`        // in PEM, or ""
	Authority string `json:"authority"` // the component's name for the secret that it is, or ""
}

// A Login is how all who need a component log in.
type Login struct {
	User   string `json:"user"`
	Secret string `json:"secret"` // the component's name for the password
}

// A Need is what a component wants of another.
type Need struct {
	From     string `json:"from"`
	Port     string `json:"port"`
	Database string `json:"database"`
	Bucket   string `json:"bucket"`
	Wait     bool   `json:"wait"`
	Host     Value  `json:"host"`
	Number   Value  `json:"number"`
	URL      Value  `json:"url"`
	Public   Value  `json:"public"`
	TLS      Value  `json:"tls"`
	CA       Value  `json:"ca"`
	User     Value  `json:"user"`
	Password Value  `json:"password"`
}

// Accepts says which claims a component fulfils.
type Accepts struct {
	Database bool `json:"database"`
	Bucket   bool `json:"bucket"`
	Route    bool `json:"route"`
}

// Keeps reports whether the component keeps what others claim: it starts before them.
func (a Accepts) Keeps() bool { return a.Database || a.Bucket }

// A Claim is what one component claims from another, and how it is fulfilled.
type Claim struct {
	Consumer string     `json:"consumer"`
	Database string     `json:"database"` // or ""
	Bucket   string     `json:"bucket"`   // or ""
	User     string     `json:"user"`
	Password Value      `json:"password"`
	Host     Value      `json:"host"`
	Number   Value      `json:"number"`
	URL      Value      `json:"url"`
	TLS      Value      `json:"tls"`
	CA       Value      `json:"ca"`
	By       string     `json:"by"`   // the provider's task that fulfils it, or ""
	Wait     *ClaimWait `json:"wait"` // nil: it can't be asked
}

// A ClaimWait is the question whether a claim is fulfilled, asked from where the consumer runs.
type ClaimWait struct {
	Image   Image            `json:"image"`
	User    int64            `json:"user"`
	Command []Value          `json:"command"`
	Env     map[string]Value `json:"env"`
	Files   map[string]Value `json:"files"`
}

// An OwnSecret is a component's secret as its own workloads name it.
type OwnSecret struct {
	Length      int          `json:"length"`
	Least       int          `json:"least"` // characters of one that a person chooses; 0: any number
	Supplied    bool         `json:"supplied"`
	Certificate *Certificate `json:"certificate"` // nil: it is text
	Rotate      Rotation     `json:"rotate"`
	Login       string       `json:"login"`    // the user whose password it is, or ""
	Existing    *Existing    `json:"existing"` // nil: it is the platform's own
	Value       Value        `json:"value"`
	File        Value        `json:"file"`
	Crt         Value        `json:"crt"`
	Key         Value        `json:"key"`
}

// A Certificate is for host names and addresses.
type Certificate struct {
	Names []string `json:"names"`
}

// A Rotation is how a program takes a new value of a secret. The zero Rotation is: by
// being started anew.
type Rotation struct {
	Never    string  `json:"never"`    // why it can't, or ""
	Workload string  `json:"workload"` // where the command runs
	Command  []Value `json:"command"`  // reads the new value from its standard input
	Task     string  `json:"task"`     // that does the same in a cluster, or ""
}
