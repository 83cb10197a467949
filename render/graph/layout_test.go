package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// random is an environment of n components, in places and with needs as chance has it,
// in circles too.
func random(r *rand.Rand, n int) *schema.Environment {
	e := &schema.Environment{Name: "random", Components: map[string]schema.Component{}, Edges: map[string]map[string]schema.Edge{}}
	names := make([]string, n)
	for i := range names {
		names[i] = strings.Repeat("x-", r.IntN(20)) + fmt.Sprintf("c%d", i)
		exposed := map[string]int{}
		if r.IntN(4) == 0 {
			exposed["http"] = 80
		}
		e.Components[names[i]] = schema.Component{
			Place:     []schema.Place{schema.Local, schema.Cluster, schema.External}[r.IntN(3)],
			Workloads: map[string]schema.Workload{"server": service(map[string]int{"http": 80}, exposed)},
		}
	}
	for range r.IntN(2*n + 1) {
		from, to := names[r.IntN(n)], names[r.IntN(n)]
		if from != to && e.Components[from].Place != schema.External {
			edge(e, from, fmt.Sprint(to, r.IntN(2)), to, "http", 80, []string{"", "things"}[r.IntN(2)])
		}
	}
	return e
}

// TestLayout holds pictures to what makes them readable.
func TestLayout(t *testing.T) {
	for name, e := range examples() {
		readable(t, name, of(t, e))
	}
	readable(t, "nothing", &Graph{})
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		readable(t, fmt.Sprint("seed ", seed), of(t, random(r, 1+r.IntN(14))))
	}
}

func overlap(a, b rect) bool {
	return a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h
}

func within(in, r rect) bool {
	return r.x >= in.x && r.y >= in.y && r.x+r.w <= in.x+in.w && r.y+r.h <= in.y+in.h
}

func readable(t *testing.T, name string, g *Graph) {
	t.Helper()
	l := g.place()
	canvas := rect{0, 0, l.w, l.h}
	var taken []*item // boxes and labels
	boxes := map[string]*item{}
	for _, column := range l.columns {
		for _, it := range column {
			if len(it.lines) > 0 {
				taken = append(taken, it)
			}
			if it.isBox {
				boxes[it.name] = it
			}
		}
	}
	for i, a := range taken {
		if !within(canvas, a.rect()) {
			t.Errorf("%s: %q at %v is not within %v", name, a.lines, a.rect(), canvas)
		}
		for k, text := range a.lines {
			if w := width(text, k < a.named); w > a.w {
				t.Errorf("%s: %q is wider than its %d pixels", name, text, a.w)
			}
		}
		for _, b := range taken[i+1:] {
			if overlap(a.rect(), b.rect()) {
				t.Errorf("%s: %q at %v and %q at %v lie on each other", name, a.lines, a.rect(), b.lines, b.rect())
			}
		}
		if a.isBox && a.area >= 0 && !within(l.areas[a.area], a.rect()) {
			t.Errorf("%s: %s at %v is not within its area %v", name, a.name, a.rect(), l.areas[a.area])
		}
	}
	for i, a := range l.areas {
		if !within(canvas, a) {
			t.Errorf("%s: area %v is not within %v", name, a, canvas)
		}
		title := l.title(g, i)
		if !within(a, title) {
			t.Errorf("%s: the title %q is wider than its area %v", name, g.Areas[i].Title, a)
		}
		for _, b := range l.areas[i+1:] {
			if overlap(a, b) {
				t.Errorf("%s: areas %v and %v lie on each other", name, a, b)
			}
		}
		for _, b := range taken {
			if overlap(title, b.rect()) {
				t.Errorf("%s: %q lies on the title %q", name, b.lines, g.Areas[i].Title)
			}
		}
	}
	if len(l.chains) != len(g.Arrows) {
		t.Errorf("%s: %d arrows are drawn of %d", name, len(l.chains), len(g.Arrows))
	}
	for _, c := range l.chains {
		strokes, head := l.strokes(c)
		from, to := boxes[c.arrow.From], boxes[c.arrow.To]
		begin, end := strokes[0][0], strokes[len(strokes)-1][len(strokes[len(strokes)-1])-1]
		if c.backward {
			begin, end = end, begin
		}
		if end != head {
			t.Errorf("%s: the head of %s is at %v, its end at %v", name, c.arrow.sentence(), head, end)
		}
		if !atSide(begin, from) || !atSide(end, to) {
			t.Errorf("%s: %s leads from %v to %v, and its boxes are at %v and %v", name, c.arrow.sentence(), begin, end, from.rect(), to.rect())
		}
		if c.label == nil || !slices.Equal(c.label.lines, wrap(c.arrow.lines()...)) {
			t.Errorf("%s: %s has no label", name, c.arrow.sentence())
		}
		for _, p := range points(strokes) {
			for _, it := range taken {
				if r := it.rect(); p.x > r.x && p.x < r.x+r.w && p.y > r.y && p.y < r.y+r.h {
					t.Errorf("%s: %s runs through %q at %v", name, c.arrow.sentence(), it.lines, p)
				}
			}
		}
	}
}

