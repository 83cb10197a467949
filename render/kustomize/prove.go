package kustomize

import (
	"fmt"
	"path"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
)

// Prove builds every stage in tree, as Tree makes it of c, in memory and compares
// the outcome with c's objects field by field. The first difference is an error.
func Prove(tree render.Tree, c kube.Cluster) error {
	if len(c.Objects) == 0 {
		return nil
	}
	files, err := inMemory(tree, c)
	if err != nil {
		return err
	}
	for _, stage := range kube.Stages() {
		dir := stageDir(c, stage)
		want := map[string]any{}
		for _, o := range c.InStage(stage) {
			want[o.String()] = o.Fields
		}
		if stage == kube.StageSecrets {
			for _, name := range c.Secrets {
				want["Secret/"+c.Settings.Namespace+"/"+name] = placeholder(c, name)
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
func inMemory(tree render.Tree, c kube.Cluster) (filesys.FileSystem, error) {
	files := filesys.MakeFsInMemory()
	for name, data := range tree.All() {
		if !strings.HasPrefix(name, root(c)+"/") {
			continue
		}
		if err := files.WriteFile(name, data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for i, file := range secretFiles(c.Secrets) {
		text, err := kube.YAML(placeholder(c, c.Secrets[i]))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := files.WriteFile(path.Join(stageDir(c, kube.StageSecrets), file), text); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return files, nil
}

func placeholder(c kube.Cluster, name string) map[string]any {
	return map[string]any{
		"apiVersion": "v1",
		"kind":       "Secret",
		"metadata":   map[string]any{"name": name, "namespace": c.Settings.Namespace},
		"stringData": map[string]any{"any": "placeholder"},
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
