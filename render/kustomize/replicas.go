package kustomize

import "sigs.k8s.io/kustomize/api/types"

// setReplicas returns kustomize's replicas for what changes only in number, and
// takes these changes out of what is left for patches.
func setReplicas(both []pair) []types.Replica {
	var replicas []types.Replica
	for _, p := range both {
		was, _ := p.from["spec"].(map[string]any)
		is, _ := p.meant.Fields["spec"].(map[string]any)
		from, scaled := was["replicas"].(int64)
		to, _ := is["replicas"].(int64)
		if scaled && from != to {
			replicas = append(replicas, types.Replica{Name: p.meant.GetName(), Count: to})
			was["replicas"] = to
		}
	}
	return replicas
}
