package load

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"
)

// perContext is how many environments share one CUE context, and perLoad at most how
// many are loaded at once. Sharing saves compiling the schema, and reading it; a context
// keeps what people wrote in each environment, a third of a megabyte, so it is renewed.
// As few as atOnce are not worth a second processor, which would compile the schema, too.
const (
	perContext = 30
	perLoad    = 4 * perContext
	atOnce     = 12
)

// An outcome is what came of evaluating one environment: it is loaded, or something
// is wrong with it.
type outcome struct {
	loaded  Loaded
	values  values          // where they are asked for: a context goes when nobody holds one of its values
	refused []*Mistake      // of files that it imports
	wrong   *build.Instance // it holds mistakes, to be looked for
	err     error           // the schema is at fault
}

// values are an environment as CUE has it: what people wrote, and what follows.
type values struct{ own, platform cue.Value }

// evaluate evaluates environments, on all processors at once. It looks for no mistake,
// and s stays as it is.
func (s *sources) evaluate(names []string, keep bool) []outcome {
	outcomes := make([]outcome, len(names))
	var broken atomic.Value // what a worker panicked with
	processors := runtime.GOMAXPROCS(0)
	part := min(max((len(names)+processors-1)/processors, atOnce), perLoad)
	together((len(names)+part-1)/part, func(i int) {
		from, to := i*part, min((i+1)*part, len(names))
		if p := panicOf(func() { s.evaluateTogether(names[from:to], outcomes[from:to], keep) }); p != nil {
			broken.Store(fmt.Sprint(p))
		}
	})
	if p := broken.Load(); p != nil {
		panic(p) // where whoever asked can recover from it
	}
	return outcomes
}

// together calls a function for each of n things, on all processors at once.
func together(n int, do func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	workers.Wait()
}

// panicOf is what a function panics with, or nil.
func panicOf(f func()) (p any) {
	defer func() { p = recover() }()
	f()
	return nil
}

// evaluateTogether evaluates environments that are loaded at once.
func (s *sources) evaluateTogether(names []string, outcomes []outcome, keep bool) {
	instances := load.Instances(packages(names), config(s))
	if s.fsys.failure() != nil {
		return
	}
	var ctx *cue.Context
	for i, inst := range instances {
		if i%perContext == 0 {
			ctx = cuecontext.New()
		}
		down := s.hand.take(names[i])
		if outcomes[i] = evaluated(ctx, inst, names[i]); !keep {
			outcomes[i].values = values{}
		}
		down()
	}
}

func evaluated(ctx *cue.Context, inst *build.Instance, name string) outcome {
	files := imports(name, inst)
	if refused := refusedIn(files); len(refused) > 0 {
		return outcome{refused: refused}
	}
	env := checked(ctx, inst)
	if inst.Err != nil || !env.Exists() || env.Validate(cue.Concrete(true)) != nil {
		return outcome{wrong: inst}
	}
	// CUE leaves an optional field that nobody wrote unfinished, and ties it to the evaluation
	// that came upon it first: let that be one of its own, or the context, which keeps env,
	// would keep all that comes of #Platform as well
	v := values{env, platformOf(ctx, inst, name, env.Eval())}
	l, err := loadedFrom(ctx, inst, name, v.platform)
	l.Inputs = sortedKeys(files)
	return outcome{loaded: l, values: v, err: err}
}

// values are those of an environment that holds.
func (s *sources) values(name string) values {
	inst := load.Instances(packages([]string{name}), config(s))[0]
	ctx := cuecontext.New()
	env := checked(ctx, inst)
	return values{env, platformOf(ctx, inst, name, env)}
}
