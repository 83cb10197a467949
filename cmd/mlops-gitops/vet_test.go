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
	err := refusals(sound, func(l load.Sound) error {
		if l.Name == "fine" {
			return nil
		}
		return fmt.Errorf("environment %s: no", l.Name)
	})
	var text, json bytes.Buffer
	report(&text, err)
	if want := "error: environment dev: no\nerror: environment prod: no\n"; text.String() != want {
		t.Errorf("got\n%s\nwant\n%s", text.String(), want)
	}
	if err := showMistakes(&json, err, nil); err != nil {
		t.Fatal(err)
	}
	if want := `[
  {
    "severity": "error",
    "message": "environment dev: no"
  },
  {
    "severity": "error",
    "message": "environment prod: no"
  }
]
`; json.String() != want {
		t.Errorf("got\n%s\nwant\n%s", json.String(), want)
	}
	if err := refusals(sound[1:2], func(load.Sound) error { return nil }); err != nil {
		t.Errorf("got %v", err)
	}
}
