package container

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// platform is what the values of these tests refer to.
var platform = &schema.Environment{
	Name:     "dev",
	Settings: schema.Settings{Domain: "mlops.example.com", Namespace: "mlops-dev"},
	Edges: map[string]map[string]schema.Edge{"notes": {
		"db": {Host: "postgres", Number: 5432, User: "notes"},
	}},
	Secrets: map[string]schema.Secret{"notes.key": {Component: "notes"}, "notes.db.password": {Component: "notes"}},
}

// value writes a token as ‹words›.
func value(text string) schema.Value {
	return schema.Value(strings.NewReplacer("‹", "\uFDD0", "›", "\uFDD1").Replace(text))
}

func values(texts ...string) (all []schema.Value) {
	for _, t := range texts {
		all = append(all, value(t))
	}
	return all
}

func TestOf(t *testing.T) {
	const key, password = "‹secret notes.key value›", "‹secret notes.db.password value›"
	for _, tt := range []struct {
		what string
		w    schema.Workload
		want Container // Script: "yes" for any
	}{
		{"nothing said is the image's own", schema.Workload{}, Container{}},
		{"command and arguments are bound", schema.Workload{Command: values("run", "‹need notes db host›:‹need notes db number›"), Args: values("--domain=‹platform domain›")},
			Container{Command: []string{"run", "postgres:5432"}, Args: []string{"--domain=mlops.example.com"}}},
		{"a variable without a secret is the target's", schema.Workload{Env: map[string]schema.Value{"A": value("as ‹need notes db user›")}},
			Container{Env: map[string]string{"A": "as notes"}}},
		{"the path of a secret is text, and the secret is mounted", schema.Workload{Env: map[string]schema.Value{"A": value("‹secret notes.key file›")}},
			Container{Env: map[string]string{"A": "/run/secrets/notes.key"}, Secrets: []string{"notes.key"}}},
		{"the path of a secret may stand in a command", schema.Workload{Command: values("run", "--key-file=‹secret notes.key file›")},
			Container{Command: []string{"run", "--key-file=/run/secrets/notes.key"}, Secrets: []string{"notes.key"}}},
		{"a variable with a secret is joined by the script", schema.Workload{Command: values("run"), Env: map[string]schema.Value{"A": value(key), "B": "b"}},
			Container{Command: []string{"/bin/sh", ScriptPath, "run"}, Env: map[string]string{"B": "b"}, Secrets: []string{"notes.key"}, Script: "yes"}},
		{"a file without a secret is mounted", schema.Workload{Files: map[string]schema.Value{"/etc/a": "text"}},
			Container{Files: map[string]string{"/etc/a": "text"}}},
		{"a directory that holds a secret is in memory, with all its files", schema.Workload{Command: values("run"), Files: map[string]schema.Value{"/etc/a": "text", "/run/n/s": value(password), "/run/n/t": "text"}},
			Container{Command: []string{"/bin/sh", ScriptPath, "run"}, Files: map[string]string{"/etc/a": "text"}, Memory: []string{"/run/n"}, Secrets: []string{"notes.db.password"}, Script: "yes"}},
		{"secrets and directories are named once and in order", schema.Workload{Command: values("run"), Env: map[string]schema.Value{"A": value(password + key + key)}, Files: map[string]schema.Value{"/z/a": value(key), "/y/a": value(key), "/z/b": value(key)}},
			Container{Command: []string{"/bin/sh", ScriptPath, "run"}, Memory: []string{"/y", "/z"}, Secrets: []string{"notes.db.password", "notes.key"}, Script: "yes"}},
	} {
		got, err := Of(platform, "notes", tt.w)
		if err != nil {
			t.Errorf("%s: %v", tt.what, err)
		}
		if tt.want.Script == "yes" && got.Script != "" {
			got.Script = "yes"
		}
		for _, c := range []*Container{&got, &tt.want} { // none is none, however it is held
			if len(c.Env) == 0 {
				c.Env = nil
			}
			if len(c.Files) == 0 {
				c.Files = nil
			}
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.what, got, tt.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	const key = "‹secret notes.key value›"
	for _, tt := range []struct {
		what string
		w    schema.Workload
		want string
	}{
		{"a secret in the command", schema.Workload{Command: values("run", "--key="+key)}, "command: a secret in it would be seen in the process list; put it into a file or a variable"},
		{"a secret among the arguments", schema.Workload{Args: values(key)}, "command: a secret in it would be seen in the process list; put it into a file or a variable"},
		{"a secret to join, and no command", schema.Workload{Env: map[string]schema.Value{"A": value(key)}}, "it must say its command, since a shell runs before it: the image's own is not known here"},
		{"a variable that leads nowhere", schema.Workload{Env: map[string]schema.Value{"A": value("‹need notes web host›")}}, "variable A: notes does not reach web"},
		{"a file that leads nowhere", schema.Workload{Files: map[string]schema.Value{"/a/b": value("‹secret notes.x value›")}}, "file /a/b: there is no secret notes.x"},
		{"a command that leads nowhere", schema.Workload{Command: values("‹need notes web host›")}, "command: notes does not reach web"},
	} {
		if _, err := Of(platform, "notes", tt.w); fmt.Sprint(err) != tt.want {
			t.Errorf("%s: got %v, want %s", tt.what, err, tt.want)
		}
	}
	ask := func(words ...string) schema.Workload {
		return schema.Workload{Health: &schema.Health{Command: values(words...)}}
	}
	got, err := Of(platform, "notes", ask("ask", "‹need notes db host›", "‹secret notes.key file›"))
	if want := []string{"ask", "postgres", "/run/secrets/notes.key"}; err != nil || !reflect.DeepEqual(got.Health, want) || !reflect.DeepEqual(got.Secrets, []string{"notes.key"}) {
		t.Errorf("a health check is %q with secrets %q, %v", got.Health, got.Secrets, err)
	}
	if _, err := Of(platform, "notes", ask("ask", key)); err == nil {
		t.Error("a health check may hold a secret")
	}
}
