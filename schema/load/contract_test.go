package load

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A contract holds CUE and Go to each other, field by field: Value.Decode passes
// over a field that the other side does not have, and takes names without regard
// to case (cue/decode.go, convertStruct).
type contract struct {
	builtin map[string]cue.Value // components whose settings are CUE's own
	derived map[string]bool      // what Go knows by what CUE makes of it: "ServicePort.tls"
	broken  []string
	met     map[string]bool // Go's fields that CUE has: "Edge.host"
}

func (c *contract) breach(at []string, format string, args ...any) {
	c.broken = append(c.broken, strings.Join(at, ".")+": "+fmt.Sprintf(format, args...))
}

// tags are the fields of a Go struct by their names in CUE.
func (c *contract) tags(t reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			continue // its fields are the struct's own
		}
		tag := f.Tag.Get("json")
		if tag == "" || strings.Contains(tag, ",") || !f.IsExported() {
			c.breach([]string{t.Name(), f.Name}, "Go's field has no plain json tag")
		}
		fields[tag] = f
	}
	return fields
}

// kinds are what Go's kinds decode from.
var kinds = map[reflect.Kind]cue.Kind{
	reflect.String: cue.StringKind, reflect.Bool: cue.BoolKind, reflect.Int: cue.IntKind, reflect.Int64: cue.IntKind,
	reflect.Struct: cue.StructKind, reflect.Map: cue.StructKind, reflect.Slice: cue.ListKind,
}

// compare walks CUE and Go together. A definition names every field there is, so
// it is compared both ways; of a platform, met gathers what it has.
func (c *contract) compare(at []string, v cue.Value, t reflect.Type, definition bool) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[json.RawMessage]() {
		return // of any shape
	}
	if got, want := kindOf(v), kinds[t.Kind()]; got != want {
		c.breach(at, "CUE has %v, Go has %v", got, t)
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		c.compareStruct(at, v, t, definition)
	case reflect.Map:
		if definition {
			of := anyMember(v)
			if !of.Exists() || len(members(v)) > 0 {
				c.breach(at, "CUE has a struct of its own fields, Go has %v", t)
				return
			}
			c.compare(append(at, "*"), of, t.Elem(), definition)
		}
		for name, m := range members(v) {
			c.compare(append(at, name), m, t.Elem(), definition)
		}
	case reflect.Slice:
		if of := v.LookupPath(cue.MakePath(cue.AnyIndex)); definition {
			c.compare(append(at, "*"), of, t.Elem(), definition)
			return
		}
		for it, _ := v.List(); it.Next(); {
			c.compare(append(at, it.Selector().String()), it.Value(), t.Elem(), definition)
		}
	}
}

func (c *contract) compareStruct(at []string, v cue.Value, t reflect.Type, definition bool) {
	ours, theirs := c.tags(t), members(v)
	if definition && anyMember(v).Exists() {
		c.breach(at, "CUE has any name, Go has %v", t)
	}
	for name, m := range theirs {
		f, ok := ours[name]
		if _, own := c.builtin[name]; own && t == reflect.TypeFor[schema.Settings]() {
			continue
		}
		if c.derived[t.Name()+"."+name] {
			continue
		}
		if !ok {
			c.breach(append(at, name), "CUE has it, Go's %s does not", t.Name())
			continue
		}
		c.met[t.Name()+"."+name] = true
		c.compare(append(slices.Clone(at), name), m, f.Type, definition)
	}
	for name, f := range ours {
		if _, ok := theirs[name]; definition && !ok {
			c.breach(append(at, name), "Go's %s.%s has it, CUE does not", t.Name(), f.Name)
		}
	}
}

// members are a CUE struct's fields, optional and required ones included.
func members(v cue.Value) map[string]cue.Value {
	found := map[string]cue.Value{}
	for it, _ := v.Fields(cue.Optional(true)); it.Next(); {
		found[it.Selector().Unquoted()] = it.Value()
	}
	return found
}

// kindOf is the kind of a value, or of text whose references lead nowhere as yet.
func kindOf(v cue.Value) cue.Kind {
	if kind := v.IncompleteKind(); kind != cue.BottomKind {
		return kind
	}
	switch op, of := v.Expr(); op {
	case cue.InterpolationOp:
		return cue.StringKind
	case cue.AndOp:
		kind := cue.TopKind
		for _, x := range of {
			kind &= kindOf(x)
		}
		return kind
	}
	return cue.BottomKind
}

