package schema

// A Workload is one program of a component.
type Workload struct {
	Kind         string             `json:"kind"` // service or task
	Image        Image              `json:"image"`
	Command      []Value            `json:"command"` // replaces the image's entrypoint
	Args         []Value            `json:"args"`
	Env          map[string]Value   `json:"env"`
	Files        map[string]Value   `json:"files"` // by absolute path
	Ports        map[string]int     `json:"ports"`
	Expose       map[string]Expose  `json:"expose"` // by port
	Volumes      map[string]Volume  `json:"volumes"`
	Scratch      map[string]Scratch `json:"scratch"` // by absolute path
	Health       *Health            `json:"health"`  // nil: nobody asks
	Resources    Resources          `json:"resources"`
	Replicas     int                `json:"replicas"`
	User         int64              `json:"user"`
	Group        int64              `json:"group"`
	ReadOnlyRoot bool               `json:"readOnlyRoot"`
	Grace        int                `json:"grace"` // seconds
	After        map[string]string  `json:"after"` // workload -> healthy or completed
	Wait         *Question          `json:"wait"`  // nil: it can't be asked from outside
	Host         Value              `json:"host"`
}

// LowPorts reports whether the workload opens a port below 1024 as an ordinary user, which
// the kernel has to be told (Linux, ip-sysctl: ip_unprivileged_port_start).
func (w Workload) LowPorts() bool {
	for _, number := range w.Ports {
		if number < 1024 && w.User != 0 {
			return true
		}
	}
	return false
}

// An Image is a container image; a digest wins over the tag.
type Image struct {
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
	Digest     string `json:"digest"`
}

// Reference is the image as Compose and Kubernetes write it.
func (i Image) Reference() string {
	ref := i.Repository
	if i.Tag != "" {
		ref += ":" + i.Tag
	}
	if i.Digest != "" {
		ref += "@" + i.Digest
	}
	return ref
}

// Expose opens a port to people outside.
type Expose struct {
	Port    int    `json:"port"`
	Address string `json:"address"` // where this machine listens
}

// A Volume is a disk that outlives the container, one per replica.
type Volume struct {
	Path     string `json:"path"`
	Size     string `json:"size"`     // binary units: 20Gi
	Existing string `json:"existing"` // one that is there already, or ""
}

// A Scratch directory may be written and is lost with the container.
type Scratch struct {
	Size   string `json:"size"`   // binary units: 64Mi
	Medium string `json:"medium"` // memory or disk
}

// Health is one question about a running service; times are in seconds.
type Health struct {
	Command  []Value `json:"command"` // asked inside the container
	HTTP     *HTTP   `json:"http"`
	TCP      string  `json:"tcp"` // the name of a port, or ""
	Period   int     `json:"period"`
	Timeout  int     `json:"timeout"`
	Failures int     `json:"failures"`
	Start    int     `json:"start"`
}

// HTTP is a question over HTTP.
type HTTP struct {
	Port string `json:"port"` // the name of a port
	Path string `json:"path"`
}

// A Question is a command that ends with 0 when the answer is yes.
type Question struct {
	Command []Value          `json:"command"`
	Env     map[string]Value `json:"env"`
	Files   map[string]Value `json:"files"`
}

// Resources is what a container is promised and limited to.
type Resources struct {
	Requests Amounts `json:"requests"`
	Limits   Amounts `json:"limits"`
}

// Amounts are Kubernetes quantities; "" where nothing is said.
type Amounts struct {
	CPU    string `json:"cpu"`
	Memory string `json:"memory"`
}

// FullName is what a component's workload is called on both targets: the one
// called server bears the component's own name.
func FullName(component, workload string) string {
	if workload == "server" {
		return component
	}
	return component + "-" + workload
}
