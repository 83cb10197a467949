package helm

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

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
