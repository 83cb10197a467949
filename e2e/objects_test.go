package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// eachGolden renders the environment of each golden file of render/kube, as its user would.
func eachGolden(t *testing.T, do func(*testing.T, folder)) {
	t.Helper()
	archives, err := filepath.Glob("../render/kube/testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			do(t, rendered(t, archive))
		})
	}
}

// rendered is a config repository with an archive's environment, all of it rendered
// and with values for its secrets that a cluster takes.
func rendered(t *testing.T, archive *txtar.Archive) folder {
	t.Helper()
	f := newFolder(t)
	bin := program(t)
	f.run(bin, "init")
	for _, file := range archive.Files {
		if strings.HasPrefix(file.Name, "environments/") {
			f.write(file.Name, string(file.Data))
		}
	}
	f.write("environments/prod/recipients.cue", fmt.Sprintf("package environments\n\nenvironment: secrets: recipients: [%q]\n", ageKey(t).public))
	f.run(bin, "secrets", "generate", "prod")
	f.run(bin, "render", "prod")
	placeholders(f)
	return f
}

// placeholders puts a plain value in place of each encrypted one, as Flux does before
// a cluster sees the Secret.
func placeholders(f folder) {
	f.t.Helper()
	for _, path := range f.glob("deploy/prod/secrets/*.yaml") {
		o := f.object(path)
		if _, encrypted := o["sops"]; !encrypted {
			continue
		}
		delete(o, "sops")
		for field, value := range map[string]string{"data": base64.StdEncoding.EncodeToString([]byte("placeholder")), "stringData": "placeholder"} {
			values, _ := o[field].(map[string]any) // a Secret has one of the two
			for key := range values {
				values[key] = value
			}
		}
		f.writeObject(path, o)
	}
}

// built are the objects of each stage, by its folder, as Flux builds them. What Flux
// itself is told, in clusters/prod, is a stage here too.
func built(f folder) map[string][]map[string]any {
	f.t.Helper()
	stages := map[string][]map[string]any{}
	for _, path := range f.glob("deploy/prod/*/kustomization.yaml") {
		dir := filepath.Dir(path)
		made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(f.dir, dir))
		if err != nil {
			f.t.Fatal(err)
		}
		stages[dir] = nil
		for _, r := range made.Resources() {
			o, err := r.Map()
			if err != nil {
				f.t.Fatal(err)
			}
			stages[dir] = append(stages[dir], o)
		}
	}
	for _, path := range f.glob("clusters/prod/*.yaml") {
		stages["clusters/prod"] = append(stages["clusters/prod"], f.object(path))
	}
	return stages
}

// glob are the folder's files of a pattern, of which there must be one.
func (f folder) glob(pattern string) []string {
	f.t.Helper()
	found, err := filepath.Glob(filepath.Join(f.dir, pattern))
	if err != nil || len(found) == 0 {
		f.t.Fatalf("nothing is %s: %v", pattern, err)
	}
	for i, path := range found {
		if found[i], err = filepath.Rel(f.dir, path); err != nil {
			f.t.Fatal(err)
		}
	}
	return found
}

// object is the one object of a file.
func (f folder) object(path string) map[string]any {
	f.t.Helper()
	var o map[string]any
	if err := yaml.UnmarshalStrict([]byte(f.read(path)), &o); err != nil {
		f.t.Fatalf("%s: %v", path, err)
	}
	return o
}

func (f folder) writeObject(path string, o map[string]any) {
	f.t.Helper()
	text, err := yaml.Marshal(o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.write(path, string(text))
}

// definitions are the custom resource definitions, by name, that the platform's objects
// are held against.
func definitions(t *testing.T) map[string][]byte {
	t.Helper()
	dir := os.Getenv("CRDS_DIR")
	if dir == "" {
		t.Fatal("set CRDS_DIR to a folder with the definitions of CloudNativePG (config/crd/bases of its repository) and of Flux's helm-controller")
	}
	found := map[string][]byte{}
	for _, dir := range append(modules(t), dir, filepath.Join("testdata", "objects")) {
		files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no definitions in %s: %v", dir, err)
		}
		for _, path := range files {
			for _, text := range bytes.Split([]byte(read(t, path)), []byte("\n---\n")) {
				var d struct {
					Kind     string
					Metadata struct{ Name string }
				}
				if err := yaml.Unmarshal(text, &d); err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				if d.Kind == "CustomResourceDefinition" {
					found[d.Metadata.Name] = text
				}
			}
		}
	}
	return found
}

