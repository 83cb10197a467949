package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

// stages in the order in which Flux must get them ready.
var stages = []string{"secrets", "operators", "data", "setup", "apps"}

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
	plain := f.secret("mlflow.flask", "value")
	if len(plain) != 48 {
		f.t.Errorf("the cluster's secret has %d characters, not 48", len(plain))
	}
	f.run("git", "grep", "--quiet", "ENC\\[AES256_GCM", "--", "deploy/"+f.env+"/secrets/mlflow.flask.yaml")
	// 1 is git's way to say that it is nowhere; it is no error
	if got := f.run("sh", "-c", `git grep --quiet --fixed-strings -e "$1" HEAD; echo $?`, "sh", plain); got != "1\n" {
		f.t.Errorf("looking for the plain secret in Git ends with %s", got)
	}
}

// secret is an entry of a Secret as the cluster has it.
func (f synced) secret(name, entry string) string {
	f.t.Helper()
	return f.run("kubectl", "get", "secret", name, "-n", f.namespace, "-o", "go-template={{.data."+entry+" | base64decode}}")
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
