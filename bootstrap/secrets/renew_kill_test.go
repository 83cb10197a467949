package secrets

import (
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A process of these tests that has this variable makes certificates anew, one names after
// the other, in the repository that it names, until it is killed.
const renewIn = "SECRETS_TEST_RENEW_IN"

// The names come and go, and every third time the authority has to be another.
func namesAt(i int) []string {
	return [][]string{{"localhost"}, {"localhost", "s3.localhost"}, {"mlops.example.com"}}[i%3]
}

func renewUntilKilled(repository string) error {
	fmt.Println("ready")
	for i := 0; ; i++ {
		if _, err := (Local{Dir: repository, Env: "dev"}).Generate(certified(namesAt(i)...), rand.Reader, now); err != nil {
			return err
		}
	}
}

// Whenever a process is killed, a certificate that is there has its own key beside it, and
// the next run makes the set whole.
func TestAfterAKillCertificatesFitTheirKeys(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, ".secrets/dev")
	there, gone, half := 0, 0, 0
	for i := range 40 {
		killChild(t, renewIn+"="+dir, mathrand.N(20*time.Millisecond))
		if _, err := os.Stat(filepath.Join(folder, staged)); err == nil {
			half++
		}
		for _, name := range []string{"ca", "nginx.tls"} {
			crt, err := os.ReadFile(filepath.Join(folder, name+".crt"))
			if err != nil {
				gone++
				continue
			}
			there++
			cert, err := parseCertificate(crt)
			if err != nil {
				t.Fatal(err)
			}
			key, err := parseKey([]byte(get(t, folder, name+".key")))
			if err != nil {
				t.Fatal(err)
			}
			if !(pair{cert, key}).matches() {
				t.Errorf("%s.crt is beside another's key", name)
			}
		}
		if i%4 > 0 {
			continue // the next child goes on
		}
		if _, err := (Local{Dir: dir, Env: "dev"}).Generate(certified(namesAt(i)...), rand.Reader, now); err != nil {
			t.Fatal(err)
		}
		wantTrusted(t, dir, now, namesAt(i)...)
		wantFiles(t, dir, ".secrets/.gitignore", ".secrets/dev/ca.crt", ".secrets/dev/ca.key", ".secrets/dev/mlflow.flask", ".secrets/dev/nginx.tls.crt", ".secrets/dev/nginx.tls.key")
	}
	t.Logf("%d certificates, %d gone, %d sets half in place", there, gone, half)
	if there == 0 {
		t.Error("nothing was put to the test")
	}
}

// A set is put in place from wherever a kill left it.
func TestInstallGoesOn(t *testing.T) {
	files := []string{"ca.key", "nginx.tls.key", "ca.crt", "nginx.tls.crt"} // in the order of install
	for moved := range len(files) + 1 {
		dir, other := t.TempDir(), t.TempDir()
		for _, d := range []string{dir, other} {
			if _, err := (Local{Dir: d, Env: "dev"}).Generate(certified("localhost"), rand.Reader, now); err != nil {
				t.Fatal(err)
			}
		}
		folder, from := filepath.Join(dir, ".secrets/dev"), filepath.Join(other, ".secrets/dev")
		want := map[string]string{}
		for i, name := range files {
			want[name] = get(t, from, name)
			to := name
			if i >= moved {
				to = filepath.Join(staged, name)
			}
			remove(t, folder, to)
			put(t, folder, to, want[name])
			if i >= moved && filepath.Ext(name) == ".crt" {
				remove(t, folder, name) // the old one has gone by then
			}
		}
		if err := os.MkdirAll(filepath.Join(folder, staged), 0o700); err != nil {
			t.Fatal(err)
		}
		if r, err := (Local{Dir: dir, Env: "dev"}).Generate(certified("localhost"), rand.Reader, now); err != nil || r.Renewed != nil || r.Made != nil {
			t.Errorf("with %d in place: %+v, %v", moved, r, err)
		}
		for _, name := range files {
			if get(t, folder, name) != want[name] {
				t.Errorf("with %d in place: %s is not the staged one", moved, name)
			}
		}
		if _, err := os.Stat(filepath.Join(folder, staged)); err == nil {
			t.Errorf("with %d in place: the staging is left", moved)
		}
	}
}
