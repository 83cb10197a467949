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

// TestBench measures whole commands and holds them against their budgets: the
// median of several runs, after one that warms the caches of the disk.
func TestBench(t *testing.T) {
	f := newFolder(t)
	bin := program(t)
	f.run(bin, "init")
	key := ageKey(t)
	prod := "package environments\n\nenvironment: {mode: \"prod\", secrets: recipients: [\"" + key.public + "\"]}\n"
	f.write("environments/prod/environment.cue", prod)
	f.run(bin, "secrets", "generate", "prod")
	ten := newFolder(t)
	ten.run(bin, "init")
	for i := range 7 { // init made three
		ten.write(fmt.Sprintf("environments/dev%d/environment.cue", i), "package environments\n\nenvironment: mode: \"dev\"\n")
	}
	for _, b := range []struct {
		what   string
		in     folder
		args   []string
		clean  bool // without earlier output
		cpu    time.Duration
		memory int64
	}{
		{"version", f, []string{"version"}, false, 25 * time.Millisecond, 100 << 20},
		{"vet dev", f, []string{"vet", "dev"}, false, 80 * time.Millisecond, 100 << 20},
		{"render dev", f, []string{"render", "dev"}, true, 80 * time.Millisecond, 100 << 20},
		{"render dev, unchanged", f, []string{"render", "dev"}, false, 80 * time.Millisecond, 100 << 20},
		{"render prod", f, []string{"render", "prod"}, true, 250 * time.Millisecond, 300 << 20},
		{"render prod, unchanged", f, []string{"render", "prod"}, false, 100 * time.Millisecond, 300 << 20},
		{"vet, 10 environments", ten, []string{"vet"}, false, 0, 0},
		{"render --all, 10 environments", ten, []string{"render", "--all"}, true, 0, 0},
	} {
		c := measure(b.in, b.clean, bin, b.args...)
		t.Logf("%-30s cpu %4d ms  wall %4d ms  memory %4d MB", b.what, c.cpu.Milliseconds(), c.wall.Milliseconds(), c.memory>>20)
		if b.cpu > 0 && c.cpu > b.cpu {
			t.Errorf("%s takes %v of CPU, its budget is %v", b.what, c.cpu, b.cpu)
		}
		if b.memory > 0 && c.memory > b.memory {
			t.Errorf("%s takes %d MB, its budget is %d MB", b.what, c.memory>>20, b.memory>>20)
		}
	}
}

func measure(f folder, clean bool, name string, args ...string) cost {
	f.t.Helper()
	var costs []cost
	for i := range 8 {
		if clean {
			f.run("sh", "-c", "find deploy clusters -name secrets -prune -o -type f -exec rm {} + 2>/dev/null; true")
		}
		cmd := exec.Command(name, args...)
		cmd.Dir = f.dir
		began := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			f.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
		if i == 0 {
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
