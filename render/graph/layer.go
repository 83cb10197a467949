package graph

import (
	"cmp"
	"slices"
)

// A layout is made in the way of Sugiyama, Tagawa and Toda (1981), from left to right:
// layers by longest path (this file), the order within each (order.go), heights
// (coordinates.go), and the ways of arrows (way.go). Columns of boxes and columns of
// labels take turns, and whatever an arrow passes is given room in each column: so
// nothing lies on a box or a label, by construction. Numbers are whole, so that bytes
// are the same everywhere.

// An item takes room in one column: a box, an arrow's label, or an arrow that passes.
type item struct {
	name     string   // of a box; "" for people
	lines    []string // of text
	named    int      // how many of the lines are the box's name
	keeps    bool     // a drum at its corner says that it keeps data
	isBox    bool
	area     int // index of its area; outside for people
	column   int
	w, h     int // without text, as wide as its column and of no height
	x, y     int // the left end and the middle
	position int // from the top of its column
	ins      []*link
	outs     []*link
}

const outside = -1

// A link joins items in adjacent columns, at some height from the middle of each.
type link struct {
	from, to           *item // to is in the column to the right
	fromShift, toShift int
}

// A chain is an arrow's way through the columns, from left to right.
type chain struct {
	arrow    Arrow
	links    []*link
	label    *item
	backward bool // the arrow points to the left: in a circle, one has to
}

// chains puts boxes into columns, and arrows on their way through them.
func (g *Graph) chains() (columns [][]*item, all []*chain) {
	boxes := map[string]*item{}
	var order []*item
	for i, area := range g.Areas {
		for _, b := range area.Boxes {
			title := wrap(b.Name)
			it := &item{name: b.Name, lines: append(title, wrap(b.Lines...)...), named: len(title), isBox: true, keeps: b.Keeps, area: i}
			boxes[b.Name] = it
			order = append(order, it)
		}
	}
	depth := g.depths()
	deepest := 0
	for _, d := range depth {
		deepest = max(deepest, d)
	}
	first := 0
	if g.outside() {
		boxes[""] = &item{lines: []string{"people"}, named: 1, isBox: true, area: outside}
		first = 2
	}
	columns = make([][]*item, first+2*deepest+1)
	put := func(it *item, column int) {
		it.column = column
		columns[column] = append(columns[column], it)
	}
	if first > 0 {
		put(boxes[""], 0)
	}
	for _, it := range order {
		put(it, first+2*(deepest-depth[it.name]))
	}
	for _, a := range g.Arrows {
		c := &chain{arrow: a}
		left, right := boxes[a.From], boxes[a.To]
		labelled := right.column - 1 // beside who answers: what is claimed stands at who keeps it
		if left.column > right.column {
			c.backward = true
			left, right = right, left
			labelled = left.column + 1
		}
		if a.From == "" {
			labelled = 1
		}
		at := left
		step := func(to *item) {
			l := &link{from: at, to: to}
			at.outs, to.ins, c.links = append(at.outs, l), append(to.ins, l), append(c.links, l)
			at = to
		}
		for column := left.column + 1; column < right.column; column++ {
			it := &item{area: left.area}
			if left.area == outside || column == right.column-1 {
				it.area = right.area
			}
			if column == labelled {
				it.lines = wrap(a.lines()...)
				it.area = boxes[a.To].area
				c.label = it
			}
			put(it, column)
			step(it)
		}
		step(right)
		all = append(all, c)
	}
	return columns, all
}

// depths says for each box how many arrows the longest way from it has. Where arrows
// go in a circle, the one that closes it counts the other way round.
func (g *Graph) depths() map[string]int {
	providers := map[string][]string{}
	for _, a := range g.Arrows {
		if a.From != "" {
			providers[a.From] = append(providers[a.From], a.To)
		}
	}
	// A walk leaves a box after all the boxes that it asks. Only where arrows go in a circle
	// does one of them lead to a box that is left later: that one is turned around below.
	var left []string
	leftAt, entered := map[string]int{}, map[string]bool{}
	var walk func(string)
	walk = func(name string) {
		entered[name] = true
		for _, p := range providers[name] {
			if !entered[p] {
				walk(p)
			}
		}
		leftAt[name] = len(left)
		left = append(left, name)
	}
	// Walks begin at those whom nobody asks, so that no arrow of theirs is turned around.
	asked := map[string]bool{}
	for _, ps := range providers {
		for _, p := range ps {
			asked[p] = true
		}
	}
	var names []string
	for _, area := range g.Areas {
		for _, b := range area.Boxes {
			names = append(names, b.Name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if asked[a] != asked[b] {
			if asked[b] {
				return -1
			}
			return 1
		}
		return cmp.Compare(a, b)
	})
	for _, name := range names {
		if !entered[name] {
			walk(name)
		}
	}
	below := map[string][]string{}
	for name, ps := range providers {
		for _, p := range ps {
			low, high := p, name
			if leftAt[p] > leftAt[name] {
				low, high = name, p
			}
			below[high] = append(below[high], low)
		}
	}
	depth := map[string]int{}
	for _, name := range left {
		for _, low := range below[name] {
			depth[name] = max(depth[name], depth[low]+1)
		}
	}
	return depth
}
