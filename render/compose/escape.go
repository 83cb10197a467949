package compose

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// escape keeps Compose from taking a dollar for a variable (compose-spec,
// 12-interpolation.md).
func escape(text string) string { return strings.ReplaceAll(text, "$", "$$") }

func escaped(words []string) (out types.ShellCommand) {
	for _, w := range words {
		out = append(out, escape(w))
	}
	return out
}
