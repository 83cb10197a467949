package e2e

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// images is what an environment says to run the images at hand: a mirror's, as
// far as the product is concerned.
const images = `
	mlflow: image: repository:   "localhost/mlops-gitops/mlflow"
	postgres: image: repository: "localhost/mlops-gitops/postgres"
`

// TestCompose goes the way of someone's first day: init, render dev, docker
// compose up, a client logs a run; then down and up again, and nothing is lost.
func TestCompose(t *testing.T) {
	f := newFolder(t)
	f.run("docker", "info")
	f.run(program(t), "init")
	// a name of its own, so that a developer's running dev is left alone
	f.write("compose.yaml", strings.Replace(f.read("compose.yaml"), "mlops-dev", "mlops-e2e", 1))
	f.write("environments/dev/environment.cue", "package environments\n\nenvironment: {\n\tmode: \"dev\"\n\tnamespace: \"mlops-e2e\"\n\tmlflow: port: 15000\n"+images+"}\n")
	f.write("environments/notes.cue", read(t, testdata(t, "notes.cue")))
	printed := f.run(program(t), "render", "dev")
	if !strings.Contains(printed, "http://localhost:15000") {
		t.Errorf("render does not say where MLflow answers:\n%s", printed)
	}
	t.Cleanup(func() { f.run("docker", "compose", "down", "--volumes", "--timeout", "5") })

	began := time.Now()
	f.run("docker", "compose", "up", "--wait")
	t.Logf("up --wait: %.1f s", time.Since(began).Seconds())
	migrationCameFirst(t, f)

	var wrote struct {
		Run     string
		Seconds float64
	}
	lines := strings.Split(strings.TrimSpace(client(f, "write.py")), "\n") // MLflow prints some of its own first
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &wrote); err != nil {
		t.Fatal(err)
	}
	t.Logf("client: run %s in %.1f s", wrote.Run, wrote.Seconds)
	client(f, "read.py", wrote.Run)

	f.run("docker", "compose", "down")
	f.run("docker", "compose", "up", "--wait")
	client(f, "read.py", wrote.Run)

	before := containers(f, "--status", "running")
	f.run("docker", "compose", "up", "--wait")
	if after := containers(f, "--status", "running"); after != before {
		t.Errorf("a second up made containers anew:\n%s\n%s", before, after)
	}
	ownComponent(t, f)
	noSecretShows(t, f)
	lostSecretIsMissed(t, f)
}

// client runs a script with the real MLflow client against dev's published port.
func client(f folder, script string, args ...string) string {
	f.t.Helper()
	return clientAt(f, "http://localhost:15000", script, args...)
}

// clientAt runs a script with the real MLflow client.
func clientAt(f folder, uri, script string, args ...string) string {
	f.t.Helper()
	return f.run("docker", append([]string{
		"run", "--rm", "--network", "host", "--user", "1000", "--env", "HOME=/tmp", "--env", "USER=e2e",
		"--env", "MLFLOW_TRACKING_URI=" + uri,
		"--volume", testdata(f.t, script) + ":/" + script + ":ro",
		"localhost/mlops-gitops/mlflow:v3.17.0-full", "python", "/" + script,
	}, args...)...)
}

func containers(f folder, args ...string) string {
	f.t.Helper()
	return f.run("docker", append([]string{"compose", "ps", "--all", "--quiet", "--no-trunc"}, args...)...)
}

// migrationCameFirst holds that the server started after the migration completed.
func migrationCameFirst(t *testing.T, f folder) {
	t.Helper()
	at := func(service, field string) time.Time {
		id := strings.TrimSpace(f.run("docker", "compose", "ps", "--all", "--quiet", service))
		when, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(f.run("docker", "inspect", "--format", "{{.State."+field+"}}", id)))
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	migrated, started := at("mlflow-migrate", "FinishedAt"), at("mlflow", "StartedAt")
	if !started.After(migrated) {
		t.Errorf("the server started at %s, before the migration completed at %s", started, migrated)
	}
}

// ownComponent holds that a team's own component got its database, its secret
// and text full of dollars as written.
func ownComponent(t *testing.T, f folder) {
	t.Helper()
	got := f.run("docker", "compose", "exec", "-T", "postgres", "psql", "-h", "/var/run/postgresql", "-U", "postgres", "-d", "notes", "-Atc", "select distinct text from note order by text")
	want := "5 $ and $HOME ${X}\nsigned " + f.read(".secrets/dev/notes.signature") + " in postgres\n"
	if got != want {
		t.Errorf("notes hold %q, not %q", got, want)
	}
	if got := f.run("docker", "compose", "exec", "-T", "notes", "cat", "/etc/notes/plain.txt"); got != "costs 5 $ and ${HOME}\n" {
		t.Errorf("a mounted file holds %q", got)
	}
}

// lostSecretIsMissed holds that a secret is not made anew while the engine has data
// that was made with the lost one.
func lostSecretIsMissed(t *testing.T, f folder) {
	t.Helper()
	if err := os.Remove(filepath.Join(f.dir, ".secrets/dev/postgres.admin")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.try(program(t), "render", "dev"); err == nil || !strings.Contains(err.Error(), "postgres.admin is gone from .secrets/dev") {
		t.Errorf("with data there and its secret lost, render says: %v", err)
	}
}

// noSecretShows looks for every secret's value where none may be.
func noSecretShows(t *testing.T, f folder) {
	t.Helper()
	places := map[string]string{
		"the logs":       f.run("docker", "compose", "logs", "--no-color"),
		"compose config": f.run("docker", "compose", "config"),
	}
	for _, id := range strings.Fields(containers(f)) {
		places["docker inspect"] += f.run("docker", "inspect", id)
	}
	for _, id := range strings.Fields(containers(f, "--status", "running")) {
		places["the process list"] += f.run("docker", "top", id, "-eo", "pid,args")
	}
	f.run("git", "init", "--quiet")
	f.run("git", "add", "--all")
	for _, name := range strings.Fields(f.run("git", "ls-files")) {
		places["Git"] += f.read(name)
	}
	secrets := 0
	err := filepath.WalkDir(filepath.Join(f.dir, ".secrets/dev"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		secrets++
		value := read(t, path)
		for where, text := range places {
			if strings.Contains(text, value) {
				t.Errorf("the secret %s shows in %s", d.Name(), where)
			}
		}
		return nil
	})
	if err != nil || secrets != 5 {
		t.Errorf("looked for %d secrets of 5: %v", secrets, err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
