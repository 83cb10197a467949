package load

import (
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// cycles finds components that wait for each other in a circle, so that none can
// start first. It is the one rule that takes a walk, which CUE can't express.
func cycles(e *schema.Environment) (found []schema.Finding) {
	const open, done = 1, 2
	state := map[string]int{}
	var way []string
	var visit func(component string)
	visit = func(component string) {
		state[component] = open
		way = append(way, component)
		for _, need := range sortedKeys(e.Edges[component]) {
			edge := e.Edges[component][need]
			beside := e.Components[component].Place == e.Components[edge.Provider].Place
			if len(edge.Waiters) == 0 || !beside || edge.Provider == component {
				continue // a need of itself is a finding already
			}
			switch state[edge.Provider] {
			case open:
				circle := append(slices.Clone(way[slices.Index(way, edge.Provider):]), edge.Provider)
				found = append(found, schema.Finding{
					At:      []string{"components." + component + ".needs." + need},
					Message: strings.Join(circle, " waits for ") + ": none of them can start first",
					Hint:    "say wait: false at one of these needs, for the component that can start before the other answers",
				})
			case 0:
				visit(edge.Provider)
			}
		}
		way = way[:len(way)-1]
		state[component] = done
	}
	for _, component := range sortedKeys(e.Edges) {
		if state[component] == 0 {
			visit(component)
		}
	}
	return found
}