// atSide reports whether a point is at the left or right side of a box.
func atSide(p point, it *item) bool {
	r := it.rect()
	return (p.x == r.x || p.x == r.x+r.w) && p.y > r.y && p.y < r.y+r.h
}

// points are some of each line, close to each other.
func points(strokes [][]point) (found []point) {
	const steps = 20
	for _, s := range strokes {
		for i := 1; i < len(s); i++ {
			a, b := s[i-1], s[i]
			for k := range steps + 1 {
				// a Bézier curve whose inner points are half-way, at the heights of the ends
				t := float64(k) / steps
				u := 1 - t
				mid := float64(a.x+b.x) / 2
				x := u*u*u*float64(a.x) + 3*u*u*t*mid + 3*u*t*t*mid + t*t*t*float64(b.x)
				y := (u*u*u+3*u*u*t)*float64(a.y) + (3*u*t*t+t*t*t)*float64(b.y)
				found = append(found, point{int(math.Round(x)), int(math.Round(y))})
			}
		}
	}
	return found
}

func TestNothingCrossesWhereItNeedNot(t *testing.T) {
	for name, want := range map[string]int{"dev": 0, "hybrid": 0, "circle": 0} {
		if got := crossings(of(t, examples()[name]).place().columns); got != want {
			t.Errorf("%s: %d arrows cross, want %d", name, got, want)
		}
	}
}

func TestColumns(t *testing.T) {
	for _, tt := range []struct{ what, arrows, want string }{
		{"who asks stands left of who answers", "a>b b>c", "a0 b2 c4"},
		{"the longest way counts", "a>b b>c a>c", "a0 b2 c4"},
		{"who is asked by all stands at the right", "a>c b>c a>b d>c", "a0 b2 c4 d2"},
		{"a circle is opened", "a>b b>c c>a", "a0 b2 c4"},
		{"a circle is entered where others ask", "c>a a>b b>c x>b", "a6 b2 c4 x0"},
		{"two who ask each other", "a>b b>a", "a0 b2"},
	} {
		g := &Graph{Areas: []Area{{}}}
		for _, arrow := range strings.Fields(tt.arrows) {
			from, to, _ := strings.Cut(arrow, ">")
			g.Arrows = append(g.Arrows, Arrow{From: from, To: to})
			for _, n := range []string{from, to} {
				if !slices.ContainsFunc(g.Areas[0].Boxes, func(b Box) bool { return b.Name == n }) {
					g.Areas[0].Boxes = append(g.Areas[0].Boxes, Box{Name: n})
				}
			}
		}
		columns, _ := g.chains()
		var got []string
		for i, column := range columns {
			for _, it := range column {
				if it.isBox {
					got = append(got, fmt.Sprint(it.name, i))
				}
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %s has %v, want %s", tt.what, tt.arrows, got, tt.want)
		}
	}
}

func TestSettle(t *testing.T) {
	for _, tt := range []struct {
		what string
		want []int // where items of height 10 want to be
		got  string
	}{
		{"who has room is where it wants to be", []int{0, 100, 200}, "[0 100 200]"},
		{"two at one place share the way", []int{50, 50}, "[38 62]"},
		{"order counts, whatever they want", []int{100, 0}, "[38 62]"},
		{"a block pushes no one who is far", []int{0, 0, 100}, "[-12 12 100]"},
		{"blocks that meet are one", []int{0, 0, 20}, "[-18 6 30]"},
		{"none is fine", nil, "[]"},
	} {
		column := []*item{}
		wants := map[*item]int{}
		for _, y := range tt.want {
			it := &item{h: 10}
			column, wants[it] = append(column, it), y
		}
		settle(column, func(it *item) (int, int) { return wants[it], 1 })
		got := []int{}
		for _, it := range column {
			got = append(got, it.y)
		}
		if fmt.Sprint(got) != tt.got {
			t.Errorf("%s: got %v, want %s", tt.what, got, tt.got)
		}
	}
}

func BenchmarkSVG(b *testing.B) {
	for _, n := range []int{12, 100, 400} {
		g := of(b, random(rand.New(rand.NewPCG(1, 1)), n))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				g.SVG()
			}
		})
	}
}
