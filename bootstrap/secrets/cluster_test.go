package secrets

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

var now = time.Date(2026, 11, 23, 6, 0, 0, 0, time.FixedZone("", 3600))

func TestClusterMakesWhatIsDeclared(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	cluster := Cluster{dir, "prod", "mlops-prod", []string{owner.Recipient().String()}}
	if missing, err := cluster.Missing(declared); err != nil || fmt.Sprint(missing) != "[mlflow.flask-key mlflow.postgres.password]" {
		t.Errorf("missing before: %q, %v", missing, err)
	}
	wantFiles(t, dir)
	r, err := cluster.Generate(declared, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, r, Result{Made: []string{"mlflow.flask-key", "mlflow.postgres.password"}})
	wantFiles(t, dir, "deploy/prod/secrets/mlflow.flask-key.yaml", "deploy/prod/secrets/mlflow.postgres.password.yaml")
	wantMode(t, dir, "deploy/prod/secrets/mlflow.flask-key.yaml", 0o644)
	if missing, err := cluster.Missing(declared); err != nil || missing != nil {
		t.Errorf("missing after: %q, %v", missing, err)
	}
}

func TestClusterChangesNoFileThatIsThere(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	cluster := Cluster{dir, "prod", "mlops-prod", []string{owner.Recipient().String()}}
	if _, err := cluster.Generate(declared, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	before := get(t, dir, "deploy/prod/secrets/mlflow.flask-key.yaml")
	put(t, dir, "deploy/prod/secrets/kustomization.yaml", "kind: Kustomization\nresources: [mlflow.flask-key.yaml]\n")
	put(t, dir, "deploy/prod/secrets/odd.yaml", "\tnot YAML")
	put(t, dir, "deploy/prod/secrets/notes.txt", before)
	put(t, dir, "deploy/prod/secrets/.mlops-gitops-secret-XYZ", "apiVersion: v1")

	cluster.Recipients = []string{identity(t).Recipient().String()} // for others from now on
	fewer := map[string]schema.Secret{"mlflow.flask-key": declared["mlflow.flask-key"]}
	r, err := cluster.Generate(fewer, rand.Reader, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, r, Result{Kept: []string{"mlflow.flask-key"}, Orphaned: []string{"mlflow.postgres.password"}})
	if after := get(t, dir, "deploy/prod/secrets/mlflow.flask-key.yaml"); after != before {
		t.Errorf("the file is now\n%s", after)
	}
	wantFiles(t, dir, "deploy/prod/secrets/kustomization.yaml", "deploy/prod/secrets/mlflow.flask-key.yaml",
		"deploy/prod/secrets/mlflow.postgres.password.yaml", "deploy/prod/secrets/notes.txt", "deploy/prod/secrets/odd.yaml")
}

func TestClusterMakesNothingWhereNothingIsDeclared(t *testing.T) {
	dir := t.TempDir()
	r, err := Cluster{Dir: dir, Env: "prod", Namespace: "mlops-prod"}.Generate(nil, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, r, Result{})
	wantFiles(t, dir)
}

func TestClusterSaysWhatAPersonHasToDo(t *testing.T) {
	owner := identity(t)
	public := owner.Recipient().String()
	one := map[string]schema.Secret{"feast.key": {Component: "feast", Length: 32}}
	const file = "deploy/prod/secrets/feast.key.yaml"
	const hidden = "hunter2"
	good, err := encrypt(metadata{Name: "feast.key", Namespace: "mlops-prod"}, "", []byte(hidden), mustParse(t, public), rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	encLine := regexp.MustCompile(`value: ENC\[.*`)
	for _, tt := range []struct {
		what       string
		there      string // in file, or no file for ""
		secrets    map[string]schema.Secret
		recipients []string
		want       []string
		hint       string
		made       string // all the same
	}{
		{
			what:       "without a recipient, how to make a key",
			recipients: []string{},
			want:       []string{"environment prod names nobody who can read its secrets"},
			hint: `make a key, and keep it out of Git:
age-keygen -o age.agekey
put the public key that it prints into environments/prod:
environment: secrets: recipients: ["age1…"]
and give the private key to Flux:
kubectl create secret generic sops-age --namespace flux-system --from-file=age.agekey`,
		},
		{
			what:       "every bad recipient by name",
			recipients: []string{public, public[:len(public)-1], "age1pq1x", "ssh-ed25519 AAAA"},
			want: []string{
				fmt.Sprintf("secrets.recipients of environment prod: %q is not an age public key", public[:len(public)-1]),
				`secrets.recipients of environment prod: "age1pq1x" is not an age public key`,
				`secrets.recipients of environment prod: "ssh-ed25519 AAAA" is not an age public key`,
			},
			hint: "copy the whole key",
		},
		{
			what:       "a private key among the recipients without repeating it",
			recipients: []string{public, strings.ToLower(owner.String())},
			want:       []string{"secrets.recipients of environment prod: number 2 is a private key"},
			hint:       "take it out",
		},
		{
			what:    "every supplied secret that is missing",
			secrets: supplied,
			want: []string{
				"the secret mlflow.cloud-key is not made but supplied, and deploy/prod/secrets/mlflow.cloud-key.yaml is not there",
				"the secret mlflow.cloud-password is not made but supplied, and deploy/prod/secrets/mlflow.cloud-password.yaml is not there",
			},
			hint: "mlops-gitops secrets set prod mlflow.cloud-key",
			made: "deploy/prod/secrets/mlflow.flask-key.yaml",
		},
		{
			what:  "a Secret in plain text",
			there: "apiVersion: v1\nkind: Secret\nmetadata: {name: feast.key, namespace: mlops-prod}\nstringData: {value: " + hidden + "}\n",
			want:  []string{file + " holds a value in plain text"},
			hint:  "sops encrypt --in-place --age " + public + " --encrypted-regex '^(data|stringData)$' " + file,
		},
		{
			what:  "a value in plain text beside an encrypted one",
			there: strings.Replace(string(good), "stringData:", "stringData:\n    more: "+hidden, 1),
			want:  []string{file + " holds a value in plain text"},
		},
		{
			what:  "a value in plain text in the place of an encrypted one",
			there: encLine.ReplaceAllString(string(good), "value: \"ENC[AES256_GCM,data:"+hidden+" in the open]\""),
			want:  []string{file + " holds a value in plain text"},
		},
		{
			what:  "a value in plain text that is told for base64",
			there: encLine.ReplaceAllString(string(good), "value: ENC[AES256_GCM,data:"+hidden+",iv:eA==,tag:eA==,type:str]"),
			want:  []string{file + " holds a value in plain text"},
		},
		{
			what:  "a value in plain text in what kubectl applied",
			there: strings.Replace(string(good), "metadata:\n", "metadata:\n    annotations:\n        kubectl.kubernetes.io/last-applied-configuration: '{\"data\":{\"value\":\""+hidden+"\"}}'\n", 1),
			want:  []string{file + " holds its value in plain text, in the annotation kubectl.kubernetes.io/last-applied-configuration"},
			hint:  "sops edit " + file,
		},
		{
			what:  "a value in plain text in a field that SOPS leaves alone",
			there: strings.Replace(string(good), "type: Opaque\n", "type: Opaque\nstringdata: {value: "+hidden+"}\n", 1),
			want:  []string{file + " has the field \"stringdata\", which no Secret has, and which is not encrypted"},
			hint:  "sops edit " + file,
		},
		{
			what:  "a file that takes long to decode",
			there: string(good) + "# " + strings.Repeat("\n#:", mostParts/2),
			want:  []string{file + " is larger than a Secret can be, which is 1 MiB, or has more than 4000 keys and lines"},
			hint:  "take it back from Git",
		},
		{
			what:  "a file that takes much memory to decode",
			there: string(good) + "# " + strings.Repeat("x", largestFile),
			want:  []string{file + " is larger than a Secret can be, which is 1 MiB, or has more than 4000 keys and lines"},
		},
		{
			what:  "a value in plain text behind an encrypted Secret",
			there: string(good) + "---\nkind: Secret\nstringData: {value: " + hidden + "}\n",
			want:  []string{file + " is not one Kubernetes Secret"},
		},
		{
			what:  "what isn't YAML without repeating it",
			there: "stringData: " + hidden,
			want:  []string{file + " is not one Kubernetes Secret"},
		},
		{
			what:  "an empty file",
			there: "\n",
			want:  []string{file + " is not one Kubernetes Secret"},
		},
		{
			what:  "a Secret of another name or namespace, which no container would find",
			there: strings.Replace(string(good), "namespace: mlops-prod", "namespace: mlops-old", 1),
			want:  []string{file + ` is the Secret feast.key of namespace "mlops-old"; this environment needs feast.key of "mlops-prod"`},
			hint:  "sops edit " + file,
		},
		{
			what:  "a Secret without the entry that containers read",
			there: strings.Replace(string(good), "    value: ENC", "    password: ENC", 1),
			want:  []string{file + ` has no entry "value"`},
			hint:  "sops edit " + file,
		},
	} {
		t.Run(tt.what, func(t *testing.T) {
			dir := t.TempDir()
			if tt.there != "" {
				put(t, dir, file, tt.there)
			}
			if tt.secrets == nil {
				tt.secrets = one
			}
			if tt.recipients == nil {
				tt.recipients = []string{public}
			}
			before := files(t, dir)
			_, err := Cluster{dir, "prod", "mlops-prod", tt.recipients}.Generate(tt.secrets, rand.Reader, now)
			wantProblems(t, err, tt.want, tt.hint)
			if text := fmt.Sprintf("%+v", err); strings.Contains(text, hidden) || strings.Contains(strings.ToUpper(text), "SECRET-KEY-1") {
				t.Errorf("gives a value away: %s", text)
			}
			if tt.made != "" {
				before = append(before, tt.made)
			}
			wantFiles(t, dir, before...)
			if tt.there != "" && get(t, dir, file) != tt.there {
				t.Error("the file was changed")
			}
		})
	}
}

func TestClusterNeedsANamespace(t *testing.T) {
	for _, namespace := range []string{"", "Prod", "a.b", "-a", "a\nb: c", strings.Repeat("a", 64)} {
		if _, err := (Cluster{t.TempDir(), "prod", namespace, nil}).Missing(declared); err == nil {
			t.Errorf("%q was taken", namespace)
		}
	}
}

func TestClusterLeavesTheRepositoryByNoLink(t *testing.T) {
	outside := t.TempDir()
	for _, name := range []string{"deploy", "deploy/prod", "deploy/prod/secrets"} {
		dir := t.TempDir()
		link(t, dir, name, outside)
		cluster := Cluster{dir, "prod", "mlops-prod", []string{identity(t).Recipient().String()}}
		if r, err := cluster.Generate(declared, rand.Reader, now); err == nil {
			t.Errorf("through %s: %+v", name, r)
		}
	}
	wantFiles(t, outside)
}

func TestClusterAgreesWhenEightGenerateAtOnce(t *testing.T) {
	owner := identity(t)
	dir := t.TempDir()
	cluster := Cluster{dir, "prod", "mlops-prod", []string{owner.Recipient().String()}}
	made := atOnce(t, 8, func() (Result, error) { return cluster.Generate(declared, rand.Reader, now) })
	for name := range declared {
		if made[name] != 1 {
			t.Errorf("%s was made %d times", name, made[name])
		}
	}
	wantFiles(t, dir, "deploy/prod/secrets/mlflow.flask-key.yaml", "deploy/prod/secrets/mlflow.postgres.password.yaml")
	r, err := cluster.Generate(declared, rand.Reader, now)
	if err != nil || len(r.Kept) != len(declared) {
		t.Errorf("afterwards: %+v, %v", r, err)
	}
}

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func mustParse(t *testing.T, keys ...string) []recipient {
	t.Helper()
	all, err := Cluster{Env: "prod", Recipients: keys}.recipients()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What lies in the folder and is no sealed Secret stands in nobody's way.
func TestOtherThingsInTheFolderAreLeftAlone(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	cluster := clusterFor(t, dir, owner)
	folder := filepath.Join(dir, "deploy/prod/secrets")
	for _, err := range []error{
		os.Symlink("/etc/passwd", filepath.Join(folder, "zz.yaml")),
		os.Mkdir(filepath.Join(folder, "folder.yaml"), 0o755),
		syscall.Mkfifo(filepath.Join(folder, "fifo.yaml"), 0o644),
		os.WriteFile(filepath.Join(folder, "a\nerror: b.yaml"), []byte(get(t, dir, flask)), 0o644),
		os.WriteFile(filepath.Join(folder, "large.yaml"), []byte(get(t, dir, flask)+"# "+strings.Repeat("x", largestFile)), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r, err := cluster.Generate(declared, rand.Reader, now)
	if err != nil || r.Orphaned != nil || len(r.Kept) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	cluster.Recipients = append(cluster.Recipients, identity(t).Recipient().String())
	if resealed, err := cluster.Reseal(declared, keysOf(t, owner), rand.Reader, now); err != nil || len(resealed.Wrapped) != 2 {
		t.Errorf("%+v, %v", resealed, err)
	}
}
