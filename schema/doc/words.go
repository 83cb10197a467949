package doc

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"cuelang.org/go/cue/ast"
	cueliteral "cuelang.org/go/cue/literal"
)

// unquoted is the text of a literal, or of an interpolation with its holes as they are.
func unquoted(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.BasicLit:
		if text, err := cueliteral.Unquote(x.Value); err == nil {
			return text
		}
	case *ast.Interpolation:
		var b strings.Builder
		for _, e := range x.Elts {
			if lit, ok := e.(*ast.BasicLit); ok {
				b.WriteString(strings.TrimPrefix(strings.TrimSuffix(strings.Trim(lit.Value, `"`), `\(`), ")"))
			} else {
				b.WriteString("…")
			}
		}
		return b.String()
	}
	return ""
}

// Words say what a value of a type must be: "an integer from 1 to 50".
func (s *Schema) Words(t *Type) string {
	switch {
	case strings.HasPrefix(t.Must, "must be "):
		return strings.TrimPrefix(t.Must, "must be ")
	case t.Must != "":
		return "text that " + t.Must
	case len(t.Literals) > 0:
		return list(t.Literals, "or")
	}
	if d := s.named[t.Ref]; d != nil && s.Kind(d.Type) != "struct" {
		return s.Words(d.Type)
	}
	member, key := s.Member(t)
	switch s.Kind(t) {
	case "string":
		return "text"
	case "bool":
		return "true or false"
	case "int":
		return "an integer"
	case "number":
		return "a number"
	case "list":
		if member != nil {
			return "a list, each " + s.Words(member)
		}
		return "a list"
	case "struct":
		if member != nil && len(s.Fields(t)) == 0 {
			return "a set by " + keyOf(key) + ", each " + s.Words(member)
		}
		return "a set of fields"
	}
	return "any value"
}

// defaultClause is how a comment says its default: "…; default 1 in dev, 2 in prod.",
// "…; by default the volumes decide." or a sentence of its own.
var defaultClause = regexp.MustCompile(`(?s)[;,.]?\s*\b(?:by\s+default|[dD]efault)\s+((?:[^.;]|\.\S)*)([.;]|\.$|$)`)

// Default is what a comment says of the default, or "".
func (f *Field) Default() string {
	if m := defaultClause.FindStringSubmatch(f.Doc); m != nil {
		return strings.TrimRight(oneLine(m[1]), ".")
	}
	return ""
}

// NotToBeSet ends the comment of a field that the schema works out.
const NotToBeSet = "Not to be set."

// WorkedOut reports whether a field is not for people to set, only to refer to.
func (f *Field) WorkedOut() bool { return strings.HasSuffix(f.Doc, NotToBeSet) }

// Meaning is a comment as it stands beside the field's name: without the name, the
// default, and examples.
func (f *Field) Meaning() string {
	text := strings.TrimSpace(strings.TrimSuffix(f.Doc, NotToBeSet))
	text, _ = parts(text)
	if m := defaultClause.FindStringIndex(text); m != nil {
		end := text[m[0]:m[1]]
		text = text[:m[0]] + end[len(end)-1:] + text[m[1]:]
	}
	text = oneLine(text)
	for _, lead := range []string{f.Name + " is ", f.Name + " are ", f.Name + " "} {
		if rest, ok := strings.CutPrefix(text, lead); ok {
			text = rest
			break
		}
	}
	if text = strings.TrimRight(text, ".:"); text != "" {
		text += "."
	}
	return text
}

// Summary is the first sentence of a meaning, without its full stop. A name of people's
// own choice has none.
func (f *Field) Summary() string {
	if f.Chosen {
		return ""
	}
	return firstSentence(f.Meaning())
}

// sentence ends where a full stop is followed by a capital or a digit.
var sentence = regexp.MustCompile(`[.:]\s+[\p{Lu}0-9"]`)

func firstSentence(text string) string {
	if m := sentence.FindStringIndex(text); m != nil {
		text = text[:m[0]]
	}
	return strings.TrimRight(text, ".:")
}

// keyOf is what names of people's own choice are called.
func keyOf(key string) string {
	if key = strings.ToLower(key); key != "key" {
		return key
	}
	return "name"
}

// parts are the sentences of a comment and its example: the lines that are indented.
func parts(text string) (prose, example string) {
	var said, shown []string
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "    ") {
			shown = append(shown, line)
		} else {
			said = append(said, line)
		}
	}
	for _, indent := range []string{"\t", "    "} {
		for i := range shown {
			shown[i] = strings.TrimPrefix(shown[i], indent)
		}
	}
	return strings.Join(said, "\n"), strings.Join(shown, "\n")
}

// Example is the CUE that a comment shows, or "".
func (f *Field) Example() string {
	_, example := parts(f.Doc)
	return example
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func capital(text string) string {
	r, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[n:]
}

// list joins words as in a sentence.
func list(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}
