package helm

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"text/template"

	"sigs.k8s.io/yaml"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// TestImages holds that a registry is put before images and before nothing else, and that all
// text stays what it was where none is said.
func TestImages(t *testing.T) {
	for _, tt := range []struct{ what, object, mirrored string }{
		{"a container's", `{spec: {containers: [{image: "ghcr.io/a/b:v1"}]}}`, `{spec: {containers: [{image: "m.example/a/b:v1"}]}}`},
		{"without a registry", `{spec: {initContainers: [{image: busybox}]}}`, `{spec: {initContainers: [{image: m.example/busybox}]}}`},
		{"of digits", `{spec: {containers: [{image: "12:3"}, {image: "1e3"}]}}`, `{spec: {containers: [{image: "m.example/12:3"}, {image: "m.example/1e3"}]}}`},
		{"by digest", `{spec: {containers: [{image: "localhost:5000/a@sha256:0123456789abcdef0123456789abcdef"}]}}`, `{spec: {containers: [{image: "m.example/a@sha256:0123456789abcdef0123456789abcdef"}]}}`},
		{"an operator's", `{spec: {imageName: "ghcr.io/a/b:v1"}}`, `{spec: {imageName: "m.example/a/b:v1"}}`},
		{"a name without a registry may be anything", `{spec: {image: "fast"}}`, `{spec: {image: "fast"}}`},
		{"no image", `{spec: {image: "example.com/a # cut"}}`, `{spec: {image: "example.com/a # cut"}}`},
		{"nor in a container", `{spec: {containers: [{image: "a: b"}]}}`, `{spec: {containers: [{image: "a: b"}]}}`},
		{"a ConfigMap's text", `{data: {image: "https.example.com/a: b", imageName: "ghcr.io/a/b:v1"}}`, `{data: {image: "https.example.com/a: b", imageName: "ghcr.io/a/b:v1"}}`},
		{"notes", `{metadata: {annotations: {image: "ghcr.io/a/b:v1"}, labels: {image: "ghcr.io/a"}}, spec: {template: {metadata: {annotations: {image: "ghcr.io/a/b:v1"}}}}}`,
			`{metadata: {annotations: {image: "ghcr.io/a/b:v1"}, labels: {image: "ghcr.io/a"}}, spec: {template: {metadata: {annotations: {image: "ghcr.io/a/b:v1"}}}}}`},
		{"another's labels", `{spec: {inheritedMetadata: {annotations: {image: "ghcr.io/a/b:v1"}}, podLabels: {labels: {image: "ghcr.io/a"}}}}`,
			`{spec: {inheritedMetadata: {annotations: {image: "ghcr.io/a/b:v1"}}, podLabels: {labels: {image: "ghcr.io/a"}}}}`},
	} {
		for registry, want := range map[string]string{"": tt.object, "m.example": tt.mirrored} {
			var fields, meant map[string]any
			if err := yaml.Unmarshal([]byte(tt.object), &fields); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal([]byte(want), &meant); err != nil {
				t.Fatal(err)
			}
			images(fields, "")
			var w writer
			if err := w.fields(fields, 0); err != nil {
				t.Fatal(err)
			}
			parsed, err := template.New("").Funcs(template.FuncMap{"default": func(other, v string) string {
				if v == "" {
					return other
				}
				return v
			}}).Parse(w.String())
			if err != nil {
				t.Fatalf("%s: %v:\n%s", tt.what, err, w.String())
			}
			var text strings.Builder
			if err := parsed.Execute(&text, map[string]any{"Values": map[string]any{"imageRegistry": registry}}); err != nil {
				t.Fatal(err)
			}
			var made map[string]any
			if err := yaml.UnmarshalStrict([]byte(text.String()), &made); err != nil || !reflect.DeepEqual(made, meant) {
				t.Errorf("%s, from %q: %v, %v, not %v:\n%s", tt.what, registry, err, made, meant, text.String())
			}
		}
	}
}

// TestNamespaceInText holds that text that names the namespace is found, in whatever form.
func TestNamespaceInText(t *testing.T) {
	for text, bound := range map[string]bool{
		`"--namespace=mlops-prod"`:                   true,
		`"mlops-prod"`:                               true,
		`"x/mlops-prod/y"`:                           true,
		`"http://b.mlops-prod"`:                      true,
		`"\(schema.platform.namespace) mlops-prod"`:  true,
		`"--namespace=\(schema.platform.namespace)"`: false,
		`"mlops-prod-2 my-mlops-prod"`:               false,
	} {
		cluster, err := kube.Of(loadtest.Load(t, "prod", map[string]string{"environments/prod/environment.cue": `package environments

import "github.com/mlops-gitops/mlops-gitops/schema@v0"

environment: {
	mode: "prod"
	components: b: workloads: server: {
		image: {repository: "docker.io/library/b", tag: "1"}
		command: ["b", ` + text + `]
		env: AT: schema.platform.namespace
	}
}
`}).Environment)
		if err != nil {
			t.Fatal(err)
		}
		c, err := chartOf(cluster)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"Deployment/b"}; bound != slices.Equal(c.bound, want) || !bound && len(c.bound) > 0 {
			t.Errorf("%s: bound are %v", text, c.bound)
		}
	}
}

// TestWhatGuardsIsKept holds that policies of pods that stay stay with them, and no others.
func TestWhatGuardsIsKept(t *testing.T) {
	for operator, want := range map[string][]string{
		"cloudnative-pg": {"NetworkPolicy/deny-all", "NetworkPolicy/postgres-instances", "NetworkPolicy/postgres-sql"},
		"none":           nil,
	} {
		cluster, err := kube.Of(loadtest.Load(t, "prod", map[string]string{"environments/prod/environment.cue": `package environments

environment: {mode: "prod", postgres: operator: "` + operator + `"}
`}).Environment)
		if err != nil {
			t.Fatal(err)
		}
		c, err := chartOf(cluster)
		if err != nil {
			t.Fatal(err)
		}
		kept := slices.DeleteFunc(c.kept(), func(name string) bool { return !strings.HasPrefix(name, "NetworkPolicy/") })
		if !slices.Equal(kept, want) {
			t.Errorf("with the operator %s, kept are %v", operator, kept)
		}
	}
}
