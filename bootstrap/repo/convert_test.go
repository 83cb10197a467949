package repo

import (
	"context"
	"strings"
	"testing"
)

// Whatever git is told about line endings, it finds the owned files clean after
// a commit, and commits to the same content itself.
func TestLineEndingsAreGits(t *testing.T) {
	contents := map[string]string{
		"crlf":     "a\r\nb\r\n",
		"lf":       "a\nb\n",
		"mixed":    "a\r\nb\n",
		"lone":     "a\r\nb\rc\r\n",
		"nul":      "a\r\n\x00",
		"controls": "a\r\n\x01\x02\x03",
		"eof":      "a\r\n\x1a",
		"stored":   "a\r\nchanged\r\n", // has CRLF in the last commit
		"checked":  "a\r\nsame\r\n",    // has LF in the last commit
	}
	attributes := map[string]string{
		"none": "", "auto": "* text=auto\n", "text": "* text\n", "eol": "* eol=crlf\n", "auto-eol": "* text=auto eol=lf\n",
		"binary": "* binary\n", "old": "* crlf\n", "old-unset": "* -crlf\n", "old-input": "* crlf=input\n", "unspecified": "* text\n* !text\n",
	}
	for _, autocrlf := range []string{"false", "true", "input"} {
		t.Run(autocrlf, func(t *testing.T) {
			s := newSandbox(t)
			s.git(".", "init", "-q", "work")
			for name := range attributes {
				s.write("work/own/"+name+"/stored", "a\r\nb\r\n")
				s.write("work/own/"+name+"/checked", "a\nsame\n")
			}
			s.git("work", "add", ".")
			s.git("work", "commit", "-q", "-m", "start")
			s.git(".", "clone", "-q", "--no-local", "work", "theirs")
			for _, dir := range []string{"work", "theirs"} {
				s.git(dir, "config", "core.autocrlf", autocrlf)
				s.git(dir, "config", "core.safecrlf", "false")
				for name, lines := range attributes {
					s.write(dir+"/own/"+name+"/.gitattributes", lines)
					for file, content := range contents {
						s.write(dir+"/own/"+name+"/"+file, content)
					}
				}
			}
			s.git("theirs", "add", "own")
			s.commit("work", "own")
			if ours, theirs := s.git("work", "rev-parse", "HEAD:own"), s.git("theirs", "write-tree", "--prefix=own/"); ours != theirs {
				s.git("theirs", "fetch", "-q", "origin")
				t.Errorf("ours and theirs:\n%s", s.git("theirs", "diff", "--raw", "--abbrev", ours, theirs))
			}
		})
	}
}

func TestCheckoutWithCRLFIsNoChange(t *testing.T) {
	s := newSandbox(t)
	s.start("hub")
	s.git(".", "clone", "-q", "-c", "core.autocrlf=true", "hub", "work")
	if data := s.git("work", "ls-files", "--eol", "deploy/dev/compose.yaml"); !strings.HasPrefix(data, "i/lf    w/crlf") {
		t.Fatalf("the checkout has no CRLF: %s", data)
	}
	if result := s.commit("work", "deploy"); !result.Nothing {
		t.Errorf("changes: %v", result.Changes)
	}
}

func TestFileModesThatTheFileSystemDoesNotKeep(t *testing.T) {
	s := newSandbox(t)
	s.start("work")
	s.git("work", "update-index", "--chmod=+x", "deploy/dev/compose.yaml")
	hash := s.pipe("work", "compose.yaml", "hash-object", "-w", "--stdin")
	s.git("work", "update-index", "--add", "--cacheinfo", "120000,"+hash+",deploy/dev/link")
	s.git("work", "commit", "-q", "-m", "modes")
	s.git("work", "config", "core.fileMode", "false")
	s.git("work", "config", "core.symlinks", "false")
	s.write("work/deploy/dev/compose.yaml", "a: 2\n")
	s.write("work/deploy/dev/link", "sub")
	result, err := s.open("work").Commit(context.Background(), change("deploy"))
	if err != nil {
		t.Fatal(err)
	}
	sameList(t, "changes", kinds(result.Changes), "modified deploy/dev/compose.yaml", "modified deploy/dev/link")
	if got := s.git("work", "diff", "--summary", "HEAD^", "HEAD"); got != "" {
		t.Errorf("modes changed: %s", got)
	}
	if got := s.status("work"); got != "" {
		t.Errorf("status: %s", got)
	}
}
