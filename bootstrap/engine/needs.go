package engine

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// Needs are what an environment asks of the machine that its local components run on.
type Needs struct {
	Environment string
	Project     string   // the Compose project
	Services    []string // all that the project consists of
	Start       string   // the command that starts it
	Dirs        []string // where that may be done

	images  []string
	ports   []port
	limits  []limit
	volumes map[string]int64 // bytes, by the project's name for it

	existing map[string]string // volumes that are taken over, and by which service
}

// A port is one that a workload publishes.
type port struct {
	service   string
	component string
	at        netip.AddrPort
}

// A limit is what the containers of a workload may use.
type limit struct {
	service   string
	component string
	task      bool
	replicas  int64
	cpu       int64 // thousandths of a core, 0 for all there are
	memory    int64 // bytes, 0 for all there is
}

// NeedsOf reads the needs from an environment. One of which nothing runs here has none.
func NeedsOf(e *schema.Environment) (n Needs, err error) {
	n = Needs{Environment: e.Name, Project: e.Settings.Namespace, volumes: map[string]int64{}, existing: Existing(e)}
	for _, c := range slices.Sorted(maps.Keys(e.Components)) {
		if e.Components[c].Place != schema.Local {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(e.Components[c].Workloads)) {
			if err := n.add(e, c, name); err != nil {
				return n, fmt.Errorf("%s: %w", schema.FullName(c, name), err)
			}
		}
	}
	slices.Sort(n.images)
	n.images = slices.Compact(n.images)
	return n, nil
}

// behind is the component that people find at a port: at the front door's, the one that
// its only route leads to.
func behind(e *schema.Environment, component string, port int) string {
	led := map[string]bool{}
	for _, r := range e.Routes {
		if component == e.Front && r.Listen == port && port != e.Components[component].Front.HTTPS {
			led[r.Component] = true
		}
	}
	if len(led) == 1 {
		return slices.Collect(maps.Keys(led))[0]
	}
	return component
}

func (n *Needs) add(e *schema.Environment, component, name string) error {
	w, service := e.Components[component].Workloads[name], schema.FullName(component, name)
	n.images = append(n.images, w.Image.Reference())
	for _, key := range slices.Sorted(maps.Keys(w.Expose)) {
		address, err := netip.ParseAddr(w.Expose[key].Address)
		if err != nil {
			return err
		}
		n.ports = append(n.ports, port{service, behind(e, component, w.Expose[key].Port), netip.AddrPortFrom(address, uint16(w.Expose[key].Port))})
	}
	l := limit{service: service, component: component, task: w.Kind == "task", replicas: int64(max(w.Replicas, 1))}
	for _, q := range []struct {
		text  string
		value func(resource.Quantity) int64
		into  *int64
	}{
		{w.Resources.Limits.CPU, func(q resource.Quantity) int64 { return q.MilliValue() }, &l.cpu},
		{w.Resources.Limits.Memory, func(q resource.Quantity) int64 { return q.Value() }, &l.memory},
	} {
		if q.text == "" {
			continue
		}
		amount, err := resource.ParseQuantity(q.text)
		if err != nil {
			return fmt.Errorf("%q: %w", q.text, err)
		}
		*q.into = q.value(amount)
	}
	n.limits = append(n.limits, l)
	for v, volume := range w.Volumes {
		if volume.Existing != "" {
			continue
		}
		size, err := resource.ParseQuantity(volume.Size)
		if err != nil {
			return fmt.Errorf("%q: %w", volume.Size, err)
		}
		n.volumes[compose.Volume(component, name, v)] = size.Value()
	}
	return nil
}

// memory is the sum of all limits at a time: tasks run one after the other, so the
// largest counts. most is the component with the largest part of it, open are the
// services without a limit.
func (n Needs) memory() (sum int64, most string, its int64, open []string) {
	by := map[string]int64{}
	var task limit
	for _, l := range n.limits {
		switch {
		case l.memory == 0:
			open = append(open, l.service)
		case !l.task:
			by[l.component] += l.memory * l.replicas
		case l.memory > task.memory:
			task = l
		}
	}
	if task.memory > 0 {
		by[task.component] += task.memory
	}
	for _, c := range slices.Sorted(maps.Keys(by)) {
		sum += by[c]
		if by[c] > its {
			most, its = c, by[c]
		}
	}
	return sum, most, its, open
}
