package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// images is what an environment says to run the images at hand: a mirror's, as
// far as the product is concerned.
const images = `
	mlflow: image: repository:   "localhost/mlops-gitops/mlflow"
	postgres: image: repository: "localhost/mlops-gitops/postgres"
	minio: image: repository:    "localhost/mlops-gitops/minio"
	nginx: image: repository:    "localhost/mlops-gitops/nginx"
`

// clientImage is where the real MLflow client and boto3 are.
const clientImage = "localhost/mlops-gitops/mlflow:v3.17.0-full"

// A platform is a config repository whose dev runs on the engine, with a name and
// ports of its own, so that a developer's running dev is left alone.
type platform struct {
	folder
	name   string
	base   int // the first of its ports: MLflow without TLS; +80 http, +443 https, +900 S3, +901 console
	domain string
}

// newPlatform makes the repository; says are further settings of dev.
func newPlatform(t *testing.T, name string, base int, domain, says string) platform {
	t.Helper()
	p := platform{newFolder(t), name, base, domain}
	p.run("docker", "info")
	p.run(program(t), "init")
	p.write("compose.yaml", strings.Replace(p.read("compose.yaml"), "mlops-dev", name, 1))
	p.write("environments/dev/environment.cue", fmt.Sprintf(`package environments

environment: {
	mode:      "dev"
	namespace: %q
	domain:    %q
	mlflow: port: %d
	nginx: {http: %d, https: %d}
	minio: {port: %d, console: port: %d}
%s%s}
`, name, domain, base, base+80, base+443, base+900, base+901, images, says))
	return p
}

func (p platform) https() string   { return fmt.Sprintf("https://%s:%d", p.domain, p.base+443) }
func (p platform) s3() string      { return fmt.Sprintf("https://%s:%d", p.domain, p.base+900) }
func (p platform) console() string { return fmt.Sprintf("https://%s:%d", p.domain, p.base+901) }

// up starts it, and ends it with the test.
func (p platform) up() {
	p.t.Helper()
	p.t.Cleanup(func() { p.run("docker", "compose", "down", "--volumes", "--timeout", "5") })
	began := time.Now()
	p.run("docker", "compose", "up", "--wait")
	p.t.Logf("up --wait: %.1f s", time.Since(began).Seconds())
}

func (p platform) secret(name string) string { return p.read(".secrets/dev/" + name) }

// client is a command with the real clients, on the network of this machine: it trusts
// the platform's authority and knows the platform's name.
func (p platform) client(env map[string]string, args ...string) *exec.Cmd {
	p.t.Helper()
	run := []string{
		"run", "--rm", "--interactive", "--network", "host", "--user", "1000",
		"--volume", filepath.Join(p.dir, ".secrets/dev/ca.crt") + ":/ca.crt:ro",
		"--volume", testdata(p.t, ".") + ":/e2e:ro",
	}
	if p.domain != "localhost" {
		run = append(run, "--add-host", p.domain+":127.0.0.1")
	}
	for name, value := range map[string]string{
		"HOME": "/tmp", "USER": "e2e", "GIT_PYTHON_REFRESH": "quiet", "MLFLOW_TRACKING_URI": p.https(),
		"MLFLOW_TRACKING_SERVER_CERT_PATH": "/ca.crt", "AWS_CA_BUNDLE": "/ca.crt", "REQUESTS_CA_BUNDLE": "/ca.crt", "SSL_CERT_FILE": "/ca.crt",
	} {
		if _, own := env[name]; !own {
			run = append(run, "--env", name+"="+value)
		}
	}
	for name, value := range env {
		run = append(run, "--env", name+"="+value)
	}
	cmd := exec.Command("docker", append(append(run, clientImage, "python"), args...)...)
	cmd.Dir, cmd.Env = p.dir, p.env
	return cmd
}

