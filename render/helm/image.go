package helm

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// host begins an image that names its registry (distribution, reference: a first part with a
// dot, a colon or the name localhost).
var host = regexp.MustCompile(`^(localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]+)?|[A-Za-z0-9-]+:[0-9]+)/(.+)$`)

// images lets a value say from which registry images come, wherever an object names one: in
// containers, and in fields that are called as operators call them.
func images(v any, container bool, registry string) {
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			if image, is := child.(string); is && (key == "image" || key == "imageName") {
				if c, is := fromRegistry(image, container, registry); is {
					v[key] = c
				}
			}
			images(child, strings.HasSuffix(strings.ToLower(key), "containers"), registry)
		}
	case []any:
		for _, child := range v {
			images(child, container, registry)
		}
	}
}

// fromRegistry is an image from the registry that is said at installation, or from its own:
// the environment's, which may be a folder, or else a host. Only in a container is text without
// a host an image for sure.
func fromRegistry(image string, container bool, registry string) (code, bool) {
	if name, is := strings.CutPrefix(image, registry+"/"); is && registry != "" {
		return code(fmt.Sprintf("{{ $.Values.imageRegistry | default %q }}/%s", registry, literal.Replace(name))), true
	}
	if m := host.FindStringSubmatch(image); m != nil {
		return code(fmt.Sprintf("{{ $.Values.imageRegistry | default %q }}/%s", m[1], literal.Replace(m[len(m)-1]))), true
	}
	return code("{{ with $.Values.imageRegistry }}{{ . }}/{{ end }}" + literal.Replace(image)), container && image != ""
}

// operated are objects from which operators make pods: they name an image.
func operated(objects []object) []string {
	var found []string
	for _, o := range objects {
		if podOf(o) == nil && hasImage(o.fields) {
			found = append(found, o.Kind()+"/"+o.GetName())
		}
	}
	return found
}

func hasImage(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), hasImage)
	case []any:
		return slices.ContainsFunc(v, hasImage)
	case code:
		return true
	}
	return false
}
