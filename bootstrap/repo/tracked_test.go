package repo

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestTrackedIsWhatGitKeeps(t *testing.T) {
	for _, tt := range []struct {
		what string
		git  [][]string
		want []string
	}{
		{"nothing is kept, and a folder elsewhere is not meant", [][]string{{"add", "x"}}, nil},
		{"files that were added by force", [][]string{{"add", "--force", ".secrets/dev/ca.key", ".secrets/.gitignore"}}, []string{".secrets/.gitignore", ".secrets/dev/ca.key"}},
		{"in another case", [][]string{{"update-index", "--add", "--cacheinfo", "100644,e69de29bb2d1d6434b8b29ae775ad8c2e48c5391,BELOW.Secrets/a"}}, []string{".Secrets/a"}},
		{"a repository in its place", [][]string{{"update-index", "--add", "--cacheinfo", "160000,e69de29bb2d1d6434b8b29ae775ad8c2e48c5391,BELOW.secrets"}}, []string{".secrets"}},
		{"an index that shortens paths", [][]string{{"add", "--force", "."}, {"update-index", "--index-version", "4"}}, []string{".secrets/.gitignore", ".secrets/dev/ca.key"}},
		{"an index in two files", [][]string{{"add", "--force", "."}, {"update-index", "--split-index"}}, []string{".secrets/.gitignore", ".secrets/dev/ca.key"}},
		{"an index that says more of a file", [][]string{{"add", "--intent-to-add", "--force", ".secrets/dev/ca.key"}, {"update-index", "--split-index"}}, []string{".secrets/dev/ca.key"}},
		{"hashes of another kind", [][]string{{"add", "--force", "."}}, []string{".secrets/.gitignore", ".secrets/dev/ca.key"}},
	} {
		for _, below := range []string{"", "deep/"} {
			t.Run(tt.what+below, func(t *testing.T) {
				s := newSandbox(t)
				s.write(below+"x/.secrets/y", "1")
				s.write(below+".secrets/.gitignore", "*\n")
				s.write(below+".secrets/dev/ca.key", "key")
				format := "sha1"
				if strings.HasPrefix(tt.what, "hashes") {
					format = "sha256"
				}
				s.git(".", "init", "--quiet", "--object-format", format)
				for _, command := range tt.git {
					command = slices.Clone(command)
					command[len(command)-1] = strings.ReplaceAll(command[len(command)-1], "BELOW", below)
					s.git(below+".", command...)
				}
				got, err := Tracked(s.path(below+"."), ".secrets")
				if err != nil || !slices.Equal(got, tt.want) {
					t.Errorf("got %q, %v, want %q", got, err, tt.want)
				}
			})
		}
	}
}

// Without Git, and with one that only git itself could read, nothing is taken for granted.
func TestTrackedWithoutGit(t *testing.T) {
	s := newSandbox(t)
	s.write("x", "1")
	if got, err := Tracked(s.path("."), ".secrets"); got != nil || err != nil {
		t.Errorf("without Git: %q, %v", got, err)
	}
	s.git(".", "init", "--quiet")
	if got, err := Tracked(s.path("."), ".secrets"); got != nil || err != nil {
		t.Errorf("without an index: %q, %v", got, err)
	}
	if err := os.WriteFile(s.path(".git/index"), []byte("DIRC\x00\x00\x00\x04spoilt"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Tracked(s.path("."), ".secrets"); err == nil || !strings.Contains(err.Error(), "Git's index can't be read") {
		t.Errorf("with a spoilt index: %v", err)
	}
}
