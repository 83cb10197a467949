package graph

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// Sizes of text in pixels: of names and titles, and of the rest.
const (
	nameSize = 13
	textSize = 12
)

// style has the colours of a page by day, and by night. It names them twice, since not
// all that shows SVG knows CSS variables.
const style = `
.graph text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #59636e; text-anchor: middle }
.graph .name { font-size: 13px; font-weight: 600; fill: #1f2328 }
.graph .title { font-size: 13px; font-weight: 600; text-anchor: start }
.graph .port { fill: #1f2328 }
.graph .page { fill: #ffffff }
.graph .area { fill: #f6f8fa; stroke: #d0d7de }
.graph .plate { fill: #f6f8fa }
.graph .box { fill: #ffffff; stroke: #0969da; stroke-width: 1.2 }
.graph .people { fill: #ffffff; stroke: #59636e; stroke-width: 1.2 }
.graph .data { fill: none; stroke: #0969da }
.graph .way { fill: none; stroke: #59636e; stroke-width: 1.4 }
.graph .head { fill: #59636e }
.graph .broken .way { stroke: #cf222e; stroke-dasharray: 5 4 }
.graph .broken .head, .graph .broken text { fill: #cf222e }
@media (prefers-color-scheme: dark) {
  .graph text { fill: #9198a1 }
  .graph .name, .graph .port { fill: #f0f6fc }
  .graph .page { fill: #0d1117 }
  .graph .area { fill: #151b23; stroke: #3d444d }
  .graph .plate { fill: #151b23 }
  .graph .box { fill: #212830; stroke: #4493f8 }
  .graph .people { fill: #212830; stroke: #9198a1 }
  .graph .data { stroke: #4493f8 }
  .graph .way { stroke: #9198a1 }
  .graph .head { fill: #9198a1 }
  .graph .broken .way { stroke: #f85149 }
  .graph .broken .head, .graph .broken text { fill: #f85149 }
}
`

// SVG draws a picture that stands alone: no script, no font, nothing from elsewhere.
func (g *Graph) SVG() []byte {
	l := g.place()
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="img" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d">`+"\n", l.w, l.h)
	fmt.Fprintf(&b, "<title>%s</title>\n<desc>%s</desc>\n<style>%s</style>\n", svgText(g.title()), svgText(g.description()), style)
	fmt.Fprintf(&b, `<rect class="page" width="%d" height="%d" rx="6"/>`+"\n", l.w, l.h)
	for _, r := range l.areas {
		fmt.Fprintf(&b, `<rect class="area" x="%d" y="%d" width="%d" height="%d" rx="8"/>`+"\n", r.x, r.y, r.w, r.h)
	}
	for _, c := range l.chains {
		l.arrow(&b, c)
	}
	for i := range l.areas { // over an arrow from an area above, which it interrupts
		r := l.title(g, i)
		fmt.Fprintf(&b, `<rect class="plate" x="%d" y="%d" width="%d" height="%d"/>`, r.x-4, r.y, r.w+8, r.h)
		fmt.Fprintf(&b, `<text class="title" x="%d" y="%d">%s</text>`+"\n", r.x, r.y+13, svgText(g.Areas[i].Title))
	}
	for _, column := range l.columns {
		for _, it := range column {
			if it.isBox {
				drawBox(&b, it)
			}
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func (l *layout) arrow(b *bytes.Buffer, c *chain) {
	class := "arrow"
	if c.arrow.Broken {
		class = "arrow broken"
	}
	fmt.Fprintf(b, `<g class="%s"><title>%s</title><path class="way" d="`, class, svgText(c.arrow.sentence()))
	strokes, head := l.strokes(c)
	for i, s := range strokes {
		if !c.backward && i == len(strokes)-1 {
			s[len(s)-1].x -= 6 // the head's
		}
		if c.backward && i == 0 {
			s[0].x += 6
		}
		fmt.Fprintf(b, "M%d %d", s[0].x, s[0].y)
		for j := 1; j < len(s); j++ {
			from, to := s[j-1], s[j]
			switch middle := (from.x + to.x) / 2; {
			case from.y != to.y:
				fmt.Fprintf(b, "C%d %d %d %d %d %d", middle, from.y, middle, to.y, to.x, to.y)
			case from.x != to.x:
				fmt.Fprintf(b, "H%d", to.x)
			}
		}
	}
	back := -8
	if c.backward {
		back = 8
	}
	fmt.Fprintf(b, `"/><path class="head" d="M%d %dl%d -4.5v9z"/>`, head.x, head.y, back)
	ports := map[string]bool{}
	for _, label := range c.arrow.Labels {
		for _, line := range wrap(label.Port) {
			ports[line] = true
		}
	}
	for i, line := range c.label.lines {
		class := ""
		if ports[line] {
			class = ` class="port"`
		}
		fmt.Fprintf(b, `<text%s x="%d" y="%d">%s</text>`, class, c.label.x+c.label.w/2, c.label.line(i), svgText(line))
	}
	b.WriteString("</g>\n")
}

// line is where a line of an item's text stands.
func (it *item) line(i int) int {
	return it.y - len(it.lines)*lineHeight/2 + (i+1)*lineHeight - 4
}

func drawBox(b *bytes.Buffer, it *item) {
	r, middle := it.rect(), it.x+it.w/2
	class, round := "box", 6
	if it.area == outside {
		class, round = "people", 18
	}
	fmt.Fprintf(b, `<g><rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`, class, r.x, r.y, r.w, r.h, round)
	if it.keeps {
		fmt.Fprintf(b, `<path class="data" d="M%d %da5 2.5 0 0 1 10 0v8a5 2.5 0 0 1 -10 0zm0 0a5 2.5 0 0 0 10 0"/>`, r.x+6, r.y+8)
	}
	for i, line := range it.lines {
		class := ""
		if i < it.named {
			class = ` class="name"`
		}
		fmt.Fprintf(b, `<text%s x="%d" y="%d">%s</text>`, class, middle, it.line(i), svgText(line))
	}
	b.WriteString("</g>\n")
}

func svgText(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return "" // a strings.Builder takes all
	}
	return b.String()
}
