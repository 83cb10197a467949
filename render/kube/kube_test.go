package kube_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// token is a reference as the schema writes it into a value.
func token(words string) schema.Value { return schema.Value("\uFDD0" + words + "\uFDD1") }

// app returns an environment with one component, app, that has one workload,
// server, and whatever change makes of both.
func app(change func(e *schema.Environment, w *schema.Workload)) *schema.Environment {
	e := &schema.Environment{
		Name:     "prod",
		Settings: schema.Settings{Namespace: "ml"},
		Edges:    map[string]map[string]schema.Edge{"app": {}},
		Secrets:  map[string]schema.Secret{"app.key": {Component: "app"}, "app.other": {Component: "app"}},
		Components: map[string]schema.Component{"app": {
			Name:      "app",
			Place:     schema.Cluster,
			Workloads: map[string]schema.Workload{},
		}},
	}
	w := schema.Workload{
		Kind:     "service",
		Image:    schema.Image{Repository: "example.com/app", Tag: "v1"},
		Command:  []schema.Value{"app"},
		Replicas: 1,
		User:     1000,
		Group:    2000,
		Grace:    30,
	}
	change(e, &w)
	e.Components["app"].Workloads["server"] = w
	return e
}

// at returns the field of the object as JSON, or "nothing". The hash in a Job's
// name need not be given.
func at(t *testing.T, e *schema.Environment, object, field string) string {
	t.Helper()
	cluster, err := kube.Of(e)
	if err != nil {
		return "error: " + err.Error()
	}
	for _, o := range cluster.Objects {
		name := o.String()
		if o.Kind() == "Job" {
			name = regexp.MustCompile(`-[0-9a-f]{10}$`).ReplaceAllString(name, "")
		}
		if name != object {
			continue
		}
		var v any = o.Fields
		for step := range strings.FieldsSeq(field) {
			switch c := v.(type) {
			case map[string]any:
				v = c[step]
			case []any:
				i, err := strconv.Atoi(step)
				if err != nil || i >= len(c) {
					return "nothing"
				}
				v = c[i]
			}
		}
		if v == nil {
			return "nothing"
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	return "no such object"
}

const pod = "spec template spec "

func TestWorkloads(t *testing.T) {
	type change = func(e *schema.Environment, w *schema.Workload)
	none := func(*schema.Environment, *schema.Workload) {}
	volume := func(_ *schema.Environment, w *schema.Workload) {
		w.Volumes = map[string]schema.Volume{"data": {Path: "/data", Size: "20Gi"}}
	}
	task := func(_ *schema.Environment, w *schema.Workload) { w.Kind = "task" }
	accepts := func(e *schema.Environment, w *schema.Workload) {
		volume(e, w)
		c := e.Components["app"]
		c.Accepts.Database = true
		e.Components["app"] = c
	}
	ports := func(_ *schema.Environment, w *schema.Workload) {
		w.Ports = map[string]int{"web": 80, "admin": 81}
		w.Expose = map[string]schema.Expose{"web": {Port: 8080, Address: "127.0.0.1"}}
	}
	replicas := func(n int) change { return func(_ *schema.Environment, w *schema.Workload) { w.Replicas = n } }
	both := func(a, b change) change {
		return func(e *schema.Environment, w *schema.Workload) { a(e, w); b(e, w) }
	}
	health := func(h schema.Health) change {
		return both(ports, func(_ *schema.Environment, w *schema.Workload) {
			h.Period, h.Timeout, h.Failures, h.Start = 7, 3, 2, 60
			h.Command = []schema.Value{"ask", "$(it)"}
			w.Health = &h
		})
	}

	for _, tt := range []struct {
		what   string
		change change
		object string
		field  string
		want   string
	}{
		{"a service without volumes is a Deployment", none, "Deployment/ml/app", "spec replicas", `1`},
		{"whose new pod is ready before an old one goes", none, "Deployment/ml/app", "spec strategy rollingUpdate", `{"maxSurge":1,"maxUnavailable":0}`},
		{"its selector holds nothing that ever changes", none, "Deployment/ml/app", "spec selector matchLabels",
			`{"app.kubernetes.io/component":"server","app.kubernetes.io/instance":"prod","app.kubernetes.io/name":"app"}`},
		{"its version is a label", none, "Deployment/ml/app", "metadata labels app.kubernetes.io/version", `"v1"`},
		{"unless it can't be one", func(_ *schema.Environment, w *schema.Workload) { w.Image.Tag = strings.Repeat("v", 64) }, "Deployment/ml/app", "metadata labels app.kubernetes.io/version", "nothing"},
		{"a service with volumes is a StatefulSet", volume, "StatefulSet/ml/app", "spec volumeClaimTemplates 0 spec",
			`{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"20Gi"}}}`},
		{"and no Deployment", volume, "Deployment/ml/app", "", "no such object"},
		{"whose claims are labelled by what never changes", volume, "StatefulSet/ml/app", "spec volumeClaimTemplates 0 metadata labels",
			`{"app.kubernetes.io/component":"server","app.kubernetes.io/instance":"prod","app.kubernetes.io/name":"app"}`},
		{"and are never pruned", volume, "StatefulSet/ml/app", "spec volumeClaimTemplates 0 metadata annotations", `{"kustomize.toolkit.fluxcd.io/prune":"disabled"}`},
		{"nor removed with it", volume, "StatefulSet/ml/app", "spec persistentVolumeClaimRetentionPolicy", `{"whenDeleted":"Retain","whenScaled":"Retain"}`},
		{"its pods have names, ready or not", volume, "Service/ml/app-headless", "spec",
			`{"clusterIP":"None","publishNotReadyAddresses":true,"selector":{"app.kubernetes.io/component":"server","app.kubernetes.io/instance":"prod","app.kubernetes.io/name":"app"}}`},
		{"by its headless Service", volume, "StatefulSet/ml/app", "spec serviceName", `"app-headless"`},
		{"one that others claim from is never pruned", accepts, "StatefulSet/ml/app", "metadata annotations", `{"kustomize.toolkit.fluxcd.io/prune":"disabled"}`},
		{"any other one can be", volume, "StatefulSet/ml/app", "metadata annotations", "nothing"},
		{"the namespace is never pruned", none, "Namespace/ml", "metadata annotations", `{"kustomize.toolkit.fluxcd.io/prune":"disabled"}`},
		{"a task is a Job that tries seven times, over ten minutes", task, "Job/ml/app", "spec backoffLimit", `6`},
		{"whose failed pods stay", task, "Job/ml/app", pod + "restartPolicy", `"Never"`},
		{"and which is never removed", task, "Job/ml/app", "spec ttlSecondsAfterFinished", "nothing"},

		{"pods run as the model says", none, "Deployment/ml/app", pod + "securityContext",
			`{"fsGroup":2000,"fsGroupChangePolicy":"OnRootMismatch","runAsGroup":2000,"runAsNonRoot":true,"runAsUser":1000,"seccompProfile":{"type":"RuntimeDefault"}}`},
		{"and may do nothing more", none, "Deployment/ml/app", pod + "containers 0 securityContext",
			`{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":false}`},
		{"a read-only root stays that", func(_ *schema.Environment, w *schema.Workload) { w.ReadOnlyRoot = true }, "Deployment/ml/app", pod + "containers 0 securityContext readOnlyRootFilesystem", `true`},
		{"a node keeps a release's image", none, "Deployment/ml/app", pod + "containers 0 imagePullPolicy", `"IfNotPresent"`},
		{"and asks for what is latest each time", func(_ *schema.Environment, w *schema.Workload) { w.Image.Tag = "latest" }, "Deployment/ml/app", pod + "containers 0 imagePullPolicy", `"Always"`},
		{"also where no tag says so", func(_ *schema.Environment, w *schema.Workload) { w.Image.Tag = "" }, "Deployment/ml/app", pod + "containers 0 imagePullPolicy", `"Always"`},
		{"unless a digest does", func(_ *schema.Environment, w *schema.Workload) {
			w.Image.Tag, w.Image.Digest = "latest", "sha256:0"
		}, "Deployment/ml/app", pod + "containers 0 imagePullPolicy", `"IfNotPresent"`},
		{"Services put nothing into their environment", none, "Deployment/ml/app", pod + "enableServiceLinks", `false`},
		{"they get no token", none, "Deployment/ml/app", pod + "automountServiceAccountToken", `false`},
		{"and are the component's own account", none, "Deployment/ml/app", pod + "serviceAccountName", `"app"`},
		{"a program has its grace to end", none, "Deployment/ml/app", pod + "terminationGracePeriodSeconds", `30`},
		{"one with ports serves five seconds on", ports, "Deployment/ml/app", pod + "containers 0 lifecycle", `{"preStop":{"sleep":{"seconds":5}}}`},
		{"which it gets beside its grace", ports, "Deployment/ml/app", pod + "terminationGracePeriodSeconds", `35`},

		{"its ports are a Service", ports, "Service/ml/app", "spec ports",
			`[{"name":"admin","port":81,"protocol":"TCP","targetPort":81},{"name":"web","port":80,"protocol":"TCP","targetPort":80}]`},
		{"no ports, no Service", none, "Service/ml/app", "", "no such object"},
		{"what is exposed is a Service for people outside", ports, "Service/ml/app-public", "spec type", `"LoadBalancer"`},
		{"with these ports only", ports, "Service/ml/app-public", "spec ports", `[{"name":"web","port":8080,"protocol":"TCP","targetPort":80}]`},

		{"one replica is not spread", replicas(1), "Deployment/ml/app", pod + "topologySpreadConstraints", "nothing"},
		{"two are, over nodes", replicas(2), "Deployment/ml/app", pod + "topologySpreadConstraints 0 topologyKey", `"kubernetes.io/hostname"`},
		{"and zones", replicas(2), "Deployment/ml/app", pod + "topologySpreadConstraints 1 topologyKey", `"topology.kubernetes.io/zone"`},
		{"each revision by itself", replicas(2), "Deployment/ml/app", pod + "topologySpreadConstraints 0 matchLabelKeys", `["pod-template-hash"]`},
		{"which a StatefulSet's pods have no label for", both(volume, replicas(2)), "StatefulSet/ml/app", pod + "topologySpreadConstraints 0 matchLabelKeys", "nothing"},

		{"without health nobody asks", none, "Deployment/ml/app", pod + "containers 0 startupProbe", "nothing"},
		{"health is asked by a command", health(schema.Health{}), "Deployment/ml/app", pod + "containers 0 readinessProbe",
			`{"exec":{"command":["ask","$$(it)"]},"failureThreshold":2,"periodSeconds":7,"timeoutSeconds":3}`},
		{"or over HTTP", health(schema.Health{HTTP: &schema.HTTP{Port: "web", Path: "/ok"}}), "Deployment/ml/app", pod + "containers 0 readinessProbe httpGet", `{"path":"/ok","port":80}`},
		{"or TCP", health(schema.Health{TCP: "admin"}), "Deployment/ml/app", pod + "containers 0 livenessProbe tcpSocket", `{"port":81}`},
		{"the time to start is rounded up to whole periods", health(schema.Health{}), "Deployment/ml/app", pod + "containers 0 startupProbe failureThreshold", `9`},
		{"it takes longer to be started again than to be sent nothing", health(schema.Health{}), "Deployment/ml/app", pod + "containers 0 livenessProbe failureThreshold", `4`},
		{"what takes long to start isn't given up before", both(health(schema.Health{}), func(_ *schema.Environment, w *schema.Workload) { w.Health.Start = 1000 }), "Deployment/ml/app", "spec progressDeadlineSeconds", `1300`},

		{"variables are in order, and no text of theirs is a variable", func(_ *schema.Environment, w *schema.Workload) {
			w.Env = map[string]schema.Value{"B": "$(A)", "A": "1$", "C": "$$"}
		}, "Deployment/ml/app", pod + "containers 0 env", `[{"name":"A","value":"1$"},{"name":"B","value":"$$(A)"},{"name":"C","value":"$$$$"}]`},
		{"nor is a word of a command", func(_ *schema.Environment, w *schema.Workload) {
			w.Command, w.Args = []schema.Value{"$(A)"}, []schema.Value{"x$(A)$"}
		}, "Deployment/ml/app", pod + "containers 0 args", `["x$$(A)$$"]`},
		{"a container has its part of the node's disk and no more", none, "Deployment/ml/app", pod + "containers 0 resources",
			`{"limits":{"ephemeral-storage":"1Gi"},"requests":{"ephemeral-storage":"64Mi"}}`},
		{"with its scratch directories, but for those in memory", func(_ *schema.Environment, w *schema.Workload) {
			w.Scratch = map[string]schema.Scratch{"/tmp": {Size: "1Gi", Medium: "memory"}, "/a": {Size: "512Mi", Medium: "disk"}, "/b": {Size: "512Mi", Medium: "disk"}}
		}, "Deployment/ml/app", pod + "containers 0 resources limits", `{"ephemeral-storage":"2Gi"}`},
		{"the others are as they are", func(_ *schema.Environment, w *schema.Workload) {
			w.Resources = schema.Resources{Requests: schema.Amounts{CPU: "0.5"}, Limits: schema.Amounts{Memory: "2560Mi"}}
		}, "Deployment/ml/app", pod + "containers 0 resources", `{"limits":{"ephemeral-storage":"1Gi","memory":"2560Mi"},"requests":{"cpu":"500m","ephemeral-storage":"64Mi"}}`},
	} {
		if got := at(t, app(tt.change), tt.object, tt.field); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.what, got, tt.want)
		}
	}
}

