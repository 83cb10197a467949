package graph

import (
	"cmp"
	"slices"
)

// Sizes in pixels.
const (
	lineHeight = 16
	margin     = 16 // around the picture
	inset      = 16 // between an area's edge and what is in it
	titleSpace = 34 // above it, for the area's title
	apart      = 14 // items of one column
	areasApart = 14
	portsApart = 12 // arrows at one side of a box
	shortest   = 30 // the gap between columns
	longest    = 90
)

// A rect is a rectangle of whole pixels; y grows downwards.
type rect struct{ x, y, w, h int }

type point struct{ x, y int }

// A layout is where everything is.
type layout struct {
	w, h    int
	areas   []rect
	columns [][]*item
	chains  []*chain
}

func (it *item) rect() rect { return rect{it.x, it.y - it.h/2, it.w, it.h} }

// place lays a picture out.
func (g *Graph) place() *layout {
	l := &layout{}
	l.columns, l.chains = g.chains()
	for _, column := range l.columns {
		for _, it := range column {
			it.measure()
		}
	}
	order(l.columns)
	ports(l.columns)
	// each area for itself, then one below the other
	var tops, bottoms []int
	for area := range g.Areas {
		settleArea(l.columns, area)
		top, bottom := extent(l.columns, area)
		tops, bottoms = append(tops, top), append(bottoms, bottom)
	}
	y := margin
	for area := range g.Areas {
		height := titleSpace + bottoms[area] - tops[area] + inset
		l.areas = append(l.areas, rect{y: y, h: height})
		for _, column := range l.columns {
			for _, it := range column {
				if it.area == area {
					it.y += y + titleSpace - tops[area]
				}
			}
		}
		y += height + areasApart
	}
	l.h = y - areasApart + margin
	if g.outside() {
		who := l.columns[0][0]
		sum := 0
		for _, out := range who.outs {
			sum += out.to.y - out.fromShift
		}
		who.y = min(max(sum/len(who.outs), margin+who.h/2), l.h-margin-who.h/2)
	}
	l.across(g)
	return l
}

// measure gives an item its size.
func (it *item) measure() {
	for i, text := range it.lines {
		it.w = max(it.w, width(text, i < it.named))
	}
	it.h = len(it.lines) * lineHeight // an arrow that passes has no height
	if it.isBox {
		it.w += 28
		if it.keeps {
			it.w += 12 // the drum stands beside the name, not on it
		}
		it.h = max(it.h+20, (max(len(it.ins), len(it.outs))+1)*portsApart)
	} else if it.w > 0 {
		it.w += 14
	}
}

// ports spreads the arrows at each side of a box, in the order in which they come.
func ports(columns [][]*item) {
	for _, column := range columns {
		for _, it := range column {
			slices.SortStableFunc(it.ins, func(a, b *link) int { return cmp.Compare(a.from.position, b.from.position) })
			slices.SortStableFunc(it.outs, func(a, b *link) int { return cmp.Compare(a.to.position, b.to.position) })
			for i, in := range it.ins {
				in.toShift = (2*i - len(it.ins) + 1) * portsApart / 2
			}
			for i, out := range it.outs {
				out.fromShift = (2*i - len(it.outs) + 1) * portsApart / 2
			}
		}
	}
}

// settleArea gives the items of an area their heights: each wants to be where its
// arrows are straight, and they keep their order and distance. In the end what is at
// the left follows what is at its right.
func settleArea(columns [][]*item, area int) {
	var of [][]*item
	for _, column := range columns {
		var own []*item
		for _, it := range column {
			if it.area == area {
				own = append(own, it)
			}
		}
		of = append(of, own)
	}
	for _, column := range of {
		settle(column, func(*item) (int, int) { return 0, 1 })
	}
	both := func(it *item) (sum, n int) {
		a, m := it.pull(it.ins)
		b, n := it.pull(it.outs)
		return a + b, m + n
	}
	for n := range sweeps {
		for i := range of {
			if n%2 == 0 {
				settle(of[i], both)
			} else {
				settle(of[len(of)-1-i], both)
			}
		}
	}
	for i := range of {
		settle(of[len(of)-1-i], func(it *item) (int, int) {
			if sum, n := it.pull(it.outs); n > 0 {
				return sum, n
			}
			return it.pull(it.ins)
		})
	}
}

// pull sums up where an item's neighbours in its area want it to be.
func (it *item) pull(links []*link) (sum, n int) {
	for _, l := range links {
		if l.other(it).area != it.area {
			continue
		}
		if l.from == it {
			sum += l.to.y + l.toShift - l.fromShift
		} else {
			sum += l.from.y + l.fromShift - l.toShift
		}
		n++
	}
	return sum, n
}

// settle moves the items of a column as near as can be to where they want to be, with
// the least sum of squares: those that would come too close form a block, which stands
// at the mean (pool adjacent violators).
func settle(column []*item, want func(*item) (sum, n int)) {
	type block struct{ sum, n, first int }
	var blocks []block
	offsets := make([]int, len(column))
	for i, it := range column {
		if i > 0 {
			offsets[i] = offsets[i-1] + (column[i-1].h+it.h)/2 + apart
		}
		sum, n := want(it)
		if n == 0 {
			sum, n = it.y, 1
		}
		b := block{sum - n*offsets[i], n, i}
		for len(blocks) > 0 && blocks[len(blocks)-1].sum*b.n >= b.sum*blocks[len(blocks)-1].n {
			last := blocks[len(blocks)-1]
			b = block{last.sum + b.sum, last.n + b.n, last.first}
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, b)
	}
	for i, b := range blocks {
		end := len(column)
		if i+1 < len(blocks) {
			end = blocks[i+1].first
		}
		mean := b.sum / b.n
		if b.sum%b.n < 0 {
			mean-- // down, on either side of 0
		}
		for j := b.first; j < end; j++ {
			column[j].y = mean + offsets[j]
		}
	}
}

// extent is the height of all that is in an area.
func extent(columns [][]*item, area int) (top, bottom int) {
	none := true
	for _, column := range columns {
		for _, it := range column {
			if it.area != area {
				continue
			}
			r := it.rect()
			if none || r.y < top {
				top = r.y
			}
			if none || r.y+r.h > bottom {
				bottom = r.y + r.h
			}
			none = false
		}
	}
	return top, bottom
}
