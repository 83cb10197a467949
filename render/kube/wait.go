package kube

import (
	"fmt"
	"maps"
	"slices"

	"github.com/mlops-gitops/mlops-gitops/render/container"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A wait is a question that is asked before a program starts, until the answer is
// yes. It keeps the order inside the cluster.
type wait struct {
	name  string // of the container that asks: after-prepare, needs-store
	image schema.Image
	user  int64
	group int64
	asks  container.Container
}

// A NoQuestion is a workload to wait for that can't be asked whether it is there.
type NoQuestion struct{ Component, Workload string }

func (e *NoQuestion) Error() string {
	return fmt.Sprintf("it starts after %s (%s), which says no wait, with which a cluster keeps the order", e.Component, e.Workload)
}

// Hint says what to do about it.
func (e *NoQuestion) Hint() string {
	return fmt.Sprintf("say how to ask: %s: workloads: %s: wait: command: [...]", e.Component, e.Workload)
}

// waitsOf returns what p waits for: the workloads of its component that it comes
// after, then the needs that it is a waiter for, each in order of names.
func waitsOf(p program) ([]wait, error) {
	var waits []wait
	for _, name := range slices.Sorted(maps.Keys(p.After)) {
		awaited, ok := p.env.Components[p.component].Workloads[name]
		if !ok || awaited.Wait == nil {
			return nil, &NoQuestion{p.component, name}
		}
		w, err := waitFor(p, "after-"+name, awaited.Image, awaited.User, awaited.Group, *awaited.Wait)
		if err != nil {
			return nil, err
		}
		waits = append(waits, w)
	}
	edges := p.env.Edges[p.component]
	for _, need := range slices.Sorted(maps.Keys(edges)) {
		// what runs elsewhere isn't waited for, as nobody here starts it, nor what an operator runs,
		// which is ready a stage before
		if _, claimed := p.env.Components[edges[need].Provider].Claims[edges[need].Claim]; edges[need].Workload == "" && !claimed {
			continue
		}
		if !slices.Contains(edges[need].Waiters, p.workload) || p.env.Components[edges[need].Provider].Place != schema.Cluster {
			continue
		}
		w, err := waitForNeed(p, need, edges[need])
		if err != nil {
			return nil, err
		}
		waits = append(waits, w)
	}
	return waits, nil
}

// waitForNeed asks whether a claim is fulfilled, and of any other need whether its
// workload is there.
func waitForNeed(p program, need string, edge schema.Edge) (wait, error) {
	provider := p.env.Components[edge.Provider]
	if claim, ok := provider.Claims[edge.Claim]; ok && claim.Wait != nil {
		c := claim.Wait
		return waitFor(p, "needs-"+need, c.Image, c.User, c.User, schema.Question{Command: c.Command, Env: c.Env, Files: c.Files})
	}
	if backing, ok := provider.Workloads[edge.Workload]; ok && backing.Wait != nil {
		return waitFor(p, "needs-"+need, backing.Image, backing.User, backing.Group, *backing.Wait)
	}
	return wait{}, &NoQuestion{edge.Provider, edge.Workload}
}

func waitFor(p program, name string, image schema.Image, user, group int64, q schema.Question) (wait, error) {
	asks, err := container.Asking(p.env, p.component, q)
	if err != nil {
		return wait{}, fmt.Errorf("%s: %w", name, err)
	}
	return wait{name, image, user, group, asks}, nil
}
