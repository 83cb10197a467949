package load

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"
)

// secrets are what stands in a repository and is none of CUE's business.
const secrets = `
-- .secrets/dev/postgres.admin --
s3cret
-- .git/config --
s3cret
-- age.agekey --
s3cret
-- environments/dev/notes.txt --
s3cret
-- environments/dev/.hidden/x.cue --
s3cret
-- deploy/dev/x.cue --
s3cret
-- clusters/dev/x.cue --
s3cret
-- schema/notes.txt --
s3cret
`

const devCUE = "-- environments/dev/e.cue --\npackage environments\n\nenvironment: mode: \"dev\"\n"

// TestNothingIsEmbedded holds that CUE can put no other file into a value, whoever
// asks: a person, an imported package or the vendored schema.
func TestNothingIsEmbedded(t *testing.T) {
	const words = ": a config repository embeds no files, so nothing may say @"
	const fix = "\n  write what the file says as CUE, text of several lines between \"\"\"; a secret is declared under secrets, never written\n"
	for _, tt := range []struct{ what, files, want string }{
		{"an environment", "-- environments/dev/e.cue --\n@extern(embed)\npackage environments\n\nenvironment: mode: \"dev\"\nenvironment: mlflow: env: A: string @embed(file=notes.txt,type=text)\n",
			"environments/dev/e.cue:1:1" + words + "extern" + fix + "environments/dev/e.cue:5:37" + words + "embed" + fix},
		{"a shared file, in a struct", devCUE + "-- environments/team.cue --\n@extern(embed)\n\npackage environments\n\n_x: {\n\t@embed(glob=*/*.txt,type=text)\n}\n",
			"environments/team.cue:1:1" + words + "extern" + fix + "environments/team.cue:6:2" + words + "embed" + fix},
		{"a package of the repository's own", "-- shared/x.cue --\n@extern(embed)\n\npackage shared\n\nx: string @embed(file=x.txt,type=text)\n-- shared/x.txt --\ns3cret\n" +
			"-- environments/dev/e.cue --\npackage environments\n\nimport \"example.com/platform/shared\"\n\nenvironment: mode: \"dev\"\nenvironment: mlflow: env: A: shared.x\n",
			"shared/x.cue:1:1" + words + "extern" + fix + "shared/x.cue:5:11" + words + "embed" + fix},
	} {
		if got := mistakes(t, tree(t, secrets+tt.files)); got != tt.want {
			t.Errorf("%s: got\n%swant\n%s", tt.what, got, tt.want)
		}
	}
	got := mistakes(t, tree(t, secrets+devCUE+"-- schema/evil.cue --\n@extern(embed)\n\npackage schema\n\n_evil: string @embed(file=notes.txt,type=text)\n"))
	if !strings.Contains(got, "notes.txt") || strings.Contains(got, "s3cret") {
		t.Errorf("the vendored schema: got %s", got)
	}
}

// TestEmbedSeesOnlyCUE asks CUE itself, past what people are told: no attribute
// leads to what is hidden.
func TestEmbedSeesOnlyCUE(t *testing.T) {
	for _, tt := range []struct{ from, attribute string }{
		{"x.cue", "file=.secrets/dev/postgres.admin,type=text"},
		{"x.cue", "file=.git/config,type=text"},
		{"x.cue", "file=age.agekey,type=text"},
		{"x.cue", "file=deploy/dev/x.cue,type=text"},
		{"x.cue", "file=clusters/dev/x.cue,type=text"},
		{"x.cue", "glob=.secrets/dev/*,type=text"},
		{"x.cue", "glob=*.agekey,type=text"},
		{"x.cue", "glob=environments/dev/*.*,type=text"},
		{"x.cue", "glob=environments/dev/.hidden/*.*,type=text"},
	} {
		files := tree(t, secrets)
		files[tt.from] = &fstest.MapFile{Data: []byte("@extern(embed)\n\npackage x\n\nx: _ @embed(" + tt.attribute + ")\n")}
		inst := load.Instances([]string{"."}, &load.Config{FS: newOnlyCUE(files, ""), Dir: "/", Env: []string{}, Registry: offline{}})[0]
		v := cuecontext.New().BuildInstance(inst)
		if v.Err() == nil || strings.Contains(v.Err().Error(), "s3cret") {
			t.Errorf("%s: got %v, %v", tt.attribute, v, v.Err())
		}
	}
}

