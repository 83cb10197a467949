package e2e

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
)

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
