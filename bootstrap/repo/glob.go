package repo

import (
	"fmt"
	"regexp"
	"strings"
)

// A glob is a pattern of .gitignore and .gitattributes.
//
// The patterns of go-git and of package path differ from Git's in negated
// classes, in "**" and in precedence, and a pattern that is misread is a
// committed secret; hence this one, which the tests compare with git's.
type glob struct {
	parts []*regexp.Regexp // for each component; nil is "**", any number of them
	fold  bool
}

// compileGlob reads a pattern; false means that it can't match anything. With
// fold, ASCII letters match in either case.
func compileGlob(pattern string, fold bool) (glob, bool) {
	if fold {
		pattern = strings.ReplaceAll(lower(pattern), "[:upper:]", "[:lower:]")
	}
	g := glob{fold: fold}
	for part := range strings.SplitSeq(pattern, "/") {
		if len(part) > 1 && strings.Trim(part, "*") == "" {
			if n := len(g.parts); n == 0 || g.parts[n-1] != nil {
				g.parts = append(g.parts, nil)
			}
			continue
		}
		source, ok := translate(part)
		if !ok {
			return glob{}, false
		}
		expression, err := regexp.Compile("(?s)^" + source + "$")
		if err != nil {
			return glob{}, false // such as an unknown class, which git doesn't match either
		}
		g.parts = append(g.parts, expression)
	}
	return g, true
}

// match reports whether the whole of path fits. A "**" at the end stands for at
// least one component, elsewhere for none or more.
func (g glob) match(path []string) bool {
	units := make([]string, len(path))
	for i, part := range path {
		if g.fold {
			part = lower(part)
		}
		units[i] = bytewise(part)
	}
	return matchParts(g.parts, units)
}

func matchParts(parts []*regexp.Regexp, path []string) bool {
	switch {
	case len(parts) == 0:
		return len(path) == 0
	case parts[0] != nil:
		return len(path) > 0 && parts[0].MatchString(path[0]) && matchParts(parts[1:], path[1:])
	case len(parts) == 1:
		return len(path) > 0
	}
	for i := range path {
		if matchParts(parts[1:], path[i:]) {
			return true
		}
	}
	return false
}

// bytewise makes each byte a rune of its own: to Git a pattern is bytes.
func bytewise(s string) string {
	units := make([]rune, len(s))
	for i := range len(s) {
		units[i] = rune(s[i])
	}
	return string(units)
}

func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// translate turns one component of a pattern into a regular expression.
func translate(part string) (string, bool) {
	var out strings.Builder
	for i := 0; i < len(part); i++ {
		switch part[i] {
		case '*':
			out.WriteString(".*")
		case '?':
			out.WriteString(".")
		case '[':
			class, length, ok := translateClass(part[i+1:])
			if !ok {
				return "", false
			}
			out.WriteString(class)
			i += length
		case '\\':
			if i++; i == len(part) {
				return "", false
			}
			fallthrough
		default:
			fmt.Fprintf(&out, `\x{%X}`, part[i])
		}
	}
	return out.String(), true
}

// translateClass reads a class from after its bracket and returns its length.
func translateClass(s string) (class string, length int, ok bool) {
	var out strings.Builder
	i, empty := 0, true
	next := func() byte {
		c := s[i]
		if i++; c == '\\' && i < len(s) {
			c = s[i]
			i++
		}
		return c
	}
	out.WriteByte('[')
	if strings.HasPrefix(s, "!") || strings.HasPrefix(s, "^") {
		out.WriteByte('^')
		i++
	}
	for start := i; i < len(s); {
		if s[i] == ']' && i > start {
			if empty {
				return `[^\x{0}-\x{FF}]`, i + 1, true
			}
			return out.String() + "]", i + 1, true
		}
		if name, _, ok := strings.Cut(s[i:], ":]"); ok && strings.HasPrefix(name, "[:") {
			out.WriteString(name + ":]")
			i, empty = i+len(name)+2, false
			continue
		}
		low := next()
		high := low
		if i+1 < len(s) && s[i] == '-' && s[i+1] != ']' {
			i++
			high = next()
		}
		if low <= high {
			fmt.Fprintf(&out, `\x{%X}-\x{%X}`, low, high)
			empty = false
		}
	}
	return "", 0, false
}
