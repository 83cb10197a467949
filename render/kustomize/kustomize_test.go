package kustomize_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/render/kustomize"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// one returns an environment with a service, app, as change leaves it.
func one(change func(e *schema.Environment, w *schema.Workload)) *schema.Environment {
	e := &schema.Environment{
		Name:       "prod",
		Settings:   schema.Settings{Namespace: "ml"},
		Components: map[string]schema.Component{"app": {Name: "app", Place: schema.Cluster, Workloads: map[string]schema.Workload{}}},
		Secrets:    map[string]schema.Secret{"app.key": {Component: "app"}},
	}
	w := schema.Workload{
		Kind:     "service",
		Image:    schema.Image{Repository: "example.com/app", Tag: "v1"},
		Command:  []schema.Value{"app"},
		Env:      map[string]schema.Value{"A": "1", "B": "2", "C": "3", "KEY": "\uFDD0secret app.key file\uFDD1"},
		Files:    map[string]schema.Value{"/etc/app": "old\n"},
		Ports:    map[string]int{"http": 80},
		Replicas: 1,
		User:     1000,
		Grace:    30,
	}
	change(e, &w)
	e.Components["app"].Workloads["server"] = w
	return e
}

func as(*schema.Environment, *schema.Workload) {}

// TestOverlays holds what an overlay says of one change, for changes that settings
// can't make, and proves each, there and back.
func TestOverlays(t *testing.T) {
	for _, tt := range []struct {
		what   string
		change func(e *schema.Environment, w *schema.Workload)
		stage  string
		want   string // in the stage's kustomization, or the name of a file there
	}{
		{"a tag is an image", func(_ *schema.Environment, w *schema.Workload) { w.Image.Tag = "v2" }, "apps", "images:\n- name: example.com/app\n  newTag: v2\n"},
		{"so is a digest instead of a tag", func(_ *schema.Environment, w *schema.Workload) {
			w.Image.Tag, w.Image.Digest = "", "sha256:"+strings.Repeat("0", 64)
		}, "apps", "images:\n- name: example.com/app\n  digest: sha256:" + strings.Repeat("0", 64) + "\n"},
		{"so is another repository", func(_ *schema.Environment, w *schema.Workload) { w.Image.Repository = "localhost:5000/app" }, "apps",
			"images:\n- name: example.com/app\n  newName: localhost:5000/app\n  newTag: v1\n"},
		{"an image without a version is a patch", func(_ *schema.Environment, w *schema.Workload) { w.Image.Tag = "" }, "apps", "path: /spec/template/spec/containers/0/image\n      value: example.com/app\n"},
		{"an image is a patch where its name means several", func(e *schema.Environment, w *schema.Workload) {
			other := *w
			e.Components["app"].Workloads["other"] = other
			w.Image.Tag = "v2"
		}, "apps", "path: /spec/template/spec/containers/0/image\n      value: example.com/app:v2\n"},
		{"a number of replicas is one", func(_ *schema.Environment, w *schema.Workload) { w.Replicas = 3 }, "apps", "replicas:\n- name: app\n  count: 3\n"},
		{"a variable in the middle is one line", func(_ *schema.Environment, w *schema.Workload) { w.Env["AA"] = "x" }, "apps",
			"    - op: add\n      path: /spec/template/spec/containers/0/env/1\n      value:\n        name: AA\n        value: x\n  target:"},
		{"one that goes is a removal", func(_ *schema.Environment, w *schema.Workload) { delete(w.Env, "B") }, "apps", "    - op: remove\n      path: /spec/template/spec/containers/0/env/1\n"},
		{"slashes in names are escaped", func(_ *schema.Environment, w *schema.Workload) { w.Image.Tag = "" }, "apps", "path: /metadata/labels/app.kubernetes.io~1version\n"},
		{"a file's text is replaced", func(_ *schema.Environment, w *schema.Workload) { w.Files["/etc/app"] = "new\n" }, "apps", "path: /data/app.etc__app\n      value: |\n        new\n"},
		{"an object that isn't shipped is a file", func(_ *schema.Environment, w *schema.Workload) {
			w.Expose = map[string]schema.Expose{"http": {Port: 80}}
		}, "apps", "- service-app-public.yaml\n"},
		{"one that is not meant is deleted", func(_ *schema.Environment, w *schema.Workload) { w.Ports = nil }, "apps",
			"- patch: |\n    $patch: delete\n    apiVersion: v1\n    kind: Service\n    metadata:\n      name: app\n      namespace: ml\n"},
		{"another kind is both", func(_ *schema.Environment, w *schema.Workload) {
			w.Volumes = map[string]schema.Volume{"data": {Path: "/data", Size: "1Gi"}}
		}, "apps", "- statefulset-app.yaml\n"},
		{"another stage is both", func(e *schema.Environment, _ *schema.Workload) {
			e.Components["app"] = schema.Component{Name: "app", Place: schema.Cluster, Accepts: schema.Accepts{Database: true}, Workloads: map[string]schema.Workload{}}
		}, "data", "- deployment-app.yaml\n"},
		{"a changed task is a new one", func(_ *schema.Environment, w *schema.Workload) { w.Kind, w.Ports = "task", nil }, "setup", "- job-app-"},
		{"secrets are named, and lie beside", as, "secrets", "resources:\n- ../base/secrets\n- app.key.yaml\n"},
		{"a stage without objects says its namespace", as, "operators", "kind: Kustomization\nnamespace: ml\n"},
		{"nothing changes nothing", as, "apps", "kind: Kustomization\nresources:\n- ../base/apps\n"},
	} {
		e, base := one(tt.change), one(as)
		tree := proven(t, tt.what, e, base)
		text, _ := tree.File("deploy/prod/" + tt.stage + "/kustomization.yaml")
		if !strings.Contains(string(text), tt.want) {
			t.Errorf("%s: %s says\n%s\nnot\n%s", tt.what, tt.stage, text, tt.want)
		}
		proven(t, tt.what+", and back", base, e)
	}
}

