package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

// stages in the order in which Flux must get them ready.
var stages = []string{"secrets", "operators", "data", "setup", "apps"}

// TestCluster goes the way of a platform's first weeks in a cluster: a small prod, with
// object servers of which one may fail, two MLflow and two Nginx, TLS and auth. Secrets,
// render, commit and push, and real Flux applies it stage by stage; a client logs runs
// through the front door while MLflow is upgraded and pods of each kind are killed and rolled; one setting
// changes, and only the objects that it should touch do; a broken value leaves the old
// version running; a component that is taken out goes, and what it kept stays.
func TestCluster(t *testing.T) {
	remote := gitRemote(t)
	f := synced{newFolder(t), "prod", "mlops-e2e"}
	bin := program(t)
	f.run(bin, "init")
	key := ageKey(t)
	prod := func(more string) {
		t.Helper()
		f.write("environments/prod/environment.cue", smallProd(key.public, more))
		f.run(bin, "commit", "prod", "--push")
	}
	const older, newer = `mlflow: version: "v3.12.0"`, `mlflow: version: "v3.17.0"`
	f.write("environments/prod/environment.cue", smallProd(key.public, older))
	f.write("environments/prod/notes.cue", read(t, testdata(t, "notes.cue")))
	f.repository(remote)
	f.run(bin, "secrets", "generate", "prod")
	prod(older)

	f.bootstrap(remote, key.private)
	t.Cleanup(f.tearDown)
	began := time.Now()
	f.run("sh", "-c", "until kubectl get namespace mlops-e2e; do sleep 1; done")
	front := certificate(f.folder, "mlops.test")
	f.run("kubectl", "create", "secret", "tls", "front", "-n", "mlops-e2e", "--cert", front.crt, "--key", front.key)
	f.applied()
	t.Logf("push to all stages ready: %.1f s", time.Since(began).Seconds())
	f.inStageOrder()
	f.secretsAreDecrypted()

	door := frontDoor(f.folder, front.crt)
	wrote := door.python("write.py", "8")
	door.python("read.py", wrote)
	if got := door.status("https://mlops.test/api/2.0/mlflow/experiments/search?max_results=1"); got != "401" {
		t.Errorf("who says no name and password gets %s", got)
	}
	if got := door.status("https://mlops.test/", "--header", "Host: evil.example"); got != "421" {
		t.Errorf("who calls by another name gets %s", got)
	}

	before := f.specs()
	how := busy(t, door.client("load.py", "artifacts"), func() {
		prod(newer)
		f.applied()
	})
	t.Logf("upgraded under load: %d calls, %d failed, the slowest took %.1f s", how.Calls, len(how.Wrong), how.Slowest)
	if head := f.run("kubectl", "exec", "-n", "mlops-e2e", "deployment/mlflow", "--", "mlflow", "--version"); !strings.Contains(head, "3.17.0") {
		t.Errorf("after the upgrade there runs %s", head)
	}
	onlyChanged(t, workloads(before), workloads(f.specs()), "Deployment/mlflow")
	door.python("read.py", wrote)

	for _, kind := range []struct {
		pod   string
		ready []string
		fails bool // a call may fail while its only server is away; none that was acknowledged may be lost
	}{
		{"mlflow", []string{"rollout", "status", "deployment/mlflow"}, false},
		{"nginx", []string{"rollout", "status", "deployment/nginx"}, false},
		{"minio", []string{"rollout", "status", "statefulset/minio"}, false},
		{"postgres", []string{"rollout", "status", "statefulset/postgres"}, true},
	} {
		how := busy(t, door.client("load.py", "artifacts"), func() {
			time.Sleep(3 * time.Second)
			pod, _, _ := strings.Cut(strings.TrimSpace(f.run("kubectl", "get", "pods", "-n", "mlops-e2e", "-l", "app.kubernetes.io/name="+kind.pod+",app.kubernetes.io/component=server", "-o", "name")), "\n")
			f.run("kubectl", "delete", "-n", "mlops-e2e", pod, "--grace-period=0", "--force")
			f.run("kubectl", append(kind.ready, "-n", "mlops-e2e", "--timeout", "180s")...)
			time.Sleep(3 * time.Second)
		})
		t.Logf("a pod of %s killed: %d calls, %d failed, the slowest took %.1f s, %d runs", kind.pod, how.Calls, len(how.Wrong), how.Slowest, how.Finished)
		if len(how.Wrong) > 0 && !kind.fails {
			t.Errorf("with a pod of %s killed: %v", kind.pod, how.Wrong)
		}
	}

	before = f.specs()
	how = busy(t, door.client("load.py"), func() {
		prod(`mlflow: env: LOG_LEVEL: "info"`)
		f.applied()
	})
	t.Logf("rolled under load: %d calls, the slowest took %.1f s", how.Calls, how.Slowest)
	if len(how.Wrong) > 0 {
		t.Errorf("MLflow was rolled, and of %d calls failed %v", how.Calls, how.Wrong)
	}
	onlyChanged(t, before, f.specs(), "Deployment/mlflow")

	before = f.specs()
	prod(`mlflow: {env: LOG_LEVEL: "info", version: "v9.9.9"}`)
	f.attempted("setup", "apps")
	door.python("read.py", wrote)
	onlyChanged(t, workloads(before), workloads(f.specs()))
	prod(`mlflow: env: LOG_LEVEL: "info"`)
	f.applied()

	f.write("environments/stage/environment.cue", strings.Replace(smallProd(key.public, `mlflow: metrics: true`), "mlops-e2e", "mlops-stage", 1))
	f.run(bin, "secrets", "generate", "stage")
	before = f.specs()
	f.run(bin, "commit", "stage", "--push")
	f.applied()
	onlyChanged(t, before, f.specs())

	f.run("rm", "environments/prod/notes.cue")
	prod(`mlflow: env: LOG_LEVEL: "info"`)
	f.applied()
	if left, err := f.try("kubectl", "get", "deployment/notes", "service/notes", "-n", "mlops-e2e"); err == nil {
		t.Errorf("the component that was taken out is still there: %s", left)
	}
	if rows := f.run("kubectl", "exec", "-n", "mlops-e2e", "postgres-0", "--", "psql", "-U", "postgres", "-d", "notes", "-qAtc", "select count(*) from note"); strings.TrimSpace(rows) == "0" {
		t.Error("what it kept is gone")
	}
	door.python("read.py", wrote)
}

