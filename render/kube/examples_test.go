package kube_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// TestExamples holds that the examples of the documents, all in one environment, make
// pods that a cluster admits.
func TestExamples(t *testing.T) {
	examples, err := filepath.Glob("../../docs/examples/*.cue")
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	files := map[string]string{}
	for _, example := range examples {
		data, err := os.ReadFile(example)
		if err != nil {
			t.Fatal(err)
		}
		files["environments/"+filepath.Base(example)] = string(data)
	}
	cluster, err := kube.Of(loadtest.Load(t, "prod", files).Environment)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range cluster.Objects {
		restricted(t, o)
	}
}
