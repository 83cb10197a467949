package graph

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// service is a workload that opens ports, and serves people at those that are exposed.
func service(ports map[string]int, exposed map[string]int) schema.Workload {
	w := schema.Workload{Kind: "service", Ports: ports, Expose: map[string]schema.Expose{}, Replicas: 1}
	for p, n := range exposed {
		w.Expose[p] = schema.Expose{Port: n, Address: "127.0.0.1"}
	}
	return w
}

// keeper keeps data on a volume.
func keeper(ports map[string]int) schema.Workload {
	w := service(ports, nil)
	w.Volumes = map[string]schema.Volume{"data": {Path: "/data", Size: "10Gi"}}
	return w
}

var task = schema.Workload{Kind: "task"}

// edge is a need that is fulfilled: for a claim of a database, name it.
func edge(e *schema.Environment, consumer, key, provider, port string, number int, database string) {
	if e.Edges[consumer] == nil {
		e.Edges[consumer] = map[string]schema.Edge{}
	}
	made := schema.Edge{Consumer: consumer, Provider: provider, Port: port, Number: number, Host: provider}
	if database != "" {
		made.Claim = consumer + "." + key
		p := e.Components[provider]
		p.Claims = maps.Clone(p.Claims)
		if p.Claims == nil {
			p.Claims = map[string]schema.Claim{}
		}
		p.Claims[made.Claim] = schema.Claim{Consumer: consumer, Database: database}
		e.Components[provider] = p
	}
	e.Edges[consumer][key] = made
}

func platform(name string, place schema.Place) *schema.Environment {
	e := &schema.Environment{
		Name:     name,
		Settings: schema.Settings{Namespace: "mlops-" + name},
		Components: map[string]schema.Component{
			"nginx": {Place: place, Workloads: map[string]schema.Workload{
				"server": service(map[string]int{"https": 8443, "http": 8080}, map[string]int{"https": 443, "http": 80})}},
			"mlflow": {Place: place, Workloads: map[string]schema.Workload{
				"server": service(map[string]int{"ui": 5000}, nil), "migrate": task}},
			"postgres": {Place: place, Workloads: map[string]schema.Workload{
				"server": keeper(map[string]int{"sql": 5432}), "databases": task}, Accepts: schema.Accepts{Database: true}},
			"minio": {Place: place, Workloads: map[string]schema.Workload{
				"server": keeper(map[string]int{"s3": 9000, "console": 9001}), "buckets": task}},
		},
		Edges: map[string]map[string]schema.Edge{},
	}
	edge(e, "nginx", "mlflow.ui", "mlflow", "ui", 5000, "")
	edge(e, "nginx", "minio.s3", "minio", "s3", 9000, "")
	edge(e, "nginx", "minio.console", "minio", "console", 9001, "")
	edge(e, "mlflow", "postgres", "postgres", "sql", 5432, "mlflow")
	edge(e, "mlflow", "minio", "minio", "s3", 9000, "")
	return e
}

func at(e *schema.Environment, place schema.Place, names ...string) {
	for _, n := range names {
		c := e.Components[n]
		c.Place = place
		e.Components[n] = c
	}
}

// long is as long as a name may be.
func long(begin string) string { return (begin + "-" + strings.Repeat("feature-store-", 5))[:62] + "x" }

