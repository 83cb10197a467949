package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents are read by TestDocuments from top to bottom, as people read them.
var documents = []string{"README.md", "docs/extending.md"}

// TestDocuments does what the documents say, in an empty folder: it writes their files,
// runs their commands of mlops-gitops, and holds that these print what is shown. In what is
// shown, … stands for anything; on a line of its own, for any lines.
//
// A block of CUE begins with the file that it is (// environments/x.cue), goes on with the
// last such file (environment: …), or is a part of an example (// from docs/examples/x.cue).
func TestDocuments(t *testing.T) {
	root, err := filepath.Abs(house)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range documents {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "platform")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			t.Chdir(dir)
			t.Setenv("HOME", dir)
			emptyEngine(t)
			r := reader{t: t, root: root}
			for _, b := range blocks(t, filepath.Join(root, name)) {
				switch b.language {
				case "cue":
					r.write(b.text)
				case "console":
					r.follow(b.text)
				case "text", "mermaid": // to look at
				default:
					t.Errorf("no test reads a block of %q:\n%s", b.language, b.text)
				}
			}
			if r.ran < 5 {
				t.Errorf("only %d commands were run", r.ran)
			}
		})
	}
}

// TestProduction holds that each block of CUE in docs/production.md is right in a prod of its
// own, and renders.
func TestProduction(t *testing.T) {
	dir := t.TempDir()
	command(t, dir, "init")
	file := filepath.Join(dir, "environments", "prod", "environment.cue")
	found := blocks(t, filepath.Join(house, "docs", "production.md"))
	found = slices.DeleteFunc(found, func(b block) bool { return b.language != "cue" })
	if len(found) < 5 {
		t.Errorf("only %d blocks of CUE", len(found))
	}
	for _, b := range found {
		text := strings.ReplaceAll(b.text, "age1…", aPublicKey)
		if !aFile.MatchString(text) {
			text = "package environments\n\nenvironment: mode: \"prod\"\n" + text
		}
		text = aPEM.ReplaceAllString(text, strings.ReplaceAll(strings.TrimSpace(aCertificate), "\n", "\n\t"))
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if out := command(t, dir, "render", "prod", "--stdout"); !strings.Contains(out, "-- clusters/prod/") {
			t.Errorf("nothing for Flux of\n%s", b.text)
		}
	}
}

