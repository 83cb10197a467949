package load

import (
	"fmt"
	"strings"
	"testing"
)

// between is an environment in which notes needs a database of PostgreSQL, each at its place.
func between(consumer, provider, published string) string {
	return `
environment: {
	mode: "hybrid"
	mlflow: place: "external"
	postgres: place: "` + provider + `"
	` + published + `
	components: notes: {
		place: "` + consumer + `"
		needs: db: {from: "postgres", port: "sql", database: "notes"}
		workloads: server: image: {repository: "notes", tag: "1"}
	}
}
`
}

const publishedSQL = `postgres: published: sql: {host: "db.example.com", port: 6543}`

// TestEdges holds that an address is a function of where consumer and provider run.
func TestEdges(t *testing.T) {
	beside := "postgres:5432 at server, user notes-db, claim notes.db, waiters [server]; password generated; claims [notes.db]"
	across := "db.example.com:6543 at , user notes-db, claim notes.db, waiters [server]; password generated; claims [notes.db]"
	theirs := "db.example.com:6543 at , user notes-db, claim notes.db, waiters [server]; password supplied; claims [notes.db]"
	none := "no edge; no password; claims []"
	for _, tt := range []struct{ consumer, provider, want string }{
		{"local", "local", beside},
		{"local", "cluster", across},
		{"local", "external", theirs},
		{"cluster", "local", across},
		{"cluster", "cluster", beside},
		{"cluster", "external", theirs},
		{"external", "local", none},
		{"external", "cluster", none},
		{"external", "external", none},
	} {
		e := dev(t, between(tt.consumer, tt.provider, publishedSQL))
		got := "no edge"
		if x, ok := e.Edges["notes"]["db"]; ok {
			got = fmt.Sprintf("%s:%d at %s, user %s, claim %s, waiters %v", x.Host, x.Number, x.Workload, x.User, x.Claim, x.Waiters)
			if x.Consumer != "notes" || x.Provider != "postgres" || x.Reached != "" {
				t.Errorf("%s to %s: %+v", tt.consumer, tt.provider, x)
			}
		}
		switch s, ok := e.Secrets["notes.db.password"]; {
		case !ok:
			got += "; no password"
		case s.Supplied:
			got += "; password supplied"
		default:
			got += "; password generated"
		}
		got += fmt.Sprintf("; claims %v", sortedKeys(e.Components["postgres"].Claims))
		if got != tt.want {
			t.Errorf("%s to %s: got %s, want %s", tt.consumer, tt.provider, got, tt.want)
		}
	}
}

// TestEdgesWithoutAddress holds that an edge between places asks for an address, and no other does.
func TestEdgesWithoutAddress(t *testing.T) {
	places := []string{"local", "cluster", "external"}
	for _, consumer := range places {
		for _, provider := range places {
			crosses := consumer != "external" && (consumer != provider)
			text := "-- environments/dev/e.cue --\npackage environments\n" + between(consumer, provider, "")
			got := mistakes(t, tree(t, text))
			said := strings.Contains(got, fmt.Sprintf("notes (%s) cannot reach port sql of postgres (%s), which publishes no address for it (see also environments/dev/e.cue:", consumer, provider)) &&
				strings.Contains(got, "  say where it answers: postgres: published: sql: {host: \"…\", port: …}\n")
			if said != crosses || !crosses && got != "" {
				t.Errorf("%s to %s: %s", consumer, provider, got)
			}
		}
	}
}

// TestExternalPostgres holds what is left of a database server that someone else runs.
func TestExternalPostgres(t *testing.T) {
	e := dev(t, `environment: {mode: "prod", mlflow: auth: mode: "none", nginx: place: "external", postgres: {place: "external", published: sql: tls: "disable"}, `+publishedSQL+`}`)
	if n := len(e.Components["postgres"].Workloads); n != 0 {
		t.Errorf("it runs %d workloads here", n)
	}
	if got, want := fmt.Sprint(sortedKeys(e.Secrets)), "[minio.root mlflow.crypto mlflow.flask mlflow.minio.password mlflow.postgres.password]"; got != want {
		t.Errorf("the secrets are %s, not %s", got, want)
	}
	file := e.Components["mlflow"].Workloads["server"].Files["/run/mlflow/pg_service.conf"]
	parts, err := e.Bind("mlflow", file)
	if got, want := fmt.Sprint(parts, err), "[{[mlflow]\nhost=db.example.com\nport=6543\ndbname=mlflow\nuser=mlflow\npassword=   false} {  mlflow.postgres.password false} {\nsslmode=disable\n   false}] <nil>"; got != want {
		t.Errorf("MLflow reads %s, not %s", got, want)
	}
	wait := e.Components["postgres"].Claims["mlflow.postgres"].Wait
	if wait == nil || wait.User != 999 {
		t.Errorf("the claim is asked for by %+v", wait)
	}
}
