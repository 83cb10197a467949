package secrets

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

var rotated = map[string]schema.Secret{
	"postgres.admin":           {Component: "postgres", Length: 32},
	"mlflow.postgres.password": {Component: "mlflow", Length: 32},
	"mlflow.cloud-key":         {Component: "mlflow", Supplied: true},
}

// A server is a program that keeps a password of its own, in a file of the test's.
type server struct{ file string }

func (s server) tell(_ context.Context, value []byte) error {
	return os.WriteFile(s.file, value, 0o600)
}

func (s server) password(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// platform is a repository with values, and a server that has one of them.
func platform(t *testing.T, declared map[string]schema.Secret) (Local, server) {
	t.Helper()
	dir := t.TempDir()
	local, s := Local{Dir: dir, Env: "dev"}, server{filepath.Join(dir, "server")}
	for name, secret := range declared {
		if secret.Supplied && secret.Part == "" {
			put(t, dir, ".secrets/dev/"+name, "a person's")
		}
	}
	if _, err := local.Generate(declared, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	if _, ok := declared["postgres.admin"]; ok {
		put(t, dir, "server", get(t, dir, ".secrets/dev/postgres.admin"))
	}
	return local, s
}

func TestRotate(t *testing.T) {
	local, s := platform(t, rotated)
	old := map[string]string{}
	for name := range rotated {
		old[name] = get(t, local.Dir, ".secrets/dev/"+name)
	}
	var restarted []string
	restart := func(_ context.Context, names []string) error {
		restarted = append(restarted, names...)
		for _, name := range names {
			if get(t, local.Dir, ".secrets/dev/"+name) == old[name] {
				t.Errorf("%s has its old value when those who use it start", name)
			}
		}
		return nil
	}
	r, err := local.Rotate(t.Context(), rotated, []Turn{{Name: "postgres.admin", Tell: s.tell}, {Name: "mlflow.postgres.password"}}, restart, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"mlflow.postgres.password", "postgres.admin"}
	if !slices.Equal(r.Rotated, want) || !slices.Equal(restarted, want) {
		t.Errorf("rotated %q, started anew for %q", r.Rotated, restarted)
	}
	for _, name := range want {
		if value := get(t, local.Dir, ".secrets/dev/"+name); !whole([]byte(value), 32) || value == old[name] {
			t.Errorf("%s is %q", name, value)
		}
		wantMode(t, local.Dir, ".secrets/dev/"+name, 0o444)
	}
	if s.password(t) != get(t, local.Dir, ".secrets/dev/postgres.admin") {
		t.Error("the server has another password than the file")
	}
	if got := get(t, local.Dir, ".secrets/dev/mlflow.cloud-key"); got != "a person's" {
		t.Errorf("a secret that was not asked for is now %q", got)
	}
	wantPending(t, local)
}

func TestAProgramThatRefusesKeepsTheOldValue(t *testing.T) {
	local, s := platform(t, rotated)
	old := get(t, local.Dir, ".secrets/dev/postgres.admin")
	var offered string
	refuse := func(_ context.Context, value []byte) error {
		offered = string(value)
		return fmt.Errorf("ERROR: no such role\nLINE 1: ALTER ROLE x PASSWORD '%s'", value)
	}
	restart := func(_ context.Context, names []string) error {
		if !slices.Equal(names, []string{"mlflow.postgres.password"}) {
			t.Errorf("started anew for %q", names)
		}
		return nil
	}
	turns := []Turn{{Name: "postgres.admin", Tell: refuse}, {Name: "mlflow.postgres.password"}}
	r, err := local.Rotate(t.Context(), rotated, turns, restart, rand.Reader, now)
	if err == nil || !strings.Contains(err.Error(), "postgres.admin keeps its old value: ERROR: no such role") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(fmt.Sprint(err), offered) {
		t.Error("the error shows the value")
	}
	if !slices.Equal(r.Rotated, []string{"mlflow.postgres.password"}) {
		t.Errorf("rotated %q", r.Rotated)
	}
	if get(t, local.Dir, ".secrets/dev/postgres.admin") != old || s.password(t) != old {
		t.Error("the old value is not in force")
	}
	wantPending(t, local, "postgres.admin")

	// it may have taken the value before it failed: the next run offers the same one
	again := func(_ context.Context, value []byte) error {
		if string(value) != offered {
			t.Error("it offers another value")
		}
		return nil
	}
	if _, err := local.Rotate(t.Context(), rotated, []Turn{{Name: "postgres.admin", Tell: again}}, started, rand.Reader, now); err != nil {
		t.Error(err)
	}
	wantPending(t, local)
}

func TestWhatDoesNotStartIsStartedByTheNextRun(t *testing.T) {
	local, _ := platform(t, certified("localhost"))
	failing := func(context.Context, []string) error { return errors.New("mlflow is unhealthy") }
	turns := []Turn{{Name: "mlflow.flask"}, {Name: "nginx.tls"}}
	if _, err := local.Rotate(t.Context(), certified("localhost"), turns, failing, rand.Reader, now); err == nil || err.Error() != "mlflow is unhealthy" {
		t.Errorf("got %v", err)
	}
	value := get(t, local.Dir, ".secrets/dev/mlflow.flask")
	wantPending(t, local, "mlflow.flask", "nginx.tls")
	if r, err := local.Generate(certified("localhost"), rand.Reader, now); err != nil || !slices.Equal(r.Unfinished, []string{"mlflow.flask", "nginx.tls"}) {
		t.Errorf("generate does not tell: %+v, %v", r, err)
	}
	var names []string
	restart := func(_ context.Context, all []string) error { names = all; return nil }
	if _, err := local.Rotate(t.Context(), certified("localhost"), turns, restart, rand.Reader, now); err != nil {
		t.Error(err)
	}
	if !slices.Equal(names, []string{"mlflow.flask", "nginx.tls"}) || get(t, local.Dir, ".secrets/dev/mlflow.flask") != value {
		t.Errorf("it starts for %q, and the value is another", names)
	}
	wantPending(t, local)
}

func TestRotateCertificates(t *testing.T) {
	declared := certified("localhost")
	local, _ := platform(t, declared)
	authority, leaf := wantTrusted(t, local.Dir, now, "localhost")
	if _, err := local.Rotate(t.Context(), declared, []Turn{{Name: "nginx.tls"}}, started, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	same, second := wantTrusted(t, local.Dir, now, "localhost")
	if !same.cert.Equal(authority.cert) || second.cert.Equal(leaf.cert) {
		t.Error("the certificate is to be another, by the same authority")
	}
	r, err := local.Rotate(t.Context(), declared, []Turn{{Name: "ca.crt"}}, started, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	other, third := wantTrusted(t, local.Dir, now, "localhost")
	if other.cert.Equal(authority.cert) || third.cert.Equal(second.cert) || r.Authority == nil || !slices.Equal(r.Rotated, []string{"ca.crt", "nginx.tls"}) {
		t.Errorf("both are to be others: %+v", r)
	}
	wantPending(t, local)
}

func TestRotateSupplied(t *testing.T) {
	dir := t.TempDir()
	crt, key := theirs(t, now, 90*day, "mlops.example.com")
	put(t, dir, ".secrets/dev/nginx.tls.crt", crt)
	put(t, dir, ".secrets/dev/nginx.tls.key", key)
	put(t, dir, ".secrets/dev/mlflow.cloud-key", "old")
	declared := map[string]schema.Secret{
		"nginx.tls.crt":    {Part: "crt", Names: []string{"mlops.example.com"}, Supplied: true},
		"nginx.tls.key":    {Part: "key", Names: []string{"mlops.example.com"}, Supplied: true},
		"mlflow.cloud-key": {Supplied: true},
	}
	local := Local{Dir: dir, Env: "dev"}
	newCrt, newKey := theirs(t, now, 90*day, "mlops.example.com")
	wrong, wrongKey := theirs(t, now, 90*day, "other.example.com")
	pair := func(crt, key string) Turn {
		return Turn{Name: "nginx.tls", Given: map[string][]byte{"nginx.tls.crt": []byte(crt), "nginx.tls.key": []byte(key)}}
	}
	for _, turn := range []Turn{pair(wrong, wrongKey), pair(newCrt, wrongKey), pair("", ""), {Name: "mlflow.cloud-key", Given: map[string][]byte{"mlflow.cloud-key": {}}}, {Name: "mlflow.cloud-key"}} {
		var problem *Problem
		if _, err := local.Rotate(t.Context(), declared, []Turn{turn}, started, rand.Reader, now); !errors.As(err, &problem) {
			t.Errorf("%s: %v", turn.Name, err)
		}
		wantPending(t, local)
	}
	if get(t, dir, ".secrets/dev/nginx.tls.crt") != crt || get(t, dir, ".secrets/dev/mlflow.cloud-key") != "old" {
		t.Error("what is wrong was put in place")
	}
	turns := []Turn{pair(newCrt, newKey), {Name: "mlflow.cloud-key", Given: map[string][]byte{"mlflow.cloud-key": []byte("new")}}}
	if _, err := local.Rotate(t.Context(), declared, turns, started, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	if get(t, dir, ".secrets/dev/nginx.tls.crt") != newCrt || get(t, dir, ".secrets/dev/nginx.tls.key") != newKey || get(t, dir, ".secrets/dev/mlflow.cloud-key") != "new" {
		t.Error("the new values are not in place")
	}
	wantPending(t, local)
}

func TestOneRotatesAtATime(t *testing.T) {
	local, _ := platform(t, rotated)
	restart := func(ctx context.Context, _ []string) error {
		_, err := local.Rotate(ctx, rotated, []Turn{{Name: "postgres.admin"}}, started, rand.Reader, now)
		wantProblems(t, err, []string{"another command is changing secrets in .secrets/dev"}, "wait for it")
		return nil
	}
	if _, err := local.Rotate(t.Context(), rotated, []Turn{{Name: "mlflow.postgres.password"}}, restart, rand.Reader, now); err != nil {
		t.Error(err)
	}
}

func started(context.Context, []string) error { return nil }

func wantPending(t *testing.T, local Local, want ...string) {
	t.Helper()
	if got, err := local.Pending(); err != nil || !slices.Equal(got, want) {
		t.Errorf("pending: %q, %v; want %q", got, err, want)
	}
}

// A process of these tests that has this variable rotates in the repository that it
// names until it is killed.
const rotateIn = "SECRETS_TEST_ROTATE_IN"

var rotatedUntilKilled = map[string]schema.Secret{
	"postgres.admin": rotated["postgres.admin"], "mlflow.postgres.password": rotated["mlflow.postgres.password"],
}

func rotateUntilKilled(repository string) error {
	s := server{filepath.Join(repository, "server")}
	// a database takes a password whole or not at all
	tell := func(ctx context.Context, value []byte) error {
		if err := (server{s.file + ".next"}).tell(ctx, value); err != nil {
			return err
		}
		return os.Rename(s.file+".next", s.file)
	}
	fmt.Println("ready")
	for {
		turns := []Turn{{Name: "postgres.admin", Tell: tell}, {Name: "mlflow.postgres.password"}}
		if _, err := (Local{Dir: repository, Env: "dev"}).Rotate(context.Background(), rotatedUntilKilled, turns, started, rand.Reader, now); err != nil {
			return err
		}
	}
}

// Wherever a rotation is killed, the password that the program takes is on the disk: in
// force, or put down for the next run, which goes on with it.
func TestAfterAKillThePasswordIsKnown(t *testing.T) {
	local, s := platform(t, rotatedUntilKilled)
	pending, apart := 0, 0
	for i := range 40 {
		killChild(t, rotateIn+"="+local.Dir, mathrand.N(20*time.Millisecond))
		inForce := get(t, local.Dir, ".secrets/dev/postgres.admin")
		names, err := local.Pending()
		if err != nil {
			t.Fatal(err)
		}
		pending += len(names)
		if s.password(t) != inForce {
			apart++
			if !slices.Contains(names, "postgres.admin") || get(t, local.Dir, ".secrets/dev/.new/postgres.admin") != s.password(t) {
				t.Fatal("nobody knows the server's password")
			}
		}
		if !whole([]byte(inForce), 32) {
			t.Errorf("the file holds %q", inForce)
		}
		if i%4 > 0 {
			continue // the next child goes on
		}
		var turns []Turn
		for _, name := range names {
			turn := Turn{Name: name}
			if name == "postgres.admin" {
				turn.Tell = s.tell
			}
			turns = append(turns, turn)
		}
		if _, err := local.Rotate(t.Context(), rotatedUntilKilled, turns, started, rand.Reader, now); err != nil {
			t.Fatal(err)
		}
		wantPending(t, local)
		if s.password(t) != get(t, local.Dir, ".secrets/dev/postgres.admin") {
			t.Error("after the next run the server's password is not the file's")
		}
	}
	t.Logf("%d rotations left over, %d of them between the program and the file", pending, apart)
}
