package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// rotateEnvironment has everything: users of its own in MLflow, and TLS of its own authority.
const rotateEnvironment = `package environments

environment: {
	mode:      "dev"
	namespace: "mlops-rotate"
	mlflow: {port: 27000, auth: mode: "basic"}
	minio: {port: 27900, console: port: 27901}
	nginx: {http: 27080, https: 27443}
	mlflow: image: repository:   "localhost/mlops-gitops/mlflow"
	postgres: image: repository: "localhost/mlops-gitops/postgres"
	minio: image: repository:    "localhost/mlops-gitops/minio"
	nginx: image: repository:    "localhost/mlops-gitops/nginx"
}
`

// TestComposeRotate gives every secret of a running platform a new value: the old ones are
// refused everywhere, and a client goes on with its run. Then a rotation is killed, and
// one is done while nothing runs.
func TestComposeRotate(t *testing.T) {
	f := newFolder(t)
	f.run("docker", "info")
	f.run(program(t), "init")
	f.write("compose.yaml", strings.Replace(f.read("compose.yaml"), "mlops-dev", "mlops-rotate", 1))
	f.write("environments/dev/environment.cue", rotateEnvironment)
	f.run(program(t), "render", "dev")
	t.Cleanup(func() { f.run("docker", "compose", "down", "--volumes", "--timeout", "5") })
	f.run("docker", "compose", "up", "--wait")
	lines := strings.Split(strings.TrimSpace(trustingClient(f, "write.py", "8")), "\n")
	wrote := lines[len(lines)-1] // MLflow prints some of its own first

	f.plantOperator()
	f.plantKey()
	names := []string{"minio.root", "mlflow.admin", "mlflow.auth.password", "mlflow.flask", "mlflow.minio.password", "mlflow.postgres.password", "postgres.admin"}
	old := map[string]string{}
	for _, name := range names {
		old[name] = f.read(".secrets/dev/" + name)
	}
	before := f.read(".secrets/dev/nginx.tls.crt")
	began := time.Now()
	f.run(program(t), append([]string{"secrets", "rotate", "dev", "nginx.tls"}, names...)...)
	t.Logf("%d secrets rotated in %.1f s", len(names)+1, time.Since(began).Seconds())
	if f.read(".secrets/dev/nginx.tls.crt") == before {
		t.Error("the certificate is the old one")
	}
	oldRefused(t, f, old)
	if got := f.run("docker", "compose", "exec", "-T", "postgres", "psql", "-U", "postgres", "-Atc", "select rolname from pg_roles where rolsuper"); got != "postgres\n" {
		t.Errorf("superusers after the rotation: %s", got)
	}
	if said, err := f.mc("planted:planted-key", "ls", "x/mlflow"); err == nil || !strings.Contains(err.Error(), "does not exist in our records") {
		t.Errorf("a key that was made beside the old password: %v\n%s", err, said)
	}
	for _, database := range []string{"postgres", "template1"} {
		if got := f.run("docker", "compose", "exec", "-T", "postgres", "psql", "-U", "postgres", "-Atc", "select has_database_privilege('mlflow', '"+database+"', 'CONNECT')"); got != "f\n" {
			t.Errorf("MLflow's role may connect to %s", database)
		}
	}
	trustingClient(f, "read.py", wrote)
	rotationShowsNowhere(t, f, names)

	// killed while it is at it, the next run goes on
	old = map[string]string{"postgres.admin": f.read(".secrets/dev/postgres.admin")}
	killRotating(t, f, "postgres.admin")
	f.run(program(t), "secrets", "rotate", "dev", "postgres.admin")
	if shown := f.run(program(t), "secrets", "rotate", "dev"); strings.Contains(shown, "unfinished") {
		t.Errorf("after the next run it is not finished:\n%s", shown)
	}
	oldRefused(t, f, old)

	// with nothing running, the next start takes what was put down
	f.run("docker", "compose", "stop", "--timeout", "5")
	old = map[string]string{"mlflow.postgres.password": f.read(".secrets/dev/mlflow.postgres.password"), "mlflow.minio.password": f.read(".secrets/dev/mlflow.minio.password")}
	if _, err := f.try(program(t), "secrets", "rotate", "dev", "postgres.admin"); err == nil || !strings.Contains(err.Error(), "start it first") {
		t.Errorf("a password that a server keeps is rotated without it: %v", err)
	}
	f.run(program(t), "secrets", "rotate", "dev", "mlflow.postgres.password", "mlflow.minio.password")
	f.run("docker", "compose", "up", "--wait")
	oldRefused(t, f, old)
	trustingClient(f, "read.py", wrote)
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

// trustingClient runs a script with the real MLflow client, through TLS, as the first user.
func trustingClient(f folder, script string, args ...string) string {
	f.t.Helper()
	return f.run("docker", append([]string{
		"run", "--rm", "--network", "host", "--user", "1000", "--env", "HOME=/tmp", "--env", "USER=e2e",
		"--env", "MLFLOW_TRACKING_URI=https://localhost:27443", "--env", "MLFLOW_TRACKING_SERVER_CERT_PATH=/ca.crt",
		"--env", "MLFLOW_TRACKING_USERNAME=admin", "--env", "MLFLOW_TRACKING_PASSWORD=" + f.read(".secrets/dev/mlflow.admin"),
		"--volume", filepath.Join(f.dir, ".secrets/dev/ca.crt") + ":/ca.crt:ro",
		"--volume", testdata(f.t, script) + ":/" + script + ":ro",
		"localhost/mlops-gitops/mlflow:v3.17.0-full", "python", "/" + script,
	}, args...)...)
}

// oldRefused holds that programs take the values that are on the disk, and no older ones.
func oldRefused(t *testing.T, f folder, old map[string]string) {
	t.Helper()
	psql := func(user, database string) func(string) error {
		return func(password string) error { // over TCP: on its own socket the server asks for none
			_, err := f.try("docker", "compose", "exec", "-T", "--env", "PGPASSWORD="+password, "postgres", "psql", "-h", "postgres", "-U", user, "-d", database, "-Atc", "select 1")
			return err
		}
	}
	mc := func(user, what string) func(string) error {
		return func(password string) error {
			_, err := f.mc(user+":"+password, "ls", "x"+what)
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
			_, err := f.try("curl", "--fail", "--silent", "--show-error", "--cacert", ".secrets/dev/ca.crt", "--user", "admin:"+password, "https://localhost:27443/api/2.0/mlflow/experiments/get?experiment_id=0")
			return err
		},
	} {
		value, asked := old[name]
		if !asked {
			continue
		}
		now := f.read(".secrets/dev/" + name)
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

// rotationShowsNowhere holds that no new value is in a log or in what docker shows.
func rotationShowsNowhere(t *testing.T, f folder, names []string) {
	t.Helper()
	shown := f.run("docker", "compose", "logs", "--no-color")
	for _, id := range strings.Fields(f.run("docker", "compose", "ps", "--all", "--quiet", "--no-trunc")) {
		shown += f.run("docker", "inspect", id)
	}
	for _, name := range names {
		if strings.Contains(shown, f.read(".secrets/dev/"+name)) {
			t.Errorf("the new value of %s shows in a log or in docker inspect", name)
		}
	}
}

// killRotating kills a rotation as soon as the new value is put down.
func killRotating(t *testing.T, f folder, name string) {
	t.Helper()
	rotate := exec.Command(program(t), "secrets", "rotate", "dev", name)
	rotate.Dir, rotate.Env = f.dir, f.env
	if err := rotate.Start(); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		if _, err := os.Stat(filepath.Join(f.dir, ".secrets/dev/.new", name)); err == nil {
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
	if shown := f.run(program(t), "secrets", "rotate", "dev"); !strings.Contains(shown, "unfinished") {
		t.Errorf("nobody says that it was killed:\n%s", shown)
	}
}