// TestLinks holds that no link is followed, and that each that stands where CUE
// reads is said.
func TestLinks(t *testing.T) {
	const words = ": this is a link, and a config repository is read without following any\n  put what it leads to in its place\n"
	imports := devCUE + "-- environments/dev/i.cue --\npackage environments\n\nimport \"example.com/platform/shared\"\n\n_x: shared.x\n-- elsewhere/x.cue --\npackage shared\n\nx: 1\n"
	for _, tt := range []struct{ what, files, link, to, want string }{
		{"an environment's file", devCUE + "-- other.txt --\npackage environments\n", "environments/dev/o.cue", "../../other.txt", "environments/dev/o.cue" + words},
		{"a shared file", devCUE, "environments/o.cue", "dev/e.cue", "environments/o.cue" + words},
		{"a file above the environments", devCUE, "o.cue", "environments/dev/e.cue", "o.cue" + words},
		{"a package", imports, "shared", "elsewhere", "shared" + words},
		{"a package's file", imports + "-- shared/a.cue --\npackage shared\n", "shared/x.cue", "../elsewhere/x.cue", "shared/x.cue" + words},
		{"a text", devCUE, "environments/dev/y.txt", "../../.secrets/dev/postgres.admin", ""},
		{"a package that nobody imports", devCUE, "shared", "environments/dev", ""},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, tree(t, tt.files)); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(tt.to, filepath.Join(dir, tt.link)); err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := mistakes(t, root.FS(), "dev"); got != tt.want {
			t.Errorf("%s: got\n%swant\n%s", tt.what, got, tt.want)
		}
		if err := root.Close(); err != nil {
			t.Error(err)
		}
	}
}

// forbidden is a tree of which one file or folder may not be read.
type forbidden struct {
	fstest.MapFS
	path string
}

