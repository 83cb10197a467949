package helm

import (
	"maps"
	"regexp"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// identity begins the labels by which the platform tells its objects apart.
const identity = "app.kubernetes.io/"

// A namespace is the one that an environment is rendered for. In a chart that of the
// release takes its place: wherever objects that are made for another namespace differ, and
// in fields that mean a namespace. Where a person has written it into text, nobody can tell
// whether it is meant.
type namespace struct {
	name  string
	named *regexp.Regexp // it, as a word of text
	field *regexp.Regexp // it, as a field in JSON
}

func newNamespace(name string) namespace {
	quoted := regexp.QuoteMeta(name)
	return namespace{name, regexp.MustCompile(`(^|[^a-z0-9-])` + quoted + `($|[^a-z0-9-])`), regexp.MustCompile(`("namespace"\s*:\s*")` + quoted + `"`)}
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

// objects are objects with anywhere in the place of the namespace, and those of them whose
// text names the namespace all the same. The others are what the same makes elsewhere: they
// are asked for when some text mentions the namespace.
func (n namespace) objects(here []kube.Object, others func() ([]kube.Object, error)) (made []object, bound []string, err error) {
	var there map[string]kube.Object // by slots here
	for _, o := range here {
		var other map[string]any
		if n.mentioned(o.Fields) {
			if there == nil {
				found, err := others()
				if err != nil {
					return nil, nil, err
				}
				there = map[string]kube.Object{}
				for _, o := range found {
					there[strings.ReplaceAll(o.Slot(), anywhere, n.name)] = o
				}
			}
			other = there[o.Slot()].Fields
		}
		literal := false
		fields, _ := n.free(o.Fields, other, "", &literal).(map[string]any)
		made = append(made, object{o, fields})
		if literal {
			bound = append(bound, o.Short())
		}
	}
	return made, bound, nil
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

// free is a copy of a value in a field of that name, without the namespace.
func (n namespace) free(v, other any, field string, literal *bool) any {
	switch v := v.(type) {
	case map[string]any:
		others, _ := other.(map[string]any)
		made := make(map[string]any, len(v))
		for key, child := range v {
			said := literal
			if strings.HasPrefix(key, identity) || field == "metadata" && key == "name" {
				said = new(bool) // what an object is called has nothing to do with where it is
			}
			made[key] = n.free(child, others[key], key, said)
		}
		return made
	case []any:
		others, _ := other.([]any)
		made := make([]any, len(v))
		for i, child := range v {
			var o any
			if i < len(others) {
				o = others[i]
			}
			made[i] = n.free(child, o, "", literal)
		}
		return made
	case string:
		if o, is := other.(string); is && strings.Contains(o, anywhere) {
			*literal = *literal || n.named.MatchString(o)
			return o
		}
		if v == n.name && (field == "namespace" || field == "kubernetes.io/metadata.name") {
			return anywhere
		}
		*literal = *literal || n.named.MatchString(v)
	}
	return v
}
