package graph

import (
	"strings"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// TestOf says what a picture shows, in the words that it has for those who don't see it.
func TestOf(t *testing.T) {
	for _, tt := range []struct {
		what   string
		change func(*schema.Environment)
		want   string
	}{
		{"a need is an arrow to its port", func(e *schema.Environment) {
			edge(e, "app", "db", "db", "sql", 5432, "")
		}, "app reaches db at sql 5432"},
		{"a claim is named", func(e *schema.Environment) {
			edge(e, "app", "db", "db", "sql", 5432, "things")
		}, "app reaches db at sql 5432 (database things)"},
		{"two needs of one port share it", func(e *schema.Environment) {
			edge(e, "app", "one", "db", "sql", 5432, "a")
			edge(e, "app", "two", "db", "sql", 5432, "b")
		}, "app reaches db at sql 5432 (database a, database b)"},
		{"needs of several ports share an arrow", func(e *schema.Environment) {
			edge(e, "app", "one", "db", "admin", 81, "")
			edge(e, "app", "two", "db", "sql", 5432, "")
		}, "app reaches db at admin 81, sql 5432"},
		{"what is not reached has an arrow of its own", func(e *schema.Environment) {
			edge(e, "app", "one", "db", "sql", 5432, "")
			e.Edges["app"]["two"] = schema.Edge{Provider: "db", Port: "web", Reached: "port"}
		}, "app reaches db at sql 5432. app cannot reach db at web"},
		{"people reach what is exposed, at the outer port", func(e *schema.Environment) {
			e.Components["app"].Workloads["server"] = service(map[string]int{"http": 8080}, map[string]int{"http": 80})
		}, "people outside reach app at http 80"},
		{"who reaches what runs elsewhere is not ours to say", func(e *schema.Environment) {
			c := e.Components["app"]
			c.Place = schema.External
			c.Workloads["server"] = service(map[string]int{"http": 8080}, map[string]int{"http": 80})
			e.Components["app"] = c
		}, ""},
		{"nothing talks to nobody", func(*schema.Environment) {}, ""},
		{"an edge to nowhere is an error", func(e *schema.Environment) {
			e.Edges["app"] = map[string]schema.Edge{"x": {Provider: "x"}}
		}, "error: app needs x, and not both are components"},
		{"an edge from nowhere is one", func(e *schema.Environment) {
			e.Edges["x"] = map[string]schema.Edge{"db": {Provider: "db"}}
		}, "error: x needs db, and not both are components"},
		{"an edge to where it begins is one", func(e *schema.Environment) {
			edge(e, "app", "app", "app", "http", 80, "")
		}, "error: app needs itself"},
		{"a component in no place is one", func(e *schema.Environment) {
			e.Components["lost"] = schema.Component{}
		}, "error: environment dev has a component without a name or a place"},
		{"a component of no name is one", func(e *schema.Environment) {
			e.Components[""] = schema.Component{Place: schema.Local}
		}, "error: environment dev has a component without a name or a place"},
	} {
		e := &schema.Environment{Name: "dev", Edges: map[string]map[string]schema.Edge{}, Components: map[string]schema.Component{
			"app": {Place: schema.Local, Workloads: map[string]schema.Workload{"server": service(map[string]int{"http": 8080}, nil)}},
			"db":  {Place: schema.Local, Workloads: map[string]schema.Workload{"server": keeper(map[string]int{"sql": 5432})}},
		}}
		tt.change(e)
		var got []string
		g, err := Of(e)
		if err != nil {
			got = []string{"error: " + err.Error()}
		} else {
			for _, a := range g.Arrows {
				got = append(got, a.sentence())
			}
		}
		if strings.Join(got, ". ") != tt.want {
			t.Errorf("%s: got %q, want %q", tt.what, got, tt.want)
		}
	}
}

func TestBoxes(t *testing.T) {
	twice := service(nil, nil)
	twice.Replicas = 2
	for _, tt := range []struct {
		what string
		c    schema.Component
		want Box
	}{
		{"services come first, tasks after", schema.Component{Place: schema.Local, Workloads: map[string]schema.Workload{"a": task, "b": service(nil, nil), "c": twice}},
			Box{Lines: []string{"b", "c × 2", "a (task)"}}},
		{"a volume keeps data", schema.Component{Place: schema.Local, Workloads: map[string]schema.Workload{"server": keeper(nil)}},
			Box{Lines: []string{"server"}, Keeps: true}},
		{"so does who accepts claims", schema.Component{Place: schema.External, Accepts: schema.Accepts{Database: true}},
			Box{Keeps: true}},
		{"what runs elsewhere says where it answers, once", schema.Component{Place: schema.External,
			Published: map[string]schema.Published{"a": {Host: "x", Port: 1}, "b": {Host: "x", Port: 2}},
			Workloads: map[string]schema.Workload{"server": service(nil, nil)}},
			Box{Lines: []string{"x"}}},
	} {
		got := box("", tt.c)
		if strings.Join(got.Lines, "|") != strings.Join(tt.want.Lines, "|") || got.Keeps != tt.want.Keeps {
			t.Errorf("%s: got %+v, want %+v", tt.what, got, tt.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct{ what, text, want string }{
		{"short text stays", "mlflow", "mlflow"},
		{"a line breaks after a dash", "feature-store-of-the-team-in-the-north", "feature-store-of-the-team-|in-the-north"},
		{"or at a space, which goes", "database of-the-team-in-the-north", "database of-the-team-in-|the-north"},
		{"or anywhere", strings.Repeat("x", 30), strings.Repeat("x", 26) + "|xxxx"},
		{"nothing is a line", "", ""},
	} {
		if got := strings.Join(wrap(tt.text), "|"); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.what, got, tt.want)
		}
	}
}
