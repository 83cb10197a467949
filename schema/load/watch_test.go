package load

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestWatch evaluates a configuration of a few lines, each of which says the one above ten
// times: who watches hears of it, with the environment's name, while it is being evaluated.
func TestWatch(t *testing.T) {
	var b strings.Builder
	b.WriteString("_0: \"0123456789\"\n")
	for i := range 6 {
		fmt.Fprintf(&b, "_%d: \"%s\"\n", i+1, strings.Repeat(fmt.Sprintf(`\(_%d)`, i), 10))
	}
	archive := "-- environments/fine/environment.cue --\npackage environments\n\nenvironment: mode: \"dev\"\n" +
		"-- environments/large/environment.cue --\npackage environments\n\nenvironment: {mode: \"dev\", mlflow: env: LARGE: _6}\n" + b.String()
	r, err := Open(tree(t, archive), "")
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var heard []string
	over := func(takes string, environments []string) { heard = append(slices.Clone(environments), takes) }
	r.Watch(128<<20, time.Hour, over)
	if _, err := r.Load("fine"); err != nil || heard != nil {
		t.Errorf("of a usual one it hears of %v; %v", heard, err)
	}
	if _, err := r.Load(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(heard, []string{"large", "more than 128 MiB of memory"}) {
		t.Errorf("heard of %q", heard)
	}
	r.Watch(1<<40, 60*time.Millisecond, over)
	if _, err := r.Load("large"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(heard, []string{"large", "longer than 60ms"}) {
		t.Errorf("heard of %q", heard)
	}
}
