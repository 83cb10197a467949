package kustomize_test

import (
	"os"
	"path"
	"strings"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/render/kustomize"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// TestTree holds what overlays say, and which files a base has; render/kube holds
// what is in them. Each tree is proven.
func TestTree(t *testing.T) {
	loadtest.Golden(t, "prod", os.Getenv("UPDATE") != "", func(t *testing.T, l load.Loaded) map[string]string {
		c := there(t, l.Environment)
		tree, err := kustomize.Tree(c, l.Base)
		if err != nil {
			t.Fatal(err)
		}
		if err := kustomize.Prove(tree, c); err != nil {
			t.Error(err)
		}
		made := map[string]string{}
		for name, data := range tree.All() {
			switch {
			case !strings.HasPrefix(name, "deploy/prod/base/"):
				made[name] = string(data)
			case path.Base(name) == "kustomization.yaml":
				made[name] = string(data)
			default:
				made["deploy/prod/base/files"] += strings.TrimPrefix(name, "deploy/prod/base/") + "\n"
			}
		}
		return made
	})
}

// TestSettings changes one setting after the other and proves each overlay.
func TestSettings(t *testing.T) {
	for _, tt := range []struct{ what, says string }{
		{"nothing", ``},
		{"a size", `postgres: storage: "100Gi"`},
		{"a number in a command", `mlflow: workers: 3`},
		{"the domain", `domain: "mlops.example.com"`},
		{"a version", `postgres: version: "18.7"`},
		{"a tag that looks like a number", `postgres: image: tag: "18"`},
		{"a digest", `mlflow: image: digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"`},
		{"a repository", `mlflow: image: repository: "registry.example.com:5000/mirror/mlflow"`},
		{"all of an image", `mlflow: image: {repository: "example.com/mlflow", tag: "own", digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}`},
		{"requests", `mlflow: resources: requests: {cpu: "1.5", memory: "2Gi"}`},
		{"limits", `postgres: resources: limits: memory: "8Gi"`},
		{"a variable", `mlflow: env: NEW: "no"`},
		{"a variable of each kind of text", `mlflow: env: {A: "", B: "a\nb\t\n", C: "$(HOME) $$", D: "0777", E: "null", F: "~", G: " x ", H: "ünï", I: "1:30", J: "2024-01-01"}`},
		{"a variable that is there", `mlflow: env: USER: "someone"`},
		{"the database's name", `mlflow: database: "tracking"`},
		{"where a component runs", `postgres: {place: "external", published: sql: {host: "db.example.com", port: 5433, tls: "verify-full"}}`},
		{"the namespace", `namespace: "no"`},
		{"a component of one's own", `components: notes: workloads: server: {image: {repository: "example.com/notes", tag: "1"}, command: ["notes"]}`},
		{"one that shares an image's name but not its tag", `mlflow: version: "v3.18.0", components: notes: workloads: server: {image: {repository: "ghcr.io/mlflow/mlflow", tag: "v1"}, command: ["notes"]}`},
		{"one with a disk, a claim and a task", `components: notes: {
			needs: postgres: {port: "sql", database: "notes"}
			workloads: server: {
				image: {repository: "example.com/notes", tag: "1"}
				command: ["notes"]
				volumes: data: {path: "/data", size: "1Gi"}
				after: fill: "completed"
			}
			workloads: fill: {kind: "task", image: {repository: "example.com/notes", tag: "1"}, command: ["fill"], wait: command: ["filled"]}
		}`},
	} {
		t.Run(tt.what, func(t *testing.T) {
			l := loadtest.Load(t, "prod", map[string]string{
				"environments/prod/environment.cue": "package environments\n\nenvironment: {mode: \"prod\", " + tt.says + "}\n",
			})
			c := there(t, l.Environment)
			tree, err := kustomize.Tree(c, l.Base)
			if err != nil {
				t.Fatal(err)
			}
			if err := kustomize.Prove(tree, c); err != nil {
				t.Error(err)
			}
		})
	}
}
