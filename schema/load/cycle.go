package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A step is a component and the need, or the route of others, for which it waits.
type step struct{ component, need string }

// cycles finds components that wait for each other in a circle, so that none can
// start first. It is the one rule that takes a walk, which CUE can't express.
func cycles(e *schema.Environment) (found []schema.Finding) {
	const open, done = 1, 2
	state := map[string]int{}
	var way []step
	var visit func(component string)
	visit = func(component string) {
		state[component] = open
		way = append(way, step{component: component})
		for _, need := range sortedKeys(e.Edges[component]) {
			edge := e.Edges[component][need]
			beside := e.Components[component].Place == e.Components[edge.Provider].Place
			if len(edge.Waiters) == 0 || !beside || edge.Provider == component {
				continue // a need of itself is a finding already
			}
			way[len(way)-1].need = need
			switch state[edge.Provider] {
			case open:
				first := slices.IndexFunc(way, func(s step) bool { return s.component == edge.Provider })
				found = append(found, circle(e, way[first:]))
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

// circle is the finding of one, at the need that closes it. What the front door waits for
// it has of others' routes, which can't say that they don't.
func circle(e *schema.Environment, steps []step) schema.Finding {
	message := steps[0].component
	var needs, routes, ways []string
	for _, s := range steps {
		message += " waits for " + e.Edges[s.component][s.need].Provider
		if _, need := e.Components[s.component].Needs[s.need]; need {
			needs = append([]string{"components." + s.component + ".needs." + s.need}, needs...)
			ways = append(ways, fmt.Sprintf("%s: needs: %s: wait: false", s.component, s.need))
			continue
		}
		r := e.Routes[s.need]
		message += fmt.Sprintf(" (its route %s)", r.Route)
		routes = append(routes, "components."+r.Component+".routes."+r.Route)
	}
	f := schema.Finding{
		At:      append(needs[:min(len(needs), 1)], routes...),
		Message: message + ": none of them can start first",
		Hint:    "say wait: false at one of these needs, for the component that can start before the other answers",
	}
	if len(routes) > 0 && len(ways) > 0 {
		f.Hint = "the front door starts after what routes lead to; say for one that can start before it: " + strings.Join(ways, ", or ")
	}
	return f
}
