package secrets

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

var declared = map[string]schema.Secret{
	"mlflow.flask-key":         {Component: "mlflow", Length: 64},
	"mlflow.postgres.password": {Component: "mlflow", Length: 32},
}

var supplied = map[string]schema.Secret{
	"mlflow.flask-key":      {Component: "mlflow", Length: 64},
	"mlflow.cloud-key":      {Component: "mlflow", Supplied: true},
	"mlflow.cloud-password": {Component: "mlflow", Supplied: true},
}

func TestLocalMakesWhatIsDeclared(t *testing.T) {
	dir := t.TempDir()
	local := Local{Dir: dir, Env: "dev"}
	if missing, err := local.Missing(declared); err != nil || !slices.Equal(missing, []string{"mlflow.flask-key", "mlflow.postgres.password"}) {
		t.Errorf("missing before: %q, %v", missing, err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".secrets")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("asking what is missing made a folder")
	}
	r, err := local.Generate(declared, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, r, Result{Made: []string{"mlflow.flask-key", "mlflow.postgres.password"}})
	for name, secret := range declared {
		if value := get(t, dir, ".secrets/dev/"+name); !whole([]byte(value), secret.Length) {
			t.Errorf("%s is %q", name, value)
		}
		wantMode(t, dir, ".secrets/dev/"+name, 0o444)
	}
	wantMode(t, dir, ".secrets", fs.ModeDir|0o700)
	wantMode(t, dir, ".secrets/dev", fs.ModeDir|0o700)
	if missing, err := local.Missing(declared); err != nil || missing != nil {
		t.Errorf("missing after: %q, %v", missing, err)
	}
	wantFiles(t, dir, ".secrets/.gitignore", ".secrets/dev/mlflow.flask-key", ".secrets/dev/mlflow.postgres.password")
}

func TestLocalKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, ".secrets/dev/mlflow.flask-key", "short, but a person's")
	put(t, dir, ".secrets/dev/left-over", "x")
	put(t, dir, ".secrets/dev/.mlops-gitops-secret-XYZ", "half of a val")
	local := Local{Dir: dir, Env: "dev"}
	want := Result{Made: []string{"mlflow.postgres.password"}, Kept: []string{"mlflow.flask-key"}, Orphaned: []string{"left-over"}}
	for range 2 {
		r, err := local.Generate(declared, rand.Reader, now)
		if err != nil {
			t.Fatal(err)
		}
		r.Repaired = nil
		wantResult(t, r, want)
		want = Result{Kept: []string{"mlflow.flask-key", "mlflow.postgres.password"}, Orphaned: []string{"left-over"}}
	}
	if got := get(t, dir, ".secrets/dev/mlflow.flask-key"); got != "short, but a person's" {
		t.Errorf("the value is now %q", got)
	}
	wantFiles(t, dir, ".secrets/.gitignore", ".secrets/dev/left-over", ".secrets/dev/mlflow.flask-key", ".secrets/dev/mlflow.postgres.password")
}

