package load

import (
	"fmt"
	"strings"
	"unicode"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// refused says what CUE allows and a person's file must not hold: other files, and
// text that forges a reference or that a target would not carry.
func refused(file *ast.File) (mistakes []*Mistake) {
	pieces := map[ast.Node]bool{} // of text with expressions in it
	ast.Walk(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Attribute:
			if name := n.Name(); name == "extern" || name == "embed" {
				mistakes = append(mistakes, &Mistake{
					Pos: position(n.Pos()),
					Msg: "a config repository embeds no files, so nothing may say @" + name,
					Fix: `write what the file says as CUE, text of several lines between """; a secret is declared under secrets, never written`,
				})
			}
		case *ast.Interpolation:
			for i, text := range interpolated(n) {
				pieces[n.Elts[2*i]] = true
				mistakes = append(mistakes, refusedText(n.Elts[2*i].Pos(), text)...)
			}
		case *ast.BasicLit:
			if n.Kind != token.STRING || pieces[n] {
				return true
			}
			text, err := literal.Unquote(n.Value)
			if err != nil {
				text = n.Value
			}
			mistakes = append(mistakes, refusedText(n.Pos(), text)...)
		}
		return true
	}, nil)
	return mistakes
}

// interpolated are the texts around an interpolation's expressions; the first
// piece's quotes and the last's hold for all of them.
func interpolated(n *ast.Interpolation) (texts []string) {
	first, last := n.Quotes()
	quotes, skip, _, err := literal.ParseQuotes(first.Value, last.Value)
	if err != nil {
		return nil // each piece is looked at as it was written
	}
	for i := 0; i < len(n.Elts); i += 2 {
		raw := n.Elts[i].(*ast.BasicLit).Value[skip:]
		text, err := quotes.Unquote(raw)
		if err != nil {
			text = raw
		}
		texts, skip = append(texts, text), len(")")
	}
	return texts
}

// refusedText says what is wrong with a text, whatever it is for.
func refusedText(at token.Pos, text string) []*Mistake {
	if strings.ContainsFunc(text, schema.IsReserved) {
		return []*Mistake{{
			Pos: position(at),
			Msg: "text must not hold the code points U+FDD0 to U+FDEF",
			Fix: "they are kept for references; take them out",
		}}
	}
	for _, r := range text {
		if unicode.IsControl(r) && !strings.ContainsRune("\n\t\r", r) || r == '\uFFFE' || r == '\uFFFF' {
			return []*Mistake{{
				Pos: position(at),
				Msg: fmt.Sprintf("text must not hold the control character %U", r),
				Fix: "kustomize and Compose refuse or change it; take it out",
			}}
		}
	}
	return nil
}
