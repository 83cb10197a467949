package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestComposeAuth runs what a team puts before its colleagues: users with passwords, two
// replicas, and artifacts that go straight to the object store. One replica is killed
// while a client works, and no call of the client fails.
func TestComposeAuth(t *testing.T) {
	p := newPlatform(t, "mlops-e2e-auth", 16000, "mlops.example.test", `
	mlflow: {replicas: 2, artifacts: "direct", auth: mode: "basic", metrics: true}
`)
	p.run(program(t), "render", "dev")
	p.up()
	admin := map[string]string{"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": p.secret("mlflow.admin")}

	for _, tt := range []struct {
		what, want string
		args       []string
	}{
		{"nobody", "401 ", nil},
		{"a wrong password", "401 ", []string{"--user", "admin:wrong"}},
		{"the right password", "200 ", []string{"--user", "admin:" + p.secret("mlflow.admin")}},
		{"the metrics, from outside", "404 ", []string{p.https() + "/metrics"}},
	} {
		args := append([]string{"--json", `{"max_results":1}`, p.https() + "/api/2.0/mlflow/experiments/search"}, tt.args...)
		if len(tt.args) == 1 {
			args = tt.args
		}
		if got := p.curl(args...); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, got, tt.want)
		}
	}

	stop := p.memory("nginx", "mlflow")
	wrote := p.python(admin, "write.py", "1024")
	t.Logf("client: wrote %s, fetched %s", wrote, p.python(admin, "read.py", wrote))
	boundedMemory(t, stop())
	p.straightToTheStore()

	second := p.containers("mlflow")[1]
	fared := p.busy(admin, func() {
		p.run("docker", "compose", "exec", "-T", "nginx", "sleep", "5")
		p.run("docker", "kill", second)
		p.run("docker", "compose", "exec", "-T", "nginx", "sleep", "10")
		p.run("docker", "start", second)
		p.run("docker", "compose", "exec", "-T", "nginx", "sleep", "5")
	})
	t.Logf("one of two replicas killed: %d calls, the slowest took %.1f s", fared.Calls, fared.Slowest)
	if len(fared.Wrong) > 0 || fared.Finished == 0 || fared.Calls < 20 {
		t.Errorf("with one of two replicas killed: %+v", fared)
	}
	p.seesTheConsole()

	p.run("docker", "compose", "down")
	p.run("docker", "compose", "up", "--wait")
	p.python(admin, "read.py", wrote)
	p.noSecretShows(10)
}

// straightToTheStore holds that large artifacts went between the client and the object
// store: Nginx has seen them come to the S3 interface from outside.
func (p platform) straightToTheStore() {
	p.t.Helper()
	log := p.run("docker", "compose", "logs", "--no-color", "--no-log-prefix", "nginx")
	direct := 0
	for _, line := range strings.Split(log, "\n") {
		if strings.Contains(line, fmt.Sprintf(`"host":"%s:%d"`, p.domain, p.base+900)) && strings.Contains(line, `large.bin`) && !strings.Contains(line, "Boto3") {
			direct++
		}
	}
	if direct < 2 {
		p.t.Errorf("Nginx has seen %d requests of a client for the large artifact at the S3 interface", direct)
	}
}
