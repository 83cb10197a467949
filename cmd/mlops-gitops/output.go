package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

// A form is how a verb shows its result: text for people, json for machines.
type form string

func (f *form) String() string { return string(*f) }
func (f *form) Type() string   { return "text|json" }

// Set takes the flag's value.
func (f *form) Set(value string) error {
	if value != "text" && value != "json" {
		return errors.New(`it is "text" or "json"`)
	}
	*f = form(value)
	return nil
}

// outputFlag gives a verb -o.
func outputFlag(cmd *cobra.Command) *form {
	f := form("text")
	cmd.Flags().VarP(&f, "output", "o", "how to show the result")
	return &f
}

// A shownMistake is a mistake as machines read it. Lines and columns count from 1; a
// mistake of a file as a whole has neither, and what a renderer refuses has no file.
type shownMistake struct {
	shownPlace
	Message string      `json:"message"`
	Hint    string      `json:"hint,omitempty"`
	Also    *shownPlace `json:"also,omitempty"`
}

type shownPlace struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// showMistakes prints every mistake in err as JSON.
func showMistakes(w io.Writer, err error) error {
	shown := []shownMistake{}
	var all []error
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		all = many.Unwrap()
	} else if err != nil {
		all = []error{err}
	}
	for _, e := range all {
		var m *load.Mistake
		if !errors.As(e, &m) {
			shown = append(shown, shownMistake{Message: e.Error()})
			continue
		}
		s := shownMistake{shownPlace: shownPlace(m.Pos), Message: m.Msg, Hint: m.Fix}
		if m.Also.File != "" {
			also := shownPlace(m.Also)
			s.Also = &also
		}
		shown = append(shown, s)
	}
	return showJSON(w, shown)
}

// showDrifts prints how files differ from the render.
func showDrifts(w io.Writer, f form, drifts []render.Drift) error {
	if f == "json" {
		type drift struct {
			Path  string `json:"path"`
			State string `json:"state"`
		}
		shown := []drift{}
		for _, d := range drifts {
			shown = append(shown, drift{d.Path, string(d.State)})
		}
		return showJSON(w, shown)
	}
	for _, d := range drifts {
		fmt.Fprintf(w, "%s: %s\n", d.State, d.Path)
	}
	return nil
}

func showJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