// onlyChanged holds that of all objects these have changed, and that none came or went.
func onlyChanged(t *testing.T, before, after map[string]string, want ...string) {
	t.Helper()
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if before[name] != after[name] {
			changed = append(changed, name)
		}
	}
	if !slices.Equal(changed, want) || len(before) != len(after) {
		t.Errorf("changed are %v instead of %v (%d objects before, %d after)", changed, want, len(before), len(after))
	}
}

// workloads are the services among objects.
func workloads(specs map[string]string) map[string]string {
	only := maps.Clone(specs)
	maps.DeleteFunc(only, func(name, _ string) bool {
		return !strings.HasPrefix(name, "Deployment/") && !strings.HasPrefix(name, "StatefulSet/")
	})
	return only
}

// A door is the platform's front door in the cluster, and how a client gets in.
type door struct {
	f                     folder
	address, ca, password string
}

// frontDoor is the Service that Nginx has for people outside.
func frontDoor(f folder, ca string) door {
	f.t.Helper()
	return door{
		f:        f,
		address:  f.run("kubectl", "get", "service", "nginx-public", "-n", "mlops-e2e", "-o", "jsonpath={.spec.clusterIP}"),
		ca:       filepath.Join(f.dir, ca),
		password: f.run("kubectl", "get", "secret", "mlflow.admin", "-n", "mlops-e2e", "-o", "go-template={{.data.password | base64decode}}"),
	}
}

// client is a script with the real MLflow client, through the front door.
func (d door) client(script string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(d.f.t.Context(), "docker", append([]string{
		"run", "--rm", "--interactive", "--network", "host", "--user", "1000", "--add-host", "mlops.test:" + d.address,
		"--env", "HOME=/tmp", "--env", "USER=e2e", "--env", "GIT_PYTHON_REFRESH=quiet",
		"--env", "MLFLOW_TRACKING_URI=https://mlops.test", "--env", "MLFLOW_TRACKING_SERVER_CERT_PATH=/ca.crt",
		"--env", "MLFLOW_TRACKING_USERNAME=admin", "--env", "MLFLOW_TRACKING_PASSWORD=" + d.password,
		"--volume", d.ca + ":/ca.crt:ro", "--volume", testdata(d.f.t, script) + ":/" + script + ":ro",
		clientImage, "python", "/" + script,
	}, args...)...)
	cmd.Dir, cmd.Env = d.f.dir, d.f.env
	return cmd
}

