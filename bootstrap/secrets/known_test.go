package secrets

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// What is known on this machine is every value, in force or not yet, and no certificate.
func TestKnownOnThisMachine(t *testing.T) {
	dir := t.TempDir()
	l := Local{Dir: dir, Env: "dev"}
	if known, err := l.Known(); err != nil || len(known) > 0 {
		t.Errorf("of nothing %v, %v are known", known, err)
	}
	if _, err := l.Generate(certified("localhost"), rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	put(t, dir, ".secrets/dev/.new/mlflow.flask", "the next one")
	put(t, dir, ".secrets/dev/.new/nginx.tls", madeAnew)
	put(t, dir, ".secrets/dev/.new/.sealed-mlflow.flask", "a state")
	put(t, dir, ".secrets/dev/.certificates/nginx.tls.key", "the next key")
	known, err := l.Known()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range known {
		got = append(got, fmt.Sprintf("%s %d", k.Name, len(k.Text)))
	}
	size := func(name string) int { return len(get(t, dir, ".secrets/dev/"+name)) }
	want := []string{
		fmt.Sprint("ca.key ", size("ca.key")), "mlflow.flask 32", fmt.Sprint("nginx.tls.key ", size("nginx.tls.key")), "mlflow.flask 12", "nginx.tls.key 12",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if err := l.Exposed(); err != nil {
		t.Errorf("as made it is exposed: %v", err)
	}
	for name, mode := range map[string]os.FileMode{".secrets": 0o755, ".secrets/dev": 0o750, ".secrets/dev/ca.key": 0o640} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	wantProblems(t, l.Exposed(), []string{
		".secrets has the mode 0755, which lets other users of this machine at it",
		".secrets/dev has the mode 0750, which lets other users of this machine at it",
		".secrets/dev/ca.key has the mode 0640, which lets other users of this machine at it",
	}, "chmod 700 .secrets")
	if kept, err := Kept(dir); err != nil || !slices.Equal(kept, []string{"dev"}) {
		t.Errorf("%q, %v have values", kept, err)
	}
}

// What is sealed is known to whom a key opens it; a user's name is no value.
func TestKnownOfACluster(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir) // without keys of the user's own
	t.Setenv("XDG_CONFIG_HOME", dir)
	owner := identity(t)
	c := Cluster{Dir: dir, Env: "prod", Namespace: "mlops-prod", Recipients: []string{owner.Recipient().String()}}
	declared := map[string]schema.Secret{"mlflow.flask": {Length: 20}, "a.login": {Length: 24, Login: "somebody"}}
	if _, err := c.Generate(declared, rand.Reader, time.Now()); err != nil {
		t.Fatal(err)
	}
	known, closed, err := c.Known(Identities{})
	if err != nil || len(known) > 0 || !slices.Equal(closed, []string{"a.login", "mlflow.flask"}) {
		t.Errorf("without a key %v, %q, %v", known, closed, err)
	}
	own, err := FindIdentities(func(name string) (string, bool) { return owner.String(), name == "SOPS_AGE_KEY" })
	if err != nil {
		t.Fatal(err)
	}
	known, closed, err = c.Known(own)
	if err != nil || len(closed) > 0 || len(known) != 2 || len(known[0].Text) != 24 || len(known[1].Text) != 20 {
		t.Errorf("with a key %v, %q, %v", known, closed, err)
	}
	if keys := own.Known(); len(keys) != 1 || string(keys[0]) != owner.String() {
		t.Errorf("%d private keys are known", len(keys))
	}
	sealed := get(t, dir, "deploy/prod/secrets/mlflow.flask.yaml")
	if GivenAway([]byte(sealed)) || !GivenAway([]byte("kind: Secret\nstringData: {value: x}\n")) || GivenAway([]byte("kind: ConfigMap\ndata: {value: x}\n")) {
		t.Error("a Secret in plain text is not told from others")
	}
}
