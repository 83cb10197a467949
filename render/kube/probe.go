package kube

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// probes asks p's question three times over: whether it has started, for as long
// as that may take; whether it may be sent requests; and whether it must be
// started again, which takes twice as many wrong answers.
func probes(c *corev1.Container, p program) error {
	h := p.Health
	if h == nil {
		return nil
	}
	handler, err := question(p, h)
	if err != nil {
		return err
	}
	probe := func(failures int) *corev1.Probe {
		return &corev1.Probe{
			ProbeHandler:     handler,
			PeriodSeconds:    int32(h.Period),
			TimeoutSeconds:   int32(h.Timeout),
			FailureThreshold: int32(failures),
		}
	}
	if h.Period < 1 {
		return fmt.Errorf("a period of %d seconds", h.Period)
	}
	c.StartupProbe = probe((h.Start + h.Period - 1) / h.Period)
	c.ReadinessProbe = probe(h.Failures)
	c.LivenessProbe = probe(2 * h.Failures)
	return nil
}

// question is how a node asks: over HTTP or TCP where that is said, else with the
// command. No host is named, which restricted Pod Security forbids.
func question(p program, h *schema.Health) (corev1.ProbeHandler, error) {
	switch {
	case h.HTTP != nil:
		number, err := p.port(h.HTTP.Port)
		return corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: h.HTTP.Path, Port: intstr.FromInt32(int32(number))}}, err
	case h.TCP != "":
		number, err := p.port(h.TCP)
		return corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(int32(number))}}, err
	}
	return corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: literal(p.main.Health)}}, nil
}