// anyMember is what a CUE struct says of fields whose names a person chooses: any
// name, one like those of components, one like a path, or an operator's.
func anyMember(v cue.Value) cue.Value {
	for _, name := range []cue.Selector{cue.AnyString, cue.Str("chosen").Optional(), cue.Str("/chosen").Optional(), cue.Str("cloudnative-pg").Optional()} {
		if m := v.LookupPath(cue.MakePath(name)); m.Exists() {
			return m
		}
	}
	return cue.Value{}
}

// unmet lists Go's fields below a type that nothing in CUE has shown.
func (c *contract) unmet(t reflect.Type) (missing []string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		return c.unmet(t.Elem())
	case reflect.Struct:
		for name, f := range c.tags(t) {
			if !c.met[t.Name()+"."+name] {
				missing = append(missing, t.Name()+"."+name)
			}
			missing = append(missing, c.unmet(f.Type)...)
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// inCUE is a certificate, as CUE has it between quotes.
const inCUE = `-----BEGIN CERTIFICATE-----\nMIIBljCCAT2gAwIBAgIUZVwVQcPObdZiN2aqU4mGH+a8gLswCgYIKoZIzj0EAwIw\nIDEeMBwGA1UEAwwVRXhhbXBsZSBkYXRhYmFzZSByb290MCAXDTI2MTEyNjAyMDIz\nN1oYDzIxMjYxMTAyMDIwMjM3WjAgMR4wHAYDVQQDDBVFeGFtcGxlIGRhdGFiYXNl\nIHJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQjAY/MVvWgsBdz7NCryon1\nIVtJ+S5eoVYV9g1r7yUoM5Sbh99z9h4xIBJSx8c1NR0FlgxGeW1GjPMcH+StqdSa\no1MwUTAdBgNVHQ4EFgQU59Tkb4D4Ifk+lUZZFpwpGJvuA+IwHwYDVR0jBBgwFoAU\n59Tkb4D4Ifk+lUZZFpwpGJvuA+IwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQD\nAgNHADBEAiA2qUzbO8brAwppwEWV955VLPSsO+IJK+iaFmgbKBFUjwIge/skYMn9\nVV/hfiJguMBL+4ihVdIw284isiFL/dJtfdg=\n-----END CERTIFICATE-----\n`

// everything uses every field of the model once; it has a finding of its own.
const everything = `
-- environments/all/environment.cue --
package environments

environment: {
	mode: "hybrid"
	secrets: recipients: ["age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"]
	mlflow: place: "cluster"
	proxy: {http: "http://proxy:3128", https: "http://proxy:3128", no: [".example.com"]}
	ca: "` + inCUE + `"
	kubernetes: {
		nodeSelector: disk: "ssd"
		tolerations: [{key: "gpu", operator: "Equal", value: "a", effect: "NoExecute", tolerationSeconds: 5}]
		priorityClassName: "high"
		storageClassName:  "fast"
		labels: team: "ml"
		annotations: note: "this"
		imagePullSecrets: ["registry"]
		dns: {namespace: "dns", port: 5353, addresses: ["169.254.20.10/32"]}
		operators: "cloudnative-pg": values: replicaCount: 2
	}
	secrets: existing: "mlflow.flask": {name: "vault", key: "flask"}
	components: served: {
		accepts: database: true
		secrets: ca: {existing: {name: "served-ca", key: "ca.crt"}, login: "someone"}
		place: "cluster"
		kubernetes: ports: sql: {service: "served-rw", number: 5432, pods: a: "b", tls: "verify-full", ca: "ca"}
	}
	components: asking: {place: "cluster", needs: served: port: "sql"}
	mlflow: kubernetes: {
		nodeSelector: disk: "hdd"
		serviceAccount: annotations: role: "a"
		service: {type: "NodePort", nodePorts: http: 30000, loadBalancerClass: "a", loadBalancerSourceRanges: ["10.0.0.0/8"], externalTrafficPolicy: "Local", annotations: a: "b"}
		network: {from: prometheus: {namespace: "monitoring", pods: app: "prometheus", ports: [5000]}, to: web: addresses: ["0.0.0.0/0"]}
		ports: more: {service: "more", number: 5, pods: a: "b", tls: "verify-full", ca: "key"}
		objects: monitor: {
			stage: "apps"
			manifest: {apiVersion: "monitoring.coreos.com/v1", kind: "ServiceMonitor", metadata: name: "mlflow", spec: {interval: 5, share: 0.5, on: true, endpoints: [{port: "http"}]}}
			clusterScoped: false
			keep:          true
		}
		health: "monitoring.coreos.com/v1/ServiceMonitor": {current: "true", inProgress: "false", failed: "false"}
		podLabels: a:      "b"
		podAnnotations: a: "b"
		patches: "Deployment/mlflow": spec: revisionHistoryLimit: 3
	}
	components: store: {
		place: "external"
		accepts: bucket: true
		published: s3: {host: "s3.example.com", port: 443, tls: "verify-full", credentials: "ambient", ca: "` + inCUE + `"}
	}
	components: notes: {
		needs: postgres: {port: "sql", database: "notes"}
		needs: store: {port: "s3", wait: false}
		needs: kept: {from: "store", port: "s3", bucket: "kept", wait: false}
		secrets: key: {length: 20, supplied: true}
		accepts: database: true
		answers: "Notes": "http://localhost:8080"
		client: NOTES: "http://localhost:8080"
		workloads: server: {
			kind: "service"
			image: {repository: "docker.io/library/notes", tag: "1", digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}
			command: ["notes"]
			args: ["serve"]
			env: A: secrets.key.value
			files: "/etc/notes/key": secrets.key.file
			ports: http: 8080
			expose: http: {port: 8080, address: "127.0.0.2"}
			volumes: data: {path: "/data", size: "1Gi"}
			scratch: "/tmp": {size: "1Mi", medium: "disk"}
			health: {command: ["true"], http: {port: "http", path: "/"}, tcp: "http", period: 1, timeout: 1, failures: 1, start: 1}
			resources: {requests: {cpu: "1", memory: "1Mi"}, limits: {cpu: "1", memory: "1Mi"}}
			replicas:     2
			user:         5
			group:        6
			readOnlyRoot: true
			grace:        7
			after: setup: "completed"
			wait: {command: ["notes", "there"], env: A: "1", files: "/a/b": "c"}
		}
		workloads: setup: {kind: "task", image: {repository: "docker.io/library/notes", tag: "1"}}
	}
}
`

// built is the schema of a tree and one of its environments, evaluated whatever the findings.
func built(t *testing.T, archive, name string) (definitions, platform cue.Value) {
	t.Helper()
	src, mistakes, err := readSources(newOnlyCUE(tree(t, archive), ""), []string{name})
	if err != nil || len(mistakes) > 0 {
		t.Fatal(err, join("", mistakes))
	}
	ctx := cuecontext.New()
	inst := load.Instances(packages([]string{name}), config(src))[0]
	root := ctx.BuildInstance(inst)
	definitions = model(ctx, inst)
	platform = platformOf(ctx, inst, name, root.LookupPath(environment))
	if err := platform.Validate(cue.Concrete(true), cue.Final()); err != nil {
		t.Fatal(err)
	}
	return definitions, platform
}

// TestContract holds Go's Environment to CUE: what people write to the
// definitions, both ways; what follows to evaluated platforms that have every
// field between them. The settings of built-in components are CUE's own.
func TestContract(t *testing.T) {
	// a need that leads nowhere: its finding has every field of a finding
	definitions, platform := built(t, strings.Replace(everything, "needs: store:", "needs: gone: port: \"http\"\n\t\tneeds: store:", 1), "all")
	c := &contract{
		builtin: members(definitions.LookupPath(cue.MakePath(cue.Hid("_builtin", modulePath)))),
		derived: map[string]bool{"Kubernetes.operators": true, "ServicePort.tls": true, "ServicePort.ca": true},
		met:     map[string]bool{},
	}
	for name := range members(definitions.LookupPath(cue.ParsePath("#Pods"))) {
		c.derived["Kubernetes."+name] = true
	}
	if len(c.builtin) == 0 {
		t.Error("the schema has no _builtin")
	}
	definition := func(name string) cue.Value { return definitions.LookupPath(cue.ParsePath(name)) }
	c.compare([]string{"#Component"}, definition("#Component"), reflect.TypeFor[schema.Component](), true)
	c.compare([]string{"#Settings"}, definition("#Settings"), reflect.TypeFor[schema.Settings](), true)
	c.compare([]string{"all"}, platform, reflect.TypeFor[schema.Environment](), false)
	for _, missing := range c.unmet(reflect.TypeFor[schema.Environment]()) {
		c.breach([]string{missing}, "Go has it, the evaluated platform does not")
	}
	for _, b := range c.broken {
		t.Error(b)
	}
}

// TestContractCanFail breaks the contract in each way there is.
func TestContractCanFail(t *testing.T) {
	type inner struct {
		A string `json:"a"`
	}
	for _, tt := range []struct {
		what, cue string
		goes      any
		want      string
	}{
		{"it holds", `{a: string, b?: [...int], c: [string]: {a: "x" | "y"}, d!: bool}`, struct {
			A string           `json:"a"`
			B []int64          `json:"b"`
			C map[string]inner `json:"c"`
			D bool             `json:"d"`
		}{}, "[]"},
		{"a field that Go lacks", `{a: string, b?: string}`, inner{}, "[x.b: CUE has it, Go's inner does not]"},
		{"a field that CUE lacks", `{}`, inner{}, "[x.a: Go's inner.A has it, CUE does not]"},
		{"a name in another case", `{A: string}`, inner{}, "[x.A: CUE has it, Go's inner does not x.a: Go's inner.A has it, CUE does not]"},
		{"another kind", `{a: int}`, inner{}, "[x.a: CUE has int, Go has string]"},
		{"either of two kinds", `{a: int | string}`, inner{}, "[x.a: CUE has (int|string), Go has string]"},
		{"a list where Go has one", `{a: [...string]}`, inner{}, "[x.a: CUE has list, Go has string]"},
		{"another kind in a list", `[...int]`, []string{}, "[x.*: CUE has int, Go has string]"},
		{"another kind under any name", `{[string]: a: bool}`, map[string]inner{}, "[x.*.a: CUE has bool, Go has string]"},
		{"its own fields where Go has a map", `{a: string}`, map[string]string{}, "[x: CUE has a struct of its own fields, Go has map[string]string]"},
		{"names of a pattern", `{[=~"^[a-z]+$"]: a: string}`, map[string]inner{}, "[]"},
		{"any name where Go has a struct", `{a: string, [string]: string}`, inner{}, "[x: CUE has any name, Go has load.inner]"},
		{"a field without a tag", `{}`, struct{ A string }{}, "[.A: Go's field has no plain json tag x.: Go's .A has it, CUE does not]"},
	} {
		c := &contract{met: map[string]bool{}}
		c.compare([]string{"x"}, cuecontext.New().CompileString(tt.cue), reflect.TypeOf(tt.goes), true)
		slices.Sort(c.broken)
		if got := fmt.Sprint(c.broken); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, got, tt.want)
		}
	}
}

