package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema/doc"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

// explainAll is a table of settings.
func explainAll(w io.Writer, env *load.Explained) error {
	rows := table{{"SETTING", "VALUE", "LAYER", "WHERE", "MEANING"}}
	for _, s := range env.Settings() {
		rows = append(rows, row(s.Name(), s))
	}
	if unset := env.Unset(); len(unset) > 0 {
		rows = append(rows, nil, []string{"not set: " + wrap(strings.Join(unset, ", "), "         ")})
	}
	rows = append(rows, []string{fmt.Sprintf("mlops-gitops explain %s PATH says more of one", env.Name)})
	return rows.write(w, 2)
}

// explainOne is all about one path. With mistakes in the environment nothing holds.
func explainOne(w io.Writer, x *load.Explanation, mistaken bool) error {
	rows := table{{x.Name()}, nil}
	if text := x.Field.Doc; text != "" {
		if x.Field.Example() == "" {
			text = wrap(text, "")
		}
		rows = append(rows, []string{strings.ReplaceAll("  "+strings.ReplaceAll(text, "\n", "\n  "), "\n  \n", "\n\n")}, nil)
	}
	rows = append(rows, []string{"  is", x.Must + kindOf(x)})
	if x.Default != "" {
		rows = append(rows, []string{"  default", x.Default})
	}
	switch {
	case x.Nobody != "":
		rows = append(rows, []string{"  value", "not set: " + x.Nobody})
	case x.Empty && !mistaken:
		rows = append(rows, []string{"  value", "none set"})
	case x.Kind == "struct":
	case mistaken:
		rows = append(rows, []string{"  value", "not known while the environment has mistakes"})
	case x.None != "":
		rows = append(rows, []string{"  value", "none: " + x.None})
	case x.Value == nil:
		rows = append(rows, []string{"  value", "not set"})
	default:
		name := "  value"
		for _, line := range strings.Split(whole(x.Value), "\n") {
			rows = append(rows, []string{name, line})
			name = ""
		}
	}
	if err := rows.write(w, 2); err != nil {
		return err
	}
	var said, holds, unset, each table
	for _, s := range x.Said {
		line := []string{"  " + string(s.Layer), brief(s.Text, 60), s.At.String()}
		if s.Holds {
			line = append(line, "holds")
		}
		said = append(said, line)
	}
	for _, s := range x.Holds {
		holds = append(holds, row("  "+load.Name(s.Path[len(x.Path):]), s))
	}
	for _, s := range x.Unset {
		unset = append(unset, []string{"  " + load.Name(s.Path[len(x.Path):]), s.Field.Summary() + required(s.Field)})
	}
	for _, s := range x.Each {
		each = append(each, []string{"  " + load.Name(s.Path[len(x.Path):]), s.Field.Summary() + required(s.Field)})
	}
	others := "can be set"
	if mistaken {
		others = "fields"
	}
	for _, part := range []struct {
		title string
		rows  table
	}{{"said by", said}, {"holds", holds}, {others, unset}, {"each can have", each}} {
		if len(part.rows) == 0 {
			continue
		}
		if err := append(table{nil, {part.title}}, part.rows...).write(w, 2); err != nil {
			return err
		}
	}
	return nil
}

// row is a setting on one line.
func row(name string, s load.Setting) []string {
	line := []string{name, brief(doc.Text(s.Value), 32), string(s.Layer), s.At.String()}
	if s.None != "" {
		line[1] = brief("none: "+s.None, 32)
	}
	if text := s.Field.Summary(); text != "" {
		line = append(line, brief(text, 80))
	}
	return line
}

func required(f *doc.Field) string {
	if f.Required {
		return " (required)"
	}
	return ""
}

// kindOf is the type behind words, and the schema's name for it.
func kindOf(x *load.Explanation) string {
	var of []string
	if x.Kind != "" && x.Kind != "struct" && x.Kind != "list" {
		of = append(of, x.Kind)
	}
	if x.Of != "" {
		of = append(of, x.Of)
	}
	if len(of) == 0 {
		return ""
	}
	return " (" + strings.Join(of, ", ") + ")"
}

// whole is a value as CUE has it; text of several lines as it is.
func whole(v any) string {
	if text, ok := v.(string); ok && strings.Contains(text, "\n") {
		return text
	}
	return doc.Text(v)
}

// A shownSetting is a setting as machines read it.
type shownSetting struct {
	Path  string         `json:"path"`
	Value any            `json:"value,omitempty"`
	Layer load.Layer     `json:"layer,omitempty"`
	At    *shownPosition `json:"at,omitempty"`
	Doc   string         `json:"doc,omitempty"`
}

type shownExplanation struct {
	Path      string         `json:"path"`
	Doc       string         `json:"doc"`
	Type      string         `json:"type,omitempty"`
	Of        string         `json:"definition,omitempty"`
	Must      string         `json:"must"`
	Default   string         `json:"default,omitempty"`
	Value     any            `json:"value,omitempty"`
	WorkedOut bool           `json:"workedOut,omitempty"`
	Said      []shownWord    `json:"said"`
	Holds     []shownSetting `json:"holds"`
	Unset     []shownSetting `json:"unset"`
	Each      []shownSetting `json:"each,omitempty"`
	None      string         `json:"none,omitempty"` // why there is no value
}

type shownWord struct {
	Layer load.Layer     `json:"layer"`
	At    *shownPosition `json:"at,omitempty"`
	Text  string         `json:"text"`
	Holds bool           `json:"holds"`
}

func positionOf(p load.Position) *shownPosition {
	if p.File == "" {
		return nil
	}
	return &shownPosition{p.File, p.Line, p.Column}
}

func shownSettings(all []load.Setting) []shownSetting {
	list := []shownSetting{}
	for _, s := range all {
		list = append(list, shownSetting{s.Name(), s.Value, s.Layer, positionOf(s.At), s.Field.Summary()})
	}
	return list
}

func shown(x *load.Explanation) shownExplanation {
	words := []shownWord{}
	for _, s := range x.Said {
		words = append(words, shownWord{s.Layer, positionOf(s.At), s.Text, s.Holds})
	}
	return shownExplanation{
		Path: x.Name(), Doc: strings.Join(strings.Fields(x.Field.Doc), " "), Type: x.Kind, Of: x.Of, Must: x.Must, Default: x.Default,
		Value: x.Value, WorkedOut: x.WorkedOut, Said: words, Holds: shownSettings(x.Holds), Unset: shownSettings(x.Unset),
		Each: shownSettings(x.Each), None: cmp.Or(x.Nobody, x.None),
	}
}
