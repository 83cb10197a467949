package helm

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
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

// isBlock reports whether text can stand line by line and comes back the same: it is of
// several lines, begins with a character that tells its indentation, and every character is
// one that YAML takes as it is (YAML 1.2.2, 5.1 and 8.1).
func isBlock(text string) bool {
	return strings.Contains(text, "\n") && !strings.ContainsAny(text[:1], " \t\n") &&
		!strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !printable(r) && string(r) != anywhere })
}

// printable reports whether a character may stand for itself within a line.
func printable(r rune) bool {
	switch {
	case r < ' ', r >= 0x7F && r <= 0xA0, r == 0x2028, r == 0x2029, r == 0xFEFF, r >= 0xFFFE && r <= 0xFFFF:
		return false
	}
	return r != utf8.RuneError
}

// words are what YAML 1.1 takes for something else than text.
var words = map[string]bool{"y": true, "n": true, "yes": true, "no": true, "on": true, "off": true, "true": true, "false": true, "null": true}

// isBare reports whether text needs no quotation marks: it begins with a letter or a slash,
// and goes on with what means nothing in a value or doesn't where it stands.
func isBare(text string) bool {
	if text == "" || !isLetter(text[0]) && text[0] != '/' {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case isLetter(c), c >= '0' && c <= '9', strings.IndexByte("_./+=%-", c) >= 0:
		case (c == ':' || c == '@' || c == ',') && i+1 < len(text) && (isLetter(text[i+1]) || text[i+1] >= '0' && text[i+1] <= '9' || text[i+1] == '/'):
		case strings.HasPrefix(text[i:], anywhere):
		case i >= 1 && strings.HasPrefix(text[i-1:], anywhere), i >= 2 && strings.HasPrefix(text[i-2:], anywhere):
		default:
			return false
		}
	}
	return len(text) > 8 || !words[strings.ToLower(text)] && !strings.Contains(text, anywhere)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// scalar is text of one line as YAML has it.
func scalar(text string) string {
	if isBare(text) {
		return text
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case string(r) == anywhere || printable(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
