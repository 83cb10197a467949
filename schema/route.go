package schema

// An OwnRoute is a way through the front door to one of a component's ports, as the
// component says it.
type OwnRoute struct {
	Port      string   `json:"port"`
	Host      string   `json:"host"`      // or "", for the subdomain or the platform's domain
	Subdomain string   `json:"subdomain"` // or "", for a host
	Aliases   []string `json:"aliases"`
	Strip     bool     `json:"strip"`
	KeepAlive int      `json:"keepAlive"` // seconds
	Listen    int      `json:"listen"`    // or 0, for the front door's port
	Path      string   `json:"path"`
	Plain     bool     `json:"plain"`
	Title     string   `json:"title"`
	Upload    string   `json:"upload"`
	Timeout   int      `json:"timeout"` // seconds
	Stream    []string `json:"stream"`
	Hide      []string `json:"hide"`
	Websocket bool     `json:"websocket"`
	Sticky    bool     `json:"sticky"`
	Signed    bool     `json:"signed"`
	URL       Value    `json:"url"`
	Authority Value    `json:"authority"`
}

// A Routed is a route as the front door has it.
type Routed struct {
	Component string   `json:"component"`
	Names     []string `json:"names"`
	Listen    int      `json:"listen"`
	TLS       bool     `json:"tls"`   // it ends at the front door
	HTTPS     bool     `json:"https"` // people come with TLS
	Strip     bool     `json:"strip"`
	KeepAlive int      `json:"keepAlive"` // seconds
	Path      string   `json:"path"`
	Upload    string   `json:"upload"`
	Timeout   int      `json:"timeout"` // seconds
	Stream    []string `json:"stream"`
	Hide      []string `json:"hide"`
	Websocket bool     `json:"websocket"`
	Sticky    bool     `json:"sticky"`
	Signed    bool     `json:"signed"`
	Upstream  Value    `json:"upstream"`
	Scheme    Value    `json:"scheme"`
	Server    Value    `json:"server"`
	CA        Value    `json:"ca"`
}

// A Route is a way through the front door with its address worked out.
type Route struct {
	Component string   `json:"component"`
	Route     string   `json:"route"` // the component's name for it
	Port      string   `json:"port"`
	Host      string   `json:"host"`
	Names     []string `json:"names"` // the host and its aliases
	TLS       bool     `json:"tls"`
	Listen    int      `json:"listen"`
	Authority string   `json:"authority"` // the host, with the port where it is not the usual one
	URL       string   `json:"url"`
	Title     string   `json:"title"`
}