// modules are the folders in Go modules that testdata/objects/definitions.txt names.
func modules(t *testing.T) []string {
	t.Helper()
	var dirs []string
	for line := range strings.Lines(read(t, "testdata/objects/definitions.txt")) {
		fields := strings.Fields(line)
		if strings.HasPrefix(line, "#") || len(fields) != 3 {
			continue
		}
		cmd := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", fields[0]+"@"+fields[1])
		cmd.Dir = t.TempDir() // no module of ours takes part
		out, err := cmd.Output()
		var module struct{ Dir, Error string }
		if broken := json.Unmarshal(out, &module); err != nil || broken != nil || module.Error != "" {
			t.Fatalf("%s: %v %v %s", line, err, broken, module.Error)
		}
		dirs = append(dirs, filepath.Join(module.Dir, filepath.FromSlash(fields[2])))
	}
	return dirs
}

// TestClusterAdmits holds that a real API server takes every object of the golden
// environments, field by field and without a warning, stage by stage.
func TestClusterAdmits(t *testing.T) {
	if os.Getenv("KUBECONFIG") == "" {
		t.Fatal("set KUBECONFIG, or run \"make e2e-cluster\", which starts the lab's cluster")
	}
	defined(t)
	eachGolden(t, func(t *testing.T, f folder) {
		stages, total := built(f), 0
		for _, objects := range stages {
			for _, o := range objects {
				if o["kind"] == "Namespace" {
					namespace(f, o)
				}
			}
		}
		for _, dir := range slices.Sorted(maps.Keys(stages)) {
			if len(stages[dir]) == 0 {
				continue // kubectl calls an empty stage an error, Flux doesn't
			}
			from := "--kustomize=" + dir
			if dir == "clusters/prod" {
				from = "--filename=" + dir
			}
			out, err := f.try("kubectl", "apply", from, "--server-side", "--force-conflicts",
				"--dry-run=server", "--validate=strict", "--warnings-as-errors", "--output", "name")
			if err != nil {
				t.Errorf("%s: %v", dir, err)
			}
			if got := len(strings.Fields(out)); got != len(stages[dir]) {
				t.Errorf("%s: %d objects of %d are admitted:\n%s", dir, got, len(stages[dir]), out)
			}
			total += len(stages[dir])
		}
		t.Logf("%d objects of %d stages", total, len(stages))
	})
}

// defined lends the cluster the definitions that it lacks.
func defined(t *testing.T) {
	t.Helper()
	f := newFolder(t)
	have := f.run("kubectl", "get", "customresourcedefinitions", "--output", "name")
	var lent []string
	for name, text := range definitions(t) {
		if !strings.Contains(have, "/"+name+"\n") {
			f.write(name+".yaml", string(text))
			lent = append(lent, "--filename="+name+".yaml")
		}
	}
	if len(lent) == 0 {
		return
	}
	t.Cleanup(func() { f.run("kubectl", append([]string{"delete", "--ignore-not-found"}, lent...)...) })
	f.run("kubectl", append([]string{"apply", "--server-side"}, lent...)...)
	f.run("kubectl", append([]string{"wait", "--for", "condition=Established", "--timeout", "30s"}, lent...)...)
}

// namespace lends the cluster one that it lacks, in which it warns of every pod that
// it would not let start. A dry run makes none for the objects after it.
func namespace(f folder, o map[string]any) {
	f.t.Helper()
	const path = "namespace.yaml"
	f.writeObject(path, o)
	if out := f.run("kubectl", "get", "--ignore-not-found", "--output", "name", "-f", path); out != "" {
		return
	}
	name := strings.TrimSpace(f.run("kubectl", "create", "-f", path, "--output", "name"))
	f.t.Cleanup(func() { f.run("kubectl", "delete", name) })
	f.run("kubectl", "label", name, "pod-security.kubernetes.io/warn=restricted")
}
