package kube_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// ordered returns an environment in which app's server comes after its task
// prepare and both need a store, from which prepare claims. The task and the store
// can be asked, and so can the claim.
func ordered(change func(e *schema.Environment)) *schema.Environment {
	e := app(func(e *schema.Environment, w *schema.Workload) {
		asking := func(word schema.Value) *schema.Question {
			return &schema.Question{Command: []schema.Value{word}, Files: map[string]schema.Value{"/etc/q": "q"}}
		}
		task := *w
		task.Kind, task.User, task.Wait = "task", 1234, asking("prepared")
		e.Components["app"].Workloads["prepare"] = task
		w.After = map[string]string{"prepare": "completed"}
		w.Files = map[string]schema.Value{"/etc/q": "mine"}
		w.Env = map[string]schema.Value{"KEY": token("secret app.other file")}

		store := *w
		store.After, store.Env, store.User, store.Wait = nil, nil, 999, asking("store")
		e.Components["store"] = schema.Component{
			Name:      "store",
			Place:     schema.Cluster,
			Accepts:   schema.Accepts{Database: true},
			Workloads: map[string]schema.Workload{"server": store},
			Claims: map[string]schema.Claim{"app.main": {Wait: &schema.ClaimWait{
				Image:   schema.Image{Repository: "example.com/client", Tag: "1"},
				User:    70,
				Command: []schema.Value{"claimed"},
				Env:     map[string]schema.Value{"PASSWORD": token("secret app.key value")},
			}}},
		}
		e.Edges["app"]["main"] = schema.Edge{Consumer: "app", Provider: "store", Workload: "server", Claim: "app.main", Waiters: []string{"prepare"}}
		e.Edges["app"]["plain"] = schema.Edge{Consumer: "app", Provider: "store", Workload: "server", Waiters: []string{"server"}}
	})
	change(e)
	return e
}

func TestOrder(t *testing.T) {
	asIs := func(*schema.Environment) {}
	const server, prepare = "Deployment/ml/app", "Job/ml/app-prepare"
	for _, tt := range []struct {
		what   string
		change func(*schema.Environment)
		object string
		field  string
		want   string
	}{
		{"a workload waits for those that it comes after", asIs, server, "initContainers 0 name", `"after-prepare"`},
		{"in their image", asIs, server, "initContainers 0 image", `"example.com/app:v1"`},
		{"as their user", asIs, server, "initContainers 0 securityContext runAsUser", `1234`},
		{"with their question, over and over", asIs, server, "initContainers 0 command", `["/bin/sh","/run/start.sh","prepared"]`},
		{"then for what it needs", asIs, server, "initContainers 1 name", `"needs-plain"`},
		{"as that workload's user", asIs, server, "initContainers 1 securityContext runAsUser", `999`},
		{"and for nothing else", asIs, server, "initContainers 2", "nothing"},
		{"a claim is asked for its fulfilment", asIs, prepare, "initContainers 0 image", `"example.com/client:1"`},
		{"as the user that the claim says", asIs, prepare, "initContainers 0 securityContext runAsUser", `70`},
		{"who asks has files of its own", asIs, server, "initContainers 0 volumeMounts 0", `{"mountPath":"/etc/q","name":"mounted-files","readOnly":true,"subPath":"after-prepare.etc__q"}`},
		{"and a directory for what is temporary", asIs, server, "initContainers 0 volumeMounts 2", `{"mountPath":"/tmp","name":"after-prepare-scratch-tmp"}`},
		{"it has no secret that its question doesn't mention", asIs, server, "initContainers 0 volumeMounts 3", "nothing"},
		{"and every one that it does", asIs, prepare, "volumes 0 projected sources 0 secret name", `"app.key"`},
		{"it may do no more than any program", asIs, server, "initContainers 0 securityContext",
			`{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true,"runAsGroup":2000,"runAsUser":1234}`},
		{"what can't be asked about a claim is asked of its provider", func(e *schema.Environment) {
			e.Components["store"].Claims["app.main"] = schema.Claim{}
		}, prepare, "initContainers 0 command", `["/bin/sh","/run/start.sh","store"]`},
		{"who isn't to wait doesn't", func(e *schema.Environment) {
			e.Edges["app"]["main"] = schema.Edge{Provider: "store", Workload: "server"}
		}, prepare, "initContainers", "nothing"},
		{"nobody waits for what runs elsewhere", func(e *schema.Environment) {
			c := e.Components["store"]
			c.Place = schema.Local
			e.Components["store"] = c
		}, prepare, "initContainers", "nothing"},
	} {
		if got := at(t, ordered(tt.change), tt.object, pod+tt.field); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.what, got, tt.want)
		}
	}
}

func TestStages(t *testing.T) {
	cluster, err := kube.Of(ordered(func(*schema.Environment) {}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range cluster.Objects {
		got = append(got, fmt.Sprintf("%s %s", o.Stage, o.Kind()))
	}
	want := []string{
		"secrets Namespace", "secrets NetworkPolicy", "secrets NetworkPolicy", "secrets NetworkPolicy", "secrets NetworkPolicy", "secrets ServiceAccount", "secrets ServiceAccount",
		"data ConfigMap", "data Deployment", "setup ConfigMap", "setup Job", "apps ConfigMap", "apps Deployment",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOnlyWhatRunsInTheClusterIsRendered(t *testing.T) {
	elsewhere := ordered(func(e *schema.Environment) {
		for name, c := range e.Components {
			c.Place = schema.Local
			e.Components[name] = c
		}
	})
	if elsewhere.RunsAt(schema.Cluster) || !ordered(func(*schema.Environment) {}).RunsAt(schema.Cluster) {
		t.Error("what runs in the cluster isn't told from what runs elsewhere")
	}
	cluster, err := kube.Of(elsewhere)
	if err != nil || len(cluster.Objects)+len(cluster.Secrets) > 0 {
		t.Errorf("got %v, secrets %v (%v)", cluster.Objects, cluster.Secrets, err)
	}
}
