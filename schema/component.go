package schema

// A Component is a part of the platform, built-in or a team's own.
type Component struct {
	Name      string               `json:"name"`
	Place     Place                `json:"place"`
	Published map[string]Published `json:"published"` // by port
	Needs     map[string]Need      `json:"needs"`
	Accepts   Accepts              `json:"accepts"`
	Claims    map[string]Claim     `json:"claims"` // what others claim here
	Secrets   map[string]OwnSecret `json:"secrets"`
	Workloads map[string]Workload  `json:"workloads"`
	Answers   map[string]string    `json:"answers"` // where people find it, by title
	Client    map[string]string    `json:"client"`  // variables that a client needs
}

// Published is where a port answers for those who run elsewhere.
type Published struct {
	Host string `json:"host"`
	Port int    `json:"port"`
}

// A Need is what a component wants of another.
type Need struct {
	From     string `json:"from"`
	Port     string `json:"port"`
	Database string `json:"database"`
	Wait     bool   `json:"wait"`
	Host     Value  `json:"host"`
	Number   Value  `json:"number"`
	User     Value  `json:"user"`
	Password Value  `json:"password"`
}

// Accepts says which claims a component fulfils.
type Accepts struct {
	Database bool `json:"database"`
}

// A Claim is what one component claims from another, and how it is fulfilled.
type Claim struct {
	Consumer string     `json:"consumer"`
	Database string     `json:"database"`
	User     string     `json:"user"`
	Password Value      `json:"password"`
	Host     Value      `json:"host"`
	Number   Value      `json:"number"`
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
	Length   int   `json:"length"`
	Supplied bool  `json:"supplied"`
	Value    Value `json:"value"`
	File     Value `json:"file"`
}
