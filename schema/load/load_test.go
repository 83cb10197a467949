package load

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

func TestBaseIsTheModeAlone(t *testing.T) {
	whole := loaded(t, tree(t, `
-- environments/eu/environment.cue --
package environments

environment: {
	mode:      "prod"
	namespace: "platform"
	domain:    "mlops.example.com"
	mlflow: workers: 3
	postgres: storage: "1Ti"
	defaults: postgres: connections: 300
	components: notes: workloads: server: image: {repository: "notes", tag: "1"}
}
`))[0]
	alone := loaded(t, tree(t, `
-- environments/eu/environment.cue --
package environments

environment: {mode: "prod", namespace: "platform"}
`))[0]
	if !reflect.DeepEqual(whole.Base, alone.Environment) {
		t.Errorf("the base is %+v, and the mode alone is %+v", whole.Base, alone.Environment)
	}
	if !reflect.DeepEqual(alone.Base, alone.Environment) {
		t.Error("the mode alone is not its own base")
	}
	if whole.Base.Name != "eu" || whole.Base.Settings.Namespace != "platform" {
		t.Errorf("the base is called %s in %s", whole.Base.Name, whole.Base.Settings.Namespace)
	}
	if reflect.DeepEqual(whole.Base, whole.Environment) {
		t.Error("the environment is its own base, whatever it says")
	}
	if local := dev(t, `environment: mode: "dev"`); local.Base != nil {
		t.Error("an environment with nothing in a cluster has a base")
	}
}

// TestEnvironmentOverTeamOverMode says two settings in every way there is: by
// nobody, the team, the environment or both.
func TestEnvironmentOverTeamOverMode(t *testing.T) {
	says := []string{"", "team", "own", "both"}
	text := func(who string, setting func(by string) string) (all string) {
		if who == "team" || who == "both" {
			all += "\tdefaults: " + setting("team") + "\n"
		}
		if who == "own" || who == "both" {
			all += "\t" + setting("own") + "\n"
		}
		return all
	}
	holds := map[string]map[string]string{
		"memory":   {"": "1Gi", "team": "2Gi", "own": "3Gi", "both": "3Gi"},
		"interval": {"": "1h", "team": "2h", "own": "3h", "both": "3h"},
	}
	for _, memory := range says {
		for _, interval := range says {
			e := dev(t, "environment: {\n\tmode: \"dev\"\n\tmlflow: workers: 3\n\tdefaults: mlflow: port: 5001\n"+
				text(memory, func(by string) string { return `mlflow: resources: limits: memory: "` + holds["memory"][by] + `"` })+
				text(interval, func(by string) string { return `flux: interval: "` + holds["interval"][by] + `"` })+"}\n")
			server := e.Components["mlflow"].Workloads["server"]
			got := fmt.Sprint(server.Resources, e.Settings.Flux, e.Components["nginx"].Workloads["server"].Expose["port-5001"], slices.Contains(server.Command, "3"))
			want := fmt.Sprint(schema.Resources{
				Requests: schema.Amounts{CPU: "250m", Memory: "512Mi"},
				Limits:   schema.Amounts{CPU: "1", Memory: holds["memory"][memory]},
			}, schema.Flux{Interval: holds["interval"][interval], RetryInterval: "2m", Timeout: "15m"}, schema.Expose{Port: 5001, Address: "127.0.0.1"}, true)
			if got != want {
				t.Errorf("memory by %q, interval by %q: got %s, want %s", memory, interval, got, want)
			}
		}
	}
}

