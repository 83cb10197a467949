package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/render/container"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// mounts are the Compose services that mount each secret, in order.
type mounts struct {
	services map[string][]string // by secret
	tasks    map[string]bool     // services that run once
}

func mountsOf(e *schema.Environment) (mounts, error) {
	m := mounts{map[string][]string{}, map[string]bool{}}
	for _, c := range e.Components {
		if c.Place != schema.Local {
			continue
		}
		for name, w := range c.Workloads {
			service := schema.FullName(c.Name, name)
			in, err := container.Of(e, c.Name, w)
			if err != nil {
				return m, fmt.Errorf("%s: %w", service, err)
			}
			m.tasks[service] = w.Kind == "task"
			for _, secret := range in.Secrets {
				m.services[secret] = append(m.services[secret], service)
			}
		}
	}
	return m, nil
}

// of are the services that mount any of some secrets; a certificate goes by its name
// without .crt and .key, and who uses one uses its authority.
func (m mounts) of(e *schema.Environment, names ...string) (services []string) {
	for name, secret := range e.Secrets {
		base := strings.TrimSuffix(name, "."+secret.Part)
		ours := (secret.Part == "crt" || secret.Part == "key") && !secret.Supplied
		if slices.Contains(names, name) || secret.Part != "ca" && slices.Contains(names, base) || ours && slices.Contains(names, "ca.crt") {
			services = append(services, m.services[name]...)
		}
	}
	slices.Sort(services)
	return slices.Compact(services)
}
