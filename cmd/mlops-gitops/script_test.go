package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mlops-gitops": main})
}

// TestScripts runs the specification of every verb: testdata/script, one
// behaviour a file. UPDATE=1 writes anew what the program prints there.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_CACHE_HOME", t.TempDir())
			e.Setenv("DOCKER_HOST", "unix://"+filepath.Join(e.WorkDir, "no-engine")) // what runs on this machine is another story
			if _, err := os.Stat(filepath.Join(e.WorkDir, "environments")); err != nil {
				return nil // the script begins with an empty folder
			}
			files, err := newRepository()
			if err != nil {
				return err
			}
			for name := range files { // what all scripts share; their own environments stay
				if !strings.HasPrefix(name, "cue.mod") && !strings.HasPrefix(name, "schema") && name != filepath.Join("environments", "environment.cue") {
					delete(files, name)
				}
				if _, err := os.Stat(filepath.Join(e.WorkDir, name)); err == nil {
					delete(files, name)
				}
			}
			_, err = addFiles(e.WorkDir, files)
			return err
		},
	})
}
