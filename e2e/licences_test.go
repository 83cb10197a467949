package e2e

import (
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/licensecheck"
)

// Licences that what is distributed with the program may have. None asks for more than that
// they are named, or that changes to their own files are published.
var permitted = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"}

// TestLicences holds that each module in the built program is under one of them, as its own
// files say.
func TestLicences(t *testing.T) {
	info, err := buildinfo.ReadFile(program(t))
	if err != nil {
		t.Fatal(err)
	}
	linked := map[string]bool{}
	for _, m := range info.Deps {
		linked[m.Path] = true
	}
	list := exec.Command("go", "list", "-m", "-json", "all")
	list.Dir = ".."
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	modules := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var m struct{ Path, Dir string }
		if err := modules.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if !linked[m.Path] {
			continue
		}
		found++
		under := licencesOf(t, m.Dir)
		if len(under) == 0 {
			t.Errorf("%s says no licence that is known", m.Path)
		}
		for _, l := range under {
			if !slices.Contains(permitted, l) {
				t.Errorf("%s is under %s", m.Path, l)
			}
		}
	}
	if found != len(linked) || found == 0 {
		t.Errorf("of %d modules in the program, %d were looked at", len(linked), found)
	}
	t.Logf("%d modules", found)
}

// licenceFile is a file with the terms of code; LICENSE.docs is of documentation, which is not distributed.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying)(\.(md|txt|code|mit))?$`)

// licencesOf are those that files of a module's folder are the text of.
func licencesOf(t *testing.T, dir string) (ids []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range licensecheck.Scan(text).Match {
			if !m.IsURL {
				ids = append(ids, m.ID)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