// emptyEngine makes the program see an engine that answers and has nothing: what is on
// this machine is another story.
func emptyEngine(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

type block struct{ language, text string }

var fenced = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")

func blocks(t *testing.T, file string) (found []block) {
	t.Helper()
	for _, m := range fenced.FindAllStringSubmatch(read(t, file), -1) {
		found = append(found, block{m[1], m[2]})
	}
	return found
}

// A reader of a document stands in the folder that it speaks of.
type reader struct {
	t    *testing.T
	root string // of this repository
	file string // the one that is being written
	ran  int    // commands of mlops-gitops
}

// aPublicKey is written where documents leave it to the reader: age1….
const aPublicKey = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"

// aPEM is where documents leave a certificate to the reader, which aCertificate takes.
var aPEM = regexp.MustCompile(`-----BEGIN CERTIFICATE-----\s+…\s+-----END CERTIFICATE-----`)

const aCertificate = `-----BEGIN CERTIFICATE-----
MIIBljCCAT2gAwIBAgIUZVwVQcPObdZiN2aqU4mGH+a8gLswCgYIKoZIzj0EAwIw
IDEeMBwGA1UEAwwVRXhhbXBsZSBkYXRhYmFzZSByb290MCAXDTI2MTEyNjAyMDIz
N1oYDzIxMjYxMTAyMDIwMjM3WjAgMR4wHAYDVQQDDBVFeGFtcGxlIGRhdGFiYXNl
IHJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQjAY/MVvWgsBdz7NCryon1
IVtJ+S5eoVYV9g1r7yUoM5Sbh99z9h4xIBJSx8c1NR0FlgxGeW1GjPMcH+StqdSa
o1MwUTAdBgNVHQ4EFgQU59Tkb4D4Ifk+lUZZFpwpGJvuA+IwHwYDVR0jBBgwFoAU
59Tkb4D4Ifk+lUZZFpwpGJvuA+IwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQD
AgNHADBEAiA2qUzbO8brAwppwEWV955VLPSsO+IJK+iaFmgbKBFUjwIge/skYMn9
VV/hfiJguMBL+4ihVdIw284isiFL/dJtfdg=
-----END CERTIFICATE-----
`

var (
	aFile = regexp.MustCompile(`^// (environments/\S+\.cue)`)
	aPart = regexp.MustCompile(`^// from (docs/examples/\S+\.cue)\n`)
)

// write puts a block of CUE where it belongs.
func (r *reader) write(text string) {
	r.t.Helper()
	text = strings.ReplaceAll(text, "age1…", aPublicKey)
	if m := aPart.FindStringSubmatch(text); m != nil {
		if !strings.Contains(flat(read(r.t, filepath.Join(r.root, m[1]))), flat(strings.TrimPrefix(text, m[0]))) {
			r.t.Errorf("this is not in %s:\n%s", m[1], text)
		}
		return
	}
	if m := aFile.FindStringSubmatch(text); m != nil {
		r.file = m[1]
		if err := os.MkdirAll(filepath.Dir(r.file), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(r.file, []byte(text), 0o644); err != nil {
			r.t.Fatal(err)
		}
		return
	}
	if r.file == "" || !strings.HasPrefix(text, "environment:") {
		r.t.Errorf("where does this belong?\n%s", text)
		return
	}
	if err := os.WriteFile(r.file, []byte(read(r.t, r.file)+"\n"+text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// flat is a text without the white space at the lines' beginnings.
func flat(text string) string {
	return regexp.MustCompile(`(?m)^[ \t]+`).ReplaceAllString(text, "")
}

// follow runs the commands of a block that can be run here, and compares what they print.
func (r *reader) follow(text string) {
	r.t.Helper()
	for _, step := range strings.Split("\n"+text, "\n$ ")[1:] {
		command, want, _ := strings.Cut(step, "\n")
		command, _, _ = strings.Cut(command, " #")
		args := strings.Fields(command)
		switch {
		case args[0] == "cp" && strings.HasPrefix(args[1], "../mlops-gitops/"):
			data := read(r.t, filepath.Join(r.root, strings.TrimPrefix(args[1], "../mlops-gitops/")))
			if err := os.WriteFile(filepath.Join(args[2], filepath.Base(args[1])), []byte(data), 0o644); err != nil {
				r.t.Fatal(err)
			}
		case args[0] == "ls":
			var names []string
			entries, err := os.ReadDir(args[1])
			if err != nil {
				r.t.Fatal(err)
			}
			for _, e := range entries {
				names = append(names, e.Name())
			}
			if got := strings.Join(names, "\n"); !pattern(want).MatchString(got) {
				r.t.Errorf("%s holds\n%s\nand is said to hold\n%s", args[1], got, want)
			}
		case args[0] != "mlops-gitops" || args[1] == "check" || args[1] == "commit" || strings.Contains(command, "rotate"):
			// those need an engine, a network or a history, and have tests of their own
		default:
			r.ran++
			var printed bytes.Buffer
			run(context.Background(), args[1:], strings.NewReader(""), &printed, &printed)
			if got := printed.String(); !pattern(want).MatchString(got) {
				r.t.Errorf("%s prints\n%s\nand is said to print\n%s", command, got, want)
			}
		}
	}
}

// pattern is what a document shows of what a command prints.
func pattern(text string) *regexp.Regexp {
	text = regexp.QuoteMeta(strings.TrimRight(text, "\n"))
	text = regexp.MustCompile(`(?m)^[ \t]*…$`).ReplaceAllString(text, "(?s:.*)")
	return regexp.MustCompile(`^\s*` + strings.ReplaceAll(text, "…", ".*") + `\s*$`)
}

// TestVerbsInREADME holds that the README's table lists every verb.
func TestVerbsInREADME(t *testing.T) {
	text := read(t, filepath.Join(house, "README.md"))
	for _, verb := range rootCmd().Commands() {
		if verbs := verb.Commands(); len(verbs) > 0 {
			for _, v := range verbs {
				if !strings.Contains(text, "| `"+verb.Name()+" "+v.Name()) {
					t.Errorf("the README does not list %s %s", verb.Name(), v.Name())
				}
			}
		} else if !regexp.MustCompile("(?m)^\\| .*`" + verb.Name() + "\\b").MatchString(text) {
			t.Errorf("the README does not list %s", verb.Name())
		}
	}
}

// TestSecurity holds that what docs/security.md names as holding its word is there.
func TestSecurity(t *testing.T) {
	tests := map[string]bool{}
	err := filepath.WalkDir(house, func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, "_test.go") {
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(read(t, name), -1) {
				tests[m[1]] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	decisions := read(t, filepath.Join(house, "docs", "architecture.md"))
	page := read(t, filepath.Join(house, "docs", "security.md"))
	for _, name := range regexp.MustCompile(`\bTest[A-Z]\w+|\bD[0-9]+\b|\w+\.txtar`).FindAllString(page, -1) {
		_, err := os.Stat(filepath.Join("testdata", "script", name))
		if !tests[name] && !strings.Contains(decisions, "**"+name+". ") && err != nil {
			t.Errorf("docs/security.md names %s, which is not there", name)
		}
	}
}

// TestLinks holds that files which documents link to are there.
func TestLinks(t *testing.T) {
	var files []string
	for _, pattern := range []string{"*.md", "docs/*.md", "e2e/*.md"} {
		found, err := filepath.Glob(filepath.Join(house, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		for _, m := range regexp.MustCompile(`\]\(([^)#:\s]+)[^):]*\)`).FindAllStringSubmatch(read(t, file), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestSkeletonComments holds that what a new repository's files suggest in comments is
// right when it is taken out of them, all at once.
func TestSkeletonComments(t *testing.T) {
	dir := t.TempDir()
	command(t, dir, "init")
	suggestion := regexp.MustCompile(`(?m)^\t?//\t(environment: )?([a-z]+: .*)$`)
	files, err := filepath.Glob(filepath.Join(dir, "environments", "*", "*.cue"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no environments: %v", err)
	}
	for _, file := range append(files, filepath.Join(dir, "environments", "environment.cue")) {
		text := read(t, file)
		found := suggestion.FindAllStringSubmatch(text, -1)
		if len(found) == 0 {
			t.Errorf("%s suggests nothing", file)
		}
		for _, m := range found {
			text += "\nenvironment: " + strings.ReplaceAll(m[2], "age1…", aPublicKey) + "\n"
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command(t, dir, "vet")
}
