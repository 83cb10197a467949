package main

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

// TestRefusals holds that vet says of every environment what a renderer refuses there, to
// machines as well. No environment without mistakes is known to be refused.
func TestRefusals(t *testing.T) {
	sound := []load.Sound{{Name: "dev"}, {Name: "fine"}, {Name: "prod"}}
	fine := func(_, _ string) error { return nil }
	err := refusals(sound, func(l load.Sound) (rendering, error) {
		if l.Name == "fine" {
			return rendering{}, nil
		}
		return rendering{}, fmt.Errorf("environment %s: no", l.Name)
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
	if err := refusals(sound[1:2], func(load.Sound) (rendering, error) { return rendering{}, nil }, fine); err != nil {
		t.Errorf("got %v", err)
	}
}