// TestBuiltinComponents holds the built-in components to #Component, field by field and
// value by value: the platform itself works them out without.
func TestBuiltinComponents(t *testing.T) {
	for _, said := range []string{
		`mode: "dev"`,
		`mode: "prod"`,
		`mode: "prod", nginx: place: "cluster", minio: {drives: 2, console: enabled: true}`,
		`{mode: "hybrid", mlflow: {place: "cluster", auth: mode: "basic", metrics: true, replicas: 3, env: A: "b", secrets: extra: {}}, postgres: databases: extra: {}, minio: buckets: data: lifecycle: old: days: 1, nginx: tls: "files"}`,
		`{mode: "dev", postgres: {place: "external", published: sql: {host: "db.example.com", port: 5432}}}`,
	} {
		definitions, platform := built(t, "-- environments/x/environment.cue --\npackage environments\n\nenvironment: {"+said+"}\n", "x")
		for name := range members(definitions.LookupPath(cue.MakePath(cue.Hid("_builtin", modulePath)))) {
			c := platform.LookupPath(cue.MakePath(cue.Str("components"), cue.Str(name)))
			plain, err := c.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			kept := definitions.LookupPath(cue.ParsePath("#Component")).Unify(cuecontext.New().CompileBytes(plain))
			if err := kept.Validate(cue.Concrete(true)); err != nil {
				t.Errorf("%s with %s is no #Component: %v", name, said, err)
			}
		}
	}
}
