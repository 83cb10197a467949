package kube

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/mlops-gitops/mlops-gitops/render/container"
)

// toldWithin is for how many seconds a program is tried to be told what its secrets are: as long
// as a task is tried.
const toldWithin = 600

// told is a secret of which a program keeps a copy of its own, and how it takes another value.
type told struct {
	secret  string
	command []string // reads the value from its standard input
}

// toldOf are the secrets that p has to be told, where no task does it, in order of names. p mounts them and what their
// commands name.
func toldOf(p *program) ([]told, error) {
	var all []told
	if p.Kind != "service" {
		return nil, nil
	}
	for _, name := range slices.Sorted(maps.Keys(p.env.Secrets)) {
		s := p.env.Secrets[name]
		if s.Component != p.component || s.Rotate.Workload != p.workload || s.Rotate.Task != "" || len(s.Rotate.Command) == 0 {
			continue
		}
		command, mounts, err := container.Command(p.env, p.component, s.Rotate.Command)
		if err != nil {
			return nil, fmt.Errorf("how %s is rotated: %w", name, err)
		}
		all = append(all, told{name, command})
		p.main.Secrets = append(append(p.main.Secrets, name), mounts...)
	}
	slices.Sort(p.main.Secrets)
	p.main.Secrets = slices.Compact(p.main.Secrets)
	return all, nil
}

// telling runs in the container when it starts. In a cluster nobody tells a program a new value,
// so it is told its secrets' values at each start: with the one that it has, nothing changes.
// It tries until the program answers, and what the command says, which may hold a value, is
// not kept. Until then the pod is not ready (kubernetes.io, Container Lifecycle Hooks).
//
// Seconds are counted by its own naps, one each, since a command may hang or take its time. One
// that hangs stays behind the hook for the moment until Kubernetes ends its container.
//
// In a hook Kubernetes puts no variables in, as it does elsewhere (kubelet, lifecycle/handlers.go),
// so dollar signs stay as they are.
func telling(all []told) *corev1.LifecycleHandler {
	if len(all) == 0 {
		return nil
	}
	script := "waited=\n" +
		"nap() {\n" +
		"sleep 1\n" +
		"waited=$waited.\n" +
		"if [ ${#waited} -ge " + strconv.Itoa(toldWithin) + " ]; then echo \"$1 was not taken\"; exit 1; fi\n" +
		"}\n"
	for _, t := range all {
		name := container.Quote(t.secret)
		script += "until\n"
		for _, word := range t.command {
			script += container.Quote(word) + " "
		}
		script += "<" + container.Quote(container.SecretPath(t.secret)) + " >/dev/null 2>&1 &\n" +
			"while kill -0 $! 2>/dev/null; do nap " + name + "; done\n" +
			"wait $!\n" +
			"do nap " + name + "; done\n"
	}
	return &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/sh", "-c", script}}}
}
