package main

import (
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// using are the services that mount any of some secrets; a certificate goes by its name
// without .crt and .key, and who uses one uses its authority.
func using(e *schema.Environment, mounts map[string][]string, names ...string) (services []string) {
	for name, secret := range e.Secrets {
		base := strings.TrimSuffix(name, "."+secret.Part)
		ours := (secret.Part == "crt" || secret.Part == "key") && !secret.Supplied
		if slices.Contains(names, name) || secret.Part != "ca" && slices.Contains(names, base) || ours && slices.Contains(names, schema.Authority) {
			services = append(services, mounts[name]...)
		}
	}
	slices.Sort(services)
	return slices.Compact(services)
}

// runsOnce reports whether a service is a task.
func runsOnce(e *schema.Environment, service string) bool {
	for _, c := range e.Components {
		for name, w := range c.Workloads {
			if schema.FullName(c.Name, name) == service {
				return w.Kind == "task"
			}
		}
	}
	return false
}
