package secrets

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

func TestARotatedSecretHasANewValueThatOldReadersOfTheFileNeed(t *testing.T) {
	dir, first, second := t.TempDir(), identity(t), identity(t)
	cluster := clusterFor(t, dir, first)
	value, before := mustOpen(t, dir, flask, first), get(t, dir, role)
	put(t, dir, flask, strings.Replace(get(t, dir, flask), "    annotations:\n", "    annotations:\n        team: ml\n", 1))
	cluster.Recipients = []string{second.Recipient().String()}
	r, err := cluster.Rotate(declared, []string{"mlflow.flask-key"}, nil, rand.Reader, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, r, Result{Rotated: []string{"mlflow.flask-key"}})
	if got := mustOpen(t, dir, flask, second); got == value || !whole([]byte(got), 64) {
		t.Errorf("the new value is %q", got)
	}
	if !strings.Contains(get(t, dir, flask), "        mlops-gitops/value: made\n        team: ml\n") || get(t, dir, role) != before {
		t.Errorf("it is\n%s", get(t, dir, flask))
	}
	wantMode(t, dir, flask, 0o644)
}

func TestALoginTellsTheOperatorToReload(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	login := map[string]schema.Secret{"mlflow.postgres.password": {Component: "mlflow", Length: 32, Login: "mlflow"}}
	cluster := Cluster{dir, "prod", "mlops-prod", []string{owner.Recipient().String()}}
	if _, err := cluster.Rotate(login, []string{"mlflow.postgres.password"}, nil, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	if file := get(t, dir, role); !strings.Contains(file, "labels:\n        cnpg.io/reload: \"true\"\n") {
		t.Errorf("it is\n%s", file)
	}
	if _, err := open([]byte(get(t, dir, role)), owner); err != nil {
		t.Error(err)
	}
	if missing, err := cluster.Missing(login); err != nil || missing != nil {
		t.Errorf("missing: %q, %v", missing, err)
	}
}

func TestAGivenValueIsSealed(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	cluster := Cluster{dir, "prod", "mlops-prod", []string{owner.Recipient().String()}}
	const key = "deploy/prod/secrets/mlflow.cloud-key.yaml"
	if _, err := cluster.Rotate(supplied, []string{"mlflow.cloud-key"}, map[string][]byte{"mlflow.cloud-key": []byte("hunter2")}, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	if got := mustOpen(t, dir, key, owner); got != "hunter2" {
		t.Errorf("reads %q", got)
	}
	before := get(t, dir, key)
	_, err := cluster.Rotate(supplied, []string{"mlflow.cloud-key", "mlflow.cloud-password", "mlflow.flask-key"}, map[string][]byte{"mlflow.cloud-key": {}}, rand.Reader, now)
	wantProblems(t, err, []string{"the new value of mlflow.cloud-key is empty", "a person supplies mlflow.cloud-password"}, "supply one")
	if get(t, dir, key) != before {
		t.Error("the file changed")
	}
	wantFiles(t, dir, key)
	put(t, dir, key, "kind: ConfigMap\n")
	_, err = cluster.Rotate(supplied, []string{"mlflow.cloud-key"}, map[string][]byte{"mlflow.cloud-key": []byte("x")}, rand.Reader, now)
	wantProblems(t, err, []string{key + " is not one Kubernetes Secret"}, "move it away")
}

func TestOfTwoThatChangeSealedSecretsOneWins(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	cluster := clusterFor(t, dir, owner)
	_, _, done, err := cluster.change(declared, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	before := get(t, dir, flask)
	_, err = cluster.Rotate(declared, []string{"mlflow.flask-key"}, nil, rand.Reader, now)
	wantProblems(t, err, []string{"another command is changing secrets in deploy/prod/secrets"}, "wait for it")
	_, err = cluster.Reseal(declared, keysOf(t, owner), rand.Reader, now)
	wantProblems(t, err, []string{"another command is changing secrets in deploy/prod/secrets"}, "wait for it")
	if get(t, dir, flask) != before {
		t.Error("the file changed")
	}
	if err := done(); err != nil {
		t.Fatal(err)
	}
	if _, err = cluster.Rotate(declared, []string{"mlflow.flask-key"}, nil, rand.Reader, now); err != nil {
		t.Error(err)
	}
}

// What is written on the way to a sealed file never holds its value.
func TestNoFileHoldsAGivenValueInTheOpen(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	cluster := Cluster{dir, "prod", "mlops-prod", []string{owner.Recipient().String()}}
	given := map[string][]byte{}
	for name := range maps.Keys(supplied) {
		given[name] = []byte("hunter2hunter2")
	}
	for range 20 {
		if _, err := cluster.Rotate(supplied, []string{"mlflow.cloud-key", "mlflow.cloud-password"}, given, rand.Reader, now); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range files(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || strings.Contains(string(data), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatCantBeCarriedIsNotDropped(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	cluster := clusterFor(t, dir, owner)
	good := get(t, dir, flask)
	entry := line(good, "value: ENC")
	for what, there := range map[string]string{
		`the entry "more"`:                strings.Replace(good, entry, entry+strings.Replace(entry, "value:", "more:", 1), 1),
		`the field "immutable"`:           strings.Replace(good, "type: Opaque\n", "type: Opaque\nimmutable: true\n", 1),
		`the field "metadata.finalizers"`: strings.Replace(good, "metadata:\n", "metadata:\n    finalizers: [a/b]\n", 1),
		"an encrypted comment":            good + "# ENC[AES256_GCM,data:x,iv:x,tag:x,type:comment]\n",
	} {
		put(t, dir, flask, there)
		_, err := cluster.Rotate(declared, []string{"mlflow.flask-key"}, nil, rand.Reader, now)
		wantProblems(t, err, []string{flask + " holds what a new value would drop: " + what}, "sops edit "+flask)
		if get(t, dir, flask) != there {
			t.Errorf("%s: the file changed", what)
		}
	}
	put(t, dir, flask, "# whose it is\n"+strings.Replace(good, "metadata:\n", "metadata:\n    creationTimestamp: null\n    # where\n", 1)+"# the end\n")
	if _, err := cluster.Rotate(declared, []string{"mlflow.flask-key"}, nil, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	after := get(t, dir, flask)
	for _, note := range []string{"# whose it is\n", "    # where\n", "# the end\n"} {
		if !strings.Contains(after, note) {
			t.Errorf("no %q in\n%s", note, after)
		}
	}
	mustOpen(t, dir, flask, owner)
}

// A rotation gives the value anew, and so leaves no copy of the old one.
func TestARotationTakesAwayWhatKubectlApplied(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	cluster := clusterFor(t, dir, owner)
	put(t, dir, flask, strings.Replace(get(t, dir, flask), "    annotations:\n", "    annotations:\n        team: ml\n        "+lastApplied+": '{}'\n", 1))
	if _, err := cluster.Rotate(declared, []string{"mlflow.flask-key"}, nil, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	if after := get(t, dir, flask); strings.Contains(after, lastApplied) || !strings.Contains(after, "team: ml") {
		t.Errorf("it is\n%s", after)
	}
}

// A run that was stopped between the note and the file goes on; so does one after the file.
func TestAValueThatWaitsIsPutOnceWhereverItIsStopped(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	cluster := clusterFor(t, dir, owner)
	local := Local{Dir: dir, Env: "prod"}
	if _, err := local.Generate(declared, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	const shared = "mlflow.postgres.password"
	stopped, taken, changed := errors.New("stopped"), errors.New("not taken yet"), errors.New("changed")
	there := sharedWith(cluster, shared)
	there.First, there.Changed, there.Taken = true, changed, func() error { return taken }
	put := there.Put
	rotate := func() error {
		r, err := local.Rotate(context.Background(), declared, []Turn{{Name: shared, There: there}}, started, rand.Reader, now)
		if waits := slices.Contains(r.Unfinished, shared); err == nil && waits == slices.Contains(r.Rotated, shared) {
			t.Errorf("%+v", r)
		}
		return err
	}
	before := get(t, dir, role)
	there.Put = func(value []byte, note func(string) error) error {
		return put(value, func(state string) error { return errors.Join(note(state), stopped) })
	}
	if err := rotate(); !errors.Is(err, stopped) || get(t, dir, role) != before {
		t.Fatalf("before the file: %v", err)
	}
	there.Put = func(value []byte, note func(string) error) error { return errors.Join(put(value, note), stopped) }
	if err := rotate(); !errors.Is(err, stopped) || get(t, dir, role) == before {
		t.Fatalf("after the file: %v", err)
	}
	there.Put = put
	sealed := get(t, dir, role)
	if err := rotate(); !errors.Is(err, taken) {
		t.Errorf("where it is not taken yet: %v", err)
	}
	if _, err := cluster.Rotate(declared, []string{shared}, nil, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	theirs := get(t, dir, role)
	if err := rotate(); !errors.Is(err, changed) || get(t, dir, role) != theirs {
		t.Errorf("where another one came in: %v", err)
	}
	there.Taken = func() error { return nil }
	if err := os.WriteFile(filepath.Join(dir, role), []byte(sealed), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := rotate(); err != nil || get(t, dir, ".secrets/prod/"+shared) != mustOpen(t, dir, role, owner) {
		t.Errorf("where it is taken: %v", err)
	}
}
