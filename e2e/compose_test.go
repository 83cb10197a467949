package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCompose goes the way of someone's first day: init, render dev, docker compose up;
// a client works through Nginx with TLS; then down and up again, and nothing is lost.
func TestCompose(t *testing.T) {
	p := newPlatform(t, "mlops-e2e", 15000, "localhost", `
	minio: buckets: {
		datasets: {versioning: true, quota: "1Gi", lifecycle: old: olderVersions: 7}
		features: {}
	}
`)
	p.write("environments/notes.cue", read(t, testdata(t, "notes.cue")))
	printed := p.run(program(t), "render", "dev")
	for _, want := range []string{"http://localhost:15000", p.https(), p.s3(), p.console()} {
		if !strings.Contains(printed, want) {
			t.Errorf("render does not say %s:\n%s", want, printed)
		}
	}
	p.up()
	p.migrationCameFirst()

	stop := p.memory("nginx", "mlflow")
	wrote := p.python(nil, "write.py", "1024")
	fetched := p.python(nil, "read.py", wrote)
	t.Logf("client: wrote %s, fetched %s", wrote, fetched)
	boundedMemory(t, stop())
	p.nobodyWasKilled()
	p.python(map[string]string{"KEYS": p.bucketKeys("datasets", "features")}, "buckets.py", p.s3())

	p.frontDoor()
	p.postgresIsInside()
	p.ownComponent()

	p.run("docker", "compose", "down")
	p.run("docker", "compose", "up", "--wait")
	p.python(map[string]string{"MLFLOW_TRACKING_URI": "http://localhost:15000"}, "read.py", wrote)

	before, tables := p.services(), p.tables()
	p.run("docker", "compose", "up", "--wait")
	if after := p.services(); !slices.Equal(after, before) {
		t.Errorf("a second up made containers anew:\n%s\n%s", before, after)
	}
	if after := p.tables(); after != tables {
		t.Errorf("the tasks of a second up changed something:\n%s\n%s", tables, after)
	}
	p.noSecretShows(12)
	p.lostSecretIsMissed()
}

// boundedMemory holds that a large artifact passes through and does not pile up.
func boundedMemory(t *testing.T, peaks map[string]int) {
	t.Helper()
	t.Logf("memory at most, in MiB: %v", peaks)
	for service, most := range map[string]int{"nginx": 64, "mlflow": 640} {
		if peak := peaks[service]; peak == 0 || peak > most {
			t.Errorf("%s took %d MiB while 1 GiB went up and down, of %d", service, peak, most)
		}
	}
}

func (p platform) bucketKeys(buckets ...string) string {
	p.t.Helper()
	keys := map[string][]string{}
	for _, b := range buckets {
		keys[b] = []string{b, p.secret("minio.bucket-" + b)}
	}
	data, err := json.Marshal(keys)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}

// frontDoor holds who is let in: by the right name, with TLS.
func (p platform) frontDoor() {
	p.t.Helper()
	plain := fmt.Sprintf("http://localhost:%d", p.base+80)
	for _, tt := range []struct {
		what, want string
		args       []string
	}{
		{"the page", "200 ", []string{p.https() + "/"}},
		{"without TLS", "308 " + p.https() + "/x?y=1", []string{plain + "/x?y=1"}},
		{"an unknown host", "421 ", []string{"--header", "Host: evil.example.com", p.https() + "/"}},
		{"an unknown host without TLS", "421 ", []string{"--header", "Host: evil.example.com", fmt.Sprintf("http://localhost:%d/", p.base)}},
		{"another origin's write", "403 ", []string{"--header", "Origin: https://evil.example.com", "--json", `{"name":"x"}`, p.https() + "/api/2.0/mlflow/experiments/create"}},
		{"what clients would use to go round", "404 ", []string{p.https() + "/api/3.0/mlflow/server-info"}},
		{"the console", "200 ", []string{p.console() + "/"}},
	} {
		if got := p.curl(tt.args...); got != tt.want {
			p.t.Errorf("%s: got %s, want %s", tt.what, got, tt.want)
		}
	}
	if _, err := p.try("curl", "--silent", "--max-time", "5", "--insecure", "--resolve", fmt.Sprintf("evil.example.com:%d:127.0.0.1", p.base+443), fmt.Sprintf("https://evil.example.com:%d/", p.base+443)); err == nil {
		p.t.Error("TLS with an unknown name is let through")
	}
}

// postgresIsInside holds that nothing of this machine leads to the database.
func (p platform) postgresIsInside() {
	p.t.Helper()
	id := p.containers("postgres")[0]
	if got := strings.TrimSpace(p.run("docker", "inspect", "--format", "{{json .HostConfig.PortBindings}}", id)); got != "{}" && got != "null" {
		p.t.Errorf("PostgreSQL is published at %s", got)
	}
	for _, port := range []int{5432, p.base + 5432} {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err == nil {
			_ = c.Close()
			p.t.Errorf("something answers at port %d of this machine", port)
		}
	}
}

// migrationCameFirst holds that the server started after the migration completed.
func (p platform) migrationCameFirst() {
	p.t.Helper()
	at := func(service, field string) time.Time {
		id := p.containers(service)[0]
		when, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(p.run("docker", "inspect", "--format", "{{.State."+field+"}}", id)))
		if err != nil {
			p.t.Fatal(err)
		}
		return when
	}
	migrated, started := at("mlflow-migrate", "FinishedAt"), at("mlflow", "StartedAt")
	if !started.After(migrated) {
		p.t.Errorf("the server started at %s, before the migration completed at %s", started, migrated)
	}
}

// psql asks the database as its superuser, inside the container.
func (p platform) psql(database, question string) string {
	p.t.Helper()
	return p.run("docker", "compose", "exec", "-T", "postgres", "psql", "-h", "/var/run/postgresql", "-U", "postgres", "-d", database, "-Atc", question)
}

// tables is what tasks could change: databases, roles, and the revision of MLflow's schema.
func (p platform) tables() string {
	return p.psql("postgres", "select datname, datdba from pg_database order by 1") +
		p.psql("postgres", "select rolname, rolpassword from pg_authid where rolpassword is not null order by 1") +
		p.psql("mlflow", "select version_num from alembic_version")
}

// ownComponent holds that a team's own component got its database, its secret
// and text full of dollars as written.
func (p platform) ownComponent() {
	p.t.Helper()
	got := p.psql("notes", "select distinct text from note order by text")
	want := "5 $ and $HOME ${X}\nsigned " + p.secret("notes.signature") + " in postgres\n"
	if got != want {
		p.t.Errorf("notes hold %q, not %q", got, want)
	}
	if got := p.run("docker", "compose", "exec", "-T", "notes", "cat", "/etc/notes/plain.txt"); got != "costs 5 $ and ${HOME}\n" {
		p.t.Errorf("a mounted file holds %q", got)
	}
}

// lostSecretIsMissed holds that a secret is not made anew while the engine has data
// that was made with the lost one.
func (p platform) lostSecretIsMissed() {
	p.t.Helper()
	if err := os.Remove(filepath.Join(p.dir, ".secrets/dev/postgres.admin")); err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.try(program(p.t), "render", "dev"); err == nil || !strings.Contains(err.Error(), ".secrets/dev lacks what they were made with: postgres.admin") {
		p.t.Errorf("with data there and its secret lost, render says: %v", err)
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
