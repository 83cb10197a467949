package load

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// A plot is a line of an environment that may be planted with a mistake, of which
// the words are known.
type plot struct{ right, wrong, words string }

var plots = []plot{
	{`mode: "hybrid"`, `mode: "hybird"`, `mode must be dev, prod or hybrid, not "hybird"`},
	{`domain: "a.example.com"`, `domain: true`, `domain must be a host name such as mlops.example.com, not true`},
	{`namespace: "platform"`, `namespce: "platform"`, `environment has no field "namespce"`},
	{`flux: timeout: "10m"`, `flux: timeout: 10`, `flux.timeout must be a time such as 90s, 10m or 1h, not 10`},
	{`flux: interval: "1h"`, `flux: {intervall: "1h"}`, `flux has no field "intervall"`},
	{`secrets: recipients: ["age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", "age1pppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"]`, `secrets: recipients: ["age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", "agex"]`, `secrets.recipients.1 must be an age public key, as age-keygen prints it: age1 and 58 letters and digits, not "agex"`},
	{`mlflow: workers: 2`, `mlflow: workers: "two"`, `mlflow.workers must be an integer from 1 to 50, not "two"`},
	{`mlflow: spool: "20Gi"`, `mlflow: {spool: "20GB"}`, `mlflow.spool must be a size in binary units such as 512Mi or 20Gi, not "20GB"`},
	{`mlflow: version: "v3.17.0"`, `mlflow: versoin: "v3.17.0"`, `mlflow has no field "versoin"`},
	{`mlflow: env: LEVEL: "1"`, `mlflow: env: "A LEVEL": "1"`, `mlflow.env can't hold the name "A LEVEL"`},
	{`mlflow: resources: {limits: {cpu: "1", memory: "1Gi"}}`, `mlflow: resources: {limits: {cpu: "1", memroy: "1Gi"}}`, `mlflow.resources.limits has no field "memroy"`},
	{`postgres: connections: 200`, `postgres: connections: 7`, `postgres.connections must be an integer from 20 to 10000, not 7`},
	{`postgres: {storage: "5Gi"}`, `postgres: {storag: "5Gi"}`, `postgres has no field "storag"`},
	{`postgres: version: "18.6"`, `postgres: version: nope`, `there is no "nope" here to refer to`},
	{`defaults: mlflow: port: 5001`, `defaults: mlflow: prot: 5001`, `defaults.mlflow has no field "prot"`},
	{`defaults: postgres: storage: "6Gi"`, `defaults: postgres: storage: ["6Gi"]`, `defaults.postgres.storage must be a size in binary units such as 512Mi or 20Gi, not ["6Gi"]`},
	{`components: notes: needs: postgres: {port: "sql", database: "notes"}`, `components: notes: needs: postgres: {port: 5, database: "notes"}`,
		`components.notes.needs.postgres.port must be the name of a port, such as http or sql, not 5`},
	{`components: notes: secrets: token: length: 20`, `components: notes: secrets: token: length: 5`, `components.notes.secrets.token.length must be an integer from 12 to 128, not 5`},
	{`components: notes: workloads: server: image: {repository: "notes", tag: "1"}`, `components: notes: workloads: server: image: {repository: "Notes", tag: "1"}`,
		`components.notes.workloads.server.image.repository must be an image name without tag, such as docker.io/library/postgres, not "Notes"`},
	{`components: notes: workloads: server: command: ["notes", "serve"]`, `components: notes: workloads: server: command: ["notes", 5]`,
		`components.notes.workloads.server.command.1 must be a string (in quotes), not 5`},
	{`components: notes: workloads: server: replicas: 2`, `components: notes: workloads: server: replcas: 2`, `components.notes.workloads.server has no field "replcas"`},
	{`components: notes: workloads: server: env: A: "x"`, `components: notes: workloads: server: env: A: "x \(nada) y"`, `there is no "nada" here to refer to`},
	{`components: notes: workloads: server: env: B: "x"`, `components: notes: workloads: server: env: B: true`, `components.notes.workloads.server.env.B must be a string (in quotes), not true`},
	{`components: notes: workloads: server: files: "/a/b": "x"`, `components: notes: workloads: server: files: "a/../b": "x"`,
		`components.notes.workloads.server.files can't hold the name "a/../b"`},
	{`components: notes: workloads: server: health: {command: ["true"], period: 2}`, `components: notes: workloads: server: health: {command: ["true"], period: 0}`,
		`components.notes.workloads.server.health.period must be a number of seconds from 1 to 86400, not 0`},
	{`components: notes: workloads: server: user: 5`, `components: notes: workloads: server: user: "root"`, `components.notes.workloads.server.user must be a numeric user id, not "root"`},
	{`components: notes: workloads: server: host: _`, `components: notes: workloads: server: host: "x"`, `components.notes.workloads.server.host is worked out by the schema and not to be set`},
	{`minio: buckets: data: quota: "5Gi"`, `minio: buckets: data: quota: "5GB"`, `minio.buckets.data.quota must be a size in binary units such as 512Mi or 20Gi, not "5GB"`},
	{`minio: buckets: "more-data": {}`, `minio: buckets: More_Data: {}`, `the name minio.buckets.More_Data must be 3 to 63 lower-case letters, digits and dashes, with a letter or digit at both ends`},
	{`minio: console: {enabled: true}`, `minio: console: {enabeld: true}`, `minio.console has no field "enabeld"`},
	{`minio: servers: 1`, `minio: servers: "1"`, `minio.servers must be an integer from 1 to 50, not "1"`},
	{`minio: version: "RELEASE.2026-09-16T00-00-00Z"`, `minio: version: "latest"`, `minio.version must be a release such as RELEASE.2026-09-16T00-00-00Z, not "latest"`},
	{`minio: buckets: data: lifecycle: old: days: 30`, `minio: buckets: data: lifecycle: old: dyas: 30`, `minio.buckets.data.lifecycle.old has no field "dyas"`},
	{`nginx: tls: "local"`, `nginx: tls: "letsencrypt"`, `nginx.tls must be local, cert-manager, secret, files, before or none, not "letsencrypt"`},
	{`nginx: address: "127.0.0.2"`, `nginx: address: "127.0.0.2:80"`, `nginx.address must be an IP address such as 127.0.0.1, not "127.0.0.2:80"`},
	{`nginx: headers: "X-A": "b"`, `nginx: headers: "X_A": "b"`, `nginx.headers can't hold the name "X_A"`},
	{`nginx: {redirect: false}`, `nginx: {redirect: "no"}`, `nginx.redirect must be true or false, not "no"`},
	{`mlflow: auth: mode: "basic"`, `mlflow: auth: mode: "Basic"`, `mlflow.auth.mode must be none or basic, not "Basic"`},
	{`mlflow: auth: passwordLength: 20`, `mlflow: auth: passwordLength: 8`, `mlflow.auth.passwordLength must be an integer from 12 to 128, as MLflow takes no shorter password, not 8`},
	{`mlflow: secrets: openai: supplied: true`, `mlflow: secrets: openai: suplied: true`, `mlflow.secrets.openai has no field "suplied"`},
	{`postgres: databases: extra: {}`, `postgres: databases: Extra: {}`, `the name postgres.databases.Extra must be lower-case letters, digits, underscores and dashes, at most 63, and not one of the server's own (postgres, template0, template1)`},
	{`components: notes: workloads: server: ports: http: 8080`, `components: notes: workloads: server: ports: http: "8080"`, `components.notes.workloads.server.ports.http must be a port from 1 to 65535, not "8080"`},
	{`components: notes: routes: web: {port: "http", path: "/notes/"}`, `components: notes: routes: web: {port: "http", path: "notes"}`,
		`components.notes.routes.web.path must start and end with a slash, as in /notes/, and hold letters, digits, dots, dashes, underscores and tildes, without . and .. as folders, not "notes"`},
	{`components: notes: place: "local"`, `components: notes: place: "locl"`, `components.notes.place must be local, cluster or external, not "locl"`},
}

