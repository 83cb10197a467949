package kustomize

import (
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
)

// An image is a reference taken apart.
type image struct{ name, tag, digest string }

func parseImage(ref string) (i image) {
	i.name, i.digest, _ = strings.Cut(ref, "@")
	if at := strings.LastIndex(i.name, ":"); at > strings.LastIndex(i.name, "/") {
		i.name, i.tag = i.name[:at], i.name[at+1:]
	}
	return i
}

// setImages returns kustomize's images for what all containers of a stage change
// alike, and takes these changes out of what is left for patches. Kustomize sets an
// image by name wherever it meets it, after all patches, so a name can only be set
// when every container that is meant to bear it is meant to bear it so.
func setImages(both []pair, meant []kube.Object) []types.Image {
	becomes := map[string][]string{} // by name: what the shipped image is meant to be
	for _, p := range both {
		is := containers(p.meant.Fields)
		for place, c := range containers(p.from) {
			if other, ok := is[place]; ok {
				name := parseImage(c["image"].(string)).name
				becomes[name] = append(becomes[name], other["image"].(string))
			}
		}
	}
	for _, o := range meant {
		for _, c := range containers(o.Fields) {
			ref := c["image"].(string)
			if name := parseImage(ref).name; len(becomes[name]) > 0 {
				becomes[name] = append(becomes[name], ref)
			}
		}
	}
	var images []types.Image
	for _, name := range slices.Sorted(maps.Keys(becomes)) {
		refs := becomes[name]
		slices.Sort(refs)
		to := parseImage(refs[0])
		if len(slices.Compact(refs)) > 1 || to.tag == "" && to.digest == "" {
			continue
		}
		if replaceImage(both, name, refs[0]) {
			i := types.Image{Name: name, NewTag: to.tag, Digest: to.digest}
			if to.name != name {
				i.NewName = to.name
			}
			images = append(images, i)
		}
	}
	return images
}

// replaceImage sets the image of a name in what patches start from, and reports
// whether that changed anything.
func replaceImage(both []pair, name, ref string) (changed bool) {
	for _, p := range both {
		for _, c := range containers(p.from) {
			if was := c["image"].(string); parseImage(was).name == name && was != ref {
				c["image"] = ref
				changed = true
			}
		}
	}
	return changed
}

// containers returns the containers of an object's pod by list and name.
func containers(fields map[string]any) map[string]map[string]any {
	found := map[string]map[string]any{}
	pod := fields
	for _, step := range []string{"spec", "template", "spec"} {
		pod, _ = pod[step].(map[string]any)
	}
	for _, list := range []string{"containers", "initContainers"} {
		items, _ := pod[list].([]any)
		for _, item := range items {
			c := item.(map[string]any)
			found[list+" "+c["name"].(string)] = c
		}
	}
	return found
}
