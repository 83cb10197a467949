package kustomize_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// More of them, from another one on: go test ./render/kustomize -run Generated -environments 1000 -first 40.
var (
	environments = flag.Int("environments", 40, "how many generated environments are proven")
	first        = flag.Uint64("first", 0, "the seed of the first of them")
)

// alternatives are what can be said in an environment: of each row one or nothing.
var alternatives = [][]string{
	{`namespace: "no"`, `namespace: "on"`},
	{`proxy: {http: "http://proxy.example.com:3128", no: [".example.org", "203.0.113.0/24"]}`},
	{`domain: "mlops.example.com"`, `domain: "203.0.113.7"`},
	{`flux: interval: "10m"`},

	// all pods and objects
	{`kubernetes: labels: team: "ml"`, `kubernetes: labels: {"example.com/team": "0777", cost: "null", empty: "", "app.kubernetes.io/version": "own"}`},
	{`kubernetes: annotations: {"example.com/note": "a: b\n# c\t", "config.kubernetes.io/local-config": "false"}`, `kubernetes: annotations: note: "$patch: delete"`},
	{`kubernetes: podLabels: {team: "on", azure: "true"}`},
	{`kubernetes: podAnnotations: {"sidecar.istio.io/inject": "false", "a/b": "{\"c\": [1]}"}`},
	{`kubernetes: nodeSelector: "kubernetes.io/arch": "amd64"`, `kubernetes: nodeSelector: {disk: "ssd", pool: "1"}`},
	{`kubernetes: tolerations: [{key: "ml", operator: "Equal", value: "yes", effect: "NoSchedule"}]`, `kubernetes: tolerations: [{operator: "Exists"}, {key: "gone", operator: "Exists", effect: "NoExecute", tolerationSeconds: 30}]`},
	{`kubernetes: priorityClassName: "high"`},
	{`kubernetes: storageClassName: "fast"`},
	{`kubernetes: imagePullSecrets: ["mirror", "other"]`},
	{`kubernetes: dns: {namespace: "openshift-dns", port: 5353}`, `kubernetes: dns: addresses: ["169.254.20.10/32"]`},
	{`kubernetes: operators: "cloudnative-pg": install: false`, `kubernetes: operators: "cloudnative-pg": {namespace: "operators", values: {replicaCount: 2, config: data: {A: "yes", B: "1"}, list: [1, "two", {three: null}]}}`},
	{`secrets: existing: "mlflow.flask": {name: "vault.made", key: "flask"}`, `secrets: existing: "mlflow.crypto": name: "made.elsewhere"`},

	// each component
	{`postgres: operator: "none"`, `postgres: {operator: "none", storage: "100Gi", connections: 300}`, `postgres: instances: 1`, `postgres: {instances: 5, synchronous: "required"}`,
		`postgres: {place: "external", published: sql: {host: "db.example.com", port: 5433, tls: "verify-full"}}`,
		`postgres: {synchronous: "off", kubernetes: patches: "Cluster/postgres": spec: {postgresql: parameters: {work_mem: "8MB", "a.b/c": "~"}, logLevel: "debug"}}`,
		`postgres: {operator: "none", kubernetes: patches: "StatefulSet/postgres": spec: template: spec: {dnsPolicy: "Default", containers: [{name: "postgres", env: [{name: "TZ", value: "UTC"}]}]}}`},
	{`postgres: version: "17.6"`, `postgres: image: tag: "18"`, `postgres: image: repository: "registry.example.com:5000/pg"`},
	{`postgres: {operator: "cloudnative-pg", backup: bucket: "backups"}`, `postgres: {operator: "cloudnative-pg", backup: {bucket: "backups", schedule: "0 30 3 * * *", retention: "4w"}}`},
	{`postgres: databases: {feast: {}, airflow: {}}`},
	{`postgres: resources: limits: memory: "8Gi"`},
	{`postgres: kubernetes: {labels: tier: "data", nodeSelector: {}, storageClassName: "slow"}`},
	{`minio: servers: 1`, `minio: drives: 3`, `minio: {place: "external", published: s3: {host: "s3.example.com", port: 443, tls: "verify-full"}, region: "eu-west-1", addressing: "virtual", checksums: "when_supported"}`},
	{`minio: console: enabled: true`},
	{`minio: buckets: datasets: {versioning: true, quota: "1Gi", lifecycle: old: {days: 30, prefix: "tmp/"}}`},
	{`minio: kubernetes: {tolerations: [], annotations: backup: "no", patches: "StatefulSet/minio": spec: {minReadySeconds: 5, template: spec: schedulerName: "other"}}`,
		`minio: kubernetes: patches: "Job/minio-buckets": {spec: backoffLimit: 3, metadata: labels: patched: "yes"}`},
	{`mlflow: replicas: 1`, `mlflow: replicas: 4`, `mlflow: {replicas: 1, jobs: true, resources: limits: memory: "4Gi"}`},
	{`mlflow: workers: 3`},
	{`mlflow: auth: mode: "basic"`, `mlflow: auth: {mode: "basic", database: "users", admin: "root"}`},
	{`mlflow: metrics: true`},
	{`mlflow: artifacts: "direct"`},
	{`mlflow: version: "v3.18.0"`, `mlflow: image: digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"`, `mlflow: image: {repository: "example.com/mlflow", tag: "1e3", user: 1234}`},
	{`mlflow: env: {A: "", B: "a\nb\t\n", C: "$(HOME) $$", D: "0777", E: "null", F: "~", G: " x ", H: "ünï", I: "1:30", J: "2024-01-01"}`, `mlflow: env: {USER: "other", ZZ: "${HOME}"}`},
	{`mlflow: files: "/etc/mlflow/own.yaml": "a: [1, 2]\n\n  b:\t\"$(c)\" ${d}\n"`, `mlflow: {secrets: own: supplied: true, files: "/run/own/key": "key = \(secrets.own.value)\n"}`},
	{`mlflow: args: ["--x-frame-options", "DENY"]`},
	{`mlflow: spool: "1Gi"`},
	{`mlflow: resources: requests: {cpu: "1.5", memory: "2Gi"}`},
	{`mlflow: kubernetes: serviceAccount: annotations: "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/ml"`},
	{`mlflow: kubernetes: network: {from: prometheus: {namespace: "monitoring", pods: {app: "prometheus"}, ports: [5000]}, to: api: {addresses: ["203.0.113.0/24"], ports: [443]}}`},
	{`mlflow: kubernetes: patches: "Deployment/mlflow": spec: {revisionHistoryLimit: 3, template: spec: {hostAliases: [{ip: "203.0.113.9", hostnames: ["old"]}], containers: [{name: "mlflow", env: [{name: "PATCHED", value: "1"}]}]}}`,
		`mlflow: kubernetes: patches: {"Service/mlflow": spec: sessionAffinity: "ClientIP", "Job/mlflow-migrate": spec: template: spec: nodeSelector: migrate: "here"}`},
	{`mlflow: kubernetes: objects: ingress: manifest: {apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: name: "mlflow", spec: rules: [{host: "ml.example.com", http: paths: [{path: "/", pathType: "Prefix", backend: service: {name: "mlflow", port: number: 5000}}]}]}`,
		`mlflow: kubernetes: objects: {
			monitor: manifest: {apiVersion: "monitoring.coreos.com/v1", kind: "ServiceMonitor", metadata: {name: "mlflow", labels: release: "prometheus"}, spec: endpoints: [{port: "http", relabelings: []}]}
			priority: {stage: "secrets", clusterScoped: true, keep: true, manifest: {apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: name: "high", value: 1000}}
			odd: {stage: "data", manifest: {apiVersion: "v1", kind: "ConfigMap", metadata: name: "odd.name", data: {yes: "no", "a.b": "\n\n  x", n: "1e3", t: "{{ x }}"}}}
			elsewhere: {stage: "operators", manifest: {apiVersion: "v1", kind: "ConfigMap", metadata: {name: "odd.name", namespace: "elsewhere"}}}
		}`},
	{`nginx: place: "external"`, `nginx: tls: "files"`, `nginx: {tls: "secret", secretName: "wild.card"}`, `nginx: issuer: {name: "letsencrypt", kind: "ClusterIssuer"}`,
		`nginx: {tls: "before", ingress: {className: "traefik", annotations: a: "b: c", secretName: "front", from: {namespace: "ingress", pods: app: "traefik"}}}`,
		`nginx: {tls: "before", gateway: {name: "public", namespace: "gateways", sectionName: "https", from: namespace: "gateways"}}`,
		`nginx: {place: "cluster", tls: "before", kubernetes: service: loadBalancerSourceRanges: ["10.0.0.0/8"]}`, `nginx: {place: "cluster", tls: "none", replicas: 3}`, `nginx: place: "cluster"`,
		`nginx: {place: "cluster", kubernetes: service: {type: "NodePort", nodePorts: https: 30443, externalTrafficPolicy: "Local", annotations: lb: "no"}}`,
		`nginx: {place: "cluster", kubernetes: service: {loadBalancerClass: "x/y", loadBalancerSourceRanges: ["203.0.113.0/24"]}}`},
	{`components: notes: workloads: server: {image: {repository: "example.com/notes", tag: "1"}, command: ["notes"]}`,
		`components: notes: workloads: {server: {image: {repository: "ghcr.io/mlflow/mlflow", tag: "v1"}, command: ["notes"], ports: http: 80, expose: http: port: 80}, worker: {image: {repository: "ghcr.io/mlflow/mlflow", tag: "v2"}, replicas: 2}}`,
		`components: notes: {
			needs: postgres: {port: "sql", database: "notes"}
			secrets: key: existing: {name: "own", key: "key"}
			kubernetes: {podLabels: notes: "yes", priorityClassName: "low"}
			workloads: server: {
				image: {repository: "example.com/notes", tag: "1"}
				command: ["notes"]
				env: {DATABASE: "postgresql://\(needs.postgres.user):\(needs.postgres.password)@\(needs.postgres.host)/notes", KEY: secrets.key.file}
				ports: http: 8080
				volumes: {data: {path: "/data", size: "1Gi"}, old: {path: "/old", size: "1Gi", existing: "notes-old"}}
				scratch: {"/tmp": size: "64Mi", "/spool": {size: "1Gi", medium: "disk"}}
				health: {command: ["true"], http: {port: "http", path: "/health"}}
				after: fill: "completed"
			}
			workloads: fill: {kind: "task", image: {repository: "example.com/notes", tag: "1"}, command: ["fill"], wait: command: ["filled"]}
		}`},
	{"cards.cue"}, {"vectors.cue"},
}

