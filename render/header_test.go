package render

import (
	"bytes"
	"strings"
	"testing"
)

const devHeader = `# Made by mlops-gitops from environments/dev; do not edit: change the environment and run "mlops-gitops render dev".` + "\n"

func TestHeaderGoesWhereTheFileAllowsIt(t *testing.T) {
	// Digests from sha256sum, so that the format can't change by accident.
	const a = "sha256:87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7" // "a\n"
	for _, tt := range []struct{ what, name, body, want string }{
		{"on top", "x.yaml", "a\n", devHeader + "# digest: " + a + "\na\n"},
		{"below a shebang", "x.sh", "#!/bin/sh\nexit\n", "#!/bin/sh\n" + devHeader + "# digest: " + digest([]byte("#!/bin/sh\nexit\n")) + "\nexit\n"},
		{"below a shebang that is all there is", "x.sh", "#!/bin/sh", "#!/bin/sh\n" + devHeader + "# digest: " + digest([]byte("#!/bin/sh\n")) + "\n"},
		{"in place of a byte order mark", "x.conf", "\ufeffa\n", devHeader + "# digest: " + a + "\na\n"},
		{"with two dashes in SQL", "x.sql", "a\n", "--" + devHeader[1:] + "-- digest: " + a + "\na\n"},
		{"digest of line feeds", "x.env", "a\r\n", devHeader + "# digest: " + a + "\na\r\n"},
	} {
		if got := string(withHeader(commentMark(tt.name), "dev", []byte(tt.body))); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.what, got, tt.want)
		}
	}
}

func TestHeaderTellsOursFromEdited(t *testing.T) {
	const intact, edited, foreign = "intact", "edited", "not ours"
	ours := string(withHeader("#", "dev", []byte("a: 1\nb: 2\n")))
	lines := strings.SplitAfter(ours, "\n")
	for _, tt := range []struct{ what, name, data, want string }{
		{"as written", "x.yaml", ours, intact},
		{"with Windows line endings", "x.yaml", strings.ReplaceAll(ours, "\n", "\r\n"), intact},
		{"with a byte order mark", "x.yaml", "\ufeff" + ours, intact},
		{"a value changed", "x.yaml", strings.Replace(ours, "1", "2", 1), edited},
		{"a line appended", "x.yaml", ours + "c: 3\n", edited},
		{"cut short", "x.yaml", strings.TrimSuffix(ours, "b: 2\n"), edited},
		{"a line put above the header", "x.yaml", "---\n" + ours, edited},
		{"the digest changed", "x.yaml", strings.Replace(ours, lines[1], "# digest: "+digest(nil)+"\n", 1), edited},
		{"the digest removed", "x.yaml", lines[0] + "a: 1\n", foreign},
		{"the digest cut", "x.yaml", lines[0] + lines[1][:40], foreign},
		{"the header removed", "x.yaml", "a: 1\nb: 2\n", foreign},
		{"the header quoted in a value", "x.yaml", "a: |\n  " + strings.Join(lines, "  "), foreign},
		{"the header far below the top", "x.yaml", strings.Repeat("#\n", headStart) + ours, foreign},
		{"a file type without headers", "x.md", ours, foreign},
		{"empty", "x.yaml", "", foreign},
	} {
		got := foreign
		if stated, actual, ok := readHeader(tt.name, []byte(tt.data)); ok {
			got = edited
			if stated == actual {
				got = intact
			}
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, got, tt.want)
		}
	}
}

// FuzzHeader holds that whatever gets a header reads back as ours and intact,
// that it survives a Windows checkout, and that no edit goes unnoticed.
func FuzzHeader(f *testing.F) {
	f.Add([]byte("a: 1\n"), uint(3), byte('x'))
	f.Add([]byte("#!/bin/sh"), uint(0), byte('\n'))
	f.Add([]byte("#!/bin/sh\r\n\r\r\n"), uint(1), byte('\r'))
	f.Add([]byte("\ufeff\ufeff#!"), uint(0), byte(0))
	f.Add(withHeader("#", "other", []byte("#!/bin/sh\nexit\n")), uint(300), byte(' '))
	f.Add([]byte("#!"+strings.Repeat("x", 2*headSize)+"\n"), uint(9), byte('y'))
	f.Fuzz(func(t *testing.T, body []byte, at uint, to byte) {
		if isBinary(body) {
			return // these get no header
		}
		before := bytes.Clone(body)
		made := withHeader("#", "dev", body)
		if !bytes.Equal(body, before) {
			t.Fatal("the body was written to")
		}
		stated, actual, ok := readHeader("x.yaml", made)
		if !ok || stated != actual {
			t.Fatalf("not intact: %t %s %s in %q", ok, stated, actual, made)
		}
		if again, _, ok := readHeader("x.yaml", made[:min(len(made), headSize)]); !ok || again != stated {
			t.Fatalf("its head doesn't show that it is ours: %q", made)
		}
		if !bytes.ContainsRune(made, '\r') {
			crlf := bytes.ReplaceAll(made, []byte("\n"), []byte("\r\n"))
			if stated, actual, ok := readHeader("x.yaml", crlf); !ok || stated != actual {
				t.Fatalf("not intact with Windows line endings: %q", crlf)
			}
			if !bytes.Equal(normal(crlf), made) {
				t.Fatalf("differs with Windows line endings: %q", crlf)
			}
		}
		edit := bytes.Clone(made)
		edit[at%uint(len(edit))] = to
		if bytes.Equal(normal(edit), normal(made)) {
			return
		}
		if stated, actual, ok := readHeader("x.yaml", edit); ok && stated == actual {
			// Only the words of the header may change unnoticed: the digest isn't theirs.
			if bytes.Equal(withoutHeader(edit), withoutHeader(made)) {
				return
			}
			t.Fatalf("an edit goes unnoticed: %q became %q", made, edit)
		}
	})
}

