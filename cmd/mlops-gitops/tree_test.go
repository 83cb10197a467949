package main

import (
	"reflect"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// TestRenderingRemembered holds that what is recalled of a rendering is what was made, and
// nothing of another state or of half a record.
func TestRenderingRemembered(t *testing.T) {
	for env, more := range map[string]string{
		"dev":    `mlflow: auth: mode: "basic", postgres: volume: "old"`,
		"hybrid": `secrets: recipients: ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]`,
		"prod":   `secrets: recipients: ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"], kubernetes: {labels: team: "x", operators: "cert-manager": values: note: "<&>\u2028"}`,
	} {
		l := loadtest.Load(t, env, map[string]string{"environments/" + env + "/environment.cue": "package environments\n\nenvironment: {mode: \"" + env + "\", " + more + "}\n"})
		revisions := map[string]string{"mlflow.postgres.password": "0123456789abcdef"}
		made, err := renderingOf(l, revisions)
		if err != nil {
			t.Fatal(err)
		}
		data, ok := toRemember(made, "digest")
		if !ok {
			t.Fatalf("%s can't be remembered", env)
		}
		made.cluster = nil // worked out anew where it is needed
		if again, ok := recalled(data, "digest", revisions); !ok || !reflect.DeepEqual(again, made) {
			t.Errorf("%s is recalled as another:\n%+v\n%+v", env, again, made)
		}
		if _, ok := recalled(data, "another", revisions); ok {
			t.Errorf("%s is recalled in another state", env)
		}
		if _, ok := recalled(data, "digest", nil); ok {
			t.Errorf("%s is recalled where its secrets have other values", env)
		}
		if _, ok := recalled(data[:len(data)-1], "digest", revisions); ok {
			t.Errorf("half of %s is recalled", env)
		}
	}
}
