package graph

import "slices"

// sweeps is how often the order is looked over from either side. It settles after a few.
const sweeps = 12

// order puts the items of each column in an order in which few arrows cross: each
// stands at the mean of its neighbours on one side, looked over from left and right in
// turn, and the best of all orders is taken. Areas keep theirs.
func order(columns [][]*item) {
	for _, column := range columns {
		slices.SortStableFunc(column, func(a, b *item) int { return a.area - b.area })
		number(column)
	}
	best, fewest := snapshot(columns), crossings(columns)
	for n := 0; n < sweeps && fewest > 0; n++ {
		for i := range columns {
			if n%2 == 0 {
				arrange(columns[i], func(it *item) []*link { return it.ins })
			} else {
				arrange(columns[len(columns)-1-i], func(it *item) []*link { return it.outs })
			}
		}
		swap(columns)
		if now := crossings(columns); now < fewest {
			best, fewest = snapshot(columns), now
		}
	}
	for i := range columns {
		copy(columns[i], best[i])
		number(columns[i])
	}
}

func number(column []*item) {
	for i, it := range column {
		it.position = i
	}
}

func snapshot(columns [][]*item) (copied [][]*item) {
	for _, c := range columns {
		copied = append(copied, slices.Clone(c))
	}
	return copied
}

// arrange sorts a column by the mean position of each item's neighbours on one side.
// One that has none there stays where it is.
func arrange(column []*item, side func(*item) []*link) {
	sum, n := map[*item]int{}, map[*item]int{}
	for _, it := range column {
		for _, l := range side(it) {
			sum[it] += l.other(it).position
			n[it]++
		}
	}
	for i := 1; i < len(column); i++ {
		for j := i; j > 0; j-- {
			a, b := column[j-1], column[j]
			if a.area != b.area || n[a] == 0 || n[b] == 0 || sum[a]*n[b] <= sum[b]*n[a] {
				break
			}
			column[j-1], column[j] = b, a
		}
	}
	number(column)
}

func (l *link) other(it *item) *item {
	if l.from == it {
		return l.to
	}
	return l.from
}

// swap lets neighbours change places where fewer arrows cross then.
func swap(columns [][]*item) {
	for again := true; again; {
		again = false
		for _, column := range columns {
			for i := 1; i < len(column); i++ {
				a, b := column[i-1], column[i]
				if a.area == b.area && between(b, a) < between(a, b) {
					column[i-1], column[i], again = b, a, true
					a.position, b.position = i, i-1
				}
			}
		}
	}
}

// between counts the crossings between the links of two items of one column, when the
// first stands above the second.
func between(above, below *item) (n int) {
	for _, side := range []func(*item) []*link{func(it *item) []*link { return it.ins }, func(it *item) []*link { return it.outs }} {
		for _, a := range side(above) {
			for _, b := range side(below) {
				if a.other(above).position > b.other(below).position {
					n++
				}
			}
		}
	}
	return n
}

// crossings counts all crossings.
func crossings(columns [][]*item) (n int) {
	for _, column := range columns {
		var links []*link
		for _, it := range column {
			links = append(links, it.outs...)
		}
		for i, a := range links {
			for _, b := range links[i+1:] {
				if (a.from.position-b.from.position)*(a.to.position-b.to.position) < 0 {
					n++
				}
			}
		}
	}
	return n
}
