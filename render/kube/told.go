package kube

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/mlops-gitops/mlops-gitops/render/container"
)

// For how many seconds at least a program is tried to be told what its secrets are, as long as
// a task is tried, and how many lie between two tries.
const (
	toldWithin = 600
	between    = 2
)

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
// In a hook Kubernetes puts no variables in, as it does elsewhere (kubelet, lifecycle/handlers.go),
// so dollar signs stay as they are.
func telling(all []told) *corev1.LifecycleHandler {
	if len(all) == 0 {
		return nil
	}
	script := "tries=\n"
	for _, t := range all {
		script += "until"
		for _, word := range t.command {
			script += " " + container.Quote(word)
		}
		script += " <" + container.Quote(container.SecretPath(t.secret)) + " >/dev/null 2>&1; do\n" +
			"tries=$tries.\n" +
			"if [ ${#tries} -ge " + strconv.Itoa(toldWithin/between) + " ]; then echo " + container.Quote(t.secret+" was not taken") + "; exit 1; fi\n" +
			"sleep " + strconv.Itoa(between) + "\ndone\n"
	}
	return &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/sh", "-c", script}}}
}
