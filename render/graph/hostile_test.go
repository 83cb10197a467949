package graph

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// poisoned is an environment in which all text is one that would like to be more.
func poisoned(text string) *schema.Environment {
	e := &schema.Environment{
		Name:     text,
		Settings: schema.Settings{Namespace: text},
		Components: map[string]schema.Component{
			text: {Place: schema.Cluster, Workloads: map[string]schema.Workload{text: service(map[string]int{text: 1}, map[string]int{text: 2})}},
			"db": {Place: schema.External, Published: map[string]schema.Published{text: {Host: text, Port: 3}}},
		},
		Edges: map[string]map[string]schema.Edge{},
	}
	edge(e, text, text, "db", text, 3, text)
	e.Edges[text]["broken"] = schema.Edge{Provider: "db", Port: text, Reached: text}
	return e
}

var hostile = []string{
	`"]; click c_x "javascript:alert(1)"`, `a"b`, `a\`, `\"`, `a\nb`, "a\nb", "a\r\n  end\n", `<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`,
	`]]>`, `--><svg onload=alert(1)>`, "`md`", `#quot;`, `#34;`, `&quot;`, `&lt;b&gt;`, `%%{init: {"securityLevel": "loose"}}%%`, `%% comment`, "---\ntitle: x\n---", `end`, `style x fill:#f00;`,
	`classDef a:#f;`, `}`, `{`, `|`, `people outside`, "\x00", "\x1b[31m", "\xff\xfe", "\uFFFE", "\u202Egpj", "\u2028", "\uFDD0secret a value\uFDD1", strings.Repeat("long", 400), "漢字", " ",
}

var (
	mermaidLine = regexp.MustCompile(`^(flowchart LR|  accTitle: Q|  people\(\["Q"\]\)|  subgraph place_[a-z]+ \["Q"\]|    c_\w*(\["Q"\]|\[\("Q"\)\])|  end|  (people|c_\w*) (-->|-\.-x)\|"Q"\| c_\w*|  linkStyle [0-9,]+ stroke:#cf222e)$`)
	mermaidSafe = regexp.MustCompile(`^([-a-zA-Z0-9 _.,/()]|[^\x00-\x7f]|#[0-9]+;|<br/>)*$`)
	quoted      = regexp.MustCompile(`"[^"]*"`)
	dotQuoted   = regexp.MustCompile(`"([^"\\]|\\[\\"n])*"`)
	dotRest     = regexp.MustCompile(`^[ a-zA-Z\t\n={}\[\]>-]*$`)
)

// escaped says how a picture lets text out of its quotes, or nothing.
func escaped(g *Graph) error {
	mermaid := string(g.Mermaid())
	if !utf8.ValidString(mermaid) {
		return errors.New("Mermaid's text is no UTF-8")
	}
	for _, line := range strings.Split(strings.TrimSuffix(mermaid, "\n"), "\n") {
		form := quoted.ReplaceAllString(line, `"Q"`)
		if title, ok := strings.CutPrefix(line, "  accTitle: "); ok {
			form = "  accTitle: Q"
			line = `"` + title + `"`
		}
		if !mermaidLine.MatchString(form) {
			return fmt.Errorf("a line of Mermaid is none of ours: %s", line)
		}
		for _, q := range quoted.FindAllString(line, -1) {
			if !mermaidSafe.MatchString(strings.Trim(q, `"`)) {
				return fmt.Errorf("text of Mermaid has more than text in it: %s", q)
			}
		}
	}
	dot := string(g.Dot())
	if rest := dotQuoted.ReplaceAllString(dot, ""); !dotRest.MatchString(strings.NewReplacer("12", "", "10", "", ",", "").Replace(rest)) || strings.Count(rest, "\n") != strings.Count(dot, "\n") {
		return fmt.Errorf("text of dot is not within its quotes: %s", rest)
	}
	elements := map[string]bool{"svg": true, "title": true, "desc": true, "style": true, "rect": true, "text": true, "g": true, "path": true}
	attributes := map[string]bool{"xmlns": true, "class": true, "role": true, "width": true, "height": true, "viewBox": true, "rx": true, "x": true, "y": true, "d": true}
	d := xml.NewDecoder(strings.NewReader(string(g.SVG())))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("SVG is no XML: %w", err)
		}
		if s, ok := token.(xml.StartElement); ok {
			if !elements[s.Name.Local] {
				return fmt.Errorf("SVG has an element %s", s.Name.Local)
			}
			for _, a := range s.Attr {
				if !attributes[a.Name.Local] || strings.Contains(a.Value, "&") {
					return fmt.Errorf("SVG has an attribute %s=%q", a.Name.Local, a.Value)
				}
			}
		}
	}
}

// TestHostileTextStaysText draws names that are code in one format or another.
func TestHostileTextStaysText(t *testing.T) {
	for _, text := range hostile {
		g := of(t, poisoned(text))
		if err := escaped(g); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		readable(t, fmt.Sprintf("%.40q", text), g)
	}
}

func FuzzText(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" || text == "db" {
			return
		}
		if err := escaped(of(t, poisoned(text))); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func TestMermaidIDsDontMeet(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"", "people", "a-b", "a_b", "a--b", "a b", "a.b", "A-b", "a-U5F-b", "a_U5F_b", "end", "-", "_", "é"} {
		id := mermaidID(name)
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q are both called %s", name, other, id)
		}
		seen[id] = name
	}
}
