package repo

import (
	"bytes"
	"strings"
)

// An ignoreRule is one line of a .gitignore file (git help gitignore).
type ignoreRule struct {
	glob       glob
	anchored   bool // the pattern has a slash, so it starts at its folder
	folderOnly bool
	keep       bool // "!"
}

// ignored reports whether the last rule that fits says so. Git looks at each
// folder on the way down: below an ignored one nothing else counts.
func (f *folder) ignored(path []string, isFolder bool) bool {
	for ; f != nil; f = f.parent {
		for i := len(f.ignore) - 1; i >= 0; i-- {
			rule := f.ignore[i]
			if rule.folderOnly && !isFolder {
				continue
			}
			if rule.glob.match(f.from(path, rule.anchored)) {
				return !rule.keep
			}
		}
	}
	return false
}

// from returns the part of path that a pattern of this folder is compared with.
func (f *folder) from(path []string, anchored bool) []string {
	if anchored {
		return path[f.depth:]
	}
	return path[len(path)-1:]
}

func parseIgnore(data []byte, fold bool) []ignoreRule {
	var rules []ignoreRule
	for line := range strings.SplitSeq(string(bytes.TrimPrefix(data, []byte("\ufeff"))), "\n") {
		line = trimSpaces(strings.TrimSuffix(line, "\r"))
		if line == "" || line[0] == '#' {
			continue
		}
		var rule ignoreRule
		line, rule.keep = strings.CutPrefix(line, "!")
		line, rule.folderOnly = strings.CutSuffix(line, "/")
		rule.anchored = strings.Contains(line, "/")
		var ok bool
		if rule.glob, ok = compileGlob(strings.TrimPrefix(line, "/"), fold); ok && line != "" {
			rules = append(rules, rule)
		}
	}
	return rules
}

// trimSpaces removes spaces at the end but those behind a backslash.
func trimSpaces(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' {
			i++
		} else if line[i] == ' ' {
			continue
		}
		end = min(i+1, len(line))
	}
	return line[:end]
}
