package kube_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// TestObjects holds the objects of whole environments, one file a stage. Each is
// rendered twice to the same bytes, reads back as what was written by the parser
// that Kubernetes uses, and has only pods that restricted Pod Security admits.
func TestObjects(t *testing.T) {
	loadtest.Golden(t, "prod", os.Getenv("UPDATE") != "", func(t *testing.T, l load.Loaded) map[string]string {
		made := stages(t, l)
		if again := stages(t, l); !reflect.DeepEqual(made, again) {
			t.Error("a second run makes something else")
		}
		return made
	})
}

func stages(t *testing.T, l load.Loaded) map[string]string {
	t.Helper()
	cluster, err := kube.Of(l.Environment)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]string{"secrets": strings.Join(cluster.Secrets, "\n") + "\n"}
	for _, o := range cluster.Objects {
		restricted(t, o)
		text, err := kube.YAML(o.Fields)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := asJSON(t, o.Fields), readBack(t, text); got != want {
			t.Errorf("%s reads back as %s, not %s", o, want, got)
		}
		made[string(o.Stage)+".yaml"] += "---\n" + string(text)
	}
	return made
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func readBack(t *testing.T, text []byte) string {
	t.Helper()
	data, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// restricted checks an object's pod against the namespace's own label.
func restricted(t *testing.T, o kube.Object) {
	t.Helper()
	var template corev1.PodTemplateSpec
	var err error
	data := []byte(asJSON(t, o.Fields))
	switch o.Kind() {
	case "Deployment":
		var d appsv1.Deployment
		err = json.Unmarshal(data, &d)
		template = d.Spec.Template
	case "StatefulSet":
		var s appsv1.StatefulSet
		err = json.Unmarshal(data, &s)
		template = s.Spec.Template
	case "Pod":
		var p corev1.Pod
		err = json.Unmarshal(data, &p)
		template = corev1.PodTemplateSpec{ObjectMeta: p.ObjectMeta, Spec: p.Spec}
	case "Job":
		var j batchv1.Job
		err = json.Unmarshal(data, &j)
		template = j.Spec.Template
	case "Namespace":
		if got := o.GetLabels()["pod-security.kubernetes.io/enforce-version"]; got != "v1.34" {
			t.Errorf("the namespace enforces version %s, and the test checks another", got)
		}
		return
	default:
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	checks, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.MajorMinorVersion(1, 34)}
	results := checks.EvaluatePod(level, &template.ObjectMeta, &template.Spec)
	if len(results) == 0 {
		t.Error("nothing was checked")
	}
	for _, r := range results {
		if !r.Allowed {
			t.Errorf("%s: restricted Pod Security refuses its pod: %s: %s", o, r.ForbiddenReason, r.ForbiddenDetail)
		}
	}
}
