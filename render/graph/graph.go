// Package graph draws who talks to whom in an environment: components by the place
// where they run, an arrow from each consumer to what it needs, and people outside.
// It is pure: the same environment gives the same picture, byte for byte, as Mermaid,
// as Graphviz's dot or as SVG, whose layout is its own. What is drawn is data for
// standard output and no part of what an environment deploys.
package graph

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A Graph is a picture before it is drawn.
type Graph struct {
	Name   string // the environment's
	Areas  []Area // the places where something runs: here, in the cluster, elsewhere
	Arrows []Arrow
}

// An Area is a place and what runs there.
type Area struct {
	Place schema.Place
	Title string
	Boxes []Box
}

// A Box is a component.
type Box struct {
	Name  string
	Lines []string // its workloads; of one that someone else runs, where it answers
	Keeps bool     // it keeps data: it has a volume, or others may claim some of it
}

// An Arrow leads from who asks to who answers. Two components may have several needs
// of each other: those that can be reached share an arrow, and so do the others.
type Arrow struct {
	From, To string // names of boxes; From is "" for people outside
	Broken   bool   // the consumer cannot reach the provider
	Labels   []Label
}

// A Label says at which port the provider answers, and what is claimed from it there.
type Label struct {
	Port   string
	Claims []string
}

// people are who reaches a component from outside. A component's name has no space.
const people = "people outside"

// Of is the picture of an environment. It is an error when a component has no name or
// no place, and when an edge leads to no component or to where it begins: the loader has named
// all of them before.
func Of(e *schema.Environment) (*Graph, error) {
	g := &Graph{Name: clean(e.Name)}
	drawn := 0
	for _, area := range []Area{
		{Place: schema.Local, Title: "this machine"},
		{Place: schema.Cluster, Title: "cluster, namespace " + clean(e.Settings.Namespace)},
		{Place: schema.External, Title: "elsewhere"},
	} {
		for _, name := range sorted(e.Components) {
			if c := e.Components[name]; name != "" && c.Place == area.Place {
				area.Boxes = append(area.Boxes, box(name, c))
			}
		}
		if drawn += len(area.Boxes); len(area.Boxes) > 0 {
			g.Areas = append(g.Areas, area)
		}
	}
	if drawn < len(e.Components) {
		return nil, fmt.Errorf("environment %s has a component without a name or a place", e.Name)
	}
	for _, name := range sorted(e.Components) {
		for _, l := range exposed(e.Components[name]) {
			g.add("", clean(name), "", l)
		}
	}
	for _, consumer := range sorted(e.Edges) {
		for _, key := range sorted(e.Edges[consumer]) {
			edge := e.Edges[consumer][key]
			_, begins := e.Components[consumer]
			provider, ends := e.Components[edge.Provider]
			if !begins || !ends {
				return nil, fmt.Errorf("%s needs %s, and not both are components", consumer, edge.Provider)
			}
			if consumer == edge.Provider {
				return nil, fmt.Errorf("%s needs itself", consumer)
			}
			l := Label{Port: numbered(edge.Port, edge.Number)}
			if claim, ok := provider.Claims[edge.Claim]; ok && edge.Claim != "" {
				l.Claims = claimed(claim)
			}
			g.add(clean(consumer), clean(edge.Provider), edge.Reached, l)
		}
	}
	return g, nil
}

// claimed is what a claim asks for, in words.
func claimed(c schema.Claim) (words []string) {
	if c.Database != "" {
		words = append(words, "database "+clean(c.Database))
	}
	if c.Bucket != "" {
		words = append(words, "bucket "+clean(c.Bucket))
	}
	return words
}

func box(name string, c schema.Component) Box {
	b := Box{Name: clean(name), Keeps: c.Accepts.Keeps() || len(c.Claims) > 0}
	if c.Place == schema.External {
		for _, p := range sorted(c.Published) {
			if host := clean(c.Published[p].Host); !slices.Contains(b.Lines, host) {
				b.Lines = append(b.Lines, host)
			}
		}
		return b
	}
	var tasks []string
	for _, w := range sorted(c.Workloads) {
		x := c.Workloads[w]
		b.Keeps = b.Keeps || len(x.Volumes) > 0
		switch {
		case x.Kind == "task":
			tasks = append(tasks, clean(w)+" (task)")
		case x.Replicas > 1:
			b.Lines = append(b.Lines, fmt.Sprintf("%s × %d", clean(w), x.Replicas))
		default:
			b.Lines = append(b.Lines, clean(w))
		}
	}
	b.Lines = append(b.Lines, tasks...)
	return b
}

// exposed are the ports that a component opens to people outside.
func exposed(c schema.Component) (labels []Label) {
	if c.Place == schema.External {
		return nil // who runs it says who reaches it
	}
	for _, w := range sorted(c.Workloads) {
		for _, p := range sorted(c.Workloads[w].Expose) {
			labels = append(labels, Label{Port: numbered(p, c.Workloads[w].Expose[p].Port)})
		}
	}
	return labels
}

func numbered(port string, number int) string {
	if number == 0 {
		return clean(port)
	}
	if port == "port-"+strconv.Itoa(number) {
		return strconv.Itoa(number) // the name says no more
	}
	return clean(port) + " " + strconv.Itoa(number)
}

// add puts a label on the arrow between two ends, and makes the arrow if it is the first.
func (g *Graph) add(from, to, unreached string, l Label) {
	i := slices.IndexFunc(g.Arrows, func(a Arrow) bool {
		return a.From == from && a.To == to && a.Broken == (unreached != "")
	})
	if i < 0 {
		i = len(g.Arrows)
		g.Arrows = append(g.Arrows, Arrow{From: from, To: to, Broken: unreached != ""})
	}
	a := &g.Arrows[i]
	j := slices.IndexFunc(a.Labels, func(have Label) bool { return have.Port == l.Port })
	if j < 0 {
		a.Labels = append(a.Labels, l)
		return
	}
	a.Labels[j].Claims = append(a.Labels[j].Claims, l.Claims...)
}

// outside reports whether people outside reach anything.
func (g *Graph) outside() bool {
	return slices.ContainsFunc(g.Arrows, func(a Arrow) bool { return a.From == "" })
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
