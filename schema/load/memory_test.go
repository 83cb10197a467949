package load

import (
	"bytes"
	"maps"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// A notebook is a memory that tells what it was given.
type notebook struct {
	mu   sync.Mutex
	kept map[string][]byte // by name and what it is, with a dot between them
	new  []string          // environments kept since it was last asked
}

func (n *notebook) Recall(env, what string) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.kept[env+"."+what]
}

func (n *notebook) Keep(env, what string, data []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.kept[env+"."+what] = data
	n.new = append(n.new, env)
}

func remembering(t *testing.T, files fstest.MapFS, n *notebook) ([]Loaded, error) {
	t.Helper()
	r, err := Open(files, "")
	if err != nil {
		t.Fatal(err)
	}
	r.Remember(n)
	n.new = nil
	return r.Load()
}

const remembered3 = `
-- environments/team.cue --
package environments

environment: defaults: mlflow: workers: 2
-- environments/dev/environment.cue --
package environments

import "example.com/platform/lib/sizes"

environment: {
	mode: "dev"
	mlflow: {spool: sizes.spool, auth: mode: "basic"}
	minio: buckets: datasets: {quota: "5Gi", lifecycle: old: days: 3}
}
-- environments/plain/environment.cue --
package environments

environment: mode: "dev"
-- environments/prod/environment.cue --
package environments

environment: {mode: "prod", kubernetes: {
	labels: team: "x"
	operators: "cert-manager": values: note: "<&>\u2028"
}, nginx: kubernetes: podLabels: tier: "front", components: notes: {
	kubernetes: objects: map: manifest: {apiVersion: "v1", kind: "ConfigMap", metadata: name: "map", data: note: "<&>\u2028"}
	kubernetes: patches: "Deployment/notes-server": spec: template: spec: hostname: "notes"
	needs: postgres: {port: "sql", database: "notes"}
	workloads: server: {
		image: {repository: "notes", tag: "1"}
		command: ["notes", "<&>\u2028"]
		env: DATABASE: "postgresql://\(needs.postgres.user):\(needs.postgres.password)@\(needs.postgres.host)/notes"
	}
}}
-- lib/sizes/sizes.cue --
package sizes

spool: "7Gi"
`

// TestRemembered holds that what is recalled is what would be worked out, to the last
// field, and that each input counts for those that it is an input of, and no other.
func TestRemembered(t *testing.T) {
	files := tree(t, remembered3)
	n := &notebook{kept: map[string][]byte{}}
	first, err := remembering(t, files, n)
	if err != nil {
		t.Fatal(err)
	}
	again, err := remembering(t, files, n)
	if err != nil {
		t.Fatal(err)
	}
	if len(n.new) > 0 {
		t.Errorf("%v were worked out twice", n.new)
	}
	for i := range first {
		if !reflect.DeepEqual(first[i], again[i]) {
			t.Errorf("%s is recalled as another:\n%+v\n%+v", first[i].Name, first[i].Environment, again[i].Environment)
		}
	}

	all := "dev plain prod"
	for _, input := range []struct{ file, of string }{
		{"environments/dev/environment.cue", "dev"},
		{"environments/dev/more.cue", "dev"},
		{"environments/team.cue", all},
		{"environments/another.cue", all},
		{"lib/sizes/sizes.cue", "dev"},
		{"lib/sizes/more.cue", "dev"},
		{"lib/above.cue", "dev"},
		{"lib/other/other.cue", ""},
		{"deploy/dev/x.cue", ""},
		{"environments/dev/README.md", ""},
		{"schema/minio.cue", all},
		{"cue.mod/local-module.cue", all},
	} {
		changed := maps.Clone(files)
		data := []byte("package " + packageOf(input.file) + "\n")
		if f, ok := files[input.file]; ok {
			data = append([]byte("// changed\n"), f.Data...)
		}
		changed[input.file] = &fstest.MapFile{Data: data}
		anew := &notebook{kept: maps.Clone(n.kept)}
		if _, err := remembering(t, changed, anew); err != nil {
			t.Errorf("%s: %v", input.file, err)
		}
		worked := map[string]bool{}
		for _, env := range anew.new {
			worked[env] = true
		}
		if got := strings.Join(sortedKeys(worked), " "); got != input.of {
			t.Errorf("after a change in %s these are worked out: %q, not %q", input.file, got, input.of)
		}
	}
}

func packageOf(file string) string {
	for dir, pkg := range map[string]string{"environments/": "environments", "lib/sizes/": "sizes", "lib/above": "sizes"} {
		if strings.HasPrefix(file, dir) {
			return pkg
		}
	}
	return "other"
}

// TestRememberedMistakes holds that a mistake is said although others are recalled, and
// that what holds next to one is worked out again: only a run without any is remembered.
func TestRememberedMistakes(t *testing.T) {
	files := tree(t, `
-- environments/a/environment.cue --
package environments

environment: {mode: "dev", namespace: "one"}
-- environments/b/environment.cue --
package environments

environment: {mode: "dev", namespace: "two"}
`)
	n := &notebook{kept: map[string][]byte{}}
	if _, err := remembering(t, files, n); err != nil {
		t.Fatal(err)
	}
	broken := maps.Clone(files)
	broken["environments/b/environment.cue"] = &fstest.MapFile{Data: []byte("package environments\n\nenvironment: {mode: \"dev\", namespace: \"one\"}\n")}
	for range 2 {
		_, err := remembering(t, broken, n)
		if err == nil || !strings.Contains(err.Error(), "environments/b/environment.cue:3:28: b and a would both be in namespace one") {
			t.Fatalf("two environments in one namespace: %v", err)
		}
	}
}

// TestHalfRemembered holds that an environment is worked out anew when what is kept of it
// is cut off, is of another state, or is not there.
func TestHalfRemembered(t *testing.T) {
	files := tree(t, "-- environments/a/environment.cue --\npackage environments\n\nenvironment: mode: \"dev\"\n")
	n := &notebook{kept: map[string][]byte{}}
	want, err := remembering(t, files, n)
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{"a." + outline, "a." + whole} {
		for _, spoil := range []func([]byte) []byte{
			func(data []byte) []byte { return data[:len(data)/2] },
			func(data []byte) []byte { return bytes.Replace(data, []byte(want[0].Digest), []byte("0"), 1) },
			func([]byte) []byte { return nil },
		} {
			half := &notebook{kept: maps.Clone(n.kept)}
			half.kept[of] = spoil(half.kept[of])
			got, err := remembering(t, files, half)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("with %q in %s: %v, %v", half.kept[of], of, got, err)
			}
			if !reflect.DeepEqual(half.kept, n.kept) {
				t.Errorf("%s is not kept as it was", of)
			}
		}
	}
}

// changing is a tree of which one file is another each time that it is read.
type changing struct {
	fstest.MapFS
	file string
	n    int
}

func (c *changing) ReadFile(name string) ([]byte, error) {
	data, err := c.MapFS.ReadFile(name)
	if name == c.file {
		c.n++
		data = append(data, strings.Repeat("// \n", c.n)...)
	}
	return data, err
}

func TestChangedWhileRead(t *testing.T) {
	files := &changing{MapFS: tree(t, "-- environments/dev/environment.cue --\npackage environments\n\nenvironment: mode: \"dev\"\n"), file: "environments/dev/environment.cue"}
	r, err := Open(files, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Load(); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("a file that changes while it is read: %v", err)
	}
}