// examples are the environments of testdata.
func examples() map[string]*schema.Environment {
	hybrid := platform("hybrid", schema.Local)
	at(hybrid, schema.Cluster, "minio")
	at(hybrid, schema.External, "postgres")
	p := hybrid.Components["postgres"]
	p.Published = map[string]schema.Published{"sql": {Host: "db.example.com", Port: 6432}}
	hybrid.Components["postgres"] = p
	edge(hybrid, "mlflow", "postgres", "postgres", "sql", 6432, "mlflow")
	broken := hybrid.Edges["mlflow"]["minio"]
	broken.Reached, broken.Number = "published", 0
	hybrid.Edges["mlflow"]["minio"] = broken

	large := platform("large", schema.Cluster)
	for i, name := range []string{"feast", "airflow", "kserve", "trainer", "notebooks", "labels", long("a"), "drift"} {
		c := schema.Component{Place: schema.Cluster, Workloads: map[string]schema.Workload{
			"server": service(map[string]int{"http": 8000 + i}, nil), "migrate": task}}
		if i == 4 {
			c.Workloads["server"] = service(map[string]int{"http": 8000 + i}, map[string]int{"http": 8888})
		}
		large.Components[name] = c
		if i < 5 {
			edge(large, name, "postgres", "postgres", "sql", 5432, strings.ReplaceAll(name, "-", "_"))
		}
		if i%2 == 0 {
			edge(large, name, "minio", "minio", "s3", 9000, "")
		}
		if i < 3 {
			edge(large, "nginx", name+".http", name, "http", 8000+i, "")
		}
	}
	edge(large, "trainer", "mlflow", "mlflow", "ui", 5000, "")
	edge(large, "notebooks", "mlflow", "mlflow", "ui", 5000, "")
	edge(large, "notebooks", "feast", "feast", "http", 8000, "")
	edge(large, "kserve", "feast", "feast", "http", 8000, "")
	edge(large, "drift", "kserve", "kserve", "http", 8002, "")
	edge(large, long("a"), "postgres", "postgres", "sql", 5432, long("db"))
	at(large, schema.Local, "notebooks", "trainer")
	at(large, schema.External, "labels")
	edge(large, "drift", "labels", "labels", "http", 443, "")
	server := large.Components["mlflow"].Workloads["server"]
	server.Replicas = 2
	large.Components["mlflow"].Workloads["server"] = server

	circle := &schema.Environment{Name: "circle", Settings: schema.Settings{Namespace: "mlops-circle"}, Components: map[string]schema.Component{}, Edges: map[string]map[string]schema.Edge{}}
	for _, n := range []string{"a", "b", "c", "alone"} {
		circle.Components[n] = schema.Component{Place: schema.Cluster, Workloads: map[string]schema.Workload{"server": service(map[string]int{"http": 80}, nil)}}
	}
	edge(circle, "a", "b", "b", "http", 80, "")
	edge(circle, "b", "c", "c", "http", 80, "")
	edge(circle, "c", "a", "a", "http", 80, "")

	return map[string]*schema.Environment{
		"dev": platform("dev", schema.Local), "hybrid": hybrid, "large": large, "circle": circle,
	}
}

func of(t testing.TB, e *schema.Environment) *Graph {
	t.Helper()
	g, err := Of(e)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestGolden holds the pictures of the examples to testdata, where they can be looked
// at. UPDATE=1 draws them anew.
func TestGolden(t *testing.T) {
	all := examples()
	var want []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		g := of(t, all[name])
		for ending, got := range map[string][]byte{"mmd": g.Mermaid(), "dot": g.Dot(), "svg": g.SVG()} {
			file := filepath.Join("testdata", name+"."+ending)
			want = append(want, file)
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := diff.Diff(file, golden, "drawn", got); d != nil {
				t.Errorf("UPDATE=1 go test accepts what is drawn:\n%s", d)
			}
		}
	}
	have, err := filepath.Glob("testdata/*")
	slices.Sort(want)
	if err != nil || !slices.Equal(have, want) {
		t.Errorf("testdata holds %v, of which tests draw %v (%v)", have, want, err)
	}
}

// TestSameBytes draws again and again; Go's maps come in another order each time.
func TestSameBytes(t *testing.T) {
	draw := func() string {
		g := of(t, examples()["large"])
		return fmt.Sprintf("%s%s%s", g.Mermaid(), g.Dot(), g.SVG())
	}
	first := draw()
	for range 20 {
		if draw() != first {
			t.Fatal("the same environment was drawn in another way")
		}
	}
}
