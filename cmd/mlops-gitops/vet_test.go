package main

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

// TestRefusals holds that vet says of every environment what a renderer refuses there, to
// machines as well. No environment without mistakes is known to be refused.
func TestRefusals(t *testing.T) {
	loaded := []load.Loaded{{Environment: &schema.Environment{Name: "dev"}}, {Environment: &schema.Environment{Name: "fine"}}, {Environment: &schema.Environment{Name: "prod"}}}
	fine := func(*schema.Environment) error { return nil }
	err := refusals(loaded, func(l load.Loaded) (render.Tree, error) {
		if l.Name == "fine" {
			return render.Tree{}, nil
		}
		return render.Tree{}, fmt.Errorf("environment %s: no", l.Name)
	}, fine)
	var text, json bytes.Buffer
	report(&text, err)
	if want := "error: environment dev: no\nerror: environment prod: no\n"; text.String() != want {
		t.Errorf("got\n%s\nwant\n%s", text.String(), want)
	}
	if err := showMistakes(&json, err); err != nil {
		t.Fatal(err)
	}
	if want := `[
  {
    "message": "environment dev: no"
  },
  {
    "message": "environment prod: no"
  }
]
`; json.String() != want {
		t.Errorf("got\n%s\nwant\n%s", json.String(), want)
	}
	if err := refusals(loaded[1:2], func(load.Loaded) (render.Tree, error) { return render.Tree{}, nil }, fine); err != nil {
		t.Errorf("got %v", err)
	}
}