func (f forbidden) Open(name string) (fs.File, error) {
	if name == f.path {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return f.MapFS.Open(name)
}

func (f forbidden) ReadFile(name string) ([]byte, error) {
	return fs.ReadFile(struct{ fs.FS }{f}, name)
}

func (f forbidden) ReadDir(name string) ([]fs.DirEntry, error) {
	return fs.ReadDir(struct{ fs.FS }{f}, name)
}

// TestUnreadable holds that what can't be read is no mistake of the person.
func TestUnreadable(t *testing.T) {
	files := tree(t, "-- x.cue --\npackage x\n-- shared/x.cue --\npackage shared\n\nx: \"1\"\n"+
		"-- environments/dev/e.cue --\npackage environments\n\nimport \"example.com/platform/shared\"\n\nenvironment: {mode: \"dev\", mlflow: env: A: shared.x, mlflow: wokers: 1}\n")
	for _, name := range []string{"environments/dev/e.cue", "environments/dev", "environments/environment.cue", "x.cue", "shared/x.cue", "shared", "schema/types.cue", "cue.mod/module.cue"} {
		r, err := Open(forbidden{files, name}, "../there")
		if err == nil {
			_, err = r.Load("dev")
		}
		if m := (*Mistake)(nil); err == nil || errors.As(err, &m) || !errors.Is(err, fs.ErrPermission) || err.Error() != "../there/"+name+" cannot be read: permission denied" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLyingSchema holds that the vendored schema can't give an environment, and so
// its folders, another name.
func TestLyingSchema(t *testing.T) {
	files := tree(t, devCUE)
	text := string(files["schema/platform.cue"].Data)
	lie := strings.Replace(text, "name: E.#name\n", "name: \"../\" + E.#name\n", 1)
	if lie == text {
		t.Fatal("the schema does not say the name")
	}
	files["schema/platform.cue"] = &fstest.MapFile{Data: []byte(lie)}
	r, err := Open(files, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = r.Load(); err == nil || err.Error() != `environment dev: the vendored schema calls it "../dev"` {
		t.Errorf("got %v", err)
	}
}

// TestInputs holds which files an environment was made of beside those that are
// known to be its own or everybody's.
func TestInputs(t *testing.T) {
	const imported = "package environments\n\nimport \"example.com/platform/a\"\n\nenvironment: mode: \"dev\"\nenvironment: mlflow: env: A: a.x\n"
	files := tree(t, devCUE+"-- environments/eu/e.cue --\n"+imported+
		"-- a/x.cue --\npackage a\n\nimport (\n\t\"strings\"\n\n\t\"example.com/platform/a/b\"\n)\n\nx: strings.ToUpper(b.y)\n"+
		"-- a/y.cue --\npackage a\n\n_unused: 1\n-- a/notes.md --\n-- a/other_package.cue --\npackage other\n-- a/b/y.cue --\npackage b\n\ny: \"1\"\n-- c/z.cue --\npackage c\n")
	want := map[string][]string{"dev": nil, "eu": {"a/b/y.cue", "a/x.cue", "a/y.cue"}}
	for _, l := range loaded(t, files) {
		if !slices.Equal(l.Inputs, want[l.Name]) {
			t.Errorf("%s is made of %q, want %q", l.Name, l.Inputs, want[l.Name])
		}
	}
}

// TestOneNamespace holds that environments that are loaded together share none.
func TestOneNamespace(t *testing.T) {
	in := func(env, text string) string {
		return "-- environments/" + env + "/e.cue --\npackage environments\n\nenvironment: {\n\t" + text + "\n}\n"
	}
	const hint = "  give one of them another namespace\n"
	const clash = "prod2 and prod would both be in namespace mlops-prod, where each would remove what the other made"
	const none = "mode: \"prod\", place: \"external\", namespace: \"x\""
	for _, tt := range []struct{ what, files, want string }{
		{"the later takes the earlier one's", in("prod", `mode: "prod"`) + in("prod2", `mode: "prod", namespace: "mlops-prod"`),
			"environments/prod2/e.cue:4:16: " + clash + "\n" + hint},
		{"both say it", in("prod", `mode: "prod", namespace: "x"`) + in("prod2", `mode: "dev", namespace: "x"`),
			"environments/prod2/e.cue:4:15: " + strings.ReplaceAll(clash, "mlops-prod", "x") + " (see also environments/prod/e.cue:4:16)\n" + hint},
		{"the earlier takes the later one's", in("a", `mode: "dev", namespace: "mlops-b"`) + in("b", `mode: "dev"`),
			"environments/a/e.cue:4:15: b and a would both be in namespace mlops-b, where each would remove what the other made\n" + hint},
		{"the team says it", "-- environments/team.cue --\npackage environments\n\nenvironment: defaults: namespace: \"x\"\n" + in("a", `mode: "dev"`) + in("b", `mode: "dev"`),
			"environments/team.cue:3:24: b and a would both be in namespace x, where each would remove what the other made\n" + hint},
		{"neither runs anything", in("a", none) + in("b", none), ""},
		{"one runs something", in("a", none) + in("b", `mode: "dev", namespace: "x"`),
			"environments/b/e.cue:4:15: b and a would both be in namespace x, where each would remove what the other made (see also " + "environments/a/e.cue:4:35)\n" + hint},
	} {
		files := tree(t, tt.files)
		if got := mistakes(t, files); got != tt.want {
			t.Errorf("%s: got\n%swant\n%s", tt.what, got, tt.want)
		}
	}
	apart := tree(t, in("prod", `mode: "prod"`)+in("prod2", `mode: "prod", namespace: "mlops-prod"`))
	if got := mistakes(t, apart, "prod2") + mistakes(t, apart, "prod", "prod"); got != "" {
		t.Errorf("one alone: got\n%s", got)
	}
}
