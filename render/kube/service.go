package kube

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// services lead to p: one for the other components, one for people outside, and
// one that gives the pods of a StatefulSet their names.
func services(p program) ([]typed, error) {
	ports, err := servicePorts(p)
	if err != nil {
		return nil, err
	}
	var services []typed
	if len(ports) > 0 {
		services = append(services, service(p, p.name(), ports))
	}
	if p.Kind == "service" && len(p.Volumes) > 0 {
		s := service(p, headlessName(p), ports)
		s.Spec.ClusterIP = corev1.ClusterIPNone
		s.Spec.PublishNotReadyAddresses = true // pods find each other before they are ready
		services = append(services, s)
	}
	if len(p.Expose) > 0 {
		var public []corev1.ServicePort
		for _, name := range slices.Sorted(maps.Keys(p.Expose)) {
			target, err := p.port(name)
			if err != nil {
				return nil, fmt.Errorf("expose: %w", err)
			}
			public = append(public, servicePort(name, p.Expose[name].Port, target))
		}
		services = append(services, publicService(p, public))
	}
	return services, nil
}

// publicService leads people from outside to p, as its component says.
func publicService(p program, ports []corev1.ServicePort) *corev1.Service {
	said := p.said().Service
	s := service(p, p.name()+"-public", ports)
	s.Annotations = both(s.Annotations, said.Annotations)
	s.Spec.Type = cmp.Or(corev1.ServiceType(said.Type), corev1.ServiceTypeLoadBalancer)
	s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicy(said.ExternalTrafficPolicy)
	s.Spec.LoadBalancerSourceRanges = said.LoadBalancerSourceRanges
	if said.LoadBalancerClass != "" {
		s.Spec.LoadBalancerClass = &said.LoadBalancerClass
	}
	for i := range ports {
		ports[i].NodePort = int32(said.NodePorts[ports[i].Name])
	}
	return s
}

func headlessName(p program) string { return p.name() + "-headless" }

func service(p program, name string, ports []corev1.ServicePort) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: p.meta(name),
		Spec:       corev1.ServiceSpec{Selector: p.selector(), Ports: ports},
	}
}

func servicePorts(p program) ([]corev1.ServicePort, error) {
	var ports []corev1.ServicePort
	names := map[int]string{}
	for _, name := range slices.Sorted(maps.Keys(p.Ports)) {
		number := p.Ports[name]
		if other, taken := names[number]; taken {
			return nil, fmt.Errorf("ports %s and %s are both %d", other, name, number)
		}
		names[number] = name
		ports = append(ports, servicePort(name, number, number))
	}
	return ports, nil
}

func servicePort(name string, number, target int) corev1.ServicePort {
	return corev1.ServicePort{Name: name, Port: int32(number), TargetPort: intstr.FromInt32(int32(target)), Protocol: corev1.ProtocolTCP}
}

// port is the number of one of p's ports.
func (p program) port(name string) (int, error) {
	number, ok := p.Ports[name]
	if !ok {
		return 0, fmt.Errorf("there is no port %s", name)
	}
	return number, nil
}
