package compose

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// escape keeps Compose from taking a dollar for a variable (compose-spec,
// 12-interpolation.md). Lines of which the first is indented begin with a
// substitution that is always empty: the YAML library makes a block of them that
// is read with another indentation, or not at all (go.yaml.in/yaml v4.0.0-rc.4).
func escape(text string) string {
	text = strings.ReplaceAll(text, "$", "$$")
	if strings.Contains(text, "\n") && strings.IndexAny(strings.TrimLeft(text, "\n"), " \t") == 0 {
		return "${_+}" + text
	}
	return text
}

func escaped(words []string) (out types.ShellCommand) {
	for _, w := range words {
		out = append(out, escape(w))
	}
	return out
}
