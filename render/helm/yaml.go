package helm

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What may stand in a tree of fields beside what JSON knows.
type (
	// code is a scalar as the template has it, actions and all.
	code string
	// a given is what an expression gives at installation; without it the entry is left out.
	given struct {
		expression string
		text       bool // it is a string, not a map or a list
	}
)

// anywhere stands in text for the namespace that a release is installed into. People can't
// write it: it is no character (Unicode 16.0, 23.7, noncharacters).
const anywhere = "\uFFFF"

// literal keeps Helm from reading text as its template language.
var literal = strings.NewReplacer(
	"{{", `{{ "{{" }}`,
	"{"+anywhere, `{{ "{" }}{{ .Release.Namespace }}`,
	anywhere, `{{ .Release.Namespace }}`,
)

// A writer writes YAML with actions in it. Helm executes the text first and then reads it,
// so an action may stand anywhere.
type writer struct{ strings.Builder }

// fields writes a map, in order of its keys. The first key stands where the writer is.
func (w *writer) fields(m map[string]any, indent int) error {
	for i, key := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			w.pad(indent)
		}
		name := literal.Replace(scalar(key))
		if g, is := m[key].(given); is {
			w.given(name, g, indent)
			continue
		}
		w.WriteString(name + ":")
		if err := w.value(m[key], indent); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// given writes an entry that is there only when its expression gives something.
func (w *writer) given(name string, g given, indent int) {
	pad := strings.Repeat(" ", indent)
	w.WriteString("{{- with " + g.expression + " }}\n" + pad + name + ":")
	if g.text {
		w.WriteString(" {{ quote . }}\n")
	} else {
		fmt.Fprintf(w, "\n%s  {{- toYaml . | nindent %d }}\n", pad, indent+2)
	}
	w.WriteString(pad + "{{- end }}\n")
}

// value writes what comes after a key's colon or, in a list, after a dash.
func (w *writer) value(v any, indent int) error {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			w.WriteString(" {}\n")
			return nil
		}
		w.WriteString("\n")
		w.pad(indent + 2)
		return w.fields(v, indent+2)
	case []any:
		if len(v) == 0 {
			w.WriteString(" []\n")
			return nil
		}
		w.WriteString("\n")
		for i, item := range v {
			w.pad(indent)
			w.WriteString("-")
			if err := w.item(item, indent); err != nil {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
	case code:
		w.WriteString(" " + string(v) + "\n")
	case string:
		if isBlock(v) {
			w.block(v, indent+2)
		} else {
			w.WriteString(" " + literal.Replace(scalar(v)) + "\n")
		}
	default:
		data, err := json.Marshal(v)
		if err != nil {
			return err
		}
		w.WriteString(" " + string(data) + "\n")
	}
	return nil
}

// item writes an entry of a list: a map begins beside its dash.
func (w *writer) item(v any, indent int) error {
	if m, is := v.(map[string]any); is && len(m) > 0 {
		w.WriteString(" ")
		return w.fields(m, indent+2)
	}
	if l, is := v.([]any); is && len(l) > 0 {
		w.WriteString("\n")
		for i, inner := range l {
			w.pad(indent + 2)
			w.WriteString("-")
			if err := w.item(inner, indent+2); err != nil {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
		return nil
	}
	return w.value(v, indent)
}

// block writes text line by line.
func (w *writer) block(text string, indent int) {
	body := strings.TrimRight(text, "\n")
	switch len(text) - len(body) {
	case 0:
		w.WriteString(" |-\n")
	case 1:
		w.WriteString(" |\n")
	default:
		w.WriteString(" |+\n")
		body = text[:len(text)-1]
	}
	for line := range strings.SplitSeq(literal.Replace(body), "\n") {
		if line != "" {
			w.pad(indent)
		}
		w.WriteString(line + "\n")
	}
}

func (w *writer) pad(n int) {
	for range n {
		w.WriteByte(' ')
	}
}
