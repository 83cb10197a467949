package repo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-git/gcfg"
)

// A setting is one line of Git's configuration. The key is lower case but for
// a subsection: "core.filemode", "branch.Feature/X.merge".
type setting struct{ key, value string }

// settings are all that apply, the later before the earlier.
type settings []setting

// get returns the value that wins, the last one.
func (s settings) get(key string) (string, bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i].key == key {
			return s[i].value, true
		}
	}
	return "", false
}

// all returns every value of a key that may have several.
func (s settings) all(key string) []string {
	var values []string
	for _, one := range s {
		if one.key == key {
			values = append(values, one.value)
		}
	}
	return values
}

// on reads a boolean as git does; what isn't one counts as otherwise.
func (s settings) on(key string, otherwise bool) bool {
	value, ok := s.get(key)
	if !ok {
		return otherwise
	}
	switch strings.ToLower(value) {
	case "true", "yes", "on", "1":
		return true
	case "false", "no", "off", "0", "":
		return false
	}
	return otherwise
}

// readConfig reads the system's, the user's, the repository's and the
// environment's settings, in the order of git help config.
func (r *Repo) readConfig() (settings, error) {
	c := &configReader{repo: r, home: r.home()}
	for _, file := range r.configFiles() {
		if err := c.read(file, 0); err != nil {
			return nil, err
		}
	}
	if c.found.on("extensions.worktreeconfig", false) {
		if err := c.read(filepath.Join(r.gitDir, "config.worktree"), 0); err != nil {
			return nil, err
		}
	}
	count, _ := r.env("GIT_CONFIG_COUNT")
	n, err := strconv.Atoi(count)
	if err != nil && count != "" {
		return nil, &Problem{Msg: fmt.Sprintf("GIT_CONFIG_COUNT is %q, not a number", count), Fix: "unset it"}
	}
	for i := range n {
		key, _ := r.env("GIT_CONFIG_KEY_" + strconv.Itoa(i))
		value, _ := r.env("GIT_CONFIG_VALUE_" + strconv.Itoa(i))
		first, last := strings.Index(key, "."), strings.LastIndex(key, ".")
		if first < 0 {
			return nil, &Problem{Msg: fmt.Sprintf("GIT_CONFIG_KEY_%d is %q, not the name of a setting", i, key), Fix: "unset GIT_CONFIG_COUNT"}
		}
		c.found = append(c.found, setting{strings.ToLower(key[:first]) + key[first:last] + strings.ToLower(key[last:]), value})
	}
	return c.found, nil
}

func (r *Repo) configFiles() []string {
	var files []string
	if off, _ := r.env("GIT_CONFIG_NOSYSTEM"); off == "" || off == "0" || off == "false" {
		if file, ok := r.env("GIT_CONFIG_SYSTEM"); ok {
			files = append(files, file)
		} else {
			files = append(files, "/etc/gitconfig")
		}
	}
	if file, ok := r.env("GIT_CONFIG_GLOBAL"); ok {
		files = append(files, file)
	} else {
		files = append(files, r.userFile("config"))
		if home := r.home(); home != "" {
			files = append(files, filepath.Join(home, ".gitconfig"))
		}
	}
	return append(files, filepath.Join(r.commonDir, "config"))
}

func (r *Repo) home() string {
	if home, ok := r.env("HOME"); ok {
		return home
	}
	home, _ := r.env("USERPROFILE") // where Windows says it
	return home
}

// userFile is the user's own file for Git of that name, "" without a home.
func (r *Repo) userFile(name string) string {
	if dir, ok := r.env("XDG_CONFIG_HOME"); ok && dir != "" {
		return filepath.Join(dir, "git", name)
	}
	if home := r.home(); home != "" {
		return filepath.Join(home, ".config", "git", name)
	}
	return ""
}

// expand replaces a leading ~/ by the home folder.
func expand(path, home string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && home != "" {
		return strings.TrimSuffix(home, string(filepath.Separator)) + string(filepath.Separator) + rest
	}
	return path
}

// A configReader collects settings, following includes.
type configReader struct {
	repo  *Repo
	home  string
	found settings
}

// maxIncludes is how deep git lets files include one another.
const maxIncludes = 10

func (c *configReader) read(file string, depth int) error {
	if file == "" {
		return nil
	}
	if depth > maxIncludes {
		return &Problem{Msg: fmt.Sprintf("Git's configuration includes itself: %s", file), Fix: "take the include away"}
	}
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read Git's configuration: %w", err)
	}
	err = gcfg.ReadWithCallback(f, func(section, sub, key, value string, bare bool) error {
		if key == "" {
			return nil
		}
		if bare {
			value = "true"
		}
		name := strings.ToLower(section) + "."
		if sub != "" {
			name += sub + "."
		}
		name += strings.ToLower(key)
		c.found = append(c.found, setting{name, value})
		if name != "include.path" && (!strings.EqualFold(section, "includeIf") || !strings.EqualFold(key, "path") || !c.holds(sub, file)) {
			return nil
		}
		value = expand(value, c.home)
		if !filepath.IsAbs(value) {
			value = filepath.Join(filepath.Dir(file), value)
		}
		return c.read(value, depth+1)
	})
	if err := errors.Join(err, f.Close()); err != nil {
		if problem := (*Problem)(nil); errors.As(err, &problem) {
			return problem
		}
		return &Problem{Msg: fmt.Sprintf("Git's configuration can't be read: %s", file), Fix: "correct that line", Cause: err}
	}
	return nil
}

// holds decides the condition of an includeIf in file. Git takes those that it
// does not know as false.
func (c *configReader) holds(condition, file string) bool {
	kind, pattern, _ := strings.Cut(condition, ":")
	switch kind {
	case "gitdir", "gitdir/i":
		pattern = filepath.ToSlash(expand(pattern, c.home))
		switch rest, here := strings.CutPrefix(pattern, "./"); {
		case here:
			pattern = filepath.ToSlash(filepath.Dir(file)) + "/" + rest
		case !filepath.IsAbs(pattern):
			pattern = "**/" + pattern
		}
		return c.matches(pattern, filepath.ToSlash(c.repo.gitDir), kind == "gitdir/i")
	case "onbranch":
		head, err := c.repo.readHead()
		return err == nil && c.matches(pattern, head.branch, false)
	case "hasconfig":
		pattern, ok := strings.CutPrefix(pattern, "remote.*.url:")
		local := &configReader{repo: c.repo, home: c.home}
		if !ok || filepath.Dir(file) == c.repo.commonDir || local.read(filepath.Join(c.repo.commonDir, "config"), 0) != nil {
			return false
		}
		for _, s := range local.found {
			if strings.HasPrefix(s.key, "remote.") && strings.HasSuffix(s.key, ".url") && c.matches(pattern, s.value, false) {
				return true
			}
		}
	}
	return false
}

func (c *configReader) matches(pattern, text string, fold bool) bool {
	if strings.HasSuffix(pattern, "/") {
		pattern += "**"
	}
	g, ok := compileGlob(pattern, fold)
	return ok && g.match(strings.Split(text, "/"))
}
