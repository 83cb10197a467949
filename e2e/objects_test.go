package e2e

import (
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// eachGolden renders the environments of the golden files of render/kube and of
// testdata/environments, or those named, as their user would.
func eachGolden(t *testing.T, do func(*testing.T, folder), names ...string) {
	t.Helper()
	eachOf(t, []string{"../render/kube/testdata", "testdata/environments"}, do, names...)
}

// eachOf does the same with the environments of folders.
func eachOf(t *testing.T, dirs []string, do func(*testing.T, folder), names ...string) {
	t.Helper()
	var archives []string
	for _, dir := range dirs {
		found, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no environments in %s: %v", dir, err)
		}
		archives = append(archives, found...)
	}
	for _, path := range archives {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
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
	if _, err := f.try(bin, "secrets", "generate", "prod"); err != nil {
		for _, m := range regexp.MustCompile(`the secret (\S+) is not made but supplied`).FindAllStringSubmatch(err.Error(), -1) {
			f.run("sh", "-c", `printf %s supplied-supplied-supplied-supplied-supp | "$0" secrets set prod "$1"`, bin, m[1])
		}
		f.run(bin, "secrets", "generate", "prod")
	}
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

// TestObjects holds that each custom resource of the golden environments is what its
// definition says: no unknown field, the right types, and its rules in CEL.
func TestObjects(t *testing.T) {
	kinds := customs(t)
	eachGolden(t, func(t *testing.T, f folder) {
		total, custom := 0, 0
		for dir, objects := range built(f) {
			for _, o := range objects {
				isCustom, errs := refused(t.Context(), kinds, o)
				for _, err := range errs {
					t.Errorf("%s: %s: %v", dir, title(o), err)
				}
				total++
				if isCustom {
					custom++
				}
			}
		}
		if custom == 0 {
			t.Error("no custom resource, not even Flux's own")
		}
		t.Logf("%d objects, %d of them custom resources", total, custom)
	})
}

// TestObjectsRefused holds that TestObjects can fail: what is wrong is found.
func TestObjectsRefused(t *testing.T) {
	kinds := customs(t)
	for _, tt := range []struct{ name, object, want string }{
		{
			"unknown field",
			`{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: x, namespace: a}, spec: {instances: 3, storage: {size: 1Gi, sise: 1Gi}}}`,
			"unknown field spec.storage.sise",
		},
		{
			"type",
			`{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: x, namespace: a}, spec: {instances: "3"}}`,
			"spec.instances: Invalid value",
		},
		{
			"rule in CEL",
			`{apiVersion: postgresql.cnpg.io/v1, kind: Database, metadata: {name: x, namespace: a}, spec: {cluster: {name: z}, name: postgres, owner: x}}`,
			"the name postgres is reserved",
		},
		{
			"required field",
			`{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: x, namespace: a}, spec: {interval: 1h, sourceRef: {kind: GitRepository, name: z}}}`,
			"spec.prune: Required value",
		},
		{
			"namespace",
			`{apiVersion: source.toolkit.fluxcd.io/v1, kind: HelmRepository, metadata: {name: x}, spec: {url: "https://example.com"}}`,
			"metadata.namespace: Required value",
		},
		{
			"unknown kind",
			`{apiVersion: example.com/v1, kind: Nothing, metadata: {name: x, namespace: a}}`,
			"example.com/v1, Kind=Nothing has no definition",
		},
		{
			"unknown field of Kubernetes' own",
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, dta: {}}`,
			`unknown field "dta"`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var o map[string]any
			if err := yaml.Unmarshal([]byte(tt.object), &o); err != nil {
				t.Fatal(err)
			}
			if _, errs := refused(t.Context(), kinds, o); len(errs) == 0 || !strings.Contains(errs[0].Error(), tt.want) {
				t.Errorf("got %v, want %q first", errs, tt.want)
			}
		})
	}
}

// title names an object.
func title(o map[string]any) string {
	meta, _ := o["metadata"].(map[string]any) // without one it has no name
	return fmt.Sprintf("%v/%v", o["kind"], meta["name"])
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