// planted is an environment of all plots, spread over files in one of the ways to
// write them, k of them with a mistake; and what should be said: "file:line: words".
func planted(t *testing.T, r *rand.Rand, k int) (fstest.MapFS, []string) {
	files := tree(t, "")
	order := r.Perm(len(plots))
	wrong := r.Perm(len(plots))[:k]
	names := []string{"environments/dev/a.cue", "environments/dev/b.cue", "environments/dev/c.cue", "environments/team.cue"}
	var want []string
	for i, name := range names {
		block, crlf, mark, end := r.IntN(3), r.IntN(4) == 0, r.IntN(4) == 0, r.IntN(2) == 0
		text := "package environments\n\n// " + strings.Repeat("é", r.IntN(5)) + "\n"
		switch block {
		case 1:
			text += "environment: {\n"
		case 2:
			text += "environment: {"
		}
		for _, p := range order[i*len(plots)/len(names) : (i+1)*len(plots)/len(names)] {
			line := plots[p].right
			if slices.Contains(wrong, p) {
				line = plots[p].wrong
				want = append(want, fmt.Sprintf("%s:%d: %s", name, strings.Count(text, "\n")+1, plots[p].words))
			}
			switch block {
			case 0:
				text += "environment: " + line + strings.Repeat(" // why", r.IntN(2)) + "\n" + strings.Repeat("\n", r.IntN(3))
			case 1:
				text += strings.Repeat("\t", r.IntN(3)) + line + strings.Repeat(",", r.IntN(2)) + "\n"
			case 2:
				text += line + strings.Repeat(" ", r.IntN(2)) + "," + strings.Repeat("\t", r.IntN(2))
			}
		}
		if block != 0 {
			text += "}"
		}
		if end {
			text += "\n"
		}
		if crlf {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		if mark {
			text = "\ufeff" + text
		}
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	slices.Sort(want)
	return files, want
}

// TestPeelFindsWhatWasPlanted plants mistakes at random: one run says every one of
// them at its line, and nothing else.
func TestPeelFindsWhatWasPlanted(t *testing.T) {
	for seed := range uint64(12) {
		k := int(seed) % len(plots)
		if seed == 11 {
			k = len(plots)
		}
		files, want := planted(t, rand.New(rand.NewPCG(seed, 1)), k)
		r, err := Open(files, "")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range listed(t, r) {
			got = append(got, fmt.Sprintf("%s:%d: %s", m.Pos.File, m.Pos.Line, m.Msg))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("seed %d: said\n%s\nplanted\n%s", seed, strings.Join(got, "\n"), strings.Join(want, "\n"))
			for name, f := range files {
				if strings.HasPrefix(name, "environments/") {
					t.Logf("%s\n%s", name, f.Data)
				}
			}
		}
	}
}