// TestLayers holds that trees lie over each other five names deep, where the
// uppermost wins as a whole.
func TestLayers(t *testing.T) {
	definitions, _ := built(t, everything, "all")
	ctx := cuecontext.New()
	for _, tt := range []struct{ what, over, between, under, want string }{
		{"nothing over nothing", `{}`, `{}`, `{}`, `{}`},
		{"the lowest fills in", `{}`, `{}`, `{a: 1}`, `{a: 1}`},
		{"the middle fills in", `{}`, `{a: 2}`, `{}`, `{a: 2}`},
		{"the middle over the lowest", `{}`, `{a: 2}`, `{a: 1}`, `{a: 2}`},
		{"the uppermost over both", `{a: 3}`, `{a: 2}`, `{a: 1}`, `{a: 3}`},
		{"each says something else", `{c: 3}`, `{b: 2}`, `{a: 1}`, `{a: 1, b: 2, c: 3}`},
		{"a list is one value", `{a: [2]}`, `{}`, `{a: [1, 1]}`, `{a: [2]}`},
		{"false and 0 are values", `{a: false, b: 0, c: ""}`, `{}`, `{a: true, b: 1, c: "x"}`, `{a: false, b: 0, c: ""}`},
		{"a struct over a value", `{a: b: 2}`, `{}`, `{a: 1}`, `{a: b: 2}`},
		{"a value over a struct", `{a: 2}`, `{}`, `{a: b: 1}`, `{a: 2}`},
		{"a struct over a value over a struct", `{a: b: 3}`, `{a: 2}`, `{a: c: 1}`, `{a: {b: 3, c: 1}}`},
		{"two names deep", `{a: b: 3}`, `{a: c: 2}`, `{a: {b: 1, c: 1, d: 1}}`, `{a: {b: 3, c: 2, d: 1}}`},
		{"five names deep", `{a: b: c: d: e: 3}`, `{a: b: c: d: f: 2}`, `{a: b: c: d: {e: 1, f: 1, g: 1}}`, `{a: b: c: d: {e: 3, f: 2, g: 1}}`},
		{"deeper the uppermost is all", `{a: b: c: d: e: f: 3}`, `{}`, `{a: b: c: d: e: {f: 1, g: 1}}`, `{a: b: c: d: e: f: 3}`},
	} {
		out := definitions.LookupPath(cue.ParsePath("#Layers")).
			FillPath(cue.ParsePath("#over"), ctx.CompileString(tt.over)).
			FillPath(cue.ParsePath("#between"), ctx.CompileString(tt.between)).
			FillPath(cue.ParsePath("#under"), ctx.CompileString(tt.under)).LookupPath(cue.ParsePath("out"))
		if got, err := out.MarshalJSON(); err != nil || !out.Equals(ctx.CompileString(tt.want)) {
			t.Errorf("%s: got %s (%v), want %s", tt.what, got, err, tt.want)
		}
	}
}

func TestOwnComponent(t *testing.T) {
	for _, mode := range []string{"dev", "prod"} {
		e := dev(t, `
environment: mode: "`+mode+`"
environment: components: notes: {
	needs: postgres: {port: "sql", database: "notes"}
	needs: tracking: {from: "mlflow", port: "http"}
	secrets: key: length: 40
	workloads: server: {
		image: {repository: "docker.io/library/notes", tag: "1"}
		command: ["notes"]
		env: {
			WHERE: "\(needs.postgres.host):\(needs.postgres.number) as \(needs.postgres.user)"
			WHO:   "\(secrets.key.value)"
			FILE:  secrets.key.file
			ML:    "http://\(needs.tracking.host):\(needs.tracking.number)"
		}
		ports: http: 8080
	}
}
`)
		var got []string
		for _, name := range []string{"WHERE", "WHO", "FILE", "ML"} {
			parts, err := e.Bind("notes", e.Components["notes"].Workloads["server"].Env[name])
			got = append(got, fmt.Sprint(parts, err))
		}
		where := map[string]string{"dev": "postgres", "prod": "postgres-rw"}[mode] // whoever runs it
		want := []string{"[{" + where + ":5432 as notes   false}] <nil>", "[{  notes.key false}] <nil>", "[{  notes.key true}] <nil>", "[{http://mlflow:5000   false}] <nil>"}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", mode, got, want)
		}
		if got, want := fmt.Sprint(e.Secrets["notes.key"], e.Secrets["notes.postgres.password"]), "{notes 40 0 false  [] {  [] }  { }} {notes 32 0 false  [] {  [] } notes { }}"; got != want {
			t.Errorf("%s: its secrets are %s, not %s", mode, got, want)
		}
	}
}

