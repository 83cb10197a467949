package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestComposeRotate gives every secret of a running platform a new value: the old ones are
// refused everywhere, and a client goes on with its run. Then a rotation is killed, and
// one is done while nothing runs.
func TestComposeRotate(t *testing.T) {
	p := newPlatform(t, "mlops-rotate", 27000, "localhost", "\tmlflow: auth: mode: \"basic\"\n")
	p.run(program(t), "render", "dev")
	p.up()
	admin := func() map[string]string {
		return map[string]string{"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": p.secret("mlflow.admin")}
	}
	wrote := p.python(admin(), "write.py", "8")

	p.plantOperator()
	p.plantKey()
	names := []string{"minio.root", "mlflow.admin", "mlflow.auth.password", "mlflow.flask", "mlflow.minio.password", "mlflow.postgres.password", "postgres.admin"}
	old := map[string]string{}
	for _, name := range names {
		old[name] = p.secret(name)
	}
	before := p.secret("nginx.tls.crt")
	began := time.Now()
	p.run(program(t), append([]string{"secrets", "rotate", "dev", "nginx.tls"}, names...)...)
	t.Logf("%d secrets rotated in %.1f s", len(names)+1, time.Since(began).Seconds())
	if p.secret("nginx.tls.crt") == before {
		t.Error("the certificate is the old one")
	}
	oldRefused(t, p, old)
	if got := p.run("docker", "compose", "exec", "-T", "postgres", "psql", "-U", "postgres", "-Atc", "select rolname from pg_roles where rolsuper"); got != "postgres\n" {
		t.Errorf("superusers after the rotation: %s", got)
	}
	if said, err := p.mc("planted:planted-key", "ls", "x/mlflow"); err == nil || !strings.Contains(err.Error(), "does not exist in our records") {
		t.Errorf("a key that was made beside the old password: %v\n%s", err, said)
	}
	for _, database := range []string{"postgres", "template1"} {
		if got := p.run("docker", "compose", "exec", "-T", "postgres", "psql", "-U", "postgres", "-Atc", "select has_database_privilege('mlflow', '"+database+"', 'CONNECT')"); got != "f\n" {
			t.Errorf("MLflow's role may connect to %s", database)
		}
	}
	p.python(admin(), "read.py", wrote)
	p.noSecretShows(10)

	// killed while it is at it, the next run goes on
	old = map[string]string{"postgres.admin": p.secret("postgres.admin")}
	killRotating(t, p, "postgres.admin")
	p.run(program(t), "secrets", "rotate", "dev", "postgres.admin")
	if shown := p.run(program(t), "secrets", "rotate", "dev"); strings.Contains(shown, "unfinished") {
		t.Errorf("after the next run it is not finished:\n%s", shown)
	}
	oldRefused(t, p, old)

	// with nothing running, the next start takes what was put down
	p.run("docker", "compose", "stop", "--timeout", "5")
	old = map[string]string{"mlflow.postgres.password": p.secret("mlflow.postgres.password"), "mlflow.minio.password": p.secret("mlflow.minio.password")}
	if _, err := p.try(program(t), "secrets", "rotate", "dev", "postgres.admin"); err == nil || !strings.Contains(err.Error(), "start it first") {
		t.Errorf("a password that a server keeps is rotated without it: %v", err)
	}
	p.run(program(t), "secrets", "rotate", "dev", "mlflow.postgres.password", "mlflow.minio.password")
	p.run("docker", "compose", "up", "--wait")
	oldRefused(t, p, old)
	p.python(admin(), "read.py", wrote)
}

// plantOperator makes what runs with the rights of whoever compares names in MLflow's database,
// by MLflow's own role: it makes the role a superuser when one does.
func (f folder) plantOperator() {
	f.t.Helper()
	f.run("docker", "compose", "exec", "-T", "--env", "PGPASSWORD="+f.read(".secrets/dev/mlflow.postgres.password"), "postgres", "psql", "-q", "-h", "postgres", "-U", "mlflow", "-d", "mlflow", "-v", "ON_ERROR_STOP=1", "-c", `
		CREATE FUNCTION public.unlike(name, name) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
			IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN EXECUTE 'ALTER ROLE mlflow SUPERUSER'; END IF;
			RETURN $1::text !~ $2::text;
		END $$;
		CREATE OPERATOR public.!~ (LEFTARG = name, RIGHTARG = name, FUNCTION = public.unlike)`)
}