// python runs a script to its end and returns the last line that it prints.
func (d door) python(script string, args ...string) string {
	d.f.t.Helper()
	cmd := d.client(script, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		d.f.t.Fatalf("%s: %v\n%s%s", script, err, out, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n") // MLflow prints some of its own first
	return lines[len(lines)-1]
}

// status is what an address answers.
func (d door) status(url string, args ...string) string {
	d.f.t.Helper()
	return d.f.run("curl", append([]string{
		"--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "20",
		"--cacert", d.ca, "--resolve", "mlops.test:443:" + d.address, url,
	}, args...)...)
}

// A pair is the files of a certificate and its key.
type pair struct{ crt, key string }

// certificate makes one that signs itself, for a host and what is below it.
func certificate(f folder, host string) pair {
	f.t.Helper()
	f.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
		"-keyout", "front.key", "-out", "front.crt", "-subj", "/CN="+host, "-addext", "subjectAltName=DNS:"+host+",DNS:*."+host)
	return pair{"front.crt", "front.key"}
}

// smallProd is prod on one small node with the images at hand.
func smallProd(recipient, more string) string {
	return fmt.Sprintf(`package environments

environment: {
	mode: "prod"
	namespace: "mlops-e2e"
	domain: "mlops.test"
	secrets: recipients: [%q]
	flux: {retryInterval: "5s", timeout: "3m"}
	%s
	%s
	mlflow: {workers: 1, spool: "1Gi"}
	mlflow: resources: {requests: {cpu: "100m", memory: "512Mi"}, limits: {cpu: "2", memory: "2Gi"}}
	postgres: {operator: "none", storage: "1Gi"}
	postgres: resources: {requests: {cpu: "100m", memory: "256Mi"}, limits: {cpu: "1", memory: "512Mi"}}
	minio: storage: "1Gi"
	minio: resources: {requests: {cpu: "50m", memory: "256Mi"}, limits: {cpu: "1", memory: "1Gi"}}
	nginx: {tls: "secret", secretName: "front", kubernetes: service: type: "NodePort"}
	nginx: resources: {requests: {cpu: "50m", memory: "64Mi"}, limits: {cpu: "1", memory: "128Mi"}}
}
`, recipient, images, more)
}

// gitRemote is the repository that Flux can read and this test may push to.
func gitRemote(t *testing.T) string {
	t.Helper()
	remote := os.Getenv("GIT_REMOTE")
	if remote == "" {
		t.Fatal("set KUBECONFIG and GIT_REMOTE, or run \"make e2e-cluster\", which starts the lab's")
	}
	return remote
}

// A synced folder is a config repository from which Flux applies one environment, by a
// branch of that name.
type synced struct {
	folder
	env, namespace string
}

// repository makes the folder a Git repository that can be pushed.
func (f synced) repository(remote string) {
	f.t.Helper()
	f.run("git", "init", "--quiet", "--initial-branch", f.env)
	f.run("git", "config", "user.name", "E2E")
	f.run("git", "config", "user.email", "e2e@example.com")
	f.run("git", "remote", "add", "origin", remote)
}

// bootstrap plays "flux bootstrap": a source, a Kustomization for clusters/ENV, and the
// Secret with the age key.
func (f synced) bootstrap(remote, key string) {
	f.t.Helper()
	f.write("age.agekey", key)
	f.run("kubectl", "create", "secret", "generic", "sops-age", "--namespace", "flux-system", "--from-file=age.agekey")
	f.write("sync.yaml", fmt.Sprintf(`apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: %q, ref: {branch: %[2]s}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec:
  interval: 10m
  retryInterval: 5s
  path: ./clusters/%[2]s
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
`, remote, f.env))
	f.run("kubectl", "apply", "-f", "sync.yaml")
}

func (f synced) tearDown() {
	if f.t.Failed() {
		for _, args := range [][]string{
			{"get", "kustomizations", "-n", "flux-system"},
			{"get", "all", "-n", f.namespace},
			{"get", "events", "-n", f.namespace, "--sort-by=.lastTimestamp"},
		} {
			out, err := f.try("kubectl", args...)
			f.t.Logf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	f.run("kubectl", "delete", "kustomization", "--all", "-n", "flux-system", "--timeout", "120s")
	f.run("kubectl", "delete", "gitrepository", "flux-system", "-n", "flux-system", "--timeout", "60s")
	f.run("kubectl", "delete", "namespace", f.namespace, "--wait=false")
	f.run("kubectl", "delete", "secret", "sops-age", "-n", "flux-system")
}

// revision is the commit that was made last, as Flux names it.
func (f synced) revision() string {
	f.t.Helper()
	return f.env + "@sha1:" + strings.TrimSpace(f.run("git", "rev-parse", "HEAD"))
}

// fetched makes Flux look at the repository now.
func (f synced) fetched() {
	f.t.Helper()
	f.run("kubectl", "annotate", "--overwrite", "gitrepository", "flux-system", "-n", "flux-system",
		fmt.Sprintf("reconcile.fluxcd.io/requestedAt=%d", time.Now().UnixNano()))
}

// applied waits until every stage is ready at the commit that was pushed last. Ready
// alone may be that of an earlier one.
func (f synced) applied() {
	f.t.Helper()
	f.fetched()
	f.run("kubectl", "wait", "kustomization/flux-system", "-n", "flux-system", "--for", "jsonpath={.status.lastAppliedRevision}="+f.revision(), "--timeout", "120s")
	for _, s := range stages {
		f.ready(s)
	}
}

// ready waits until a stage is.
func (f synced) ready(stage string) {
	f.t.Helper()
	f.run("kubectl", "wait", f.kustomization(stage), "-n", "flux-system", "--for", "jsonpath={.status.lastAppliedRevision}="+f.revision(), "--timeout", "600s")
	f.run("kubectl", "wait", f.kustomization(stage), "-n", "flux-system", "--for", "condition=Ready", "--timeout", "60s")
}

// attempted waits until a stage that can't get ready was tried at the commit that was
// pushed last, and holds that those after it were not.
func (f synced) attempted(stage string, held ...string) {
	f.t.Helper()
	f.fetched()
	f.run("kubectl", "wait", "kustomization/flux-system", "-n", "flux-system", "--for", "jsonpath={.status.lastAppliedRevision}="+f.revision(), "--timeout", "120s")
	f.run("kubectl", "wait", f.kustomization(stage), "-n", "flux-system", "--for", "jsonpath={.status.lastAttemptedRevision}="+f.revision(), "--timeout", "120s")
	time.Sleep(10 * time.Second) // long enough for what should not happen
	for _, s := range held {
		if got := f.run("kubectl", "get", f.kustomization(s), "-n", "flux-system", "-o", "jsonpath={.status.lastAppliedRevision}"); got == f.revision() {
			f.t.Errorf("stage %s was applied, although %s before it is not ready", s, stage)
		}
	}
}

func (f synced) kustomization(stage string) string { return "kustomization/" + f.env + "-" + stage }

// inStageOrder holds that no stage got ready before the one that it depends on.
func (f synced) inStageOrder() {
	f.t.Helper()
	var last time.Time
	for _, s := range stages {
		text := f.run("kubectl", "get", f.kustomization(s), "-n", "flux-system", "-o",
			`jsonpath={.status.conditions[?(@.type=="Ready")].lastTransitionTime}`)
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			f.t.Fatal(err)
		}
		if when.Before(last) {
			f.t.Errorf("stage %s was ready at %s, before the stage it depends on at %s", s, when, last)
		}
		f.t.Logf("stage %-10s ready at %s", s, when.Format(time.TimeOnly))
		last = when
	}
}

// secretsAreDecrypted holds that Git has a secret encrypted and the cluster has it plain.
func (f synced) secretsAreDecrypted() {
	f.t.Helper()
	plain := f.run("kubectl", "get", "secret", "mlflow.flask", "-n", f.namespace, "-o", "go-template={{.data.password | base64decode}}")
	if len(plain) != 48 {
		f.t.Errorf("the cluster's secret has %d characters, not 48", len(plain))
	}
	f.run("git", "grep", "--quiet", "ENC\\[AES256_GCM", "--", "deploy/"+f.env+"/secrets/mlflow.flask.yaml")
	// 1 is git's way to say that it is nowhere; it is no error
	if got := f.run("sh", "-c", `git grep --quiet --fixed-strings -e "$1" HEAD; echo $?`, "sh", plain); got != "1\n" {
		f.t.Errorf("looking for the plain secret in Git ends with %s", got)
	}
}

// specs is the generation of each object of the platform that people write, or its
// version where it has no generation. Status changes neither.
func (f synced) specs() map[string]string {
	f.t.Helper()
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
	out := f.run("kubectl", "get", "deployments,statefulsets,jobs,services,configmaps,secrets,serviceaccounts,networkpolicies,poddisruptionbudgets", "-n", f.namespace, "-o", "json")
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		f.t.Fatal(err)
	}
	specs := map[string]string{}
	for _, o := range list.Items {
		switch version := o.Metadata.ResourceVersion; o.Kind {
		case "Deployment", "StatefulSet", "Job", "NetworkPolicy", "PodDisruptionBudget":
			version = fmt.Sprint("generation ", o.Metadata.Generation)
			fallthrough
		default:
			specs[o.Kind+"/"+o.Metadata.Name] = version
		}
	}
	return specs
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
