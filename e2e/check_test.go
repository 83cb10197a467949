package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestComposeCheck holds a port as a process, as a stranger's container and as the
// environment's own, and asks for more CPUs than the engine has: check says so each
// time, and the engine agrees.
func TestComposeCheck(t *testing.T) {
	const port, image = "15100", "localhost/mlops-gitops/postgres:18.6"
	f := newFolder(t)
	f.run(program(t), "init")
	f.write("compose.yaml", strings.Replace(f.read("compose.yaml"), "mlops-dev", "mlops-e2e-check", 1))
	set := func(more string) {
		f.write("environments/dev/environment.cue", "package environments\n\nenvironment: {\n\tmode: \"dev\"\n\tnamespace: \"mlops-e2e-check\"\n\tmlflow: port: "+port+"\n\tnginx: {http: 15180, https: 15181}\n\tminio: {port: 15182, console: port: 15183}\n"+images+more+"}\n")
	}
	check := func() (stdout, stderr string, code int) {
		cmd := exec.Command(program(t), "check", "dev")
		cmd.Dir, cmd.Env = f.dir, f.env
		var said strings.Builder
		cmd.Stderr = &said
		out, err := cmd.Output()
		if cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return string(out), said.String(), cmd.ProcessState.ExitCode()
	}
	wants := func(what string, code int, texts ...string) {
		t.Helper()
		stdout, stderr, got := check()
		t.Logf("%s: exit %d\n%s%s", what, got, stdout, stderr)
		if got != code {
			t.Errorf("%s: exit code %d, not %d", what, got, code)
		}
		for _, text := range texts {
			if !strings.Contains(stdout+stderr, text) {
				t.Errorf("%s: it does not say %q", what, text)
			}
		}
	}
	container := func(name string, args ...string) {
		t.Helper()
		t.Cleanup(func() { f.run("docker", "rm", "--force", "--volumes", name) })
		f.run("docker", append(append([]string{"run", "--detach", "--name", name}, args...), "--entrypoint", "sleep", image, "600")...)
	}

	set("")
	version := strings.TrimSpace(f.run("docker", "version", "--format", "{{.Server.Version}}"))
	wants("before", 0, version, "4 of 4 in the engine", "127.0.0.1:"+port+" (mlflow) is free", "not rendered yet", " free")
	f.run(program(t), "render", "dev")
	wants("rendered", 0, "files     as rendered", "secrets   9 secrets")

	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	held := "127.0.0.1:" + port + " (mlflow) is held by "
	if runtime.GOOS == "linux" {
		held += fmt.Sprintf("e2e.test (PID %d)", os.Getpid())
	}
	wants("held by a process", 1, "error: dev: "+held)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}

	container("mlops-e2e-check-stranger", "--publish", "127.0.0.1:"+port+":80", "--label", "com.docker.compose.project=shop", "--label", "com.docker.compose.service=web")
	wants("held by a container", 1, "is held by container mlops-e2e-check-stranger of Compose project shop")
	if _, err := f.try("docker", "run", "--rm", "--publish", "127.0.0.1:"+port+":80", "--entrypoint", "true", image); err == nil {
		t.Error("the engine publishes a port that check says is held")
	}
	f.run("docker", "stop", "--time", "0", "mlops-e2e-check-stranger")

	own := []string{"--label", "com.docker.compose.project=mlops-e2e-check", "--label", "com.docker.compose.oneoff=False", "--label", "com.docker.compose.project.working_dir=" + f.dir}
	container("mlops-e2e-check-own", append(own, "--publish", "127.0.0.1:"+port+":80", "--label", "com.docker.compose.service=nginx")...)
	container("mlops-e2e-check-orphan", append(own, "--label", "com.docker.compose.service=gone")...)
	wants("held by itself", 0, "is held by mlops-e2e-check-own, of this environment", "any longer: mlops-e2e-check-orphan", "docker compose up --wait --remove-orphans")
	wantsJSON(t, f)

	cpus, err := strconv.Atoi(strings.TrimSpace(f.run("docker", "info", "--format", "{{.NCPU}}")))
	if err != nil {
		t.Fatal(err)
	}
	more := strconv.Itoa(cpus + 1)
	set("\tpostgres: resources: limits: {cpu: \"" + more + "\", memory: \"2Ti\"}\n")
	wants("more than there is", 1, "postgres may use "+more+" CPUs", "limits come to 2", "postgres asks most, 2 TiB", "not as rendered")
	if _, err := f.try("docker", "create", "--cpus", more, image); err == nil || !strings.Contains(err.Error(), "CPUs available") {
		t.Errorf("the engine does not refuse %s CPUs: %v", more, err)
	}

	there := f.env
	defer func() { f.env = there }() // for those who clean up
	f.env = append(slices.Clip(f.env), "DOCKER_HOST=unix://"+f.dir+"/nobody.sock")
	wants("no engine", 1, "error: no engine answers at unix://"+f.dir+"/nobody.sock (DOCKER_HOST)")
}

// wantsJSON holds that a machine reads the same: figures as docker info has them.
func wantsJSON(t *testing.T, f folder) {
	t.Helper()
	var lines []struct {
		Subject, State string
		Figures        map[string]any
	}
	if err := json.Unmarshal([]byte(f.run(program(t), "check", "dev", "-o", "json")), &lines); err != nil {
		t.Fatal(err)
	}
	total := strings.TrimSpace(f.run("docker", "info", "--format", "{{.MemTotal}}"))
	for _, l := range lines {
		if l.Subject == "memory" {
			if got := fmt.Sprintf("%.0f", l.Figures["total"]); got != total || l.State != "fine" {
				t.Errorf("memory: %s of %s, %s", got, total, l.State)
			}
			return
		}
	}
	t.Errorf("no line is about memory: %v", lines)
}