// plantKey makes a second key of MLflow's user: it can't do so itself, nor choose a password.
func (f folder) plantKey() {
	f.t.Helper()
	own := "mlflow:" + f.read(".secrets/dev/mlflow.minio.password")
	for _, try := range [][]string{
		{"admin", "user", "svcacct", "add", "x", "mlflow", "--access-key", "planted", "--secret-key", "planted-key"},
		{"admin", "user", "add", "x", "mlflow", "planted-password"},
	} {
		if said, err := f.mc(own, try...); err == nil || !strings.Contains(err.Error(), "Access Denied") {
			f.t.Errorf("as MLflow's user, mc %s: %v\n%s", strings.Join(try, " "), err, said)
		}
	}
	if _, err := f.mc("root:"+f.read(".secrets/dev/minio.root"), "admin", "user", "svcacct", "add", "x", "mlflow", "--access-key", "planted", "--secret-key", "planted-key"); err != nil {
		f.t.Fatal(err)
	}
}

// mc runs the object store's client inside its container; x is the store, for a login.
func (f folder) mc(login string, args ...string) (string, error) {
	return f.try("docker", append([]string{"compose", "exec", "-T", "--env", "MC_HOST_x=http://" + login + "@localhost:9000", "--env", "MC_CONFIG_DIR=/tmp/.mc", "minio", "mc"}, args...)...)
}

// oldRefused holds that programs take the values that are on the disk, and no older ones.
func oldRefused(t *testing.T, p platform, old map[string]string) {
	t.Helper()
	psql := func(user, database string) func(string) error {
		return func(password string) error { // over TCP: on its own socket the server asks for none
			_, err := p.try("docker", "compose", "exec", "-T", "--env", "PGPASSWORD="+password, "postgres", "psql", "-h", "postgres", "-U", user, "-d", database, "-Atc", "select 1")
			return err
		}
	}
	mc := func(user, what string) func(string) error {
		return func(password string) error {
			_, err := p.mc(user+":"+password, "ls", "x"+what)
			return err
		}
	}
	for name, try := range map[string]func(string) error{
		"postgres.admin":           psql("postgres", "postgres"),
		"mlflow.postgres.password": psql("mlflow", "mlflow"),
		"mlflow.auth.password":     psql("mlflow-auth", "mlflow-auth"),
		"minio.root":               mc("root", ""),
		"mlflow.minio.password":    mc("mlflow", "/mlflow"),
		"mlflow.admin": func(password string) error {
			_, err := p.try("curl", "--fail", "--silent", "--show-error", "--cacert", ".secrets/dev/ca.crt", "--user", "admin:"+password, "https://localhost:27443/api/2.0/mlflow/experiments/get?experiment_id=0")
			return err
		},
	} {
		value, asked := old[name]
		if !asked {
			continue
		}
		now := p.secret(name)
		if now == value {
			t.Errorf("%s has its old value", name)
		}
		if err := try(value); err == nil {
			t.Errorf("the old %s is still taken", name)
		}
		if err := try(now); err != nil {
			t.Errorf("the new %s is not taken: %v", name, err)
		}
	}
}

// killRotating kills a rotation as soon as the new value is put down.
func killRotating(t *testing.T, p platform, name string) {
	t.Helper()
	rotate := exec.Command(program(t), "secrets", "rotate", "dev", name)
	rotate.Dir, rotate.Env = p.dir, p.env
	if err := rotate.Start(); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		if _, err := os.Stat(filepath.Join(p.dir, ".secrets/dev/.new", name)); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err := rotate.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := rotate.Wait(); err == nil {
		t.Error("the rotation ended before it was killed")
	}
	if shown := p.run(program(t), "secrets", "rotate", "dev"); !strings.Contains(shown, "unfinished") {
		t.Errorf("nobody says that it was killed:\n%s", shown)
	}
}