// TestSeveralAreEachAlone loads more environments than share a CUE context.
func TestSeveralAreEachAlone(t *testing.T) {
	files := tree(t, "")
	for i := range perContext + 3 {
		mode := []string{"dev", "prod", "hybrid"}[i%3]
		text := fmt.Sprintf("package environments\n\nenvironment: {mode: %q, mlflow: port: %d}\n", mode, 5000+i)
		files[fmt.Sprintf("environments/e%02d/environment.cue", i)] = &fstest.MapFile{Data: []byte(text)}
	}
	all := loaded(t, files)
	if len(all) != perContext+3 {
		t.Fatalf("%d of %d environments", len(all), perContext+3)
	}
	for _, i := range []int{0, 1, 2, perContext - 1, perContext, perContext + 2} {
		if alone := loaded(t, files, fmt.Sprintf("e%02d", i))[0]; !reflect.DeepEqual(all[i], alone) {
			t.Errorf("%s differs when others are loaded with it", alone.Name)
		}
	}
}

func TestMistakesOfSharedFilesOnce(t *testing.T) {
	files := tree(t, `
-- environments/team.cue --
package environments

environment: components: notes: {
	needs: postgres: port: 5
	workloads: server: {image: {repository: "x", tag: "1"}, env: A: needs.postgres.port}
}
-- environments/dev/environment.cue --
package environments

environment: {mode: "dev", mlflow: wokers: 1}
-- environments/prod/environment.cue --
package environments

environment: {mode: "prod", mlflow: wokers: 1}
-- environments/stage/environment.cue --
package environments

environment: mode: "prod"
`)
	want := `environments/dev/environment.cue:3:36: mlflow has no field "wokers"
  did you mean "workers"?
environments/prod/environment.cue:3:37: mlflow has no field "wokers"
  did you mean "workers"?
environments/team.cue:4:25: components.notes.needs.postgres.port must be the name of a port, such as http or sql, not 5
`
	if got := mistakes(t, files); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestOpen(t *testing.T) {
	files := tree(t, "-- environments/b/e.cue --\n-- environments/a/e.cue --\n-- environments/.git/e.cue --\n-- environments/_old/e.cue --\n")
	r, err := Open(files, "")
	if err != nil || fmt.Sprint(r.Names()) != "[a b]" {
		t.Errorf("the environments are %v, %v", r.Names(), err)
	}
	for _, missing := range []string{"cue.mod/module.cue", "schema/environment.cue", "environments"} {
		less := fstest.MapFS{}
		for name, f := range files {
			if !strings.HasPrefix(name, missing) {
				less[name] = f
			}
		}
		_, err := Open(less, "")
		if e := (*NotARepository)(nil); !errors.As(err, &e) || !strings.Contains(err.Error(), "there is no "+missing) || e.Hint() == "" {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}

func TestLoadByName(t *testing.T) {
	for _, tt := range []struct{ what, archive, name, want string }{
		{"a name that is nearly right", "-- environments/prod/e.cue --\n", "pord", `there is no environment "pord": did you mean "prod"?`},
		{"a name that is far off", "-- environments/dev/e.cue --\n-- environments/prod/e.cue --\n", "staging", `there is no environment "staging": there are dev and prod`},
		{"no environment at all", "", "dev", `there is no environment "dev": make the folder environments/dev with a file in it that says environment: mode: "dev"`},
		{"all of none", "", "", `environments: holds no environment: make the folder environments/dev with a file in it that says environment: mode: "dev"`},
	} {
		r, err := Open(tree(t, tt.archive), "")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		if tt.name != "" {
			names = []string{tt.name}
		}
		_, err = r.Load(names...)
		hint, ok := err.(interface{ Hint() string })
		if !ok || err.Error()+": "+hint.Hint() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.what, err, tt.want)
		}
	}
}