// generated are the files of an environment in which a third of the rows say something.
func generated(t *testing.T, seed uint64) map[string]string {
	r := rand.New(rand.NewPCG(seed, 0))
	files := map[string]string{}
	text := "package environments\n\nenvironment: mode: \"prod\"\n"
	for _, row := range alternatives {
		if r.IntN(3) > 0 {
			continue
		}
		says := row[r.IntN(len(row))]
		if strings.HasSuffix(says, ".cue") {
			data, err := os.ReadFile("../../docs/examples/" + says)
			if err != nil {
				t.Fatal(err)
			}
			files["environments/prod/"+says] = string(data)
			continue
		}
		text += "environment: {" + says + "}\n"
	}
	files["environments/prod/environment.cue"] = text
	return files
}

// TestGenerated proves the overlays of many environments that nobody wrote: against the
// base, as they are rendered, and some against one another, where everything changes at once.
func TestGenerated(t *testing.T) {
	// half of the time would go to collecting what CUE leaves behind
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	loaded := make([]*load.Loaded, *environments)
	t.Run("as rendered", func(t *testing.T) {
		for i := range loaded {
			seed := *first + uint64(i)
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				t.Parallel()
				if loaded[i] = accepted(t, generated(t, seed)); loaded[i] != nil {
					proven(t, "against its base", loaded[i].Environment, loaded[i].Base)
				}
			})
		}
	})
	in := map[string][]*schema.Environment{} // by namespace: an overlay changes none
	there := 0
	for _, l := range loaded {
		if l != nil {
			there++
			in[l.Settings.Namespace] = append(in[l.Settings.Namespace], l.Environment)
		}
	}
	pairs := 0
	for namespace, all := range in {
		for i := 4; i < len(all); i += 4 {
			proven(t, fmt.Sprintf("accepted environments %d and %d in %s", i-1, i, namespace), all[i], all[i-1])
			pairs++
		}
	}
	t.Logf("of %d environments %d are accepted and proven, and %d pairs", len(loaded), there, pairs)
	if there*10 < len(loaded)*6 {
		t.Errorf("of %d environments only %d are accepted, so little is proven", len(loaded), there)
	}
}

// accepted is the environment of files, or nil where people are told of mistakes in it.
func accepted(t *testing.T, files map[string]string) *load.Loaded {
	l, err := loadtest.Open(t, "prod", files).Load("prod")
	if err == nil {
		_, err = kube.Of(l[0].Environment)
	}
	mistake, refusal := (*load.Mistake)(nil), (*kube.Refusal)(nil)
	switch {
	case err == nil:
		return &l[0]
	case errors.As(err, &mistake) && mistake.Pos.Line > 0, errors.As(err, &refusal):
		t.Log(err)
	default:
		t.Errorf("%v in\n%s", err, files["environments/prod/environment.cue"])
	}
	return nil
}
