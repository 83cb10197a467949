package compose

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// one is an environment of one service, to be changed.
func one(change func(*schema.Workload)) *schema.Environment {
	w := schema.Workload{Kind: "service", Image: schema.Image{Repository: "x", Tag: "1"}, Replicas: 1, User: 1000, Group: 1000, ReadOnlyRoot: true, Grace: 30}
	change(&w)
	return &schema.Environment{
		Name: "dev", Mode: "dev", Settings: schema.Settings{Namespace: "mlops-dev"},
		Components: map[string]schema.Component{"notes": {Name: "notes", Place: schema.Local, Workloads: map[string]schema.Workload{"server": w}}},
		Secrets:    map[string]schema.Secret{"notes.key": {Component: "notes"}},
	}
}

func composeFile(t testing.TB, tree render.Tree) []byte {
	t.Helper()
	for name, data := range tree.All() {
		if name == "deploy/dev/compose.yaml" {
			return data
		}
	}
	t.Fatal("there is no compose.yaml")
	return nil
}

func TestResources(t *testing.T) {
	for _, tt := range []struct {
		what, cpu, memory string
		want              string
	}{
		{"thousandths of a core", "250m", "", "0.25 0"},
		{"cores", "2", "", "2 0"},
		{"a fraction", "0.5", "", "0.5 0"},
		{"mebibytes", "", "512Mi", "0 536870912"},
		{"gibibytes", "1", "20Gi", "1 21474836480"},
		{"tebibytes", "", "1Ti", "0 1099511627776"},
	} {
		tree, err := Tree(one(func(w *schema.Workload) { w.Resources.Limits = schema.Amounts{CPU: tt.cpu, Memory: tt.memory} }))
		if err != nil {
			t.Fatal(err)
		}
		limits := loadedBack(t, composeFile(t, tree)).Services["notes"].Deploy.Resources.Limits
		if got := fmt.Sprint(limits.NanoCPUs.Value(), " ", int64(limits.MemoryBytes)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, got, tt.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		what   string
		change func(*schema.Workload)
		want   string
	}{
		{"a port that is not opened", func(w *schema.Workload) { w.Expose = map[string]schema.Expose{"http": {Port: 80}} }, "notes: it exposes port http and opens none of that name"},
		{"a size that is none", func(w *schema.Workload) {
			w.Scratch = map[string]schema.Scratch{"/tmp": {Size: "1GB", Medium: "memory"}}
		}, `notes: "1GB" is not a size such as 20Gi`},
		{"a reference that leads nowhere", func(w *schema.Workload) {
			w.Env = map[string]schema.Value{"A": "\uFDD0need notes db host\uFDD1"}
		}, "notes: variable A: notes does not reach db"},
		{"a secret in a health check", func(w *schema.Workload) {
			w.Health = &schema.Health{Command: []schema.Value{"\uFDD0secret notes.key value\uFDD1"}}
		}, "notes: command: a secret in it would be seen in the process list; put it into a file or a variable"},
	} {
		if _, err := Tree(one(tt.change)); fmt.Sprint(err) != tt.want {
			t.Errorf("%s: got %v, want %s", tt.what, err, tt.want)
		}
	}
}

// FuzzEscape sends any text through Compose's own loader, with variables that it
// could be taken for: in a variable, a command, its arguments and a health check.
func FuzzEscape(f *testing.F) {
	for _, text := range []string{
		"", "$", "$$", "$HOME", "${HOME}", "${X:-y}", "$$HOME", "a$", "$${A}", "${", "\\$HOME", "$_", "'", "\"", "`", "#", ": ", "- x", "yes", "1e3", "0x10", "null", "~", "{a: b}", "[x]", "&a", "*a", "!tag", "|", ">", "%", "@",
		"two\nlines", "\n", " lead", "trail ", "\ttab", "\r\n", "é漢🙂", "\u2028", "\u0085", "\ufeff", "\x01\x7f", "\n e", "\n\n  a\nb\n", " \n a", "\n\ta", "\t\na", "\n", "\n\n", "\na", "<<", "=", "...", "---",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsFunc(text, func(r rune) bool { return r == 0 || r == '\uFFFD' || schema.IsReserved(r) }) {
			return // CUE's text is Unicode, and no variable holds NUL
		}
		tree, err := Tree(one(func(w *schema.Workload) {
			w.Command, w.Args = []schema.Value{schema.Value(text), "x"}, []schema.Value{"x", schema.Value(text)}
			w.Env = map[string]schema.Value{"A": schema.Value(text)}
			w.Health = &schema.Health{Command: []schema.Value{"x", schema.Value(text)}, Period: 1, Timeout: 1, Failures: 1, Start: 1}
		}))
		if err != nil {
			t.Fatal(err)
		}
		s := loadedBack(t, composeFile(t, tree)).Services["notes"]
		got := [][]string{s.Entrypoint, s.Command, {*s.Environment["A"]}, s.HealthCheck.Test}
		want := [][]string{{text, "x"}, {"x", text}, {text}, {"CMD", "x", text}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q is read as %q", text, got)
		}
	})
}
