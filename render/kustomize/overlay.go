package kustomize

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
)

// overlay writes what makes the shipped objects of a stage into those that are
// meant: an object that is only meant is a file, one that is only shipped is
// deleted by a patch, and in one that is both, images and replicas are set and the
// rest is changed by JSON patches (RFC 6902), be it the name. Files that lie beside
// are only named.
//
// No object is replaced as a whole: kustomize takes "$patch: replace" at the top of
// an object for no change at all, without a word. And the fewer are deleted the
// better: only then does kustomize read the schema of all of Kubernetes.
func (w writer) overlay(base string, shipped, meant []kube.Object, beside []string) error {
	var k kustomization
	if len(shipped) > 0 {
		k.Resources = []string{base}
	}
	both, added, removed := match(shipped, meant)
	files, err := w.objects(added)
	if err != nil {
		return err
	}
	k.Resources = append(append(k.Resources, files...), beside...)
	for _, o := range removed {
		patch, err := deletion(o)
		if err != nil {
			return err
		}
		k.Patches = append(k.Patches, patch)
	}
	k.Images = setImages(both, meant)
	k.Replicas = setReplicas(both)
	for _, p := range both {
		ops, err := changes("", p.from, p.meant.Fields)
		if err != nil {
			return err
		}
		if len(ops) == 0 {
			continue
		}
		patch, err := jsonPatch(ops)
		if err != nil {
			return fmt.Errorf("%s: %w", p.meant, err)
		}
		k.Patches = append(k.Patches, types.Patch{Target: target(p.shipped), Patch: patch})
	}
	return w.kustomization(k)
}

// A pair is an object that is both shipped and meant. From is what kustomize's own
// transformers leave of it for patches to change.
type pair struct {
	shipped, meant kube.Object
	from           map[string]any
}

// match pairs objects by their slots: a task that changes is a Job that is renamed.
func match(shipped, meant []kube.Object) (both []pair, added, removed []kube.Object) {
	was := map[string]kube.Object{}
	for _, o := range shipped {
		was[o.Slot()] = o
	}
	for _, o := range meant {
		if s, ok := was[o.Slot()]; ok {
			both = append(both, pair{s, o, clone(s.Fields).(map[string]any)})
			delete(was, o.Slot())
		} else {
			added = append(added, o)
		}
	}
	for _, o := range shipped {
		if _, left := was[o.Slot()]; left {
			removed = append(removed, o)
		}
	}
	return both, added, removed
}

func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, child := range v {
			m[key] = clone(child)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, child := range v {
			l[i] = clone(child)
		}
		return l
	}
	return v
}

func deletion(o kube.Object) (types.Patch, error) {
	metadata := map[string]any{"name": o.GetName()}
	if o.GetNamespace() != "" {
		metadata["namespace"] = o.GetNamespace()
	}
	patch, err := kube.YAML(map[string]any{
		"$patch":     "delete",
		"apiVersion": o.Fields["apiVersion"],
		"kind":       o.Kind(),
		"metadata":   metadata,
	})
	if err != nil {
		return types.Patch{}, fmt.Errorf("%s: %w", o, err)
	}
	return types.Patch{Patch: string(patch)}, nil
}

// jsonPatch writes operations down. Kustomize cuts white space off the end of a
// patch (PatchTransformer), and with it the last line break of a text that stands
// there, so such a patch ends with a comment.
func jsonPatch(ops []op) (string, error) {
	text, err := kube.YAML(ops)
	if err != nil {
		return "", err
	}
	var whole, cut []op
	if err := errors.Join(yaml.Unmarshal(text, &whole), yaml.Unmarshal(bytes.TrimSpace(text), &cut)); err != nil {
		return "", err
	}
	if !reflect.DeepEqual(cut, whole) {
		text = append(text, "# end\n"...)
	}
	return string(text), nil
}

func target(o kube.Object) *types.Selector {
	gvk := o.GetObjectKind().GroupVersionKind()
	return &types.Selector{ResId: resid.NewResIdWithNamespace(resid.NewGvk(gvk.Group, gvk.Version, gvk.Kind), o.GetName(), o.GetNamespace())}
}
