package kustomize

import (
	"fmt"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
)

// overlay writes what makes the shipped objects of a stage into those that are
// meant: an object that is only meant is a file, one that is only shipped is
// deleted by a patch, and in one that is both, images and replicas are set and the
// rest is changed by JSON patches (RFC 6902). Files that lie beside are only named.
//
// No object is replaced as a whole: kustomize takes "$patch: replace" at the top of
// an object for no change at all, without a word.
func (w writer) overlay(base string, shipped, meant []object, beside []string) error {
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
		ops, err := changes("", p.from, p.to.fields)
		if err != nil {
			return err
		}
		if len(ops) == 0 {
			continue
		}
		patch, err := kube.YAML(ops)
		if err != nil {
			return fmt.Errorf("%s: %w", p.to, err)
		}
		k.Patches = append(k.Patches, types.Patch{Target: target(p.to), Patch: string(patch)})
	}
	return w.kustomization(k)
}

// A pair is an object that is both shipped and meant. From is what kustomize's own
// transformers leave of it for patches to change.
type pair struct {
	from map[string]any
	to   object
}

func match(shipped, meant []object) (both []pair, added, removed []object) {
	was := map[string]object{}
	for _, o := range shipped {
		was[o.String()] = o
	}
	for _, o := range meant {
		if s, ok := was[o.String()]; ok {
			both = append(both, pair{clone(s.fields).(map[string]any), o})
			delete(was, o.String())
		} else {
			added = append(added, o)
		}
	}
	for _, o := range shipped {
		if _, left := was[o.String()]; left {
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

func deletion(o object) (types.Patch, error) {
	metadata := map[string]any{"name": o.GetName()}
	if o.GetNamespace() != "" {
		metadata["namespace"] = o.GetNamespace()
	}
	patch, err := kube.YAML(map[string]any{
		"$patch":     "delete",
		"apiVersion": o.fields["apiVersion"],
		"kind":       o.Kind(),
		"metadata":   metadata,
	})
	if err != nil {
		return types.Patch{}, fmt.Errorf("%s: %w", o, err)
	}
	return types.Patch{Patch: string(patch)}, nil
}

func target(o object) *types.Selector {
	gvk := o.GetObjectKind().GroupVersionKind()
	return &types.Selector{ResId: resid.NewResIdWithNamespace(resid.NewGvk(gvk.Group, gvk.Version, gvk.Kind), o.GetName(), o.GetNamespace())}
}
