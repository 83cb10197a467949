package flux_test

import (
	"fmt"
	"os"
	"testing"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"sigs.k8s.io/yaml"

	"github.com/mlops-gitops/mlops-gitops/render/flux"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// TestTree holds the files of whole environments. Each reads back strictly as what
// Flux itself defines.
func TestTree(t *testing.T) {
	loadtest.Golden(t, "prod", os.Getenv("UPDATE") != "", func(t *testing.T, l load.Loaded) map[string]string {
		tree, err := flux.Tree(there(t, l.Environment))
		if err != nil {
			t.Fatal(err)
		}
		made := map[string]string{}
		for name, data := range tree.All() {
			var k kustomizev1.Kustomization
			if err := yaml.UnmarshalStrict(data, &k); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			made[name] = string(data)
		}
		return made
	})
}

func there(t *testing.T, e *schema.Environment) kube.Cluster {
	t.Helper()
	c, err := kube.Of(e)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func cluster(change func(*schema.Environment)) *schema.Environment {
	e := &schema.Environment{
		Name:       "prod",
		Settings:   schema.Settings{Flux: schema.Flux{Interval: "1h", RetryInterval: "2m", Timeout: "15m"}},
		Components: map[string]schema.Component{"app": {Place: schema.Cluster}},
	}
	change(e)
	return e
}

func TestNothingInTheClusterIsNoFiles(t *testing.T) {
	tree, err := flux.Tree(there(t, cluster(func(e *schema.Environment) { e.Components["app"] = schema.Component{Place: schema.Local} })))
	if err != nil || tree.Len() > 0 {
		t.Errorf("got %v (%v)", tree.Paths(), err)
	}
}

func TestEnvironmentsInOneClusterDontMeet(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range []string{"prod", "prod-eu", "staging"} {
		for _, stage := range kube.Stages() {
			n := flux.Name(&schema.Environment{Name: name}, stage)
			if seen[n] {
				t.Errorf("two Kustomizations are called %s", n)
			}
			seen[n] = true
		}
	}
}

func TestTimes(t *testing.T) {
	for _, tt := range []struct {
		what   string
		change func(*schema.Environment)
		want   string
	}{
		{"all three are times", func(*schema.Environment) {}, "<nil>"},
		{"the interval must be one", func(e *schema.Environment) { e.Settings.Flux.Interval = "often" },
			`clusters/prod/secrets.yaml: flux.interval must be a time such as 90s, 10m or 1h, not "often"`},
		{"so must the timeout", func(e *schema.Environment) { e.Settings.Flux.Timeout = "0s" },
			`clusters/prod/secrets.yaml: flux.timeout must be a time such as 90s, 10m or 1h, not "0s"`},
		{"and the time to try again", func(e *schema.Environment) { e.Settings.Flux.RetryInterval = "" },
			`clusters/prod/secrets.yaml: flux.retryInterval must be a time such as 90s, 10m or 1h, not ""`},
	} {
		if _, err := flux.Tree(there(t, cluster(tt.change))); fmt.Sprint(err) != tt.want {
			t.Errorf("%s:\n got %v\nwant %s", tt.what, err, tt.want)
		}
	}
}
