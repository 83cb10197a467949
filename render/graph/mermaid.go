package graph

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
)

// Mermaid draws a flowchart as GitHub shows it in a fenced block called mermaid.
func (g *Graph) Mermaid() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "flowchart LR\n")
	fmt.Fprintf(&b, "  accTitle: %s\n", mermaidText(g.title()))
	if g.outside() {
		fmt.Fprintf(&b, "  people([\"%s\"])\n", mermaidText(people))
	}
	for _, area := range g.Areas {
		fmt.Fprintf(&b, "  subgraph place_%s [\"%s\"]\n", area.Place, mermaidText(area.Title))
		for _, box := range area.Boxes {
			left, right := "[", "]"
			if box.Keeps {
				left, right = "[(", ")]"
			}
			fmt.Fprintf(&b, "    %s%s\"%s\"%s\n", mermaidID(box.Name), left, mermaidLines(append([]string{box.Name}, box.Lines...)), right)
		}
		fmt.Fprintf(&b, "  end\n")
	}
	var broken []string
	for i, a := range g.Arrows {
		line := "-->"
		if a.Broken {
			line = "-.-x"
			broken = append(broken, fmt.Sprint(i))
		}
		fmt.Fprintf(&b, "  %s %s|\"%s\"| %s\n", mermaidID(a.From), line, mermaidLines(a.lines()), mermaidID(a.To))
	}
	if len(broken) > 0 {
		fmt.Fprintf(&b, "  linkStyle %s stroke:#cf222e\n", strings.Join(broken, ","))
	}
	return b.Bytes()
}

func mermaidLines(lines []string) string {
	var texts []string
	for _, l := range lines {
		texts = append(texts, mermaidText(l))
	}
	return strings.Join(texts, "<br/>")
}

// mermaidText writes every character by its number that Mermaid, Markdown or HTML may
// take for more than itself. What Mermaid reads before it parses (directives,
// comments, its own escapes) is found anywhere in the text, in quotes or not.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 && !isWord(r) && !strings.ContainsRune(" -_.,/()", r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// mermaidID is a component's name as an identifier, another one for each name. The
// prefix keeps it from being a word of Mermaid's own: end, default, style.
func mermaidID(name string) string {
	if name == "" {
		return "people"
	}
	var b strings.Builder
	b.WriteString("c_")
	for _, r := range name {
		switch {
		case r == '-':
			b.WriteByte('_')
		case isWord(r) && !unicode.IsUpper(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "_U%X_", r)
		}
	}
	return b.String()
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
