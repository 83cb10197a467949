package repo

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// ruleCases are lines of ignore and attribute files, with paths to try on them.
var rulePatterns = []string{
	"*.log", "!keep.log", "/top", "dir/", "a/b", "a/**/z", "**/deep", "foo/**", "a*b", "?.txt", "[ab].c", "[!ab].d", "[^x]y",
	`\!bang`, `\#hash`, "#comment", "trail  ", `trail\ `, "[a-c]1", "[]x]q", "[[:digit:]]n", "[[:nonsense:]]m", "x[", `end\`,
	"**", "***", "a/***/b", "/**/mid/**", "deploy/*", "!deploy/prod/", "!deploy/prod", "*/one", "ünï*", "?ï", "a/", "/", "!", "b/*/c",
	"[\\]]w", "[a-]v", "[z-a]u", "UPPER", "a/b/", "**/", "sp ace", "dir/**/", "{a,b}", "(x)", "a+b", "$", ".", "..", "./a",
}

var rulePaths = []string{
	"a.log", "keep.log", "x/a.log", "top", "x/top", "dir/f", "x/dir/f", "dirfile", "a/b/f", "x/a/b/f", "a/z", "a/1/2/z", "deep", "x/deep/f", "foo/f", "foo/x/f",
	"ab", "axxb", "c/axb", "q.txt", "qq.txt", "a.c", "c.c", "a.d", "c.d", "xy", "zy", "!bang", "#hash", "trail", "trail ", "b1", "d1", "]q", "xq", "5n", "sn", "5m",
	"x[", `end\`, "x/mid/f", "mid/f", "deploy/dev/f", "deploy/prod/f", "x/one", "x/y/one", "ünïcode", "öï", "b/x/c", "b/x/y/c", "]w", "-v", "av", "au", "upper", "UPPER", "sp ace",
	"{a,b}", "(x)", "a+b", "aab", "$", "dir/x/y", "a/x/b", "b",
}

func TestIgnoreRulesAreGits(t *testing.T) {
	for _, fold := range []string{"false", "true"} {
		s := newSandbox(t)
		s.git(".", "init", "-q", "work")
		s.git("work", "config", "core.ignoreCase", fold)
		// Each pattern alone in a folder, and all in a row, with either line
		// ending and at the top: the last that fits wins.
		folders := map[string]string{"": strings.Join(rulePatterns, "\n"), "all": strings.Join(rulePatterns, "\r\n") + "\r\n"}
		for i, pattern := range rulePatterns {
			folders[fmt.Sprint("r", i)] = pattern
		}
		s.write("work/.git/info/exclude", "*.log\n")
		for _, top := range []bool{true, false} {
			var paths []string
			for dir, content := range folders {
				if top != (dir == "") {
					continue
				}
				s.write("work/"+dir+"/.gitignore", content+"\n")
				for _, path := range rulePaths {
					paths = append(paths, strings.TrimPrefix(dir+"/"+path, "/"), strings.TrimPrefix(dir+"/below/"+path, "/"))
				}
			}
			theirs := make(map[string]bool)
			for path := range strings.SplitSeq(s.pipe("work", strings.Join(paths, "\x00"), "check-ignore", "--stdin", "-z", "--no-index"), "\x00") {
				theirs[path] = true
			}
			w := s.walker("work")
			for _, path := range paths {
				if ours := w.isIgnored(t, path); ours != theirs[path] {
					dir, _, _ := strings.Cut(path, "/")
					t.Errorf("%.40q, fold %s: %s is ignored: %t, for git %t", folders[dir], fold, path, ours, theirs[path])
				}
			}
			s.remove("work/.gitignore")
		}
	}
}

func TestAttributesAreGits(t *testing.T) {
	names := []string{"text", "eol", "crlf", "filter", "ident", "diff", "custom"}
	lines := []string{"* text=auto\n*.log eol=lf -text\na/b filter=x\n", "[attr]notatop filter=y\n*.c mine\n*.d binary\nab -mine\n", "*.log !text\n", "a/ text\n!x text\n", "\"sp ace\" text=1\n\"q.\\164xt\" ident\n", "**/deep diff=go\nfoo/** ident\n"}
	for i := range rulePatterns {
		if p := rulePatterns[i]; strings.TrimSpace(p) == p && !strings.HasPrefix(p, "!") && !strings.Contains(p, " ") {
			lines = append(lines, p+" custom=here\n")
		}
	}
	s := newSandbox(t)
	s.git(".", "init", "-q", "work")
	s.write("work/.gitattributes", "*.log text eol=crlf custom\n[attr]mine filter=y custom -text\n")
	s.write("work/.git/info/attributes", "top custom=info\n")
	s.write(".config/git/attributes", "* custom=user\n")
	var paths []string
	for i, content := range lines {
		dir := fmt.Sprintf("r%d/", i)
		s.write("work/"+dir+".gitattributes", content)
		s.write("work/"+dir+"x/.gitattributes", content+"a.log -eol\n")
		for _, path := range rulePaths {
			paths = append(paths, dir+path)
		}
	}
	out := strings.Split(s.pipe("work", strings.Join(paths, "\x00"), append([]string{"check-attr", "--stdin", "-z"}, names...)...), "\x00")
	w := s.walker("work")
	for start := slices.Index(out, paths[0]); start+2 < len(out); start += 3 {
		path, name, theirs := out[start], out[start+1], out[start+2]
		ours, ok := w.attributesOf(t, path)[name]
		switch {
		case !ok || ours == "":
			ours = "unspecified"
		case ours == "true":
			ours = "set"
		case ours == "false":
			ours = "unset"
		}
		if ours != theirs {
			t.Errorf("%s of %s is %s, for git %s", name, path, ours, theirs)
		}
	}
	if len(out) < 3*len(names)*len(paths) {
		t.Errorf("git answered only %d words", len(out))
	}
}

func (s sandbox) walker(dir string) *walk {
	s.Helper()
	root, err := os.OpenRoot(s.path(dir))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := root.Close(); err != nil {
			s.Error(err)
		}
	})
	r := s.open(dir)
	return &walk{repo: r, root: root, index: &index{}, macros: builtinMacros(), fold: r.config.on("core.ignorecase", false)}
}

// rulesTo gathers the rules of a file's folders, and whether one is ignored.
func (w *walk) rulesTo(t *testing.T, path []string) (rules *folder, ignored bool) {
	t.Helper()
	rules, err := w.outerRules()
	if err != nil {
		t.Fatal(err)
	}
	for depth := range path {
		if rules, err = w.rulesOf(path[:depth], rules); err != nil {
			t.Fatal(err)
		}
		ignored = ignored || rules.ignored(path[:depth+1], depth+1 < len(path))
	}
	return rules, ignored
}

func (w *walk) isIgnored(t *testing.T, path string) bool {
	t.Helper()
	_, ignored := w.rulesTo(t, strings.Split(path, "/"))
	return ignored
}

func (w *walk) attributesOf(t *testing.T, path string) map[string]string {
	t.Helper()
	rules, _ := w.rulesTo(t, strings.Split(path, "/"))
	return w.attributes(strings.Split(path, "/"), rules)
}
