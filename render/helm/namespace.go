package helm

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A namespace is the one that an environment is rendered for. In a chart that of the
// release takes its place: wherever objects that are made for another namespace differ, and
// in fields that mean a namespace. Where a person has written it into text, nobody can tell
// whether it is meant.
type namespace struct {
	name  string
	named *regexp.Regexp // a host in it
	field *regexp.Regexp // it, as a field in JSON
}

func newNamespace(name string) namespace {
	quoted := regexp.QuoteMeta(name)
	return namespace{name, regexp.MustCompile(`\.` + quoted + `($|[^a-z0-9-])`), regexp.MustCompile(`("namespace"\s*:\s*")` + quoted + `"`)}
}

// elsewhere is an environment in the namespace anywhere.
func (n namespace) elsewhere(e schema.Environment) *schema.Environment {
	e.Settings.Namespace = anywhere
	e.Components = maps.Clone(e.Components)
	for name, c := range e.Components {
		c.Kubernetes.Patches = maps.Clone(c.Kubernetes.Patches)
		for object, patch := range c.Kubernetes.Patches {
			c.Kubernetes.Patches[object] = n.field.ReplaceAll(patch, []byte(`${1}`+anywhere+`"`))
		}
		e.Components[name] = c
	}
	return &e
}

// others are the objects of an environment elsewhere and its tests, by their slots here.
func (n namespace) others(e *schema.Environment) (map[string]kube.Object, error) {
	there := n.elsewhere(*e)
	objects, err := kube.Objects(there)
	if err != nil {
		return nil, err
	}
	tests, err := kube.Tests(there)
	if err != nil {
		return nil, err
	}
	found := map[string]kube.Object{}
	for _, o := range slices.Concat(objects, tests) {
		found[strings.ReplaceAll(o.Slot(), anywhere, n.name)] = o
	}
	return found, nil
}

// object is o with anywhere in the place of the namespace, and whether text in it names the
// namespace all the same. The others are those of the same environment elsewhere.
func (n namespace) object(o kube.Object, others map[string]kube.Object) (made object, literal bool, err error) {
	fields, err := o.Fields()
	if err != nil {
		return made, false, err
	}
	var other map[string]any
	if there, known := others[o.Slot()]; known && n.mentioned(fields) {
		if other, err = there.Fields(); err != nil {
			return made, false, err
		}
	}
	return object{o, n.free(fields, other, "", &literal).(map[string]any)}, literal, nil
}

// mentioned reports whether the namespace is in any text but where it is the object's own.
func (n namespace) mentioned(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			if key != "namespace" && n.mentioned(child) {
				return true
			}
		}
	case []any:
		for _, child := range v {
			if n.mentioned(child) {
				return true
			}
		}
	case string:
		return strings.Contains(v, n.name)
	}
	return false
}

// free is a value of a field of that name, without the namespace.
func (n namespace) free(v, other any, field string, literal *bool) any {
	switch v := v.(type) {
	case map[string]any:
		others, _ := other.(map[string]any)
		for key, child := range v {
			v[key] = n.free(child, others[key], key, literal)
		}
	case []any:
		others, _ := other.([]any)
		for i, child := range v {
			var o any
			if i < len(others) {
				o = others[i]
			}
			v[i] = n.free(child, o, "", literal)
		}
	case string:
		if o, is := other.(string); is && strings.Contains(o, anywhere) {
			return o
		}
		if v == n.name && (field == "namespace" || field == "kubernetes.io/metadata.name") {
			return anywhere
		}
		*literal = *literal || n.named.MatchString(v)
	}
	return v
}
