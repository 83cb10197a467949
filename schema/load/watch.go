package load

import (
	"fmt"
	"runtime/metrics"
	"sync"
	"time"
)

// Watch sees to the memory that the program has in use while environments are evaluated,
// and to how long each takes. CUE works out whatever a configuration says, however much that
// comes to, and can't be interrupted. When one takes more, over is called, once, with what it
// takes in words and the environments that are being evaluated; it ends the program.
func (r *Repository) Watch(memory uint64, longest time.Duration, over func(takes string, environments []string)) {
	r.limits = limits{memory, longest, over}
}

type limits struct {
	memory uint64 // bytes
	time   time.Duration
	over   func(takes string, environments []string) // nil: nobody watches
}

// often is how often the watch looks. A look takes microseconds.
const often = 50 * time.Millisecond

// watched begins the watch over some environments, and returns what ends it.
func (r *Repository) watched(at *hand, names []string) (end func()) {
	if r.limits.over == nil {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		inUse := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		clock := time.NewTicker(often)
		defer clock.Stop()
		for {
			select {
			case <-done:
				return
			case <-clock.C:
			}
			all, late := at.look(r.limits.time)
			if len(all) == 0 { // they are being read
				all = names
			}
			if metrics.Read(inUse); inUse[0].Value.Uint64() > r.limits.memory {
				r.limits.over(fmt.Sprintf("more than %d MiB of memory", r.limits.memory>>20), all)
				return
			}
			if len(late) > 0 {
				r.limits.over(fmt.Sprintf("longer than %v", r.limits.time), late)
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// A hand holds the environments that are being evaluated.
type hand struct {
	mu   sync.Mutex
	seen map[string]time.Duration // for how long
}

// take puts one into the hand, and returns what lays it down.
func (h *hand) take(name string) (down func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen == nil {
		h.seen = map[string]time.Duration{}
	}
	h.seen[name] = 0
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.seen, name)
	}
}

// look returns what is in the hand, and what has been there for longer than that.
func (h *hand) look(most time.Duration) (all, late []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range sortedKeys(h.seen) {
		h.seen[name] += often
		all = append(all, name)
		if h.seen[name] > most {
			late = append(late, name)
		}
	}
	return all, late
}
