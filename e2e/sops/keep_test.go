package sops

import (
	"strings"
	"testing"
)

// feast is a component of a team's own with a secret that is supplied.
const feast = `package environments

environment: components: feast: {
	secrets: key: supplied: true
	workloads: server: {
		image: {repository: "example.com/feast", tag: "1"}
		command: ["feast", "serve"]
		env: KEY: secrets.key.value
		user:  1000
		group: 1000
		health: command: ["true"]
		resources: {requests: {cpu: "50m", memory: "32Mi"}, limits: {cpu: "200m", memory: "64Mi"}}
	}
}
`

const (
	feastKey = "deploy/prod/secrets/feast.key.yaml"
	asText   = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: feast.key\n    namespace: mlops-prod\nstringData:\n    value: hunter2\n"
	// as older kubectl makes it
	asBytes = "apiVersion: v1\ndata:\n    value: aHVudGVyMg==\nkind: Secret\nmetadata:\n    creationTimestamp: null\n    name: feast.key\n    namespace: mlops-prod\n"
)

func TestTheProgramKeepsWhatSOPSMakes(t *testing.T) {
	owner := keys(t)
	for what, supply := range suppliers(t, owner.Recipient().String()) {
		t.Run(what, func(t *testing.T) {
			f := newFolder(t, owner.Recipient().String())
			f.write("environments/feast.cue", feast)
			supply(f, isMissing(f))
			isKept(f)
			for side, open := range readers(t) {
				text, err := open(f.read(feastKey), owner.String())
				if err != nil {
					t.Errorf("%s: %v", side, err)
				}
				if got := valueOf(t, text, "feast.key"); got != "hunter2" && got != "aHVudGVyMg==" {
					t.Errorf("%s reads %q", side, got)
				}
			}
		})
	}
}

// suppliers are the ways to supply feast's secret, given what the program said
// without it: SOPS's library and, with the commands, what the hints say to type.
func suppliers(t *testing.T, public string) map[string]func(f folder, said string) {
	library := func(text string) func(folder, string) {
		return func(f folder, _ string) {
			f.t.Helper()
			file, err := encrypt(text, public)
			if err != nil {
				f.t.Fatal(err)
			}
			f.write(feastKey, file)
		}
	}
	ways := map[string]func(folder, string){"library, of text": library(asText), "library, of bytes": library(asBytes)}
	if has(t, "bash") {
		ways["the hint's command"] = func(f folder, said string) { f.t.Helper(); typed(f, said, "mlops-gitops secrets set") }
	}
	if has(t, "sops", "bash") {
		ways["the hint's command, after plain text"] = func(f folder, _ string) {
			f.t.Helper()
			f.write(feastKey, asText)
			said, err := f.try("secrets", "generate", "prod")
			if err == nil || !strings.Contains(said, "plain text") || strings.Contains(said, "hunter2") {
				f.t.Fatalf("with a Secret in plain text: %v\n%s", err, said)
			}
			typed(f, said, "sops encrypt --in-place")
		}
	}
	return ways
}

// typed runs the command that a hint says to type.
func typed(f folder, said, command string) {
	f.t.Helper()
	alone(f.t, "")
	script := strings.TrimSpace(line(said, command))
	if _, said, err := pipe(f.dir, "hunter2\n", "bash", "-o", "pipefail", "-c", script); err != nil {
		f.t.Fatalf("%s: %v\n%s", script, err, said)
	}
}

// isMissing demands that the program asks for feast's secret and returns how.
func isMissing(f folder) (said string) {
	f.t.Helper()
	said, err := f.try("secrets", "generate", "prod")
	if err == nil || !strings.Contains(said, "error: the secret feast.key is not made but supplied") {
		f.t.Fatalf("without feast.key: %v\n%s", err, said)
	}
	if said := f.run("render", "prod"); !strings.Contains(said, "prod: the secret feast.key is not made but supplied") {
		f.t.Errorf("render does not say that feast.key is missing:\n%s", said)
	}
	return said
}

// isKept demands that feast's secret counts as there and stays as it is.
func isKept(f folder) {
	f.t.Helper()
	before := f.read(feastKey)
	if said := f.run("secrets", "generate", "prod"); strings.Contains(said, "feast.key") {
		f.t.Errorf("generate says of the secret that is there:\n%s", said)
	}
	if after := f.read(feastKey); after != before {
		f.t.Errorf("the file was\n%s\nand is\n%s", before, after)
	}
	if said := f.run("render", "prod"); strings.Contains(said, "feast.key") {
		f.t.Errorf("render misses a secret that is there:\n%s", said)
	}
}
