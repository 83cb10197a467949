package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCluster goes the way of a platform's first weeks in a cluster: a small prod, with
// object servers of which one may fail, two MLflow and two Nginx, TLS and auth. Secrets,
// render, commit and push, and real Flux applies it stage by stage. Each act leaves the
// platform to the next one as it should be: changed, and with all that it keeps.
func TestCluster(t *testing.T) {
	p := firstWeek(t)
	for _, act := range []struct {
		what string
		do   func(*smallCluster)
	}{
		{"strangers are turned away", (*smallCluster).strangers},
		{"MLflow is upgraded under load", (*smallCluster).upgraded},
		{"a pod of each kind is killed under load", (*smallCluster).killed},
		{"MLflow is rolled under load, and nothing else", (*smallCluster).rolled},
		{"logins change under load, and old ones let nobody in", (*smallCluster).rotated},
		{"administrators' passwords change", (*smallCluster).administered},
		{"a broken version leaves the old one running", (*smallCluster).broken},
		{"another environment touches nothing here", (*smallCluster).beside},
		{"a component that is taken out goes, and what it kept stays", (*smallCluster).takenOut},
	} {
		t.Run(act.what, func(t *testing.T) {
			now := *p
			now.t, now.door.f.t = t, t
			act.do(&now)
			p.says, p.door.password = now.says, now.door.password
			now.door.python("read.py", now.wrote)
		})
	}
}

// A smallCluster is a small prod in the cluster, with runs and artifacts that a client wrote.
type smallCluster struct {
	synced
	bin   string
	key   key
	door  door
	wrote string // what read.py must find
	says  string // of the environment, beside what smallProd says
}

// firstWeek brings the platform up from a push.
func firstWeek(t *testing.T) *smallCluster {
	remote := gitRemote(t)
	p := &smallCluster{synced: synced{newFolder(t), "prod", "mlops-e2e"}, bin: program(t), key: ageKey(t), says: `mlflow: version: "v3.12.0"`}
	p.run(p.bin, "init")
	p.write("environments/prod/environment.cue", smallProd(p.key.public, p.says))
	p.write("environments/prod/notes.cue", read(t, testdata(t, "notes.cue")))
	p.repository(remote)
	p.run(p.bin, "secrets", "generate", "prod")
	p.push(p.says)

	p.bootstrap(remote, p.key.private)
	t.Cleanup(p.tearDown)
	began := time.Now()
	p.run("sh", "-c", "until kubectl get namespace mlops-e2e; do sleep 1; done")
	front := certificate(p.folder, "mlops.test")
	p.run("kubectl", "create", "secret", "tls", "front", "-n", "mlops-e2e", "--cert", front.crt, "--key", front.key)
	p.applied()
	t.Logf("push to all stages ready: %.1f s", time.Since(began).Seconds())
	p.inStageOrder()
	p.secretsAreDecrypted()
	p.door = frontDoor(p.folder, front.crt)
	p.wrote = p.door.python("write.py", "8")
	return p
}

// push commits what the environment says from now on.
func (p *smallCluster) push(says string) {
	p.t.Helper()
	p.says = says
	p.write("environments/prod/environment.cue", smallProd(p.key.public, says))
	p.run(p.bin, "commit", "prod", "--push")
}

func (p *smallCluster) strangers() {
	if got := p.door.status("https://mlops.test/api/2.0/mlflow/experiments/search?max_results=1"); got != "401" {
		p.t.Errorf("who says no name and password gets %s", got)
	}
	if got := p.door.status("https://mlops.test/", "--header", "Host: evil.example"); got != "421" {
		p.t.Errorf("who calls by another name gets %s", got)
	}
}

func (p *smallCluster) upgraded() {
	before := p.specs()
	how := busy(p.t, p.door.client("load.py", "artifacts"), func() {
		p.push(`mlflow: version: "v3.17.0"`)
		p.applied()
	})
	p.t.Logf("%d calls, %d failed, the slowest took %.1f s", how.Calls, len(how.Wrong), how.Slowest)
	if head := p.run("kubectl", "exec", "-n", "mlops-e2e", "deployment/mlflow", "--", "mlflow", "--version"); !strings.Contains(head, "3.17.0") {
		p.t.Errorf("there runs %s", head)
	}
	onlyChanged(p.t, workloads(before), workloads(p.specs()), "Deployment/mlflow")
}

func (p *smallCluster) killed() {
	for _, kind := range []struct {
		pod, owner string
		fails      bool // a call may fail while its only server is away; none that was acknowledged may be lost
	}{
		{"mlflow", "deployment/mlflow", false},
		{"nginx", "deployment/nginx", false},
		{"minio", "statefulset/minio", false},
		{"postgres", "statefulset/postgres", true},
	} {
		how := busy(p.t, p.door.client("load.py", "artifacts"), func() {
			time.Sleep(3 * time.Second)
			pod, _, _ := strings.Cut(strings.TrimSpace(p.run("kubectl", "get", "pods", "-n", "mlops-e2e", "-l", "app.kubernetes.io/name="+kind.pod+",app.kubernetes.io/component=server", "-o", "name")), "\n")
			p.run("kubectl", "delete", "-n", "mlops-e2e", pod, "--grace-period=0", "--force")
			p.run("kubectl", "rollout", "status", kind.owner, "-n", "mlops-e2e", "--timeout", "180s")
			time.Sleep(3 * time.Second)
		})
		p.t.Logf("%s: %d calls, %d failed, the slowest took %.1f s, %d runs", kind.pod, how.Calls, len(how.Wrong), how.Slowest, how.Finished)
		if len(how.Wrong) > 0 && !kind.fails {
			p.t.Errorf("with a pod of %s killed: %v", kind.pod, how.Wrong)
		}
	}
}