func TestLocalMakesNothingWhereNothingIsDeclared(t *testing.T) {
	dir := t.TempDir()
	r, err := Local{Dir: dir, Env: "dev"}.Generate(nil, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, r, Result{})
	wantFiles(t, dir)

	put(t, dir, ".secrets/dev/left-over", "x")
	r, err = Local{Dir: dir, Env: "dev"}.Generate(nil, rand.Reader, now)
	if err != nil || !slices.Equal(r.Orphaned, []string{"left-over"}) {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestLocalRepairsModes(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, ".secrets/dev/mlflow.flask-key", "a")
	put(t, dir, ".secrets/dev/mlflow.postgres.password", "b")
	for name, mode := range map[string]fs.FileMode{
		".secrets": 0o755, ".secrets/dev": 0o777, ".secrets/dev/mlflow.flask-key": 0o600, ".secrets/dev/mlflow.postgres.password": 0o644,
	} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Local{Dir: dir, Env: "dev"}.Generate(declared, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, r, Result{
		Kept: []string{"mlflow.flask-key", "mlflow.postgres.password"},
		Repaired: []string{
			".secrets: mode 0755 is now 0700",
			".secrets/dev: mode 0777 is now 0700",
			".secrets/dev/mlflow.flask-key: mode 0600 is now 0444",
			".secrets/dev/mlflow.postgres.password: mode 0644 is now 0444",
		},
	})
	wantMode(t, dir, ".secrets", fs.ModeDir|0o700)
	wantMode(t, dir, ".secrets/dev", fs.ModeDir|0o700)
	wantMode(t, dir, ".secrets/dev/mlflow.flask-key", 0o444)
}

func TestLocalSaysWhatAPersonHasToDo(t *testing.T) {
	for _, tt := range []struct {
		what    string
		files   map[string]string
		links   map[string]string
		secrets map[string]schema.Secret
		want    []string // the problems, all of them
		hint    string   // of the first
		made    string   // all the same
	}{
		{
			what:    "every supplied secret that is missing is named, with its file and a command",
			secrets: supplied,
			want: []string{
				"the secret mlflow.cloud-key is not made but supplied, and .secrets/dev/mlflow.cloud-key is not there",
				"the secret mlflow.cloud-password is not made but supplied, and .secrets/dev/mlflow.cloud-password is not there",
			},
			hint: "mlops-gitops secrets set dev mlflow.cloud-key",
			made: "mlflow.flask-key",
		},
		{
			what:    "an empty file and an editor's newline are no values",
			files:   map[string]string{".secrets/dev/mlflow.cloud-key": "", ".secrets/dev/mlflow.cloud-password": "abc\n"},
			secrets: supplied,
			want: []string{
				".secrets/dev/mlflow.cloud-key is empty",
				".secrets/dev/mlflow.cloud-password ends with a newline, which would be part of the value",
			},
			hint: "put the value into it",
		},
		{
			what:    "a folder or a link where the value should be is refused",
			files:   map[string]string{".secrets/dev/mlflow.flask-key/x": "", "elsewhere": "value"},
			links:   map[string]string{".secrets/dev/mlflow.postgres.password": "../../elsewhere"},
			secrets: declared,
			want: []string{
				".secrets/dev/mlflow.flask-key is not a plain file",
				".secrets/dev/mlflow.postgres.password is not a plain file",
			},
			hint: "move it away",
		},
		{
			what:    "a link in place of the folder is refused, even one that stays inside",
			files:   map[string]string{"elsewhere/x": ""},
			links:   map[string]string{".secrets": "elsewhere"},
			secrets: declared,
			want:    []string{".secrets is not a folder"},
			hint:    "move it away",
		},
		{
			what:    "a .gitignore that lets values through is refused",
			files:   map[string]string{".secrets/.gitignore": "*\n!dev\n"},
			secrets: declared,
			want:    []string{".secrets/.gitignore lets values into Git"},
			hint:    `make "*" its only line`,
		},
		{
			what:    "a name that a cluster would refuse is refused here as well",
			secrets: map[string]schema.Secret{"feast.apiKey": {Component: "feast", Length: 32}, "../x": {Component: "feast", Length: 32}},
			want: []string{
				`a secret can't be called "../x": each part between dots has lower-case letters, digits and dashes, at most 63, with a letter or digit at both ends`,
				`a secret can't be called "feast.apiKey": each part between dots has lower-case letters, digits and dashes, at most 63, with a letter or digit at both ends`,
			},
			hint: "rename it where the component feast declares it",
		},
		{
			what:    "a value needs a length",
			secrets: map[string]schema.Secret{"feast.key": {Component: "feast"}},
			want:    []string{"the secret feast.key can't have 0 characters"},
			hint:    "set its length where the component feast declares it",
		},
	} {
		t.Run(tt.what, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range tt.files {
				put(t, dir, name, text)
			}
			for name, target := range tt.links {
				link(t, dir, name, target)
			}
			r, err := Local{Dir: dir, Env: "dev"}.Generate(tt.secrets, rand.Reader, now)
			wantProblems(t, err, tt.want, tt.hint)
			if got := strings.Join(r.Made, " "); got != tt.made {
				t.Errorf("made %q, want %q", got, tt.made)
			}
			for name, text := range tt.files {
				if got := get(t, dir, name); got != text {
					t.Errorf("%s is now %q", name, got)
				}
			}
		})
	}
}

func TestLocalAcceptsValuesOfSeveralLines(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, ".secrets/dev/mlflow.cloud-key", "-----BEGIN-----\nx\n-----END-----\n")
	put(t, dir, ".secrets/dev/mlflow.cloud-password", "x")
	put(t, dir, ".secrets/.gitignore", "*\n!.gitignore\n")
	if _, err := (Local{Dir: dir, Env: "dev"}).Generate(supplied, rand.Reader, now); err != nil {
		t.Error(err)
	}
}

func TestLocalLeavesTheRepositoryByNoLink(t *testing.T) {
	outside := t.TempDir()
	for _, name := range []string{".secrets", ".secrets/dev"} {
		dir := t.TempDir()
		link(t, dir, name, outside)
		if r, err := (Local{Dir: dir, Env: "dev"}).Generate(declared, rand.Reader, now); err == nil {
			t.Errorf("through %s: %+v", name, r)
		}
		if _, err := (Local{Dir: dir, Env: "dev"}).Missing(declared); err == nil {
			t.Errorf("looked through %s", name)
		}
	}
	wantFiles(t, outside)
}

