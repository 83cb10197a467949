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
// reaches nothing that it did not claim.
func TestComposeExtending(t *testing.T) {
	p := newPlatform(t, "mlops-e2e-own", 24000, "localhost", "")
	example, err := os.ReadFile("../docs/examples/cards.cue")
	if err != nil {
		t.Fatal(err)
	}
	p.write("environments/cards.cue", strings.Replace(string(example), "ghcr.io/mlflow/mlflow", "localhost/mlops-gitops/mlflow", 1))
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
	p.ownThingsOnly()
	p.noSecretShows(11)

	p.run("docker", "compose", "down")
	p.run("docker", "compose", "up", "--wait")
	holds(2)
}

// ownThingsOnly holds that what was claimed for the cards leads nowhere else.
func (p platform) ownThingsOnly() {
	p.t.Helper()
	for what, program := range map[string]string{
		"MLflow's database": `import psycopg2; psycopg2.connect("service=cards dbname=mlflow")`,
		"MLflow's bucket":   `import boto3, os; boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT"]).list_objects_v2(Bucket="mlflow")`,
	} {
		// with the environment of the running program, where the secrets were joined in
		_, err := p.try("docker", "compose", "exec", "-T", "cards", "python", "-c", `import os
os.environ.update(v.split("=", 1) for v in open("/proc/1/environ").read().split("\0") if v)
`+program)
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), "denied") {
			p.t.Errorf("the cards reach %s: %v", what, err)
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
