package e2e

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A cost is what one run of a whole process took.
type cost struct {
	cpu, wall time.Duration
	memory    int64 // bytes, at most
}

// TestBench measures whole commands and holds them against their budgets.
func TestBench(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	f := newFolder(t)
	bin := program(t)
	f.run(bin, "init")
	key := ageKey(t)
	prod := "package environments\n\nenvironment: {mode: \"prod\", secrets: recipients: [\"" + key.public + "\"]}\n"
	f.write("environments/prod/environment.cue", prod)
	f.run(bin, "secrets", "generate", "prod")
	for _, b := range []struct {
		what   string
		in     folder
		args   []string
		clean  bool // without what earlier runs wrote and remember
		cpu    time.Duration
		memory int64
	}{
		{"version", f, []string{"version"}, false, 25 * time.Millisecond, 100 << 20},
		{"vet dev", f, []string{"vet", "dev"}, true, 80 * time.Millisecond, 100 << 20},
		{"vet dev, unchanged", f, []string{"vet", "dev"}, false, 80 * time.Millisecond, 100 << 20},
		{"render dev", f, []string{"render", "dev"}, true, 80 * time.Millisecond, 100 << 20},
		{"render dev, unchanged", f, []string{"render", "dev"}, false, 80 * time.Millisecond, 100 << 20},
		{"render prod", f, []string{"render", "prod"}, true, 250 * time.Millisecond, 300 << 20},
		{"render prod, unchanged", f, []string{"render", "prod"}, false, 100 * time.Millisecond, 300 << 20},
	} {
		c := measure(b.in, 8, b.clean, bin, b.args...)
		c.log(t, b.what)
		if b.cpu > 0 && c.cpu > b.cpu {
			t.Errorf("%s takes %v of CPU, its budget is %v", b.what, c.cpu, b.cpu)
		}
		if b.memory > 0 && c.memory > b.memory {
			t.Errorf("%s takes %d MB, its budget is %d MB", b.what, c.memory>>20, b.memory>>20)
		}
	}
}

// log prints a cost.
func (c cost) log(t *testing.T, what string) {
	t.Logf("%-40s cpu %6d ms  wall %6d ms  memory %4d MB", what, c.cpu.Milliseconds(), c.wall.Milliseconds(), c.memory>>20)
}

// TestBenchMany measures a thousand environments, and holds them against their budgets
// and against ten: what one costs must not grow with how many there are.
func TestBenchMany(t *testing.T) {
	for _, b := range []struct {
		mode            string
		cold, unchanged time.Duration // of wall
		memory          int64
	}{
		{"dev", 8 * time.Second, time.Second, 300 << 20},
		{"prod", 90 * time.Second, 2 * time.Second, 500 << 20},
	} {
		t.Run(b.mode, func(t *testing.T) { benchMany(t, b.mode, b.cold, b.unchanged, b.memory) })
	}
}

func benchMany(t *testing.T, mode string, coldBudget, unchangedBudget time.Duration, memory int64) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	bin := program(t)
	each := map[int]time.Duration{} // by how many there are
	for _, n := range []int{10, 1000} {
		f := newFolder(t)
		f.run(bin, "init")
		f.run("rm", "-r", "environments/dev", "environments/hybrid", "environments/prod")
		for i := range n {
			f.write(fmt.Sprintf("environments/%s%d/environment.cue", mode, i), fmt.Sprintf("package environments\n\nenvironment: mode: %q\n", mode))
		}
		runs := max(1, 80/n)
		vet := measure(f, runs, true, bin, "vet")
		vet.log(t, fmt.Sprintf("vet, %d environments", n))
		f.run(bin, "render", "--all") // the secrets are made once in the life of an environment
		cold := measure(f, runs, true, bin, "render", "--all")
		cold.log(t, fmt.Sprintf("render --all, %d environments", n))
		unchanged := measure(f, runs, false, bin, "render", "--all")
		unchanged.log(t, fmt.Sprintf("render --all, %d environments, unchanged", n))
		each[n] = cold.cpu / time.Duration(n)
		if n == 10 {
			continue
		}
		if cold.wall > coldBudget {
			t.Errorf("%d environments take %v, their budget is %v", n, cold.wall, coldBudget)
		}
		if cold.memory > memory {
			t.Errorf("%d environments take %d MB, their budget is %d MB", n, cold.memory>>20, memory>>20)
		}
		if unchanged.wall > unchangedBudget {
			t.Errorf("%d unchanged environments take %v, their budget is %v", n, unchanged.wall, unchangedBudget)
		}
	}
	if most := each[10] * 12 / 10; each[1000] > most {
		t.Errorf("one of 1000 environments takes %v of CPU, and one of 10 takes %v: its budget is %v", each[1000], each[10], most)
	}
}

// measure is the median by CPU of several runs, after one that warms the caches of the disk.
func measure(f folder, runs int, clean bool, name string, args ...string) cost {
	f.t.Helper()
	var costs []cost
	for i := range runs {
		if clean {
			f.run("sh", "-c", `find deploy clusters -name secrets -prune -o -type f -exec rm {} + 2>/dev/null; rm -rf "$XDG_CACHE_HOME"/*`)
		}
		cmd := exec.Command(name, args...)
		cmd.Dir = f.dir
		began := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			f.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
		if i == 0 && runs > 1 {
			continue
		}
		usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		costs = append(costs, cost{
			cpu:    cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
			wall:   time.Since(began),
			memory: usage.Maxrss << 10,
		})
	}
	slices.SortFunc(costs, func(a, b cost) int { return int(a.cpu - b.cpu) })
	return costs[len(costs)/2]
}
