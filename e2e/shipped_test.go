package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestClusterShipped applies prod as it is shipped, on nodes that only seem to run what
// they are given: three PostgreSQL by CloudNativePG, certificates by cert-manager. The
// operators are not there, so the test says in their place when something is ready; and
// nothing of a later stage may be there before.
func TestClusterShipped(t *testing.T) {
	remote := gitRemote(t)
	f := synced{newFolder(t), "shipped", "mlops-shipped"}
	bin := program(t)
	f.run(bin, "init")
	key := ageKey(t)
	f.write("environments/shipped/environment.cue", fmt.Sprintf(`package environments

environment: {
	mode: "prod"
	domain: "mlops.example.com"
	secrets: recipients: [%q]
	flux: {retryInterval: "5s", timeout: "5m"}
	// the nodes that only seem to run pods, which are closed to all others
	kubernetes: {
		nodeSelector: type: "kwok"
		tolerations: [{key: "node.kubernetes.io/unschedulable", operator: "Exists"}]
		// of this kind Flux fetches no index, which could not be had here
		operators: "cloudnative-pg": repository: "oci://charts.invalid"
		operators: "cert-manager": repository:   "oci://charts.invalid"
	}
}
`, key.public))
	disks(f.folder)
	f.repository(remote)
	f.run(bin, "secrets", "generate", "shipped")
	f.run(bin, "commit", "shipped", "--push")
	f.bootstrap(remote, key.private)
	t.Cleanup(func() {
		f.tearDown()
		f.run("kubectl", "delete", "namespace", "cnpg-system", "cert-manager", "--wait=false")
	})
	began := time.Now()

	f.there("helmrelease.helm.toolkit.fluxcd.io/cert-manager", "cert-manager")
	f.nothing("cluster.postgresql.cnpg.io")
	for _, operator := range []string{"cnpg-system/cloudnative-pg", "cert-manager/cert-manager"} {
		namespace, name, _ := strings.Cut(operator, "/")
		f.becomes("helmrelease.helm.toolkit.fluxcd.io/"+name, namespace, `{"observedGeneration":1,`+isReady+`}`)
	}
	f.ready("operators")

	f.there("database.postgresql.cnpg.io/mlflow.auth", f.namespace)
	f.nothing("job")
	f.becomes("cluster.postgresql.cnpg.io/postgres", f.namespace, `{`+isReady+`}`)
	f.nothing("job") // a Cluster without its databases is not enough
	for _, claim := range []string{"mlflow.postgres", "mlflow.auth"} {
		f.becomes("databaserole.postgresql.cnpg.io/"+claim, f.namespace, `{"applied":true,"observedGeneration":1}`)
		f.becomes("database.postgresql.cnpg.io/"+claim, f.namespace, `{"applied":true,"observedGeneration":1}`)
	}
	f.ready("data")
	f.ready("setup")

	f.there("certificate.cert-manager.io/nginx", f.namespace)
	for _, o := range []string{"issuer.cert-manager.io/nginx-self-signed", "certificate.cert-manager.io/nginx-authority", "issuer.cert-manager.io/nginx-authority", "certificate.cert-manager.io/nginx"} {
		f.becomes(o, f.namespace, `{`+isReady+`}`)
	}
	f.applied()
	t.Logf("push to all stages ready: %.1f s", time.Since(began).Seconds())
	f.inStageOrder()
	f.secretsAreDecrypted()
}

// disks gives simulated nodes disks, of which they have none of their own.
func disks(f folder) {
	f.t.Helper()
	for _, node := range strings.Fields(f.run("kubectl", "get", "nodes", "-l", "type=kwok", "-o", "name")) {
		f.run("kubectl", "patch", node, "--subresource", "status", "--type", "merge", "--patch", `{"status":{"capacity":{"ephemeral-storage":"200Gi"},"allocatable":{"ephemeral-storage":"200Gi"}}}`)
	}
}

// isReady is the condition by which most objects say that they are there.
const isReady = `"conditions":[{"type":"Ready","status":"True","reason":"Test","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]`

// becomes says an object's status in the place of an operator that is not there.
func (f synced) becomes(object, namespace, status string) {
	f.t.Helper()
	f.run("kubectl", "patch", object, "-n", namespace, "--subresource", "status", "--type", "merge", "--patch", `{"status":`+status+`}`)
}

// there waits for an object.
func (f synced) there(object, namespace string) {
	f.t.Helper()
	f.run("timeout", "300", "sh", "-c", `until kubectl get "$1" -n "$2"; do sleep 1; done`, "sh", object, namespace)
}

// nothing holds that there is no object of a kind, and that none comes before what it
// waits for.
func (f synced) nothing(kind string) {
	f.t.Helper()
	time.Sleep(8 * time.Second) // Flux looks at the health of what it applied each five
	if early := f.run("kubectl", "get", kind, "-n", f.namespace, "-o", "name"); early != "" {
		f.t.Errorf("there is %s already", early)
	}
}
