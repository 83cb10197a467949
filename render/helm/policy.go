package helm

import "strings"

// fluxs begins the annotations by which Flux is told about single objects.
const fluxs = "kustomize.toolkit.fluxcd.io/"

// policy is the annotation by which Helm is told to leave an object (Helm, Tips and Tricks).
const policy = "helm.sh/resource-policy"

// keep takes Flux's annotations away. What Flux never removes Helm keeps, too, but for a
// StatefulSet: its disks outlive it by themselves. The templates of these can't be changed,
// so they stay as Flux has them, for whoever goes over from it.
func keep(o object) {
	if protected := unflux(o.fields); protected && o.Kind() != "StatefulSet" {
		annotate(o.fields, policy, "keep")
	}
}

// guard keeps what guards pods that stay: those that operators run for objects that are kept.
// Policies of programs go with their pods.
func guard(objects []object) {
	kept := map[string]bool{}
	for _, o := range objects {
		if under(o.fields, "metadata", "annotations", policy) == "keep" {
			kept[o.GetLabels()[identity+"name"]] = true
		}
	}
	var all *object
	guarded := false
	for i, o := range objects {
		labels := o.GetLabels()
		switch {
		case o.Kind() != "NetworkPolicy":
		case labels[identity+"name"] == "":
			all = &objects[i]
		case labels[identity+"component"] == "" && kept[labels[identity+"name"]]:
			annotate(o.fields, policy, "keep")
			guarded = true
		}
	}
	if guarded && all != nil {
		annotate(all.fields, policy, "keep")
	}
}

// unflux removes Flux's annotations, and reports whether Flux would never remove the object.
func unflux(fields map[string]any) (protected bool) {
	metadata, _ := fields["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	for name, value := range annotations {
		if strings.HasPrefix(name, fluxs) {
			protected = protected || name == fluxs+"prune" && value == "disabled"
			delete(annotations, name)
		}
	}
	if len(annotations) == 0 {
		delete(metadata, "annotations")
	}
	return protected
}

// hook makes an object a part of "helm test", files and policies before pods. A pod that
// failed stays, for its log.
func hook(o object) {
	unflux(o.fields)
	annotate(o.fields, "helm.sh/hook", "test")
	annotate(o.fields, "helm.sh/hook-delete-policy", "before-hook-creation,hook-succeeded")
	if o.Kind() != "Pod" {
		annotate(o.fields, "helm.sh/hook-weight", "-1")
	}
}

func annotate(fields map[string]any, name, value string) {
	metadata := fields["metadata"].(map[string]any)
	annotations, is := metadata["annotations"].(map[string]any)
	if !is {
		annotations = map[string]any{}
		metadata["annotations"] = annotations
	}
	annotations[name] = value
}
