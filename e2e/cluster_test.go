package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

// stages in the order in which Flux must get them ready.
var stages = []string{"secrets", "operators", "data", "setup", "apps"}

// TestCluster goes the way of a platform's first day in a cluster: secrets, render,
// commit and push, and real Flux applies it stage by stage; a client logs a run; one
// setting changes, and only the objects that it should touch do.
func TestCluster(t *testing.T) {
	remote := os.Getenv("GIT_REMOTE")
	if remote == "" {
		t.Fatal("set KUBECONFIG and GIT_REMOTE, or run \"make e2e-cluster\", which starts the lab's")
	}
	f := newFolder(t)
	bin := program(t)
	f.run(bin, "init")
	key := ageKey(t)
	f.write("environments/prod/environment.cue", prodWith(key.public, 1))
	f.write("environments/notes.cue", read(t, testdata(t, "notes.cue")))
	f.run("git", "init", "--quiet", "--initial-branch", "main")
	f.run("git", "config", "user.name", "E2E")
	f.run("git", "config", "user.email", "e2e@example.com")
	f.run("git", "remote", "add", "origin", remote)
	f.run(bin, "secrets", "generate", "prod")
	f.run(bin, "render", "prod")
	f.run(bin, "commit", "prod", "--push")

	bootstrap(t, f, remote, key.private)
	t.Cleanup(func() { tearDown(t, f) })
	began := time.Now()
	applied(t, f)
	t.Logf("push to all stages ready: %.1f s", time.Since(began).Seconds())
	inStageOrder(t, f)
	secretsAreDecrypted(t, f)

	stop := forward(t, f, "nginx", "5000:5000")
	wrote := clientAt(f, "http://localhost:5000", "write.py", "8")
	clientAt(f, "http://localhost:5000", "read.py", wrote)
	stop()

	before := specs(t, f)
	f.write("environments/prod/environment.cue", prodWith(key.public, 2))
	f.run(bin, "commit", "prod", "--push")
	applied(t, f)
	after := specs(t, f)
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if before[name] != after[name] {
			changed = append(changed, name)
		}
	}
	if want := []string{"Deployment/mlflow"}; !slices.Equal(changed, want) || len(before) != len(after) {
		t.Errorf("one setting of MLflow changed, and with it %v instead of %v (%d objects before, %d after)", changed, want, len(before), len(after))
	}
	stop = forward(t, f, "nginx", "5000:5000")
	clientAt(f, "http://localhost:5000", "read.py", wrote)
	stop()
}

// clientAt runs a script with the real MLflow client and returns the last line that it prints.
func clientAt(f folder, uri, script string, args ...string) string {
	f.t.Helper()
	out := f.run("docker", append([]string{
		"run", "--rm", "--network", "host", "--user", "1000", "--env", "HOME=/tmp", "--env", "USER=e2e", "--env", "GIT_PYTHON_REFRESH=quiet",
		"--env", "MLFLOW_TRACKING_URI=" + uri,
		"--volume", testdata(f.t, script) + ":/" + script + ":ro",
		clientImage, "python", "/" + script,
	}, args...)...)
	lines := strings.Split(strings.TrimSpace(out), "\n") // MLflow prints some of its own first
	return lines[len(lines)-1]
}

// prodWith is prod on one small node with the images at hand.
func prodWith(recipient string, workers int) string {
	return fmt.Sprintf(`package environments

environment: {
	mode: "prod"
	namespace: "mlops-e2e"
	secrets: recipients: [%q]
	flux: {retryInterval: "5s", timeout: "5m"}
	%s
	mlflow: workers: %d
	mlflow: {replicas: 1, spool: "1Gi"}
	domain: "localhost"
	nginx: {place: "cluster", tls: "none", http: 5000, replicas: 1}
	minio: {servers: 1, storage: "2Gi"}
	minio: resources: {requests: {cpu: "100m", memory: "256Mi"}, limits: {cpu: "1", memory: "1Gi"}}
	mlflow: resources: {requests: {cpu: "100m", memory: "512Mi"}, limits: {cpu: "2", memory: "2Gi"}}
	postgres: {operator: "none", storage: "1Gi"}
	postgres: resources: {requests: {cpu: "100m", memory: "256Mi"}, limits: {cpu: "1", memory: "512Mi"}}
}
`, recipient, images, workers)
}

// bootstrap plays "flux bootstrap": a source, a Kustomization for clusters/prod, and
// the Secret with the age key.
func bootstrap(t *testing.T, f folder, remote, key string) {
	t.Helper()
	f.write("age.agekey", key)
	f.run("kubectl", "create", "secret", "generic", "sops-age", "--namespace", "flux-system", "--from-file=age.agekey")
	f.write("sync.yaml", fmt.Sprintf(`apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: %q, ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec:
  interval: 10m
  retryInterval: 5s
  path: ./clusters/prod
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
`, remote))
	f.run("kubectl", "apply", "-f", "sync.yaml")
}