func TestMounts(t *testing.T) {
	secret := func(_ *schema.Environment, w *schema.Workload) {
		w.Env = map[string]schema.Value{"KEY": token("secret app.key file")}
		w.Files = map[string]schema.Value{
			"/run/app/config": "password=" + token("secret app.other value"),
			"/etc/app_one":    "${HOME}",
		}
		w.Scratch = map[string]schema.Scratch{"/tmp": {Size: "64Mi", Medium: "memory"}, "/var/Big": {Size: "5Gi", Medium: "disk"}}
	}
	for _, tt := range []struct{ what, object, field, want string }{
		{"files are one ConfigMap", "ConfigMap/ml/app", "data app.etc__app_5fone", `"${HOME}"`},
		{"with the start script", "ConfigMap/ml/app", "data app.run__start.sh", `"# Joins secrets in, then runs its arguments.\nset -eu\n(\numask 077\n{\nprintf %s 'password='\ncat '/run/secrets/app.other'\n} \u003e'/run/app/config'\n)\nexec \"$@\"\n"`},
		{"whose text Flux takes for no variable", "ConfigMap/ml/app", "metadata annotations", `{"kustomize.toolkit.fluxcd.io/substitute":"disabled"}`},
		{"each is where it belongs", "Deployment/ml/app", pod + "containers 0 volumeMounts",
			`[{"mountPath":"/etc/app_one","name":"mounted-files","readOnly":true,"subPath":"app.etc__app_5fone"},` +
				`{"mountPath":"/run/start.sh","name":"mounted-files","readOnly":true,"subPath":"app.run__start.sh"},` +
				`{"mountPath":"/run/app","name":"memory-run-app"},` +
				`{"mountPath":"/run/secrets","name":"mounted-secrets","readOnly":true},` +
				`{"mountPath":"/tmp","name":"scratch-tmp"},` +
				`{"mountPath":"/var/Big","name":"scratch-var-big-8161ddeb"}]`},
		{"what is written with secrets is kept in memory", "Deployment/ml/app", pod + "volumes 0", `{"emptyDir":{"medium":"Memory","sizeLimit":"2Mi"},"name":"memory-run-app"}`},
		{"all secrets are one volume, a file each", "Deployment/ml/app", pod + "volumes 1",
			`{"name":"mounted-secrets","projected":{"defaultMode":292,"sources":[` +
				`{"secret":{"items":[{"key":"value","path":"app.key"}],"name":"app.key"}},` +
				`{"secret":{"items":[{"key":"value","path":"app.other"}],"name":"app.other"}}]}}`},
		{"scratch is in memory", "Deployment/ml/app", pod + "volumes 2", `{"emptyDir":{"medium":"Memory","sizeLimit":"64Mi"},"name":"scratch-tmp"}`},
		{"or on disk", "Deployment/ml/app", pod + "volumes 3 emptyDir", `{"sizeLimit":"5Gi"}`},
	} {
		if got := at(t, app(secret), tt.object, tt.field); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.what, got, tt.want)
		}
	}
	cluster, err := kube.Of(app(secret))
	if got := fmt.Sprint(cluster.Secrets, " ", err); got != "[app.key app.other] <nil>" {
		t.Errorf("the secrets in use are %s", got)
	}
}

