package container

import (
	"strconv"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A joint is a variable or a file that is put together where the container starts.
type joint struct {
	variable, file string // one of them
	parts          []schema.Part
}

// How a script ends: it becomes the program, or asks until the answer is yes.
const (
	becomes = "exec \"$@\"\n"
	asks    = "until \"$@\"; do sleep 2; done\n"
)

// script is a POSIX shell script that joins secrets into variables and files. It
// needs cat of the image, and sleep to ask again. No secret is ever an argument.
func script(joined []joint, end string) string {
	var b strings.Builder
	b.WriteString("# Joins secrets in, then runs its arguments.\nset -eu\n")
	for i, j := range joined {
		if j.file != "" {
			b.WriteString("(\numask 077\n{\n")
			if len(j.parts) == 0 { // braces must hold a command
				b.WriteString(":\n")
			}
			for _, p := range j.parts {
				switch {
				case p.Secret == "":
					b.WriteString("printf %s " + Quote(p.Text) + "\n")
				case p.File:
					b.WriteString("printf %s " + Quote(SecretPath(p.Secret)) + "\n")
				default:
					b.WriteString("cat " + Quote(SecretPath(p.Secret)) + "\n")
				}
			}
			b.WriteString("} >" + Quote(j.file) + "\n)\n")
			continue
		}
		// one assignment a secret: set -e sees only the last of several in one
		value := ""
		for k, p := range j.parts {
			switch {
			case p.Secret == "":
				value += Quote(p.Text)
			case p.File:
				value += Quote(SecretPath(p.Secret))
			default:
				name := "s" + strconv.Itoa(i) + "_" + strconv.Itoa(k)
				b.WriteString(name + "=$(cat " + Quote(SecretPath(p.Secret)) + ")\n")
				value += `"$` + name + `"`
			}
		}
		b.WriteString("export " + j.variable + "=" + value + "\n")
	}
	b.WriteString(end)
	return b.String()
}

// Quote makes one word of text for a POSIX shell (POSIX.1-2024, 2.2.2).
func Quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