// python runs a script of testdata to its end and returns the last line that it prints.
func (p platform) python(env map[string]string, script string, args ...string) string {
	p.t.Helper()
	cmd := p.client(env, append([]string{"/e2e/" + script}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("%s: %v\n%s%s", script, err, out, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n") // MLflow prints some of its own first
	return lines[len(lines)-1]
}

// busy keeps a client calling while something happens, and returns how it fared.
func (p platform) busy(env map[string]string, meanwhile func()) fared {
	p.t.Helper()
	return busy(p.t, p.client(env, "/e2e/load.py"), meanwhile)
}

// fared is how load.py fared.
type fared struct {
	Calls    int
	Wrong    []string
	Finished int
	Lost     []string // runs whose end was acknowledged and that are not whole
	Slowest  float64
}

// busy runs a command that is load.py while something happens.
func busy(t *testing.T, cmd *exec.Cmd, meanwhile func()) (how fared) {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	first := make([]byte, len("busy\n"))
	if _, err := io.ReadFull(stdout, first); err != nil {
		t.Fatalf("the busy client did not begin: %v", err)
	}
	meanwhile()
	if _, err := io.WriteString(stdin, "\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(&all, stdout); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(all.String()), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &how); err != nil {
		t.Fatalf("%v: %s", err, all.String())
	}
	if len(how.Lost) > 0 {
		t.Errorf("runs were acknowledged and are gone: %v", how.Lost)
	}
	return how
}

// curl asks the platform by HTTP and returns the status.
func (p platform) curl(args ...string) string {
	p.t.Helper()
	asks := []string{"--silent", "--output", "/dev/null", "--write-out", "%{http_code} %{redirect_url}", "--max-time", "20", "--cacert", ".secrets/dev/ca.crt"}
	for _, port := range []int{80, 443, 900, 901} {
		asks = append(asks, "--resolve", fmt.Sprintf("%s:%d:127.0.0.1", p.domain, p.base+port))
	}
	return p.run("curl", append(asks, args...)...)
}

// containers are the identifiers of the project's containers.
func (p platform) containers(args ...string) []string {
	p.t.Helper()
	return strings.Fields(p.run("docker", append([]string{"compose", "ps", "--all", "--quiet", "--no-trunc"}, args...)...))
}

// services are the containers of what keeps running.
func (p platform) services() []string { return p.containers("--status", "running") }

// memory watches how much memory the programs of services hold, until it is stopped: MiB at
// most, by service. What the kernel keeps of files for them is its own affair.
func (p platform) memory(services ...string) (stop func() map[string]int) {
	peaks, done := map[string]int{}, make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		held := regexp.MustCompile(`(?m)^(?:anon|total_rss) (\d+)$`) // of cgroup v2 and v1
		for {
			for _, service := range services {
				out, err := p.try("docker", "compose", "exec", "-T", service, "sh", "-c", "cat /sys/fs/cgroup/memory.stat || cat /sys/fs/cgroup/memory/memory.stat")
				if err != nil {
					return // the test ends
				}
				for _, m := range held.FindAllStringSubmatch(out, -1) {
					if n, err := strconv.Atoi(m[1]); err == nil {
						peaks[service] = max(peaks[service], n>>20)
					}
				}
			}
			select {
			case <-done:
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	return func() map[string]int {
		close(done)
		watching.Wait()
		return peaks
	}
}

// nobodyWasKilled holds that no service was ended by the engine or by itself.
func (p platform) nobodyWasKilled() {
	p.t.Helper()
	for _, id := range p.services() {
		if got := strings.TrimSpace(p.run("docker", "inspect", "--format", "{{.Name}} {{.State.OOMKilled}} {{.RestartCount}}", id)); !strings.HasSuffix(got, " false 0") {
			p.t.Errorf("a service was killed or restarted: %s", got)
		}
	}
}

// noSecretShows looks for every secret's value where none may be.
func (p platform) noSecretShows(want int) {
	p.t.Helper()
	places := map[string]string{
		"the logs":       p.run("docker", "compose", "logs", "--no-color"),
		"compose config": p.run("docker", "compose", "config"),
	}
	for _, id := range p.containers() {
		places["docker inspect"] += p.run("docker", "inspect", id)
	}
	for _, id := range p.services() {
		places["the process list"] += p.run("docker", "top", id, "-eo", "pid,args")
	}
	p.run("git", "init", "--quiet")
	p.run("git", "add", "--all")
	for _, name := range strings.Fields(p.run("git", "ls-files")) {
		places["Git"] += p.read(name)
	}
	secrets := 0
	err := filepath.WalkDir(filepath.Join(p.dir, ".secrets/dev"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".crt") {
			return err // a certificate is for all to see
		}
		secrets++
		value := read(p.t, path)
		for where, text := range places {
			if strings.Contains(text, value) {
				p.t.Errorf("the secret %s shows in %s", d.Name(), where)
			}
		}
		return nil
	})
	if err != nil || secrets != want {
		p.t.Errorf("looked for %d secrets of %d: %v", secrets, want, err)
	}
}
