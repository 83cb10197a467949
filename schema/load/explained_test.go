package load

import (
	"fmt"
	"strings"
	"testing"
)

// explained is an environment called dev, of a tree's files.
func explained(t testing.TB, archive string) *Explained {
	t.Helper()
	r, err := Open(tree(t, archive), "")
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.Explain("dev")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// words are what the layers say of a path, those that hold marked.
func words(t testing.TB, e *Explained, path string) string {
	t.Helper()
	x, err := e.At(path)
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, s := range x.Said {
		at := s.At.String()
		if strings.HasPrefix(at, "schema/") {
			at = s.At.File
		}
		text := fmt.Sprintf("%s %s at %s", s.Layer, s.Text, at)
		if s.Holds {
			text += "!"
		}
		all = append(all, text)
	}
	return fmt.Sprintf("%v: %s", x.Value, strings.Join(all, "; "))
}

// TestWhoSays writes a setting in every way there is, and asks who says it.
func TestWhoSays(t *testing.T) {
	const own, shared = "environments/dev/environment.cue", "environments/shared.cue"
	for _, tt := range []struct{ what, own, shared, path, want string }{
		{"nobody", `environment: mode: "dev"`, "", "mlflow.workers", "1: dev default 1 at schema/settings.cue!"},
		{"nobody, and it follows", `environment: mode: "dev"`, "", "namespace", `mlops-dev: derived "mlops-dev" at schema/platform.cue!`},
		{"nobody, and nothing holds", `environment: mode: "dev"`, "", "mlflow.image.tag", "<nil>: "},
		{"the environment", `environment: {mode: "dev", mlflow: workers: 2}`, "", "mlflow.workers",
			"2: environment 2 at " + own + ":3:36!; dev default 1 at schema/settings.cue"},
		{"the team", `environment: mode: "dev"`, `environment: defaults: mlflow: workers: 3`, "mlflow.workers",
			"3: team defaults 3 at " + shared + ":3:32!; dev default 1 at schema/settings.cue"},
		{"both", `environment: {mode: "dev", mlflow: workers: 2}`, `environment: defaults: mlflow: workers: 3`, "mlflow.workers",
			"2: environment 2 at " + own + ":3:36!; team defaults 3 at " + shared + ":3:32; dev default 1 at schema/settings.cue"},
		{"a file for all environments", `environment: mode: "dev"`, `environment: mlflow: workers: 3`, "mlflow.workers",
			"3: environment 3 at " + shared + ":3:22!; dev default 1 at schema/settings.cue"},
		{"two places", "environment: {mode: \"dev\", mlflow: workers: 2}\nenvironment: mlflow: workers: >1", "", "mlflow.workers",
			"2: environment 2 at " + own + ":3:36!; environment >1 at " + own + ":4:22!; dev default 1 at schema/settings.cue"},
		{"a reference", "environment: {mode: \"dev\", mlflow: _small}\n_small: workers: 2", "", "mlflow.workers",
			"2: environment 2 at " + own + ":4:18!; dev default 1 at schema/settings.cue"},
		{"a condition", "environment: {mode: \"dev\", mlflow: {if true {workers: 2}}}", "", "mlflow.workers",
			"2: environment 2 at " + own + ":3:46!; dev default 1 at schema/settings.cue"},
		{"the environment, of something around it", `environment: {mode: "dev", place: "external"}`, "", "postgres.place",
			`external: derived "external" at schema/platform.cue!`},
		{"a list", `environment: {mode: "dev", secrets: recipients: ["` + recipient + `"]}`, "", "secrets.recipients.0",
			recipient + `: environment "` + recipient + `" at ` + own + ":3:50!"},
		{"the mode", `environment: mode: "dev"`, "", "mode", `dev: environment "dev" at ` + own + ":3:14!"},
	} {
		archive := "-- " + own + " --\npackage environments\n\n" + tt.own + "\n"
		if tt.shared != "" {
			archive += "-- " + shared + " --\npackage environments\n\n" + tt.shared + "\n"
		}
		e := explained(t, archive)
		if e.Mistakes != nil {
			t.Errorf("%s: %v", tt.what, e.Mistakes)
			continue
		}
		if got := words(t, e, tt.path); got != tt.want {
			t.Errorf("%s: got\n  %s\nwant\n  %s", tt.what, got, tt.want)
		}
	}
}

const recipient = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"

// TestModeAsType is an environment whose mode no field says.
func TestModeAsType(t *testing.T) {
	e := explained(t, "-- environments/dev/environment.cue --\npackage environments\n\nimport \""+modulePath+"\"\n\nenvironment: schema.#Dev & {domain: \"x.test\"}\n")
	if got, want := words(t, e, "mode"), `dev: environment "dev" at environments/dev/environment.cue:5:1!`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestEverySettingIsExplained asks for every setting that holds by its own path, and
// for a component that has every field there is. No token is left in what it says.
func TestEverySettingIsExplained(t *testing.T) {
	holds := strings.NewReplacer("replicas:     2", "replicas:     1", `port: "sql", database: "notes"`, `port: "sql", database: "notes", wait: false`,
		`mlflow: place: "cluster"`, `postgres: published: sql: {host: "db.example.com", port: 5432}`).Replace(everything)
	for _, archive := range []string{holds, `
-- environments/all/environment.cue --
package environments

environment: mode: "prod"
environment: secrets: recipients: ["` + recipient + `"]
`} {
		r, err := Open(tree(t, archive), "")
		if err != nil {
			t.Fatal(err)
		}
		e, err := r.Explain("all")
		if err != nil || e.Mistakes != nil {
			t.Fatal(err, e.Mistakes)
		}
		all := e.Settings()
		for _, name := range []string{"components.notes", "components.store", "mlflow", "flux"} {
			if x, err := e.At(name); err == nil {
				all = append(all, x.Holds...)
			}
		}
		for _, s := range all {
			x, err := e.At(s.Name())
			switch {
			case err != nil:
				t.Errorf("%s: %v", s.Name(), err)
			case fmt.Sprint(x.Value) != fmt.Sprint(s.Value) || x.Layer != s.Layer || x.At != s.At:
				t.Errorf("%s is %v, and alone %v", s.Name(), s, x.Setting)
			case s.Layer == "" || s.At.File == "":
				t.Errorf("%s: nobody says it, or nowhere", s.Name())
			case strings.ContainsAny(fmt.Sprint(x.Value, x.Said), "\uFDD0\uFDD1"):
				t.Errorf("%s holds a token: %v, %v", s.Name(), x.Value, x.Said)
			}
		}
		if len(all) < 20 {
			t.Errorf("only %d settings hold", len(all))
		}
	}
}

// TestExplainNothing asks for what is not there.
func TestExplainNothing(t *testing.T) {
	r, err := Open(tree(t, "-- environments/dev/environment.cue --\npackage environments\n\nenvironment: mode: \"dev\"\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Explain("../dev"); fmt.Sprint(err) != `there is no environment "../dev"` {
		t.Error(err)
	}
	if _, err := r.Complete("../dev", ""); err == nil {
		t.Error("paths are completed for what is no environment")
	}
	e, err := r.Explain("dev")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"":             `there is no setting ""`,
		".":            `there is no setting "."`,
		"x":            `there is no setting "x"`,
		"mlflow..x":    `mlflow has no field "x"`,
		"mlflow.x":     `mlflow has no field "x"`,
		"components":   "<nil>: ",
		"components.x": "<nil>: ",
		"environment":  `there is no setting "environment"`,
	} {
		if got := words(t, e, path); got != want {
			t.Errorf("%q: got %s, want %s", path, got, want)
		}
	}
}
