package doc

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
)

// Plain is a value as Go and JSON have it. It is an error when the value is open.
func Plain(v cue.Value) (plain any, err error) {
	err = v.Decode(&plain)
	return plain, err
}

// Text is a plain value as CUE has it, on one line.
func Text(v any) string {
	var parts []string
	switch v := v.(type) {
	case string:
		return literal.String.Quote(v)
	case []any:
		for _, e := range v {
			parts = append(parts, Text(e))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, Label(k)+": "+Text(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// Label is a field's name as CUE has it: in quotes where it needs them.
func Label(name string) string {
	if ast.IsValidIdent(name) {
		return name
	}
	return literal.Label.Quote(name)
}

// Grouped are defaults on one line: one value when all modes have it, else the modes
// of each value.
func Grouped(defaults []Default, all []string, show func(string) string) string {
	var texts []string
	modes := map[string][]string{}
	for _, d := range defaults {
		plain, err := Plain(d.Value)
		if err != nil {
			continue
		}
		text := Text(plain)
		if modes[text] == nil {
			texts = append(texts, text)
		}
		modes[text] = append(modes[text], d.Mode)
	}
	if len(texts) == 1 && len(modes[texts[0]]) == len(all) {
		return show(texts[0])
	}
	for i, text := range texts {
		texts[i] = show(text) + " in " + list(modes[text], "and")
	}
	return strings.Join(texts, ", ")
}
