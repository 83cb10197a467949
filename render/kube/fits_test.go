package kube_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// TestFits holds the limits that loading says with a line (schema/load, fits.go) to those
// that objects have: the longest that they take is loaded, and one more is a mistake.
func TestFits(t *testing.T) {
	w := func(n int) string { return strings.Repeat("w", n) }
	short := func(int) string { return "w" }
	file := func(n int) string { return "/" + strings.Repeat("f", n) }
	for _, tt := range []struct {
		what string
		name func(n int) string
		cue  func(n int) string // of the workload
		same func(n int, w *schema.Workload)
	}{
		{"the name of a service", w, func(int) string { return `ports: web: 80` }, func(_ int, w *schema.Workload) {
			w.Ports = map[string]int{"web": 80}
		}},
		{"the name of a task", w, func(int) string { return `kind: "task"` }, func(_ int, w *schema.Workload) {
			w.Kind = "task"
		}},
		{"the name of a service with a volume", w, func(int) string { return `volumes: data: {path: "/data", size: "1Gi"}` }, func(_ int, w *schema.Workload) {
			w.Volumes = map[string]schema.Volume{"data": {Path: "/data", Size: "1Gi"}}
		}},
		{"the name of a service that is exposed", w, func(int) string { return `ports: web: 80, expose: web: port: 8080` }, func(_ int, w *schema.Workload) {
			w.Ports = map[string]int{"web": 80}
			w.Expose = map[string]schema.Expose{"web": {Port: 8080}}
		}},
		{"the path of a file", short, func(n int) string { return fmt.Sprintf("files: %q: \"x\"", file(n)) }, func(n int, w *schema.Workload) {
			w.Files = map[string]schema.Value{file(n): "x"}
		}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			most := 0
			for n := 1; n < 300 && fitting(t, tt.name(n), func(w *schema.Workload) { tt.same(n, w) }); n++ {
				most = n
			}
			for n, tooLong := range map[int]bool{most: false, most + 1: true} {
				if _, err := loaded(t, tt.name(n), tt.cue(n)); strings.Contains(fmt.Sprint(err), "characters") != tooLong {
					t.Errorf("%d characters are the most that objects take, and of %d loading says: %v", most, n, err)
				}
			}
		})
	}
}

// TestFilesFit holds that the largest files that are loaded fit into a ConfigMap together
// with the scripts that come beside them (k8s.io/kubernetes, pkg/apis/core, MaxSecretSize).
func TestFilesFit(t *testing.T) {
	const most = 1<<20 - 1<<16
	text := func(size int) string {
		return fmt.Sprintf(`files: "/a": %q, command: ["run"], env: KEY: "a \(secrets.key.value)"`, strings.Repeat("x", size))
	}
	if _, err := loaded(t, "w", text(most+1)); !strings.Contains(fmt.Sprint(err), "KiB") {
		t.Errorf("one byte too many, and loading says: %v", err)
	}
	l, err := loaded(t, "w", text(most))
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := kube.Of(l.Environment)
	if err != nil {
		t.Fatal(err)
	}
	largest := 0
	for _, o := range cluster.Objects {
		size := 0
		for _, value := range dataOf(t, o) {
			size += len(value)
		}
		largest = max(largest, size)
	}
	if largest <= most || largest > 1<<20 {
		t.Errorf("a ConfigMap has %d bytes, of which %d are files", largest, most)
	}
}

// loaded is prod with a component app, whose workload is called and says something.
func loaded(t *testing.T, name, says string) (load.Loaded, error) {
	t.Helper()
	all, err := loadtest.Open(t, "prod", map[string]string{"environments/prod/app.cue": `package environments

environment: components: app: {
	place: "cluster"
	secrets: key: {}
	workloads: "` + name + `": {image: {repository: "example.com/app", tag: "1"}, ` + says + `}
}
`}).Load("prod")
	if m := (*load.Mistake)(nil); err != nil {
		if !errors.As(err, &m) {
			t.Fatal(err)
		}
		return load.Loaded{}, err
	}
	return all[0], nil
}

// fitting reports whether objects can be made of such a workload.
func fitting(t *testing.T, name string, change func(*schema.Workload)) bool {
	t.Helper()
	cluster, err := kube.Of(app(func(e *schema.Environment, server *schema.Workload) {
		w := *server
		change(&w)
		e.Components["app"].Workloads[name] = w
	}))
	if long := (*kube.TooLong)(nil); errors.As(err, &long) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range cluster.Objects {
		for key := range dataOf(t, o) {
			if len(validation.IsConfigMapKey(key)) > 0 {
				return false
			}
		}
	}
	return true
}

// dataOf is what a ConfigMap holds.
func dataOf(t *testing.T, o kube.Object) map[string]string {
	t.Helper()
	if o.Kind() != "ConfigMap" {
		return nil
	}
	var c corev1.ConfigMap
	if err := json.Unmarshal([]byte(asJSON(t, o.Fields)), &c); err != nil {
		t.Fatal(err)
	}
	return c.Data
}
