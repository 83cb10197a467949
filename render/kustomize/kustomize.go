// Package kustomize makes files of Kubernetes objects: a base, which is the
// platform as the schema ships it, and an overlay, which is what the environment
// says. Building the overlay gives the environment's objects exactly, and Prove
// shows it. It applies nothing. It alone knows kustomize.
//
//	deploy/<env>/base/<stage>/    the base's objects, a file each
//	deploy/<env>/<stage>/         what is applied: the base with the overlay's changes
//	deploy/<env>/.sops.yaml       for whom the command sops encrypts what is beside the secrets stage
package kustomize

import (
	"fmt"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

const kustomizationFile = "kustomization.yaml"

// Tree renders an environment against its base. It is empty when nothing of it runs in
// the cluster. The Secrets of the secrets stage are named in its kustomization and
// not rendered: they lie beside it, encrypted, one <name>.yaml each.
func Tree(c kube.Cluster, base *schema.Environment) (render.Tree, error) {
	var tree render.Tree
	if len(c.Objects) == 0 {
		return tree, nil
	}
	shipped, err := kube.Of(base)
	if err != nil {
		return tree, fmt.Errorf("base: %w", err)
	}
	if err := (writer{tree: &tree}).sops(c); err != nil {
		return tree, err
	}
	for _, stage := range kube.Stages() {
		w := writer{tree: &tree, dir: path.Join(root(c), "base", string(stage)), namespace: c.Settings.Namespace}
		if err := w.base(shipped.InStage(stage)); err != nil {
			return tree, err
		}
		w.dir = stageDir(c, stage)
		var beside []string
		if stage == kube.StageSecrets {
			beside = secretFiles(c.Secrets)
		}
		if err := w.overlay("../base/"+string(stage), shipped.InStage(stage), c.InStage(stage), beside); err != nil {
			return tree, err
		}
	}
	return tree, nil
}

func root(c kube.Cluster) string { return path.Join("deploy", c.Name) }

func stageDir(c kube.Cluster, stage kube.Stage) string {
	return path.Join(root(c), string(stage))
}

func secretFiles(names []string) []string {
	var files []string
	for _, name := range names {
		files = append(files, name+".yaml")
	}
	return files
}

// A writer puts the files of one folder into a tree.
type writer struct {
	tree      *render.Tree
	dir       string
	namespace string
}

// base writes a stage as it is shipped.
func (w writer) base(objects []kube.Object) error {
	files, err := w.objects(objects)
	if err != nil {
		return err
	}
	return w.kustomization(kustomization{Resources: files})
}

// objects writes each object into a file of its own and returns the files' names.
func (w writer) objects(objects []kube.Object) ([]string, error) {
	var files []string
	for _, o := range objects {
		file := strings.ToLower(o.Kind()) + "-" + o.GetName() + ".yaml"
		if err := w.file(file, o.Fields); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// A kustomization is as much of kustomize's file as is used here, in the order in
// which a person reads it: what there is, and what of it is changed.
type kustomization struct {
	APIVersion string          `yaml:"apiVersion"`
	Kind       string          `yaml:"kind"`
	Namespace  string          `yaml:"namespace,omitempty"`
	Resources  []string        `yaml:"resources,omitempty"`
	Images     []types.Image   `yaml:"images,omitempty"`
	Replicas   []types.Replica `yaml:"replicas,omitempty"`
	Patches    []types.Patch   `yaml:"patches,omitempty"`
}

// kustomization writes the kustomization of the folder. One that would say nothing
// says its namespace: kustomize refuses an empty file.
func (w writer) kustomization(k kustomization) error {
	k.APIVersion, k.Kind = types.KustomizationVersion, types.KustomizationKind
	if len(k.Resources) == 0 {
		k.Namespace = w.namespace
	}
	return w.file(kustomizationFile, k)
}

func (w writer) file(name string, content any) error {
	name = path.Join(w.dir, name)
	text, err := kube.YAML(content)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return w.tree.Add(name, text)
}
