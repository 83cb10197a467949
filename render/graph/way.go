package graph

// across gives columns their widths and the gaps between them, where arrows swing from
// one height to another: the higher, the wider.
func (l *layout) across(g *Graph) {
	first := 0
	if g.outside() {
		first = 2
	}
	x := margin
	left := margin
	for i, column := range l.columns {
		if i == first {
			x += inset
		}
		w := 0
		for _, it := range column {
			w = max(w, it.w)
		}
		highest := 0
		for _, it := range column {
			it.x = x
			if it.isBox || len(it.lines) == 0 {
				it.w = w
			} else {
				it.x += (w - it.w) / 2
			}
			for _, out := range it.outs {
				highest = max(highest, abs(it.y+out.fromShift-out.to.y-out.toShift))
			}
		}
		if i == first {
			left = x - inset
		}
		x += w
		if i < len(l.columns)-1 {
			x += min(shortest+highest/5, longest)
		}
	}
	right := x + inset
	for i, area := range g.Areas {
		right = max(right, left+width(area.Title, true)+2*inset)
		l.areas[i].x = left
	}
	for i := range l.areas {
		l.areas[i].w = right - left
	}
	l.w = right + margin
}

// title is where the title of an area stands.
func (l *layout) title(g *Graph, area int) rect {
	r := l.areas[area]
	return rect{r.x + inset, r.y + 7, width(g.Areas[area].Title, true), titleSpace - 16}
}

// strokes are the lines of an arrow, left to right, and where its head is. Between two
// points of a stroke it is straight or swings from one height to the other.
func (l *layout) strokes(c *chain) (strokes [][]point, head point) {
	start := c.links[0].from
	y := start.y + c.links[0].fromShift
	now := []point{{start.x + start.w, y}}
	if c.backward {
		head = now[0]
	}
	for i, k := range c.links {
		to := k.to
		now = append(now, point{l.left(to.column), to.y + k.toShift})
		if i == len(c.links)-1 {
			break
		}
		if len(to.lines) > 0 {
			now = append(now, point{to.x, to.y})
			strokes = append(strokes, now)
			now = []point{{to.x + to.w, to.y}}
		}
		now = append(now, point{l.left(to.column) + l.width(to.column), to.y})
	}
	if !c.backward {
		head = now[len(now)-1]
	}
	return append(strokes, now), head
}

// left and width are those of a column.
func (l *layout) left(column int) int {
	x := l.columns[column][0].x
	for _, it := range l.columns[column] {
		x = min(x, it.x)
	}
	return x
}

func (l *layout) width(column int) int {
	w := 0
	for _, it := range l.columns[column] {
		w = max(w, it.w)
	}
	return w
}

func abs(n int) int { return max(n, -n) }
