package kube

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// ownOnly is what to do about an object that names another component's secret.
const ownOnly = "declare a secret or a need of the component's own; another's is not for it"

// foreignIn are the secrets in an object of a component that are others', in words and in order.
// The platform's own have names that nothing else has, so they count wherever they are text; one
// that somebody else makes may be called like anything, so it counts where a Secret is meant.
func foreignIn(e *schema.Environment, component string, fields any) []string {
	said := map[string]bool{}
	look := func(text string, meant bool) {
		owner, known := "", false
		for name, secret := range e.Secrets {
			object, _ := e.InCluster(name)
			if text != name && (object != text || !meant) {
				continue
			}
			if e.MayUse(component, name) {
				return // one Secret may hold entries of several
			}
			if !known || secret.Component < owner {
				owner, known = secret.Component, true
			}
		}
		if known {
			said[fmt.Sprintf("%s, a secret of %s", text, owner)] = true
		}
	}
	secretsIn(fields, false, look)
	return slices.Sorted(maps.Keys(said))
}

// secretsIn looks at all text of a value, and says whether it is where the name of a Secret
// stands: in secretName, in a field of that kind (secretRef, secrets) or of an object of that kind.
func secretsIn(v any, meant bool, look func(text string, meant bool)) {
	switch v := v.(type) {
	case map[string]any:
		kind, _ := v["kind"].(string)
		for key, child := range v {
			names := strings.Contains(strings.ToLower(key), "secret")
			secretsIn(child, names || kind == "Secret" && key == "name" || meant && key == "name", look)
		}
	case []any:
		for _, child := range v {
			secretsIn(child, meant, look)
		}
	case string:
		look(v, meant)
	}
}

// lends is a secret of others that an object names since it was changed, in words, or "".
func lends(e *schema.Environment, component string, before, after typed) (string, error) {
	was, err := Fields(before)
	if err != nil {
		return "", err
	}
	is, err := Fields(after)
	if err != nil {
		return "", err
	}
	known := foreignIn(e, component, was)
	for _, foreign := range foreignIn(e, component, is) {
		if !slices.Contains(known, foreign) {
			return foreign, nil
		}
	}
	return "", nil
}
