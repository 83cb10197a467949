package kustomize

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A Difference is a field in which what a stage builds to isn't what was meant.
type Difference struct {
	Stage  string
	Object string
	Field  string // as in spec.template.spec.containers[0].image; "" for the object
	Built  string // JSON, or "nothing"
	Meant  string
}

func (e *Difference) Error() string {
	at := e.Object
	if e.Field != "" {
		at += " " + e.Field
	}
	return fmt.Sprintf("%s builds to something else than was meant: %s is %s, not %s", e.Stage, at, e.Built, e.Meant)
}

// Hint says what to do about it.
func (e *Difference) Hint() string {
	return "this is a mistake in mlops-gitops: please report it, with the environment's folder"
}

// Prove builds every stage in tree, as Tree makes it of e, in memory and compares
// the outcome with e's objects field by field. The first difference is an error.
func Prove(tree render.Tree, e *schema.Environment) error {
	if !kube.InCluster(e) {
		return nil
	}
	meant, err := objectsOf(e)
	if err != nil {
		return err
	}
	secrets, err := kube.Secrets(e)
	if err != nil {
		return err
	}
	files, err := inMemory(tree, e, secrets)
	if err != nil {
		return err
	}
	for _, stage := range kube.Stages() {
		dir := stageDir(e, stage)
		want := map[string]any{}
		for _, o := range meant[stage] {
			want[o.String()] = o.fields
		}
		if stage == kube.StageSecrets {
			for _, name := range secrets {
				s := placeholder(e, name)
				want[fmt.Sprintf("Secret/%s/%s", e.Settings.Namespace, name)] = s
			}
		}
		built, err := build(files, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		got, err := fieldsOf(built)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		if err := compare(dir, want, got); err != nil {
			return err
		}
	}
	return nil
}

// inMemory holds the tree's files and, in place of encrypted Secrets, plain ones.
func inMemory(tree render.Tree, e *schema.Environment, secrets []string) (filesys.FileSystem, error) {
	files := filesys.MakeFsInMemory()
	for name, data := range tree.All() {
		if !strings.HasPrefix(name, root(e)+"/") {
			continue
		}
		if err := files.WriteFile(name, data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for i, file := range secretFiles(secrets) {
		text, err := kube.YAML(placeholder(e, secrets[i]))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := files.WriteFile(path.Join(stageDir(e, kube.StageSecrets), file), text); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return files, nil
}

func placeholder(e *schema.Environment, name string) map[string]any {
	return map[string]any{
		"apiVersion": "v1",
		"kind":       "Secret",
		"metadata":   map[string]any{"name": name, "namespace": e.Settings.Namespace},
		"stringData": map[string]any{kube.SecretKey: "placeholder"},
	}
}

// oneBuild lets one build run at a time: kustomize keeps the schema of Kubernetes
// in variables of the process (kyaml, openapi).
var oneBuild sync.Mutex

func build(files filesys.FileSystem, dir string) (resmap.ResMap, error) {
	oneBuild.Lock()
	defer oneBuild.Unlock()
	return krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, dir)
}

func fieldsOf(built resmap.ResMap) (map[string]any, error) {
	objects := map[string]any{}
	for _, r := range built.Resources() {
		fields, err := r.Map()
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.GetKind(), r.GetName(), err)
		}
		name := r.GetKind() + "/" + r.GetName()
		if r.GetNamespace() != "" {
			name = r.GetKind() + "/" + r.GetNamespace() + "/" + r.GetName()
		}
		objects[name] = fields
	}
	return objects, nil
}

// compare returns the first difference, in order of objects and of fields.
func compare(dir string, meant, built map[string]any) error {
	all := maps.Clone(meant)
	maps.Copy(all, built)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		want, err := plain(meant[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		got, err := plain(built[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if field, want, got := difference("", want, got); want != got {
			return &Difference{Stage: dir, Object: name, Field: strings.TrimPrefix(field, "."), Built: got, Meant: want}
		}
	}
	return nil
}

// plain is a value as JSON has it, so that it doesn't matter which of Go's types a
// number has.
func plain(v any) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var p any
	err = json.Unmarshal(data, &p)
	return p, err
}

// difference returns the first field in which two values differ, and both of its
// values; they are equal when there is none.
func difference(field string, want, got any) (at, wanted, found string) {
	if reflect.DeepEqual(want, got) {
		return field, "", ""
	}
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			all := maps.Clone(w)
			maps.Copy(all, g)
			for _, key := range slices.Sorted(maps.Keys(all)) {
				if at, wanted, found = difference(field+"."+key, w[key], g[key]); wanted != found {
					return at, wanted, found
				}
			}
		}
	case []any:
		if g, ok := got.([]any); ok {
			for i := range min(len(w), len(g)) {
				if at, wanted, found = difference(field+"["+strconv.Itoa(i)+"]", w[i], g[i]); wanted != found {
					return at, wanted, found
				}
			}
		}
	}
	return field, show(want), show(got)
}

func show(v any) string {
	if v == nil {
		return "nothing"
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}
