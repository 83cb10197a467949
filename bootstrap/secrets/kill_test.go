package secrets

import (
	"bufio"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A process of these tests that has this variable generates in the repository
// that it names, for the recipient behind the colon, until it is killed.
const generateIn = "SECRETS_TEST_GENERATE_IN"

func TestMain(m *testing.M) {
	if repository := os.Getenv(renewIn); repository != "" {
		fmt.Fprintln(os.Stderr, "child:", renewUntilKilled(repository))
		os.Exit(1)
	}
	if repository := os.Getenv(rotateIn); repository != "" {
		fmt.Fprintln(os.Stderr, "child:", rotateUntilKilled(repository))
		os.Exit(1)
	}
	if text := os.Getenv(sealIn); text != "" {
		fmt.Fprintln(os.Stderr, "child:", sealUntilKilled(text))
		os.Exit(1)
	}
	if repository, public, ok := strings.Cut(os.Getenv(generateIn), ":"); ok {
		fmt.Fprintln(os.Stderr, "child:", generateUntilKilled(repository, public))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// generateUntilKilled makes the secrets of one new environment after the other.
func generateUntilKilled(repository, public string) error {
	fmt.Println("ready")
	for i := 0; ; i++ {
		env := fmt.Sprintf("e-%d-%d", os.Getpid(), i)
		if _, err := (Local{Dir: repository, Env: env}).Generate(declared, rand.Reader, now); err != nil {
			return err
		}
		if _, err := (Cluster{repository, env, "mlops", []string{public}}).Generate(declared, rand.Reader, now); err != nil {
			return err
		}
	}
}

func TestAfterAKillEveryFileIsWholeOrAbsent(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	for range 20 {
		killChild(t, generateIn+"="+dir+":"+owner.Recipient().String(), mathrand.N(20*time.Millisecond))
	}
	local, sealed, unready := 0, 0, 0
	for _, name := range files(t, dir) {
		base := path.Base(name)
		secret, ok := declared[strings.TrimSuffix(base, ".yaml")]
		switch {
		case strings.HasPrefix(base, unfinished):
			unready++
		case name == ".secrets/.gitignore":
			if !ignoresAll([]byte(get(t, dir, name))) {
				t.Errorf("%s is %q", name, get(t, dir, name))
			}
		case !ok:
			t.Errorf("what is %s?", name)
		case strings.HasPrefix(name, ".secrets/"):
			local++
			wantMode(t, dir, name, localFileMode)
			if value := get(t, dir, name); !whole([]byte(value), secret.Length) {
				t.Errorf("%s is %q", name, value)
			}
		default:
			sealed++
			wantWhole(t, dir, name, owner, secret)
		}
	}
	t.Logf("%d values, %d Secrets, %d unfinished files", local, sealed, unready)
	if local == 0 || sealed == 0 {
		t.Errorf("the children made %d values and %d Secrets: nothing was put to the test", local, sealed)
	}
	finish(t, dir, owner.Recipient().String())
}

// killChild starts a child with a variable and ends it after a while, wherever it is.
func killChild(t *testing.T, variable string, after time.Duration) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), variable)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Error(err)
	}
	time.Sleep(after)
	if err := child.Process.Kill(); err != nil {
		t.Error(err)
	}
	if err := child.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the child was not killed: %v", err)
	}
}

func wantWhole(t *testing.T, dir, name string, owner age.Identity, secret schema.Secret) {
	t.Helper()
	value, err := open([]byte(get(t, dir, name)), owner)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if !whole([]byte(value), secret.Length) {
		t.Errorf("%s has %q", name, value)
	}
}

// finish generates in every environment of dir, after which nothing is missing
// and nothing unfinished left.
func finish(t *testing.T, dir, public string) {
	t.Helper()
	envs, err := os.ReadDir(filepath.Join(dir, ".secrets"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range envs {
		if !e.IsDir() {
			continue
		}
		if _, err := (Local{Dir: dir, Env: e.Name()}).Generate(declared, rand.Reader, now); err != nil {
			t.Error(err)
		}
		if _, err := (Cluster{dir, e.Name(), "mlops", []string{public}}).Generate(declared, rand.Reader, now); err != nil {
			t.Error(err)
		}
	}
	all := files(t, dir)
	for _, name := range all {
		if strings.HasPrefix(path.Base(name), unfinished) {
			t.Errorf("%s is left over", name)
		}
	}
	if want := 1 + (len(envs)-1)*2*len(declared); len(all) != want {
		t.Errorf("%d files, want %d", len(all), want)
	}
}