func tearDown(t *testing.T, f folder) {
	if t.Failed() {
		for _, args := range [][]string{
			{"get", "kustomizations", "-n", "flux-system"},
			{"get", "all", "-n", "mlops-e2e"},
			{"get", "events", "-n", "mlops-e2e", "--sort-by=.lastTimestamp"},
		} {
			out, err := f.try("kubectl", args...)
			t.Logf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	f.run("kubectl", "delete", "-f", "sync.yaml", "--wait=false")
	f.run("kubectl", "delete", "namespace", "mlops-e2e", "--wait=false")
	f.run("kubectl", "delete", "secret", "sops-age", "-n", "flux-system")
}

// applied waits until every stage is ready at the commit that was pushed last. Ready
// alone may be that of an earlier one.
func applied(t *testing.T, f folder) {
	t.Helper()
	revision := "main@sha1:" + strings.TrimSpace(f.run("git", "rev-parse", "HEAD"))
	f.run("kubectl", "annotate", "--overwrite", "gitrepository", "flux-system", "-n", "flux-system",
		fmt.Sprintf("reconcile.fluxcd.io/requestedAt=%d", time.Now().UnixNano()))
	f.run("kubectl", "wait", "kustomization/flux-system", "-n", "flux-system", "--for", "jsonpath={.status.lastAppliedRevision}="+revision, "--timeout", "120s")
	for _, s := range stages {
		name := "kustomization/" + kustomization(s)
		f.run("kubectl", "wait", name, "-n", "flux-system", "--for", "jsonpath={.status.lastAppliedRevision}="+revision, "--timeout", "600s")
		f.run("kubectl", "wait", name, "-n", "flux-system", "--for", "condition=Ready", "--timeout", "60s")
	}
}

func kustomization(stage string) string { return "prod-" + stage }

// inStageOrder holds that no stage got ready before the one that it depends on.
func inStageOrder(t *testing.T, f folder) {
	t.Helper()
	var last time.Time
	for _, s := range stages {
		text := f.run("kubectl", "get", "kustomization", kustomization(s), "-n", "flux-system", "-o",
			`jsonpath={.status.conditions[?(@.type=="Ready")].lastTransitionTime}`)
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		if when.Before(last) {
			t.Errorf("stage %s was ready at %s, before the stage it depends on at %s", s, when, last)
		}
		t.Logf("stage %-10s ready at %s", s, when.Format(time.TimeOnly))
		last = when
	}
}

// secretsAreDecrypted holds that Git has a secret encrypted and the cluster has it plain.
func secretsAreDecrypted(t *testing.T, f folder) {
	t.Helper()
	plain := f.run("kubectl", "get", "secret", "mlflow.flask", "-n", "mlops-e2e", "-o", "go-template={{.data.value | base64decode}}")
	if len(plain) != 48 {
		t.Errorf("the cluster's secret has %d characters, not 48", len(plain))
	}
	f.run("git", "grep", "--quiet", "ENC\\[AES256_GCM", "--", "deploy/prod/secrets/mlflow.flask.yaml")
	// 1 is git's way to say that it is nowhere; it is no error
	if got := f.run("sh", "-c", `git grep --quiet --fixed-strings -e "$1" HEAD; echo $?`, "sh", plain); got != "1\n" {
		t.Errorf("looking for the plain secret in Git ends with %s", got)
	}
}

// specs is the generation of each object of the platform that people write, or its
// version where it has no generation. Status changes neither.
func specs(t *testing.T, f folder) map[string]string {
	t.Helper()
	var list struct {
		Items []struct {
			Kind     string
			Metadata struct {
				Name, ResourceVersion string
				Generation            int
				OwnerReferences       []any
			}
		}
	}
	out := f.run("kubectl", "get", "deployments,statefulsets,jobs,services,configmaps,secrets,serviceaccounts", "-n", "mlops-e2e", "-o", "json")
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	specs := map[string]string{}
	for _, o := range list.Items {
		switch version := o.Metadata.ResourceVersion; o.Kind {
		case "Deployment", "StatefulSet", "Job":
			version = fmt.Sprint("generation ", o.Metadata.Generation)
			fallthrough
		default:
			specs[o.Kind+"/"+o.Metadata.Name] = version
		}
	}
	return specs
}

// forward makes a Service answer on this machine until stop is called.
func forward(t *testing.T, f folder, service, ports string) (stop func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "kubectl", "port-forward", "-n", "mlops-e2e", "service/"+service, ports)
	cmd.Dir, cmd.Env = f.dir, f.env
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	local, _, _ := strings.Cut(ports, ":")
	for range 100 {
		if _, err := f.try("curl", "-fsS", "http://localhost:"+local+"/health"); err == nil {
			return func() {
				if err := cmd.Process.Kill(); err != nil {
					t.Error(err)
				}
				_ = cmd.Wait() // it was killed
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("service %s does not answer at port %s", service, local)
	return nil
}

// A key is an age key pair: the private key's file and the public key.
type key struct{ private, public string }

func ageKey(t *testing.T) key {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return key{id.String() + "\n", id.Recipient().String()}
}
