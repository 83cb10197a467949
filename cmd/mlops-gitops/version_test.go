package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestPinned holds that a workflow installs this program's own version where that can be had.
func TestPinned(t *testing.T) {
	for version, want := range map[string]string{
		"v0.2.0":                             "v0.2.0",
		"v1.0.0-rc.1":                        "v1.0.0-rc.1",
		"v0.0.0-20261120101112-0123456789ab": "v0.0.0-20261120101112-0123456789ab",
		"v0.2.1-0.20261120101112-0123456789ab+dirty": "latest",
		"(devel)": "latest",
		"":        "latest",
	} {
		if got := pinned(version); got != want {
			t.Errorf("%q: got %s, want %s", version, got, want)
		}
	}
	files, err := newRepository()
	if err != nil {
		t.Fatal(err)
	}
	text := string(files[filepath.FromSlash(workflow)])
	if !installed.MatchString(text) || installed.FindStringSubmatch(strings.ReplaceAll(text, "@latest", "@v0.2.0"))[2] != "v0.2.0" {
		t.Errorf("where it is installed is not found in\n%s", text)
	}
}
