package load

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// FuzzLoad puts any bytes into an environment's file: a load ends, and every
// mistake is at a place in a file that is there.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"", "\x00", "package environments", "package environments\nenvironment: mode: \"dev\"\n",
		"package environments\n\nenvironment: {mode: \"dev\", mlflow: {workers: 0, wokers: 1, env: A: \"\\(nope) \\(x.y)\"}}\n",
		"package environments\nenvironment: secrets: recipients: [1, _|_, {a: 2}, ...]\n",
		"package environments\nenvironment: environment\n", "package environments\nenvironment: _|_\n", "package environments\nenvironment: \"\\uFDD0\"\n",
		"package environments\nimport \"strings\"\nenvironment: mode: strings.Repeat(\"d\", 2)\n",
		"package environments\nlet x = environment\nenvironment: components: a: x.components.a\n",
		"package environments\nenvironment: {for k, v in {a: 1} {(k): v}, if mode == \"dev\" {domain: 5}}\n",
		"package environments\nenvironment: components: [string]: needs: [string]: {port: 5}\n",
		"\ufeffpackage environments\r\nenvironment: mode: \"dev\"\r\nenvironment: mlflow: wokers: 1",
		"package environments\nenvironment: mode: dev\nenvironment: minio: buckets: [\"A_b\", \"c=d\"]\nenvironment: nginx: headers: 5\n",
		"package environments\nenvironment: my-comp: {\n  a = b # c\n",
		"package environments\nimport \"./x\"\nenvironment: {mode: \"dev\", mlflow: {workers: environment.mlflow.replicas, image: \"a/b:1\", auth: mode: basic}, postgres: storage: 1.5G}\n",
		"package environments\nenvironment: mode: \"dev\"\nenvironment: components: a: workloads: server: {image: {repository: \"x\"}, after: a: \"healthy\", command: [\"\\(host)\"]}\n",
	} {
		text, clause := strings.CutPrefix(text, "package environments\n")
		f.Add([]byte(text), clause)
	}
	shipped := tree(f, "")
	f.Fuzz(func(t *testing.T, data []byte, clause bool) {
		if clause {
			data = append([]byte("package environments\n"), data...)
		}
		files := fstest.MapFS{"environments/dev/e.cue": &fstest.MapFile{Data: data}}
		for name, file := range shipped {
			files[name] = file
		}
		r, err := Open(files, "")
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := r.Load()
			ended <- err
		}()
		select {
		case err := <-ended:
			for _, m := range ofError(t, err) {
				inside(t, files, m)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("a load does not end")
		}
	})
}

// inside holds that a mistake is at a place that is there.
func inside(t *testing.T, files fstest.MapFS, m *Mistake) {
	t.Helper()
	if m.Msg == "" {
		t.Errorf("%s: nothing is said", m.Pos)
	}
	for _, p := range []Position{m.Pos, m.Also} {
		if p == (Position{}) || p.Line == 0 && p.File == "environments/dev" {
			continue
		}
		file, ok := files[p.File]
		if !ok {
			t.Errorf("%q is no file of the environment, for: %s", p.File, m.Msg)
			continue
		}
		lines := bytes.SplitAfter(file.Data, []byte("\n")) // the end is on the last line, or below it
		if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len(lines[p.Line-1])+1 {
			t.Errorf("%s is not in the file, for: %s", p, m.Msg)
		}
	}
}
