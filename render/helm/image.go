package helm

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// reference is an image as registries name it (distribution, reference), in two parts: the
// registry, a first part with a dot, a colon or the name localhost, and the rest.
var reference = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:(localhost(?::[0-9]+)?|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?|[A-Za-z0-9-]+:[0-9]+)/)?` +
		`([a-z0-9\x{FFFF}]+(?:[._/-]+[a-z0-9\x{FFFF}]+)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[a-z0-9]+:[0-9a-f]{32,})?)$`)
})

// images lets a value say from which registry images come, wherever an object's spec names
// one: in containers, and in fields that are called as operators call them. What people note
// about an object, and what is in a ConfigMap, names none.
func images(fields map[string]any, registry string) { imagesIn(fields["spec"], false, registry) }

func imagesIn(v any, container bool, registry string) {
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			switch image, is := child.(string); {
			case is && (key == "image" || key == "imageName"):
				if c, is := fromRegistry(image, container, registry); is {
					v[key] = c
				}
			case key != "metadata" && key != "labels" && key != "annotations":
				imagesIn(child, slices.Contains([]string{"containers", "initContainers", "ephemeralContainers"}, key), registry)
			}
		}
	case []any:
		for _, child := range v {
			imagesIn(child, container, registry)
		}
	}
}

// fromRegistry is an image from the registry that is said at installation, or from its own: the
// environment's, which may be a folder, or else a host.
// Only in a container is text without a registry an image for sure.
func fromRegistry(image string, container bool, registry string) (code, bool) {
	m := reference().FindStringSubmatch(image)
	if m == nil || m[1] == "" && !container {
		return "", false
	}
	text := "{{ with $.Values.imageRegistry }}{{ . }}/{{ end }}"
	if name, is := strings.CutPrefix(image, registry+"/"); is && registry != "" {
		m[1], m[2] = registry, name
	}
	if m[1] != "" {
		text = fmt.Sprintf("{{ $.Values.imageRegistry | default %q }}/", m[1])
	}
	text += literal.Replace(m[2])
	if !isBare(image) {
		text = `"` + text + `"`
	}
	return code(text), true
}

// operated are objects from which operators make pods: they name an image.
func operated(objects []object) []string {
	var found []string
	for _, o := range objects {
		if podOf(o) == nil && hasImage(o.fields) {
			found = append(found, o.Short())
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
