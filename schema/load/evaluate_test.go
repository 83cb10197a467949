package load

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// TestPanics holds that whoever loads can recover from what goes wrong on the way: the
// command line says it as a failure of the program.
func TestPanics(t *testing.T) {
	if panicOf(func() { new(sources).evaluate([]string{"dev"}, false) }) == nil {
		t.Error("sources without a tree are evaluated")
	}
}

// TestManyAtOnce holds that environments of several contexts, and what is wrong with
// some of them, come as if each had been asked for alone.
func TestManyAtOnce(t *testing.T) {
	const n = 2*perContext + 1
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, "-- environments/e%03d/e.cue --\npackage environments\n\nenvironment: {mode: \"dev\", mlflow: workers: %d}\n", i, i%3+1)
	}
	r, err := Open(tree(t, all.String()), "")
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := r.Load()
	if err != nil || len(loaded) != n {
		t.Fatal(len(loaded), err)
	}
	for _, i := range []int{0, perContext - 1, perContext, n - 1} {
		alone, err := r.Load(loaded[i].Name)
		if err != nil || loaded[i].Name != fmt.Sprintf("e%03d", i) || !reflect.DeepEqual(alone[0], loaded[i]) {
			t.Errorf("%d: %s is another one when it is alone (%v)", i, loaded[i].Name, err)
		}
	}
	wrong := "-- environments/e%03d/e.cue --\npackage environments\n\nenvironment: mode: \"def\"\n"
	got := mistakes(t, tree(t, all.String()+fmt.Sprintf(wrong, 3)+fmt.Sprintf(wrong, n)))
	for _, want := range []string{"environments/e003/e.cue:3:20: ", fmt.Sprintf("environments/e%03d/e.cue:3:20: ", n)} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%s is not there once in\n%s", want, got)
		}
	}
}

// TestFill holds that fill is Value.Decode of what the model has.
func TestFill(t *testing.T) {
	_, platform := built(t, everything, "all")
	var ours, theirs schema.Environment
	if err := fill(reflect.ValueOf(&ours).Elem(), platform); err != nil {
		t.Fatal(err)
	}
	if err := platform.Decode(&theirs); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(ours, theirs) {
		t.Errorf("got\n%+v\nand Decode gives\n%+v", ours, theirs)
	}
}

// TestContextKeepsLittle holds that a context lets go of what was worked out of an
// environment, several megabytes, once nobody needs it any more.
func TestContextKeepsLittle(t *testing.T) {
	const n = 6
	var all strings.Builder
	var names []string
	for i := range n {
		names = append(names, fmt.Sprint("e", i))
		fmt.Fprintf(&all, "-- environments/e%d/e.cue --\npackage environments\n\nenvironment: mode: \"dev\"\n", i)
	}
	src, _, err := readSources(newOnlyCUE(tree(t, all.String()), ""), names)
	if err != nil {
		t.Fatal(err)
	}
	ctx := cuecontext.New()
	var after []uint64
	for i, inst := range load.Instances(packages(names), config(src)) {
		if o := evaluated(ctx, inst, names[i]); o.err != nil || o.wrong != nil {
			t.Fatalf("%s: %v, %v", names[i], o.err, o.wrong)
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		after = append(after, m.HeapAlloc)
	}
	if kept := (int64(after[n-1]) - int64(after[0])) / (n - 1); kept > 1<<20 {
		t.Errorf("each environment leaves %d KB in its context", kept>>10)
	}
	runtime.KeepAlive(ctx)
}
