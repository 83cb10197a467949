package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestComposeAdopting takes over a hand-written MLflow with its data by the commands of
// docs/adopting.md, goes back and comes again; nothing is lost but what the page says.
func TestComposeAdopting(t *testing.T) {
	a := adopting{newFolder(t), readPage(t)}
	a.run("docker", "info")
	a.env = append(a.env, "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "COMPOSE_PROGRESS=quiet")
	for _, name := range []string{"compose.yaml", ".env"} {
		a.write("mlops-e2e-shop/"+name, read(t, testdata(t, "adopting/shop/"+name)))
	}
	t.Cleanup(a.clean)
	a.sh("cd mlops-e2e-shop && docker compose up -d --wait")
	old := a.client("old", "write.py", "old")

	a.sh(a.page.block("Before", "sh", 0))
	a.sh(a.page.block("Take over", "sh", 0))
	a.write("platform/environments/dev/environment.cue", a.page.block("Take over", "cue", 0))
	a.write("platform/environments/dev/e2e.cue", fmt.Sprintf(`package environments

environment: {
	namespace: "mlops-e2e-adopting"
	mlflow: port: 25011
	nginx: {http: 25080, https: 25443}
	minio: {port: 25090, console: port: 25091}
%s}
`, images))
	a.write("platform/compose.yaml", strings.Replace(a.read("platform/compose.yaml"), "mlops-dev", "mlops-e2e-adopting", 1))
	if _, err := a.try(program(t), "-C", "platform", "render", "dev"); err == nil || !strings.Contains(err.Error(), "is not in .secrets/dev: minio.root, postgres.admin") {
		t.Errorf("without the passwords of the data, render says: %v", err)
	}
	a.sh(a.page.block("Take over", "sh", 1))
	if said := a.sh(a.page.block("Look", "sh", 0)); !strings.HasSuffix(said, "\n2\n") {
		t.Errorf("the old runs are not two:\n%s", said)
	}
	a.ownsAll()
	a.client("new", "read.py", old)
	since := a.client("new", "write.py", "since")
	a.client("new", "read.py", since)

	a.sh(a.page.block("The way back", "sh", 0))
	a.client("old", "read.py", since)
	back := a.client("old", "write.py", "back")
	a.sh("(cd mlops-e2e-shop && docker compose down) && cd platform && docker compose up --wait")
	for _, wrote := range []string{old, since, back} {
		a.client("new", "read.py", wrote)
	}
	a.write("proxied.sql", a.page.block("Artifacts that clients fetch from S3 themselves", "sql", 0))
	a.sh("cd platform && docker compose exec -T postgres psql -h /var/run/postgresql -U mlflow -d mlflow -v ON_ERROR_STOP=1 < ../proxied.sql")
	a.client("new, without keys", "read.py", old)

	a.sh("(cd platform && docker compose down) && cd mlops-e2e-shop && docker compose up -d --wait db")
	a.sh(strings.Replace(a.page.block("The way back", "sh", 1), "docker compose up -d --wait", "docker compose down", 1))
	a.sh("cd platform && docker compose up mlflow-migrate")
	a.ownsAll()
	if said := a.sh(a.page.block("Look", "sh", 0)); !strings.HasSuffix(said, "\n2\n") {
		t.Errorf("the dump did not bring back the two runs that it held:\n%s", said)
	}
}

// adopting is a folder with two others in it: the old stack's and the platform's.
type adopting struct {
	folder
	page page
}

// sh runs lines of a shell, as someone would who stands in the folder.
func (a adopting) sh(lines string) string {
	a.t.Helper()
	return a.run("sh", "-euc", lines)
}

// client runs a script against one of the two, with what its users must set.
func (a adopting) client(which, script string, args ...string) string {
	a.t.Helper()
	keys := []string{"--env", "AWS_ACCESS_KEY_ID=shopkeeper", "--env", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCY"}
	of := map[string][]string{
		// clients of 3.16 and later would fetch from http://s3:9000
		"old": append(keys, "--env", "MLFLOW_TRACKING_URI=http://localhost:25010", "--env", "MLFLOW_S3_ENDPOINT_URL=http://localhost:29010", "--env", "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD=false"),
		"new": append(keys, "--env", "MLFLOW_TRACKING_URI=http://localhost:25011", "--env", "MLFLOW_S3_ENDPOINT_URL=https://localhost:25090",
			"--env", "AWS_CA_BUNDLE=/ca.crt", "--volume", filepath.Join(a.dir, "platform/.secrets/dev/ca.crt")+":/ca.crt:ro"),
		"new, without keys": {"--env", "MLFLOW_TRACKING_URI=http://localhost:25011"},
	}[which]
	command := append([]string{"run", "--rm", "--network", "host", "--user", "1000", "--env", "HOME=/tmp", "--env", "USER=e2e",
		"--volume", testdata(a.t, "adopting/"+script) + ":/" + script + ":ro"}, of...)
	said := a.run("timeout", append(append([]string{"120", "docker"}, command...), append([]string{clientImage, "python", "/" + script}, args...)...)...)
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if script == "write.py" && !json.Valid([]byte(lines[len(lines)-1])) {
		a.t.Fatalf("%s said:\n%s", script, said)
	}
	return lines[len(lines)-1]
}

// ownsAll holds that a later migration may alter all that is in MLflow's database.
func (a adopting) ownsAll() {
	a.t.Helper()
	query := `select relname from pg_class where relnamespace = 'public'::regnamespace and relowner <> 'mlflow-app'::regrole
		union all select proname from pg_proc where pronamespace = 'public'::regnamespace and proowner <> 'mlflow-app'::regrole`
	if said := a.sh(`cd platform && docker compose exec -T postgres psql -h /var/run/postgresql -U mlflow -d mlflow -Atc "` + query + `"`); said != "" {
		a.t.Errorf("not MLflow's own in its database:\n%s", said)
	}
}

// clean ends both and takes the volumes away. Those that were taken over stay with the
// platform's "down --volumes", as anyone hopes.
func (a adopting) clean() {
	if _, err := os.Stat(filepath.Join(a.dir, "platform/deploy")); err == nil {
		a.sh("cd platform && docker compose down --volumes --timeout 5")
		a.run("docker", "volume", "inspect", "mlops-e2e-shop_db_data", "mlops-e2e-shop_minio_data")
	}
	a.sh("cd mlops-e2e-shop && docker compose down --volumes --timeout 5")
}

// A page is docs/adopting.md, with the names of this test.
type page struct {
	t    *testing.T
	text string
}

func readPage(t *testing.T) page {
	t.Helper()
	text := read(t, "../docs/adopting.md")
	text = regexp.MustCompile(`\bshop(_|/|\n)`).ReplaceAllString(text, "mlops-e2e-shop$1")
	return page{t, strings.ReplaceAll(text, " postgres:18.6", " localhost/mlops-gitops/postgres:18.6")}
}

// block is a block of code under a heading: the n-th of its language.
func (p page) block(heading, language string, n int) string {
	p.t.Helper()
	section := regexp.MustCompile(`(?s)\n##+ ` + regexp.QuoteMeta(heading) + `\n(.*?)(\n##+ |$)`).FindStringSubmatch(p.text)
	if section == nil {
		p.t.Fatalf("docs/adopting.md has no %q", heading)
	}
	blocks := regexp.MustCompile("(?s)\n```"+language+"\n(.*?)\n```\n").FindAllStringSubmatch(section[1], -1)
	if len(blocks) <= n {
		p.t.Fatalf("%q has %d blocks of %s", heading, len(blocks), language)
	}
	return blocks[n][1] + "\n"
}
