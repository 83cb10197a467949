package repo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A folder holds the rules that a folder adds to those of its parent. Above the
// top of the work tree are two more: info/exclude, and the user's own files.
type folder struct {
	parent     *folder
	depth      int // components of the folder's path
	ignore     []ignoreRule
	attributes []attributeRule
}

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

// outerRules returns the rules that hold before any folder's own: those of the
// user, then those of the repository.
func (w *walk) outerRules() (*folder, error) {
	user, repository := &folder{}, &folder{}
	repository.parent = user
	for _, source := range []struct {
		into                *folder
		ignore, attributes  string
		setting, settingFor string
	}{
		{user, w.repo.userFile("ignore"), w.repo.userFile("attributes"), "core.excludesfile", "core.attributesfile"},
		{repository, filepath.Join(w.repo.commonDir, "info", "exclude"), filepath.Join(w.repo.commonDir, "info", "attributes"), "", ""},
	} {
		if file, ok := w.repo.config.get(source.setting); ok {
			source.ignore = expand(file, w.repo.home())
		}
		if file, ok := w.repo.config.get(source.settingFor); ok {
			source.attributes = expand(file, w.repo.home())
		}
		data, err := readIfThere(source.ignore)
		if err != nil {
			return nil, err
		}
		source.into.ignore = parseIgnore(data, w.fold)
		if data, err = readIfThere(source.attributes); err != nil {
			return nil, err
		}
		source.into.attributes = parseAttributes(data, w.fold, w.macros)
	}
	w.infoAttributes, repository.attributes = repository.attributes, nil
	return repository, nil
}

// rulesOf reads the rules of a folder of the work tree. As git does, it follows
// no symbolic link to them.
func (w *walk) rulesOf(path []string, parent *folder) (*folder, error) {
	f := &folder{parent: parent, depth: len(path)}
	for _, name := range []string{".gitignore", ".gitattributes"} {
		data, _, err := w.regular(join(append(path[:len(path):len(path)], name)))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotRegular) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if name == ".gitignore" {
			f.ignore = parseIgnore(data, w.fold)
			continue
		}
		macros := w.macros
		if len(path) > 0 {
			macros = nil // only the top may define them
		}
		f.attributes = parseAttributes(data, w.fold, macros)
	}
	return f, nil
}

var errNotRegular = errors.New("is not a regular file")

// regular reads a file of the work tree that is no symbolic link, and its state
// from before it was read.
func (w *walk) regular(path string) (data []byte, info fs.FileInfo, err error) {
	before, err := w.root.Lstat(filepath.FromSlash(path))
	if err != nil {
		return nil, nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s %w", path, errNotRegular)
	}
	f, err := w.root.Open(filepath.FromSlash(path))
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if info, err = f.Stat(); err != nil {
		return nil, nil, err
	}
	if !os.SameFile(before, info) {
		return nil, nil, &Problem{Msg: path + " changed while it was read", Fix: "run the same command again"}
	}
	data, err = io.ReadAll(f)
	return data, info, err
}

func readIfThere(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read Git's rules: %w", err)
	}
	return data, nil
}

func join(path []string) string { return strings.Join(path, "/") }
