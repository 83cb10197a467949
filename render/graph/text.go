package graph

import (
	"strings"
	"unicode"
)

// clean makes text that fits on a line of any format: control characters, the code
// points that turn the direction of text around, and what is no character at all are
// shown as U+FFFD. The loader refuses them; a picture does not rely on that.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Noncharacter_Code_Point, r) || r == '\u2028' || r == '\u2029' {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

// lines are an arrow's label, line by line.
func (a Arrow) lines() (lines []string) {
	for _, l := range a.Labels {
		lines = append(append(lines, l.Port), l.Claims...)
	}
	if a.Broken {
		lines = append(lines, "not reached")
	}
	return lines
}

// sentence says in words what an arrow shows, for those who don't see it.
func (a Arrow) sentence() string {
	from, verb := a.From, " reaches "
	if from == "" {
		from, verb = people, " reach "
	}
	if a.Broken {
		verb = " cannot reach "
	}
	var at []string
	for _, l := range a.Labels {
		text := l.Port
		if len(l.Claims) > 0 {
			text += " (" + strings.Join(l.Claims, ", ") + ")"
		}
		at = append(at, text)
	}
	return from + verb + a.To + " at " + strings.Join(at, ", ")
}

// title and description are what a picture is called and says.
func (g *Graph) title() string { return "who talks to whom in " + g.Name }

func (g *Graph) description() string {
	var parts []string
	for _, area := range g.Areas {
		var names []string
		for _, b := range area.Boxes {
			names = append(names, b.Name)
		}
		parts = append(parts, area.Title+": "+strings.Join(names, ", "))
	}
	for _, a := range g.Arrows {
		parts = append(parts, a.sentence())
	}
	return strings.Join(parts, ". ") + "."
}

// widest is the most characters that a line of SVG has.
const widest = 26

// wrap breaks lines that are too long, after a space, a dash or a dot where there is one.
func wrap(lines ...string) (wrapped []string) {
	for _, l := range lines {
		rest := []rune(l)
		for len(rest) > widest {
			at := widest
			for i := widest; i > widest/2; i-- {
				if strings.ContainsRune(" -_./", rest[i-1]) {
					at = i
					break
				}
			}
			wrapped = append(wrapped, strings.TrimRight(string(rest[:at]), " "))
			rest = rest[at:]
		}
		wrapped = append(wrapped, string(rest))
	}
	return wrapped
}

// width is at least how wide a line of SVG is, in pixels. No font is known, so it
// takes the widths of DejaVu Sans, which is wider than most.
func width(s string, bold bool) int {
	hundredths := 0
	for _, r := range s {
		switch {
		case strings.ContainsRune("fijlrtI.,:;'|!()-/ ", r):
			hundredths += 41
		case strings.ContainsRune("mwMW@%", r):
			hundredths += 98
		case r >= 0x1100:
			hundredths += 105
		case unicode.IsUpper(r):
			hundredths += 76
		default:
			hundredths += 64
		}
	}
	if bold {
		return (hundredths*nameSize*112/100 + 99) / 100
	}
	return (hundredths*textSize + 99) / 100
}