func there(t *testing.T, e *schema.Environment) kube.Cluster {
	t.Helper()
	c, err := kube.Of(e)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func proven(t *testing.T, what string, e, base *schema.Environment) render.Tree {
	t.Helper()
	tree, err := kustomize.Tree(there(t, e), base)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if err := kustomize.Prove(tree, there(t, e)); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	return tree
}

func TestNothingInTheClusterIsNoFiles(t *testing.T) {
	local := one(func(e *schema.Environment, _ *schema.Workload) {
		c := e.Components["app"]
		c.Place = schema.Local
		e.Components["app"] = c
	})
	tree, err := kustomize.Tree(there(t, local), nil)
	if err != nil || tree.Len() > 0 {
		t.Errorf("got %v (%v)", tree.Paths(), err)
	}
	if err := kustomize.Prove(tree, there(t, local)); err != nil {
		t.Error(err)
	}
}

// TestProofFinds breaks a tree in every way and holds what the proof says.
func TestProofFinds(t *testing.T) {
	e := one(func(_ *schema.Environment, w *schema.Workload) { w.Image.Tag, w.Replicas = "v2", 3 })
	good := proven(t, "the unbroken tree", e, one(as))
	for _, tt := range []struct{ what, file, from, to, want string }{
		{"a wrong field", "apps/kustomization.yaml", "count: 3", "count: 2",
			"deploy/prod/apps builds to something else than was meant: Deployment/ml/app spec.replicas is 2, not 3"},
		{"a field too few", "base/apps/deployment-app.yaml", "        imagePullPolicy: IfNotPresent\n", "",
			"deploy/prod/apps builds to something else than was meant: Deployment/ml/app spec.template.spec.containers[0].imagePullPolicy is nothing, not \"IfNotPresent\""},
		{"a field too many", "base/apps/service-app.yaml", "spec:\n", "spec:\n  type: NodePort\n",
			"deploy/prod/apps builds to something else than was meant: Service/ml/app spec.type is \"NodePort\", not nothing"},
		{"an object too few", "base/apps/kustomization.yaml", "- service-app.yaml\n", "",
			`deploy/prod/apps builds to something else than was meant: Service/ml/app is nothing, not {"apiVersion":"v1",`},
		{"a secret too few", "secrets/kustomization.yaml", "- app.key.yaml\n", "",
			`deploy/prod/secrets builds to something else than was meant: Secret/ml/app.key is nothing, not {"apiVersion":"v1",`},
		{"an object of another name", "base/apps/service-app.yaml", "  name: app\n  namespace", "  name: other\n  namespace",
			`deploy/prod/apps builds to something else than was meant: Service/ml/app is nothing, not {"apiVersion":"v1",`},
		{"what kustomize refuses", "apps/kustomization.yaml", "../base/apps", "../base/none", "deploy/prod/apps: accumulating resources"},
	} {
		var broken render.Tree
		for name, data := range good.All() {
			text := string(data)
			if name == "deploy/prod/"+tt.file {
				if text = strings.Replace(text, tt.from, tt.to, 1); text == string(data) {
					t.Fatalf("%s: there is no %q in\n%s", tt.what, tt.from, data)
				}
			}
			if err := broken.Add(name, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		err := kustomize.Prove(broken, there(t, e))
		if !strings.HasPrefix(fmt.Sprint(err), tt.want) {
			t.Errorf("%s:\n got %v\nwant %s", tt.what, err, tt.want)
		}
		if d, ok := errors.AsType[*kustomize.Difference](err); ok && d.Hint() == "" {
			t.Errorf("%s: there is no hint", tt.what)
		}
	}
}

// TestProofsRunAtOnce is for the race detector: kustomize itself must not.
func TestProofsRunAtOnce(t *testing.T) {
	e := one(func(_ *schema.Environment, w *schema.Workload) { w.Image.Tag = "v2" })
	tree := proven(t, "the tree", e, one(as))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := kustomize.Prove(tree, there(t, e)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
