package load

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestRefusedText holds what text must not hold, in every way to write text.
func TestRefusedText(t *testing.T) {
	const reserved = "text must not hold the code points U+FDD0 to U+FDEF\n  they are kept for references; take them out\n"
	control := func(code string) string {
		return "text must not hold the control character " + code + "\n  kustomize and Compose refuse or change it; take it out\n"
	}
	for _, tt := range []struct{ what, text, want string }{
		{"escaped", `"\uFDD0secret x value\uFDD1"`, "4:30: " + reserved},
		{"as it is", "\"\ufdd0secret x value\ufdd1\"", "4:30: " + reserved},
		{"a raw text", `#"\#uFDD0secret x value\#uFDD1"#`, "4:30: " + reserved},
		{"a raw text in which it is no escape", `#"\uFDD0"#`, ""},
		{"after an expression", `"a\("")\uFDD0secret x value\uFDD1"`, "4:36: " + reserved},
		{"before an expression", `"\uFDD0secret \("x") value"`, "4:30: " + reserved},
		{"between expressions", `"a\("")\uFDD0\("")b"`, "4:36: " + reserved},
		{"in an expression", `"a\("\uFDD0")b"`, "4:34: " + reserved},
		{"in a raw text with an expression", `#"a\#("")\#uFDD0"#`, "4:38: " + reserved},
		{"in text of several lines with an expression", "\"\"\"\n\ta\n\tb\\(\"\")\\uFDD0\n\t\"\"\"", "6:7: " + reserved},
		{"in bytes", `"\('\xEF\xB7\x90')"`, "4:33: " + reserved},
		{"in a name", `"x", environment: mlflow: env: "\u0001": "x"`, "4:61: " + control("U+0001")},
		{"a bell", `"\a"`, "4:30: " + control("U+0007")},
		{"a delete", `"a\u007F"`, "4:30: " + control("U+007F")},
		{"a delete as it is", "\"a\x7f\"", "4:30: " + control("U+007F")},
		{"a next line", `"\u0085"`, "4:30: " + control("U+0085")},
		{"the last control character", `"\u009F"`, "4:30: " + control("U+009F")},
		{"the one after it", `"\u00A0"`, ""},
		{"no character", `"\uFFFE"`, "4:30: " + control("U+FFFE")},
		{"nor this", `"a\("")\uFFFF"`, "4:36: " + control("U+FFFF")},
		{"nul", `"\u0000"`, "4:30: " + control("U+0000")},
		{"what ends and fills lines", `"\n\t\r"`, ""},
		{"a line of Windows", "\"\"\"\r\n\ta\r\n\t\"\"\"", ""},
	} {
		files := tree(t, "")
		files["environments/dev/e.cue"] = &fstest.MapFile{Data: []byte("package environments\n\nenvironment: mode: \"dev\"\nenvironment: mlflow: env: A: " + tt.text + "\n")}
		if got := strings.ReplaceAll(mistakes(t, files), "environments/dev/e.cue:", ""); got != tt.want {
			t.Errorf("%s: got\n%swant\n%s", tt.what, got, tt.want)
		}
	}
}

// TestRefusedTextOfPackages holds that imported files are looked at as well.
func TestRefusedTextOfPackages(t *testing.T) {
	got := mistakes(t, tree(t, "-- a/x.cue --\npackage a\n\nx: \"\\uFDD0secret postgres.admin value\\uFDD1\"\n"+
		"-- environments/dev/e.cue --\npackage environments\n\nimport \"example.com/platform/a\"\n\nenvironment: mode: \"dev\"\nenvironment: mlflow: env: A: a.x\n"))
	if !strings.HasPrefix(got, "a/x.cue:3:4: text must not hold the code points") {
		t.Errorf("got %s", got)
	}
}
