package compose

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/mlops-gitops/mlops-gitops/render/container"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// add makes a workload's service. Kubernetes' command and args are Compose's
// entrypoint and command.
func (p *project) add(c schema.Component, name string) error {
	w, full := c.Workloads[name], schema.FullName(c.Name, name)
	in, err := container.Of(p.env, c.Name, w)
	if err != nil {
		return err
	}
	s := types.ServiceConfig{Name: full, Restart: types.RestartPolicyUnlessStopped}
	s.Image = w.Image.Reference()
	s.Entrypoint, s.Command = escaped(in.Command), escaped(in.Args)
	s.Environment = types.MappingWithEquals{}
	for k, v := range in.Env {
		v = escape(v)
		s.Environment[k] = &v
	}
	s.User = fmt.Sprintf("%d:%d", w.User, w.Group)
	s.ReadOnly = w.ReadOnlyRoot
	s.CapDrop = []string{"ALL"}
	s.SecurityOpt = []string{"no-new-privileges:true"}
	if w.LowPorts() {
		s.Sysctls = types.Mapping{"net.ipv4.ip_unprivileged_port_start": "0"}
	}
	s.StopGracePeriod = seconds(w.Grace)
	s.Logging = &types.LoggingConfig{Driver: "json-file", Options: types.Options{"max-size": "10m", "max-file": "3"}}
	if s.Deploy, err = deploy(w); err != nil {
		return err
	}
	if err := p.mount(&s, w, in); err != nil {
		return err
	}
	s.HealthCheck = health(w.Health, in.Health)
	if w.Kind == "task" {
		s.Restart = types.RestartPolicyNo
	}
	for _, port := range sorted(w.Expose) {
		number, ok := w.Ports[port]
		if !ok {
			return fmt.Errorf("it exposes port %s and opens none of that name", port)
		}
		s.Ports = append(s.Ports, types.ServicePortConfig{
			HostIP:    w.Expose[port].Address,
			Target:    uint32(number),
			Published: strconv.Itoa(w.Expose[port].Port),
			Protocol:  "tcp",
		})
	}
	if names := p.calledBy(c); w.Kind == "service" && len(names) > 0 {
		s.Networks = map[string]*types.ServiceNetworkConfig{"default": {Aliases: names}}
	}
	p.order(&s, c, name)
	p.Services[full] = s
	return nil
}

// calledBy are the names by which people call the front door: inside, too, they lead to
// it, so that one address serves a program here and its client outside.
func (p *project) calledBy(c schema.Component) []string {
	names := map[string]bool{}
	for _, route := range p.env.Routes {
		if c.Name == p.env.Front && route.Host != "localhost" {
			names[route.Host] = true
		}
	}
	return sorted(names)
}

// order is what must be there before a workload starts: what it comes after, or
// else what its component needs, with its claims fulfilled.
func (p *project) order(s *types.ServiceConfig, c schema.Component, name string) {
	condition := map[string]string{
		"healthy":   types.ServiceConditionHealthy,
		"completed": types.ServiceConditionCompletedSuccessfully,
	}
	for other, state := range c.Workloads[name].After {
		p.after(s, schema.FullName(c.Name, other), condition[state])
	}
	for _, edge := range p.env.Edges[c.Name] {
		provider := p.env.Components[edge.Provider]
		if !slices.Contains(edge.Waiters, name) || provider.Place != schema.Local {
			continue
		}
		state := types.ServiceConditionHealthy
		if provider.Workloads[edge.Workload].Health == nil {
			state = types.ServiceConditionStarted
		}
		p.after(s, schema.FullName(edge.Provider, edge.Workload), state)
		if by := provider.Claims[edge.Claim].By; by != "" {
			p.after(s, schema.FullName(edge.Provider, by), types.ServiceConditionCompletedSuccessfully)
		}
	}
}

func (p *project) after(s *types.ServiceConfig, other, condition string) {
	if s.DependsOn == nil {
		s.DependsOn = types.DependsOnConfig{}
	}
	s.DependsOn[other] = types.ServiceDependency{Condition: condition, Required: true}
}

// health asks inside the container. start_interval is left out: an engine below
// 25 refuses it (docker/compose, pkg/compose/convert.go).
func health(h *schema.Health, command []string) *types.HealthCheckConfig {
	if h == nil {
		return nil
	}
	retries := uint64(h.Failures)
	return &types.HealthCheckConfig{
		Test:        append(types.HealthCheckTest{"CMD"}, escaped(command)...),
		Interval:    seconds(h.Period),
		Timeout:     seconds(h.Timeout),
		Retries:     &retries,
		StartPeriod: seconds(h.Start),
	}
}

func seconds(n int) *types.Duration {
	d := types.Duration(time.Duration(n) * time.Second)
	return &d
}
