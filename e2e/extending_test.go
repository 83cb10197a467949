package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestComposeExtending adds docs/examples/cards.cue to a platform and uses it as its
// people would: through the front door. What it keeps outlives its containers, and it
// reaches nothing that it did not claim. A provider of the team's own serves it, too:
// docs/examples/vectors.cue, with the image at hand instead of the one with pgvector.
func TestComposeExtending(t *testing.T) {
	p := newPlatform(t, "mlops-e2e-own", 24000, "localhost", `
	components: cards: {
		routes: named: {port: "http", subdomain: "cards"}
		needs: vectors: {port: "sql", database: "embeddings"}
		workloads: server: env: VECTORS: "host=\(needs.vectors.host) user=\(needs.vectors.user) password=\(needs.vectors.password) dbname=embeddings"
	}
`)
	p.example("cards", "ghcr.io/mlflow/mlflow", "localhost/mlops-gitops/mlflow")
	p.example("vectors", "docker.io/pgvector/pgvector", "localhost/mlops-gitops/postgres", "0.8.1-pg18", "18.6", "CREATE EXTENSION IF NOT EXISTS vector SCHEMA public;", "")
	if printed := p.run(program(t), "render", "dev"); !strings.Contains(printed, p.https()+"/cards/") {
		t.Errorf("render does not say where the cards are:\n%s", printed)
	}
	p.up()

	card := "what this model is for"
	if got := p.curl("--upload-file", write(t, card), p.https()+"/cards/pricing"); got != "201 " {
		t.Fatalf("a card is not taken: %s", got)
	}
	sign := hmac.New(sha256.New, []byte(p.secret("cards.signing")))
	sign.Write([]byte(card))
	want := fmt.Sprintf("%x", sign.Sum(nil))
	holds := func(seen int) {
		t.Helper()
		var got struct {
			Text, Signature string
			Seen            int
		}
		out := p.run("curl", "--silent", "--fail", "--cacert", ".secrets/dev/ca.crt", p.https()+"/cards/pricing")
		if err := json.Unmarshal([]byte(out), &got); err != nil || got.Text != card || got.Signature != want || got.Seen != seen {
			t.Errorf("the card is %s (%v), seen %d times before", out, err, seen-1)
		}
	}
	holds(1)
	if got := p.curl(p.https() + "/cards"); !strings.HasPrefix(got, "301 ") {
		t.Errorf("/cards without a slash: %s", got)
	}
	if got := p.curl("--upload-file", write(t, strings.Repeat("x", 11<<20)), p.https()+"/cards/large"); got != "413 " {
		t.Errorf("a card larger than its route lets through: %s", got)
	}
	if got := p.curl(p.https() + "/"); got != "200 " {
		t.Errorf("MLflow beside it: %s", got)
	}
	if got := p.curl("--resolve", "cards.localhost:24443:127.0.0.1", "https://cards.localhost:24443/cards/health"); got != "200 " {
		t.Errorf("the cards at a name of their own: %s", got)
	}
	p.ownThingsOnly()
	p.noSecretShows(13)

	p.run("docker", "compose", "down")
	p.run("docker", "compose", "up", "--wait")
	holds(2)
}

// example puts an example of the documents into every environment, with some of its words
// replaced by others.
func (p platform) example(name string, oldnew ...string) {
	p.t.Helper()
	text := read(p.t, "../docs/examples/"+name+".cue")
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			p.t.Fatalf("%s.cue does not say %s", name, oldnew[i])
		}
	}
	p.write("environments/"+name+".cue", strings.NewReplacer(oldnew...).Replace(text))
}

// ownThingsOnly holds that what was claimed for the cards leads nowhere else.
func (p platform) ownThingsOnly() {
	p.t.Helper()
	for _, tt := range []struct{ what, program, refused string }{
		{"its own database", `psycopg2.connect("service=cards")`, ""},
		{"MLflow's database", `psycopg2.connect("service=cards dbname=mlflow")`, "permission denied"},
		{"the database of the team's own provider", `psycopg2.connect(os.environ["VECTORS"]).cursor().execute("create table v (x int)")`, ""},
		{"another database there", `psycopg2.connect(os.environ["VECTORS"] + " user=postgres dbname=postgres")`, "password authentication failed"},
		{"its own bucket", `boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT"]).list_objects_v2(Bucket="cards")`, ""},
		{"MLflow's bucket", `boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT"]).list_objects_v2(Bucket="mlflow")`, "accessdenied"},
	} {
		// with the environment of the running program, where the secrets were joined in
		_, err := p.try("docker", "compose", "exec", "-T", "cards", "python", "-c", `import os, boto3, psycopg2
os.environ.update(v.split("=", 1) for v in open("/proc/1/environ").read().split("\0") if v)
`+tt.program)
		if tt.refused == "" && err != nil {
			p.t.Errorf("the cards do not reach %s: %v", tt.what, err)
		}
		if tt.refused != "" && (err == nil || !strings.Contains(strings.ToLower(err.Error()), tt.refused)) {
			p.t.Errorf("the cards reach %s: %v", tt.what, err)
		}
	}
}

// write is a file with a text.
func write(t *testing.T, text string) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "card")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}
