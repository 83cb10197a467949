package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

// A choice is a flag that takes one of a few words, the first unless it is given.
type choice struct {
	word  string
	words []string
}

func (c *choice) String() string { return c.word }
func (c *choice) Type() string   { return strings.Join(c.words, "|") }

// Set takes the flag's value.
func (c *choice) Set(value string) error {
	if !slices.Contains(c.words, value) {
		last := len(c.words) - 1
		return fmt.Errorf(`it is "%s" or %q`, strings.Join(c.words[:last], `", "`), c.words[last])
	}
	c.word = value
	return nil
}

// choiceFlag gives a verb -o, and returns the word that is chosen.
func choiceFlag(cmd *cobra.Command, does string, words ...string) *string {
	c := &choice{words[0], words}
	cmd.Flags().VarP(c, "output", "o", does)
	if err := cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is the one above
	}
	return &c.word
}

// outputFlag gives a verb the choice between words for people and JSON for machines.
func outputFlag(cmd *cobra.Command) *string {
	return choiceFlag(cmd, "how to show the result", "text", "json")
}

// A shownMistake is a mistake as machines read it. Lines and columns count from 1; a
// mistake of a file as a whole has neither, and what a renderer refuses has no file.
type shownMistake struct {
	Severity string `json:"severity"` // error, or warning: what is no mistake, and lacking all the same
	shownPosition
	Message string         `json:"message"`
	Hint    string         `json:"hint,omitempty"`
	Also    *shownPosition `json:"also,omitempty"`
}

type shownPosition struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// showMistakes prints every mistake in err as JSON, and what is no mistake and lacking.
func showMistakes(w io.Writer, err, lacks error) error {
	shown := []shownMistake{}
	for _, e := range each(err) {
		shown = append(shown, shownAs("error", e))
	}
	for _, e := range each(lacks) {
		shown = append(shown, shownAs("warning", e))
	}
	return showJSON(w, shown)
}

func shownAs(severity string, err error) shownMistake {
	var m *load.Mistake
	if !errors.As(err, &m) {
		return shownMistake{Severity: severity, Message: err.Error(), Hint: hintOf(err)}
	}
	s := shownMistake{Severity: severity, shownPosition: shownPosition(m.Pos), Message: m.Msg, Hint: m.Fix}
	if m.Also.File != "" {
		also := shownPosition(m.Also)
		s.Also = &also
	}
	return s
}

// showDrifts prints how files differ from the render.
func showDrifts(w io.Writer, form string, drifts []render.Drift) error {
	if form == "json" {
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
		fmt.Fprintf(w, "%s: %s\n", d.State, inLine(d.Path))
	}
	return nil
}

// showJSON prints JSON in which all that would not show is escaped: a terminal may be
// where it goes.
func showJSON(w io.Writer, v any) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	var b bytes.Buffer
	for _, r := range text.String() {
		if unicode.IsPrint(r) || r == '\n' { // of which only JSON's own layout has any
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	_, err := b.WriteTo(w)
	return err
}
