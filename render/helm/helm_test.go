package helm_test

import (
	"os"
	"strings"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/render/helm"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// TestTree holds the charts of whole environments: of the templates of objects only what
// they are and the lines with actions, as render/kube's tests hold the objects. That templates make just
// these is shown by Helm itself (e2e, TestHelmTemplate).
func TestTree(t *testing.T) {
	loadtest.Golden(t, "prod", os.Getenv("UPDATE") != "", func(t *testing.T, l load.Loaded) map[string]string {
		cluster, err := kube.Of(l.Environment)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := helm.Tree(cluster)
		if err != nil {
			t.Fatal(err)
		}
		made := map[string]string{}
		for name, data := range tree.All() {
			name = strings.TrimPrefix(name, "deploy/prod/mlops-helm-charts/")
			if !strings.HasPrefix(name, "templates/components/") && !strings.HasPrefix(name, "templates/tests/") {
				made[name] = string(data)
				continue
			}
			for line := range strings.Lines(string(data)) {
				if strings.Contains(line, "{{") || strings.HasPrefix(line, "kind:") || strings.HasPrefix(line, "  name:") {
					made[name] += line
				}
			}
		}
		return made
	})
}

func TestNothingInTheClusterIsNoFiles(t *testing.T) {
	tree, err := helm.Tree(kube.Cluster{Environment: &schema.Environment{}})
	if err != nil || tree.Len() > 0 {
		t.Errorf("got %v (%v)", tree.Paths(), err)
	}
}

func BenchmarkTree(b *testing.B) {
	cluster, err := kube.Of(loadtest.Load(b, "prod", nil).Environment)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := helm.Tree(cluster); err != nil {
			b.Fatal(err)
		}
	}
}
