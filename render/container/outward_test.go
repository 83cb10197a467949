package container

import (
	"testing"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// TestOutward holds that programs find the proxy and the authorities by the variables that
// programs look for, and that what a workload says of its own holds before it.
func TestOutward(t *testing.T) {
	e := &schema.Environment{
		Settings: schema.Settings{
			Domain: "mlops.example.com",
			Proxy:  schema.Proxy{HTTPS: "http://proxy.example.com:3128", No: []string{"10.0.0.0/8"}},
			CA:     "PEM",
		},
		Components: map[string]schema.Component{
			"notes": {Name: "notes", Workloads: map[string]schema.Workload{"server": {}, "setup": {}}},
			"db":    {Name: "db"},
			"far":   {Name: "far", Place: schema.External},
		},
		Edges: map[string]map[string]schema.Edge{"notes": {
			"db":  {Provider: "db", Host: "db-rw"},
			"far": {Provider: "far", Host: "far.example.com"},
		}},
		Routes: map[string]schema.Route{"notes.web": {Host: "notes.example.com"}},
	}
	got, err := Of(e, "notes", schema.Workload{Env: map[string]schema.Value{"AWS_CA_BUNDLE": "/own.pem"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"HTTPS_PROXY":   "http://proxy.example.com:3128",
		"https_proxy":   "http://proxy.example.com:3128",
		"HTTP_PROXY":    "",
		"NO_PROXY":      "localhost,127.0.0.1,::1,.svc,.cluster.local,db-rw,mlops.example.com,notes,notes-setup,notes.example.com,10.0.0.0/8",
		"SSL_CERT_FILE": "/run/ca/trusted.pem",
		"AWS_CA_BUNDLE": "/own.pem",
	} {
		if got.Env[name] != want {
			t.Errorf("%s is %q, not %q", name, got.Env[name], want)
		}
	}
	if got.Files["/run/ca/trusted.pem"] != "PEM" {
		t.Errorf("the files are %v", got.Files)
	}
	if asked, err := Asking(e, "notes", schema.Question{Command: []schema.Value{"ask"}}); err != nil || len(asked.Env) > 0 {
		t.Errorf("who only waits gets %v, %v", asked.Env, err)
	}
	if none, err := Of(platform, "notes", schema.Workload{}); err != nil || len(none.Env) > 0 || len(none.Files) > 0 {
		t.Errorf("without a proxy there is %v, %v", none, err)
	}
}