// withoutHeader cuts the two lines out in the plainest way.
func withoutHeader(data []byte) []byte {
	lines := bytes.SplitAfter(normal(data), []byte("\n"))
	for i, line := range lines {
		if bytes.HasPrefix(line, []byte("# Made by mlops-gitops from environments/")) {
			return bytes.Join(append(lines[:i:i], lines[i+2:]...), nil)
		}
	}
	return data
}

func TestStamp(t *testing.T) {
	owner := Owner{"dev", []string{"deploy/dev", "clusters/dev"}}
	tree := treeOf(t, "deploy/dev/b.json", "{}\n", "clusters/dev/a.yaml", "a\n", "deploy/dev/a.bin", "\x00", "deploy/dev/z.sh", "\x00")
	stamped, err := owner.Stamp(tree)
	if err != nil {
		t.Fatal(err)
	}
	manifest, _ := stamped.File("deploy/dev/.rendered")
	want := digest([]byte{0}) + " deploy/dev/a.bin\n" + digest([]byte("{}\n")) + " deploy/dev/b.json\n" + digest([]byte{0}) + " deploy/dev/z.sh\n"
	if got := string(withoutHeader(manifest)); got != want {
		t.Errorf("what can't carry a header is in the manifest: got\n%s\nwant\n%s", got, want)
	}
	if stated, actual, ok := readHeader("deploy/dev/.rendered", manifest); !ok || stated != actual {
		t.Errorf("the manifest has a header of its own: got\n%s", manifest)
	}
	if data, _ := stamped.File("deploy/dev/b.json"); string(data) != "{}\n" {
		t.Errorf("JSON stays as it is: got %q", data)
	}
	if stamped, err := owner.Stamp(treeOf(t, "deploy/dev/a.yaml", "")); err != nil || stamped.Len() != 1 {
		t.Errorf("no manifest without need: got %v, %v", stamped.Paths(), err)
	}

	for _, tt := range []struct {
		what  string
		owner Owner
		path  string
		want  string
	}{
		{"a file outside of the roots is refused", owner, "deploy/prod/x", "deploy/prod/x is outside of deploy/dev and clusters/dev, where dev keeps its files"},
		{"a root is a folder, not a prefix", owner, "deploy/devil", "deploy/devil is outside of deploy/dev and clusters/dev, where dev keeps its files"},
		{"the manifest's name is taken", owner, "deploy/dev/.rendered", "deploy/dev/.rendered is a name that mlops-gitops keeps for itself"},
		{"names of temporary files are taken", owner, "deploy/dev/.mlops-gitops-0", "deploy/dev/.mlops-gitops-0 is a name that mlops-gitops keeps for itself"},
		{"an environment has a name", Owner{"", owner.Roots}, "deploy/dev/x", `"" is not the name of an environment`},
		{"an environment's name is one line", Owner{"a\nb", owner.Roots}, "deploy/dev/x", `"a\nb" is not the name of an environment`},
		{"an environment's name is no path", Owner{"a/b", owner.Roots}, "deploy/dev/x", `"a/b" is not the name of an environment`},
		{"an environment has a folder", Owner{"dev", nil}, "deploy/dev/x", "environment dev has no folder to render into"},
		{"the repository is nobody's folder", Owner{"dev", []string{"."}}, "deploy/dev/x", `"." is not a folder inside the repository`},
		{"no root leaves the repository", Owner{"dev", []string{"../dev"}}, "deploy/dev/x", `"../dev" is not a folder inside the repository`},
	} {
		_, err := tt.owner.Stamp(treeOf(t, tt.path, ""))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.what, err, tt.want)
		}
	}
}
