package graph

import (
	"bytes"
	"fmt"
	"strings"
)

// Dot draws for Graphviz: dot -Tpdf, for example.
func (g *Graph) Dot() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "digraph %s {\n", dotText(g.Name))
	b.WriteString(`	rankdir=LR
	fontname="Helvetica"
	node [shape=box style="rounded,filled" fillcolor=white color="#0969da" fontname="Helvetica" fontsize=12]
	edge [color="#59636e" fontname="Helvetica" fontsize=10]
`)
	if g.outside() {
		fmt.Fprintf(&b, "\t%s [shape=ellipse style=filled color=\"#59636e\"]\n", dotText(people))
	}
	for _, area := range g.Areas {
		fmt.Fprintf(&b, "\tsubgraph %s {\n", dotText("cluster_"+string(area.Place)))
		fmt.Fprintf(&b, "\t\tlabel=%s labeljust=l style=\"rounded,filled\" fillcolor=\"#f6f8fa\" color=\"#d0d7de\"\n", dotText(area.Title))
		for _, box := range area.Boxes {
			shape := ""
			if box.Keeps {
				shape = " shape=cylinder style=filled"
			}
			fmt.Fprintf(&b, "\t\t%s [label=%s%s]\n", dotText(box.Name), dotText(append([]string{box.Name}, box.Lines...)...), shape)
		}
		b.WriteString("\t}\n")
	}
	for _, a := range g.Arrows {
		from, more := a.From, ""
		if from == "" {
			from = people
		}
		if a.Broken {
			more = ` style=dashed arrowhead=tee color="#cf222e" fontcolor="#cf222e"`
		}
		fmt.Fprintf(&b, "\t%s -> %s [label=%s%s]\n", dotText(from), dotText(a.To), dotText(a.lines()...), more)
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// dotText quotes lines. Besides quotes and backslashes, Graphviz reads HTML's
// character references in labels.
func dotText(lines ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")
	var texts []string
	for _, l := range lines {
		texts = append(texts, escape.Replace(l))
	}
	return `"` + strings.Join(texts, `\n`) + `"`
}
