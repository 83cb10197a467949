package load

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"
)

// notText says why a file is no text that CUE reads, or nothing.
func notText(p string, data []byte) []*Mistake {
	m := &Mistake{Pos: Position{p, 1, 1}, Fix: "save it as UTF-8"}
	switch bad := invalid(data); {
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		m.Msg = "this file is UTF-16, and CUE reads UTF-8"
	case bad >= 0:
		m.Pos = placeOf(p, data, bad)
		m.Msg = fmt.Sprintf("this file is not UTF-8: the byte 0x%02x stands here", data[bad])
	case bytes.IndexByte(data, 0) >= 0:
		m.Pos = placeOf(p, data, bytes.IndexByte(data, 0))
		m.Msg, m.Fix = "this file is no text: a zero byte stands here", "take it out, or save the file as UTF-8"
	default:
		return nil
	}
	return []*Mistake{m}
}

// invalid is where the first byte stands that is no UTF-8, or -1.
func invalid(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size < 2 {
			return i
		}
		i += size
	}
	return -1
}

// placeOf counts lines and bytes, as CUE does.
func placeOf(p string, data []byte, at int) Position {
	before := data[:at]
	return Position{p, bytes.Count(before, []byte("\n")) + 1, at - bytes.LastIndexByte(before, '\n')}
}

const plainQuotes = `use plain quotes: "…"`

// syntax says what keeps a file from being CUE, in the words of someone who writes it
// for the first time.
func syntax(p string, data []byte, f fault) *Mistake {
	m := &Mistake{Pos: position(f.places[0]), Msg: "this is not CUE: " + f.words()}
	line, before, after := around(data, m.Pos)
	text := f.words()
	has := func(part string) bool { return strings.Contains(text, part) }
	r, _ := utf8.DecodeRuneInString(after)
	switch {
	case has("illegal character") && strings.ContainsRune("“”„‟‘’‚«»", r):
		m.Msg, m.Fix = fmt.Sprintf("%c is no quotation mark of CUE", r), plainQuotes
	case has("illegal character") && (unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)):
		m.Msg, m.Fix = fmt.Sprintf("the character %U looks like a blank and is none", r), "take it out, or type a blank"
	case strings.HasPrefix(strings.TrimSpace(line), "#"):
		m.Msg, m.Fix = `"#" begins no comment in CUE`, "begin comments with //"
	case has("label") && (strings.HasPrefix(after, "=") || strings.Contains(before, " = ")):
		m.Msg, m.Fix = `"=" sets no field`, `write ":" instead of "="`
	case has("operand") && strings.Contains(line, "://"):
		m.Msg, m.Fix = "a value is missing here: // begins a comment", "an address is text and stands in quotes"
	case has("found 'EOF'"):
		if open := unclosed(p, data); open.Line > 0 {
			m.Msg, m.Fix = fmt.Sprintf("the file ends, and what opens at line %d, column %d is not closed", open.Line, open.Column), closing(data, open)
		} else if has("operand") {
			m.Msg, m.Fix = "the file ends where a value is missing", "write one: text in quotes, a number as it is, fields in braces"
		}
	case has("expected 'EOF', found"):
		m.Msg, m.Fix = "this closes what nothing opened", "take it out, or open it above"
	case has("missing ','") && strings.HasPrefix(strings.TrimSpace(line), "- "):
		m.Pos.Column = strings.IndexByte(line, '-') + 1
		m.Msg, m.Fix = `"-" begins no element of a list`, `lists stand in square brackets, text in quotes, fields in braces: ["…", "…"] or [{…}, {…}]`
	case has("missing ','") && strings.HasPrefix(after, ":") && strings.Contains(word(before), "-"):
		m.Pos.Column -= len(word(before))
		m.Msg, m.Fix = "a name with a dash stands in quotes", fmt.Sprintf("write %q", word(before))
	case has("missing ','"):
		m.Msg, m.Fix = "two things stand on one line without a comma between them", "put a comma between them, or begin a new line; text and names with blanks stand in quotes"
	case has("expected operand"):
		m.Msg, m.Fix = "a value is missing before this", "write one: text in quotes, a number as it is, fields in braces"
		if colon, name := colonBefore(p, data, m.Pos); name != "" {
			m.Pos, m.Msg = colon, fmt.Sprintf("the value of %s is missing", name)
		}
	case has("string literal not terminated"):
		m.Msg, m.Fix = "text begins here and does not end on its line", `close it with "; text of several lines stands between """ and """`
	case has("non-matching whitespace"):
		m.Msg, m.Fix = "a line of this text begins with other blanks or tabs than the line with the closing quotes", "begin each of its lines as the one with the closing quotes begins"
	case has("unknown escape"):
		m.Msg, m.Fix = `a backslash in text begins an escape, and this is none`, `write \\ for one backslash, or put the text between #" and "#`
	case has("expected label or ':'"):
		m.Msg, m.Fix = `a field is a name, a colon and a value, and here is none`, "names with blanks or other signs stand in quotes"
	}
	return m
}

// around is the line of a place, and what stands on it before and after.
func around(data []byte, at Position) (line, before, after string) {
	lines := bytes.Split(data, []byte("\n"))
	if at.Line < 1 || at.Line > len(lines) {
		return "", "", ""
	}
	line = string(lines[at.Line-1])
	i := min(max(at.Column-1, 0), len(line))
	return line, line[:i], line[i:]
}

// word is the last word of a text.
func word(text string) string { return text[strings.LastIndexFunc(text, notInWord)+1:] }

// colonBefore is the end of a field's name when only a colon and blanks stand between
// it and a place, and that name.
func colonBefore(p string, data []byte, at Position) (end Position, name string) {
	lines := bytes.SplitAfter(data, []byte("\n"))
	offset := at.Column - 1
	for _, line := range lines[:min(max(at.Line-1, 0), len(lines))] {
		offset += len(line)
	}
	left := bytes.TrimRight(data[:min(max(offset, 0), len(data))], " \t\r\n")
	if !bytes.HasSuffix(left, []byte(":")) {
		return end, ""
	}
	return placeOf(p, data, len(left)-1), word(string(left[:len(left)-1]))
}

func notInWord(r rune) bool {
	return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// unclosed is where the last bracket or brace opens that nothing closes.
func unclosed(p string, data []byte) Position {
	var s scanner.Scanner
	s.Init(token.NewFile(p, -1, len(data)), data, func(token.Pos, string, []interface{}) {}, 0)
	var open []token.Pos
	for {
		pos, tok, _ := s.Scan()
		switch tok {
		case token.LBRACE, token.LBRACK, token.LPAREN:
			open = append(open, pos)
		case token.RBRACE, token.RBRACK, token.RPAREN:
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		case token.EOF:
			if len(open) == 0 {
				return Position{}
			}
			return position(open[len(open)-1])
		}
	}
}

// closing is what to do about something that is not closed.
func closing(data []byte, open Position) string {
	_, _, after := around(data, open)
	if after == "" {
		return ""
	}
	return fmt.Sprintf("close it with %s", map[byte]string{'{': "}", '[': "]", '(': ")"}[after[0]])
}
