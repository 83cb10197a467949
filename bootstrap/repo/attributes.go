package repo

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// An attributeRule is one line of a .gitattributes file (git help attributes).
type attributeRule struct {
	glob     glob
	anchored bool
	set      []attribute
}

// An attribute has the value "true" when set, "false" when unset, "" when it is
// to be as if nobody had spoken of it, else what was said.
type attribute struct{ name, value string }

// builtinMacros are the macros that git defines itself.
func builtinMacros() map[string][]attribute {
	return map[string][]attribute{"binary": {{"diff", "false"}, {"merge", "false"}, {"text", "false"}}}
}

// parseAttributes reads rules, and macros into that map unless it is nil. Like
// git it passes over lines that make no sense to it.
func parseAttributes(data []byte, fold bool, macros map[string][]attribute) []attributeRule {
	var rules []attributeRule
	for line := range strings.SplitSeq(string(bytes.TrimPrefix(data, []byte("\ufeff"))), "\n") {
		line = strings.Trim(line, " \t\r")
		if line == "" || line[0] == '#' {
			continue
		}
		pattern, rest := patternOf(line)
		var set []attribute
		for word := range strings.FieldsSeq(rest) {
			set = append(set, attributeOf(word))
		}
		if name, ok := strings.CutPrefix(pattern, "[attr]"); ok {
			if macros != nil {
				macros[name] = set
			}
			continue
		}
		if pattern == "" || pattern[0] == '!' || strings.HasSuffix(pattern, "/") {
			continue // git knows no negative patterns here, and none for folders
		}
		rule := attributeRule{anchored: strings.Contains(pattern, "/"), set: set}
		var ok bool
		if rule.glob, ok = compileGlob(strings.TrimPrefix(pattern, "/"), fold); ok {
			rules = append(rules, rule)
		}
	}
	return rules
}

// patternOf splits a line after its pattern, which may be quoted as in C.
func patternOf(line string) (pattern, rest string) {
	if line[0] == '"' {
		if quoted, err := strconv.QuotedPrefix(line); err == nil {
			if pattern, err := strconv.Unquote(quoted); err == nil {
				return pattern, line[len(quoted):]
			}
		}
	}
	if end := strings.IndexAny(line, " \t"); end >= 0 {
		return line[:end], line[end:]
	}
	return line, ""
}

func attributeOf(word string) attribute {
	switch name, value, isValue := strings.Cut(word, "="); {
	case isValue:
		return attribute{name, value}
	case word[0] == '-':
		return attribute{word[1:], "false"}
	case word[0] == '!':
		return attribute{word[1:], ""}
	}
	return attribute{word, "true"}
}

// attributes returns what the rules say of a file, the strongest word for each.
func (w *walk) attributes(path []string, inner *folder) map[string]string {
	said := make(map[string]string)
	var take func(set []attribute)
	take = func(set []attribute) {
		for i := len(set) - 1; i >= 0; i-- {
			a := set[i]
			if _, already := said[a.name]; already {
				continue
			}
			said[a.name] = a.value
			if a.value == "true" {
				take(w.macros[a.name])
			}
		}
	}
	apply := func(f *folder, rules []attributeRule) {
		for i := len(rules) - 1; i >= 0; i-- {
			if rules[i].glob.match(f.from(path, rules[i].anchored)) {
				take(rules[i].set)
			}
		}
	}
	apply(&folder{}, w.infoAttributes)
	for f := inner; f != nil; f = f.parent {
		apply(f, f.attributes)
	}
	return said
}

// refused names the first attribute that has git store something else than the
// file's bytes, which this package can't do.
func refused(path string, said map[string]string) error {
	var what string
	switch {
	case said["filter"] != "" && said["filter"] != "true" && said["filter"] != "false":
		what = fmt.Sprintf("the filter %q", said["filter"])
	case said["working-tree-encoding"] != "" && said["working-tree-encoding"] != "true" && said["working-tree-encoding"] != "false":
		what = fmt.Sprintf("the encoding %q", said["working-tree-encoding"])
	case said["ident"] == "true":
		what = `the attribute "ident"`
	default:
		return nil
	}
	return &Problem{
		Msg: fmt.Sprintf("%s: .gitattributes gives it %s, and mlops-gitops commits files only as they are", path, what),
		Fix: fmt.Sprintf("take it away for this file with a later line in .gitattributes: %s !filter !working-tree-encoding !ident", strconv.Quote("/"+path)),
	}
}