func TestSecretsAreNamedAsKubernetesDoes(t *testing.T) {
	for name, good := range map[string]bool{
		"a": true, "mlflow.postgres.password": true, "a-1.b-2": true, strings.Repeat("a", 63) + ".b": true,
		"": false, ".a": false, "a.": false, "a..b": false, "-a": false, "a.-b": false, "a-.b": false, "A": false, "a_b": false,
		"a/b": false, "a b": false, strings.Repeat("a", 64): false, strings.Repeat("a.", 127): false, strings.Repeat("a.", 126) + "ab": false,
	} {
		_, err := sorted(map[string]schema.Secret{name: {Length: 16}})
		if good != (err == nil) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestEnvironmentsAreFolders(t *testing.T) {
	for _, env := range []string{"", ".", "..", "../x", "a/b", ".git", "/x"} {
		if _, err := (Local{Dir: t.TempDir(), Env: env}).Generate(declared, rand.Reader, now); err == nil {
			t.Errorf("%q was taken", env)
		}
		if _, err := (Local{Dir: t.TempDir(), Env: env}).Missing(declared); err == nil {
			t.Errorf("%q was taken", env)
		}
	}
}

func TestNoRepositoryIsAnError(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "x")
	if _, err := (Local{Dir: nowhere, Env: "dev"}).Missing(declared); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := (Local{Dir: nowhere, Env: "dev"}).Generate(declared, rand.Reader, now); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestLocalAgreesWhenEightGenerateAtOnce(t *testing.T) {
	many := make(map[string]schema.Secret)
	for i := range 20 {
		many[fmt.Sprintf("a-secret-%02d", i)] = schema.Secret{Length: 32}
	}
	dir := t.TempDir()
	made := atOnce(t, 8, func() (Result, error) { return Local{Dir: dir, Env: "dev"}.Generate(many, rand.Reader, now) })
	for name := range many {
		if made[name] != 1 {
			t.Errorf("%s was made %d times", name, made[name])
		}
		if value := get(t, dir, ".secrets/dev/"+name); !whole([]byte(value), 32) {
			t.Errorf("%s is %q", name, value)
		}
	}
	if n := len(files(t, dir)); n != len(many)+1 {
		t.Errorf("%d files: %q", n, files(t, dir))
	}
}

func TestLocalWritesNothingWhenNothingIsMissing(t *testing.T) {
	dir := t.TempDir()
	local := Local{Dir: dir, Env: "dev"}
	if _, err := local.Generate(declared, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	drawn := once(func() { t.Error("randomness was drawn") })
	if _, err := local.Generate(declared, drawn, now); err != nil {
		t.Fatal(err)
	}
}

func TestLocalTakesTheValueOfAQuickerProcess(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, ".secrets/dev/mlflow.postgres.password", "theirs")
	put(t, dir, ".secrets/.gitignore", "*\n") // else the first randomness goes into its making
	quicker := once(func() { put(t, dir, ".secrets/dev/mlflow.flask-key", "theirs as well") })
	r, err := Local{Dir: dir, Env: "dev"}.Generate(declared, io.MultiReader(quicker, rand.Reader), now)
	if err != nil {
		t.Fatal(err)
	}
	r.Repaired = nil
	wantResult(t, r, Result{Kept: []string{"mlflow.flask-key", "mlflow.postgres.password"}})
	if got := get(t, dir, ".secrets/dev/mlflow.flask-key"); got != "theirs as well" {
		t.Errorf("the value is now %q", got)
	}
}

// once is a source of nothing, which does something when it is first read.
type once func()

func (do once) Read([]byte) (int, error) {
	do()
	return 0, io.EOF
}

// atOnce calls generate so many times in parallel and counts who was made. Each
// call must have made or kept all.
func atOnce(t *testing.T, times int, generate func() (Result, error)) map[string]int {
	t.Helper()
	results := make([]Result, times)
	errs := make([]error, times)
	var running sync.WaitGroup
	for i := range times {
		running.Go(func() { results[i], errs[i] = generate() })
	}
	running.Wait()
	made := make(map[string]int)
	for i, r := range results {
		if errs[i] != nil {
			t.Error(errs[i])
		}
		if !slices.IsSorted(r.Made) || !slices.IsSorted(r.Kept) {
			t.Errorf("not in order: %+v", r)
		}
		for _, name := range r.Made {
			made[name]++
		}
		if n := len(r.Made) + len(r.Kept); n != len(results[0].Made)+len(results[0].Kept) {
			t.Errorf("one knows of %d secrets: %+v", n, r)
		}
	}
	return made
}

func wantResult(t *testing.T, got, want Result) {
	t.Helper()
	if got, want := fmt.Sprintf("%+q", got), fmt.Sprintf("%+q", want); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// wantProblems demands that err consists of these Problems, in order.
func wantProblems(t *testing.T, err error, want []string, hint string) {
	t.Helper()
	var got []string
	var first *Problem
	if !errors.As(err, &first) || !strings.Contains(first.Hint(), hint) {
		t.Errorf("got %v with hint %+v, want hint %q", err, first, hint)
	}
	if err != nil {
		got = strings.Split(err.Error(), "\n")
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func wantMode(t *testing.T, dir, name string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != want {
		t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
	}
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	if got := files(t, dir); !slices.Equal(got, want) {
		t.Errorf("there is  %q\nwant      %q", got, want)
	}
}

// files lists what is below dir, without folders.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	name = filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func link(t *testing.T, dir, name, target string) {
	t.Helper()
	name = filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}