func (p *smallCluster) rolled() {
	before := p.specs()
	how := busy(p.t, p.door.client("load.py"), func() {
		p.push(`mlflow: env: LOG_LEVEL: "info"`)
		p.applied()
	})
	p.t.Logf("%d calls, the slowest took %.1f s", how.Calls, how.Slowest)
	if len(how.Wrong) > 0 {
		p.t.Errorf("of %d calls failed %v", how.Calls, how.Wrong)
	}
	onlyChanged(p.t, before, p.specs(), "Deployment/mlflow")
}

// rotated gives the logins by which MLflow comes to its data new values, while a client is busy.
func (p *smallCluster) rotated() {
	old := p.secret("mlflow.postgres.password", "password")
	how := busy(p.t, p.door.client("load.py", "artifacts"), func() {
		p.run(p.bin, "secrets", "rotate", "prod", "mlflow.postgres.password", "mlflow.minio.password", "mlflow.auth.password", "mlflow.flask")
		p.run(p.bin, "commit", "prod", "--push")
		p.applied()
	})
	p.t.Logf("%d calls, %d failed, the slowest took %.1f s, %d runs", how.Calls, len(how.Wrong), how.Slowest, how.Finished)
	now := p.secret("mlflow.postgres.password", "password")
	for password, want := range map[string]string{old: "password authentication failed", now: "mlflow"} {
		got, err := p.try("kubectl", "exec", "-n", p.namespace, "postgres-0", "--", "env", "PGPASSWORD="+password, "psql", "-h", "postgres", "-U", "mlflow", "-d", "mlflow", "-qAtc", "select current_user")
		if said := fmt.Sprint(got, err); !strings.Contains(said, want) {
			p.t.Errorf("the role gets %q, not %q", said, want)
		}
	}
}

// administered gives those who may do everything new passwords, and comes in with them.
func (p *smallCluster) administered() {
	old := p.door.password
	p.run(p.bin, "secrets", "rotate", "prod", "mlflow.admin", "postgres.admin", "minio.root")
	p.run(p.bin, "commit", "prod", "--push")
	p.applied()
	if p.door.password = p.secret("mlflow.admin", "password"); p.door.password == old {
		p.t.Error("the administrator's password is the old one")
	}
	const anything = "https://mlops.test/api/2.0/mlflow/experiments/search?max_results=1"
	for password, want := range map[string]string{old: "401", p.door.password: "200"} {
		if got := p.door.status(anything, "--user", "admin:"+password); got != want {
			p.t.Errorf("the administrator gets %s, not %s", got, want)
		}
	}
	got, err := p.try("kubectl", "exec", "-n", p.namespace, "postgres-0", "--", "env", "PGPASSWORD="+p.secret("postgres.admin", "value"), "psql", "-h", "postgres", "-U", "postgres", "-qAtc", "select 1")
	if strings.TrimSpace(got) != "1" {
		p.t.Errorf("the superuser gets %q (%v)", got, err)
	}
}

func (p *smallCluster) broken() {
	before, says := p.specs(), p.says
	p.push(`mlflow: {env: LOG_LEVEL: "info", version: "v9.9.9"}`)
	p.attempted("setup", "apps")
	p.door.python("read.py", p.wrote)
	onlyChanged(p.t, workloads(before), workloads(p.specs()))
	p.push(says)
	p.applied()
}

func (p *smallCluster) beside() {
	p.write("environments/stage/environment.cue", strings.Replace(smallProd(p.key.public, `mlflow: metrics: true`), "mlops-e2e", "mlops-stage", 1))
	p.run(p.bin, "secrets", "generate", "stage")
	before := p.specs()
	p.run(p.bin, "commit", "stage", "--push")
	p.applied()
	onlyChanged(p.t, before, p.specs())
}

func (p *smallCluster) takenOut() {
	p.run("rm", "environments/prod/notes.cue")
	p.push(p.says)
	p.applied()
	if left, err := p.try("kubectl", "get", "deployment/notes", "service/notes", "-n", "mlops-e2e"); err == nil {
		p.t.Errorf("it is still there: %s", left)
	}
	if rows := p.run("kubectl", "exec", "-n", "mlops-e2e", "postgres-0", "--", "psql", "-U", "postgres", "-d", "notes", "-qAtc", "select count(*) from note"); strings.TrimSpace(rows) == "0" {
		p.t.Error("what it kept is gone")
	}
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
