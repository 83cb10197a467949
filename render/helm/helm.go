// Package helm makes a Helm chart of an environment's objects in the cluster: the same
// objects as render/kustomize applies, in the namespace that they are installed into, with
// values for what nothing else follows from. What operators are installed by, the namespace
// and Secrets are not in it: they are there before. It applies nothing and knows Helm's file
// formats alone, not its code.
//
//	deploy/<env>/mlops-helm-charts/
package helm

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
)

// Name is the chart's, and that of its folder, which Helm wants to be the same.
const Name = "mlops-helm-charts"

// Tree renders the chart of an environment. It is empty when nothing of it runs in the
// cluster.
func Tree(c kube.Cluster) (render.Tree, error) {
	var tree render.Tree
	if len(c.Objects) == 0 {
		return tree, nil
	}
	made, err := chartOf(c)
	if err != nil {
		return tree, fmt.Errorf("chart: %w", err)
	}
	files, err := made.files()
	if err != nil {
		return tree, fmt.Errorf("chart: %w", err)
	}
	for name, text := range files {
		if err := tree.Add(path.Join("deploy", c.Name, Name, name), []byte(text)); err != nil {
			return tree, err
		}
	}
	return tree, nil
}

// A chart is an environment's objects as templates, and what is said beside them.
type chart struct {
	kube.Cluster
	objects []object // of the release
	tests   []object
	bound   []string // objects whose text names the namespace where nothing says so
	values  values
}

// An object is a Kubernetes object and its fields in a chart, actions in some of them.
type object struct {
	kube.Object
	fields map[string]any
}

func chartOf(c kube.Cluster) (*chart, error) {
	tests, err := kube.Tests(c.Environment)
	if err != nil {
		return nil, err
	}
	released := slices.DeleteFunc(slices.Clone(c.Objects), func(o kube.Object) bool {
		return o.Stage == kube.StageOperators || o.Kind() == "Namespace" && o.GetName() == c.Settings.Namespace
	})
	made, n := &chart{Cluster: c}, newNamespace(c.Settings.Namespace)
	made.objects, made.bound, err = n.objects(released, func() ([]kube.Object, error) {
		there, err := kube.Of(n.elsewhere(*c.Environment))
		return there.Objects, err
	})
	if err != nil {
		return nil, err
	}
	tested, bound, err := n.objects(tests, func() ([]kube.Object, error) { return kube.Tests(n.elsewhere(*c.Environment)) })
	if err != nil {
		return nil, err
	}
	made.tests, made.bound = tested, append(made.bound, bound...)
	for _, o := range made.objects {
		keep(o)
	}
	guard(made.objects)
	for _, o := range made.tests {
		hook(o)
	}
	made.values = valuesOf(made.objects, made.tests, c.Settings.Registry)
	return made, nil
}

// files are those of the chart, by their paths in it.
func (c *chart) files() (map[string]string, error) {
	files := map[string]string{
		"templates/NOTES.txt":   c.notes(),
		"templates/_values.tpl": helpers,
		"templates/checks.yaml": c.checks(),
	}
	var err error
	if files["README.md"], err = c.readme(); err != nil {
		return nil, err
	}
	if files["values.yaml"], err = c.values.yaml(c.Name, operated(c.objects)); err != nil {
		return nil, err
	}
	if files["values.schema.json"], err = c.values.schema(); err != nil {
		return nil, err
	}
	for dir, objects := range map[string][]object{"templates/components": c.objects, "templates/tests": c.tests} {
		for _, o := range objects {
			text, err := c.values.template(o)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", o, err)
			}
			files[path.Join(dir, fileOf(o))] += "---\n" + text
		}
	}
	files["Chart.yaml"] = c.metadata(digest(files))
	return files, nil
}

// fileOf is the file of an object: all of a component's are in one, as fewer files are
// sooner written, and read. A label can't lead out of a folder (render/kube holds it to what a
// cluster takes).
func fileOf(o object) string {
	return cmp.Or(strings.ToLower(o.GetLabels()[identity+"name"]), "platform") + ".yaml"
}

// metadata is Chart.yaml. The version follows what the chart holds: one that is the same
// has the same, and Helm shows which one is installed.
func (c *chart) metadata(sum string) string {
	return fmt.Sprintf(`apiVersion: v2
name: %s
description: The platform %s, as environments/%[2]s says it.
type: application
version: 1.0.0+%[3]s
kubeVersion: ">=1.34.0-0"
`, Name, c.Name, sum)
}

func digest(files map[string]string) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%s\x00%s\x00", name, files[name])
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}
