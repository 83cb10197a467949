package kube

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A Check is how Flux tells the state of objects of one kind, in CEL.
type Check struct {
	APIVersion, Kind string
	schema.Current
}

// checks are those of each stage, in order of kinds. Flux takes one for a kind; two
// components that want different ones can't be in one environment.
func checks(e *schema.Environment, objects []Object) (map[Stage][]Check, error) {
	checks := map[string]Check{}
	for _, component := range slices.Sorted(maps.Keys(e.Components)) {
		for kind, says := range e.Components[component].Kubernetes.Health {
			if other, taken := checks[kind]; taken && other.Current != says {
				return nil, fmt.Errorf("two components say in different ways when a %s is ready; Flux takes one for each kind", kind)
			}
			checks[kind] = Check{Current: says}
		}
	}
	if len(checks) == 0 {
		return nil, nil
	}
	found := map[Stage][]Check{}
	for _, o := range objects {
		version, kind := o.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
		check, known := checks[version+"/"+kind]
		check.APIVersion, check.Kind = version, kind
		if known && !slices.Contains(found[o.Stage], check) {
			found[o.Stage] = append(found[o.Stage], check)
		}
	}
	for _, of := range found {
		slices.SortFunc(of, func(a, b Check) int {
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.APIVersion, b.APIVersion))
		})
	}
	return found, nil
}