func TestPodsFollowTheirFiles(t *testing.T) {
	file := func(text schema.Value) *schema.Environment {
		return app(func(_ *schema.Environment, w *schema.Workload) { w.Files = map[string]schema.Value{"/etc/x": text} })
	}
	const annotation = "spec template metadata annotations mlops-gitops/files"
	a, again, b := at(t, file("a"), "Deployment/ml/app", annotation), at(t, file("a"), "Deployment/ml/app", annotation), at(t, file("b"), "Deployment/ml/app", annotation)
	if a == "nothing" || a != again || a == b {
		t.Errorf("digests of files are %s, %s again, and of others %s", a, again, b)
	}
}

func TestJobsAreNamedByWhatTheyDo(t *testing.T) {
	name := func(change func(*schema.Workload)) string {
		t.Helper()
		cluster, err := kube.Of(app(func(_ *schema.Environment, w *schema.Workload) {
			w.Kind = "task"
			change(w)
		}))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range cluster.Objects {
			if o.Kind() == "Job" {
				if o.Slot() != "Job/ml/app" {
					t.Errorf("the slot of %s is %s", o, o.Slot())
				}
				return o.GetName()
			}
		}
		return ""
	}
	same := name(func(*schema.Workload) {})
	if !regexp.MustCompile(`^app-[0-9a-f]{10}$`).MatchString(same) || same != name(func(*schema.Workload) {}) {
		t.Errorf("a task is called %s", same)
	}
	for what, change := range map[string]func(*schema.Workload){
		"image":   func(w *schema.Workload) { w.Image.Tag = "v2" },
		"file":    func(w *schema.Workload) { w.Files = map[string]schema.Value{"/x": ""} },
		"command": func(w *schema.Workload) { w.Command = []schema.Value{"other"} },
	} {
		if got := name(change); got == same {
			t.Errorf("with another %s a task is still called %s", what, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		what   string
		change func(e *schema.Environment, w *schema.Workload)
		want   string
		hint   string
	}{
		{"a task has nothing of a service", func(_ *schema.Environment, w *schema.Workload) {
			w.Kind, w.Replicas = "task", 2
			w.Ports = map[string]int{"web": 80}
		}, "app (server): a task runs once and ends, so it can't have ports, more than one replica", "make it a service, or take that out"},
		{"what can't be asked can't be waited for", func(e *schema.Environment, w *schema.Workload) {
			e.Components["app"].Workloads["first"] = *w
			w.After = map[string]string{"first": "healthy"}
		}, "app (server): it starts after app (first), which says no wait, with which a cluster keeps the order", "say how to ask: app: workloads: first: wait: command: [...]"},
		{"nor in another component", func(e *schema.Environment, w *schema.Workload) {
			e.Components["db"] = schema.Component{Name: "db", Place: schema.Cluster, Workloads: map[string]schema.Workload{"server": *w}}
			e.Edges["app"]["main"] = schema.Edge{Consumer: "app", Provider: "db", Workload: "server", Waiters: []string{"server"}}
		}, "app (server): it starts after db (server), which says no wait, with which a cluster keeps the order", "say how to ask: db: workloads: server: wait: command: [...]"},
		{"a port that is exposed must be there", func(_ *schema.Environment, w *schema.Workload) {
			w.Expose = map[string]schema.Expose{"web": {Port: 80}}
		}, "app (server): expose: there is no port web", ""},
		{"so must one that is asked", func(_ *schema.Environment, w *schema.Workload) {
			w.Health = &schema.Health{TCP: "web", Period: 1}
		}, "app (server): health: there is no port web", ""},
		{"one number is one port", func(_ *schema.Environment, w *schema.Workload) { w.Ports = map[string]int{"a": 80, "b": 80} },
			"app (server): ports a and b are both 80", ""},
		{"one place holds one thing", func(_ *schema.Environment, w *schema.Workload) {
			w.Volumes = map[string]schema.Volume{"data": {Path: "/data", Size: "1Gi"}}
			w.Scratch = map[string]schema.Scratch{"/data": {Size: "1Gi"}}
		}, "app (server): two of its files, scratch directories and volumes are mounted at /data", ""},
		{"a disk never takes the place of another volume", func(_ *schema.Environment, w *schema.Workload) {
			w.Volumes = map[string]schema.Volume{"scratch-tmp": {Path: "/data", Size: "1Gi"}}
			w.Scratch = map[string]schema.Scratch{"/tmp": {Size: "1Gi"}}
		}, "app (server): volume scratch-tmp: the name is taken; give it another", ""},
		{"an amount must be one", func(_ *schema.Environment, w *schema.Workload) { w.Resources.Limits.Memory = "much" },
			`app (server): resources.limits: memory: "much" is not an amount`, ""},
		{"no secret is an argument", func(_ *schema.Environment, w *schema.Workload) {
			w.Args = []schema.Value{token("secret app.key value")}
		}, "app (server): command: a secret in it would be seen in the process list; put it into a file or a variable", ""},
		{"no two workloads are called the same", func(e *schema.Environment, w *schema.Workload) {
			e.Components["app"].Workloads["two"] = *w
			e.Components["app-two"] = schema.Component{Name: "app-two", Place: schema.Cluster, Workloads: map[string]schema.Workload{"server": *w}}
		}, "two workloads make Deployment/ml/app-two", `rename a component or a workload: workload "b" of "a" and a component "a-b" are called the same`},
		{"a name is no longer than Kubernetes takes", func(e *schema.Environment, w *schema.Workload) {
			e.Components["app"].Workloads[strings.Repeat("x", 60)] = *w
		}, "Deployment/ml/app-" + strings.Repeat("x", 60) + ": the name has 64 characters, and a Deployment may have 63", "give the component or the workload a shorter name"},
	} {
		_, err := kube.Of(app(tt.change))
		if fmt.Sprint(err) != tt.want {
			t.Errorf("%s:\n got %v\nwant %s", tt.what, err, tt.want)
		}
		var h interface{ Hint() string }
		if hint := ""; tt.hint != "" {
			if errors.As(err, &h) {
				hint = h.Hint()
			}
			if hint != tt.hint {
				t.Errorf("%s: the hint is %q, not %q", tt.what, hint, tt.hint)
			}
		}
	}
}
