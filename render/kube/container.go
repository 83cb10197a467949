package kube

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/mlops-gitops/mlops-gitops/render/container"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

func (p program) containerName() string { return p.name() }

func (w wait) containerName() string { return short(w.name) }

// What a container that asks may use. It reserves next to nothing, as it is gone
// when the program starts; what it runs may be the client of a large program.
var (
	askingRequests = schema.Amounts{CPU: "10m", Memory: "32Mi"}
	askingLimits   = schema.Amounts{CPU: "1", Memory: "512Mi"}
)

// What a container is promised of its node's disk, and what it may use beside its scratch
// directories: for its log, which the node rotates at 10Mi, and a writable root.
const (
	askedDisk = "64Mi"
	ownDisk   = "1Gi"
)

// mainContainer is the container that runs p, and the volumes that only it mounts.
func mainContainer(p program) (corev1.Container, []corev1.Volume, error) {
	c := base(p.containerName(), p.Image, p.main)
	c.SecurityContext.ReadOnlyRootFilesystem = new(p.ReadOnlyRoot)
	r := reach(p.env, p.containerName(), "", p.main)
	if err := r.scratch(p.Scratch); err != nil {
		return c, nil, err
	}
	r.claims(p.Volumes)
	if err := checkMounts(p.main, r.mounts); err != nil {
		return c, nil, err
	}
	c.VolumeMounts = r.mounts
	var numbers []int
	for _, number := range p.Ports {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	for _, number := range numbers {
		c.Ports = append(c.Ports, corev1.ContainerPort{ContainerPort: int32(number), Protocol: corev1.ProtocolTCP})
	}
	if p.Kind == "service" && len(p.Ports) > 0 {
		c.Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: drain}}}
	}
	if telling := telling(p.told); telling != nil {
		if c.Lifecycle == nil {
			c.Lifecycle = &corev1.Lifecycle{}
		}
		c.Lifecycle.PostStart = telling
	}
	if err := probes(&c, p); err != nil {
		return c, nil, fmt.Errorf("health: %w", err)
	}
	var err error
	if c.Resources, err = resources(p.Resources); err != nil {
		return c, nil, err
	}
	return c, r.volumes, disk(&c.Resources, p.Scratch)
}

// disk is what a container may use of its node's disk: its scratch directories, and room
// for its log and, where it has one, its writable root. One that says nothing is the first
// to go when a node is short of disk.
func disk(r *corev1.ResourceRequirements, dirs map[string]schema.Scratch) error {
	most := resource.MustParse(ownDisk)
	for path, dir := range dirs {
		if dir.Medium == "memory" {
			continue
		}
		size, err := quantity(dir.Size)
		if err != nil {
			return fmt.Errorf("scratch %s: %w", path, err)
		}
		most.Add(size)
	}
	for _, list := range []struct {
		of   *corev1.ResourceList
		size resource.Quantity
	}{{&r.Requests, resource.MustParse(askedDisk)}, {&r.Limits, most}} {
		if *list.of == nil {
			*list.of = corev1.ResourceList{}
		}
		(*list.of)[corev1.ResourceEphemeralStorage] = list.size
	}
	return nil
}

// waitContainer asks a question, as the user of what is asked and with its own
// files and secrets only.
func waitContainer(e *schema.Environment, w wait) (corev1.Container, []corev1.Volume, error) {
	c := base(w.containerName(), w.image, w.asks)
	c.SecurityContext.RunAsUser = new(w.user)
	c.SecurityContext.RunAsGroup = new(w.group)
	c.SecurityContext.ReadOnlyRootFilesystem = new(true)
	r := reach(e, w.containerName(), w.containerName()+"-", w.asks)
	if err := r.scratch(w.scratch()); err != nil {
		return c, nil, err
	}
	c.VolumeMounts = r.mounts
	var err error
	if c.Resources, err = resources(schema.Resources{Requests: askingRequests, Limits: askingLimits}); err != nil {
		return c, nil, err
	}
	return c, r.volumes, disk(&c.Resources, nil)
}

// scratch is a temporary directory, which many a client won't start without.
func (w wait) scratch() map[string]schema.Scratch {
	const tmp = "/tmp"
	if slices.Contains(w.asks.Memory, tmp) {
		return nil
	}
	return map[string]schema.Scratch{tmp: {Size: "16Mi", Medium: "memory"}}
}

// pullPolicy spares the registry where a node has the image: a tag names one release. Of
// latest nodes would keep different ones, so they ask each time.
func pullPolicy(image schema.Image) corev1.PullPolicy {
	if image.Digest == "" && (image.Tag == "" || image.Tag == "latest") {
		return corev1.PullAlways
	}
	return corev1.PullIfNotPresent
}

// base is what all containers have in common.
func base(name string, image schema.Image, c container.Container) corev1.Container {
	k := corev1.Container{
		Name:            name,
		Image:           image.Reference(),
		ImagePullPolicy: pullPolicy(image),
		Command:         literal(c.Command),
		Args:            literal(c.Args),
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		k.Env = append(k.Env, corev1.EnvVar{Name: name, Value: plain(c.Env[name])})
	}
	return k
}

// plain is text that Kubernetes leaves as it is. In variables, commands, arguments
// and probes it reads $(NAME) as a variable and $$ as one dollar sign
// (kubernetes.io, Define Dependent Environment Variables).
func plain(text string) string {
	if strings.Contains(text, "$(") || strings.Contains(text, "$$") {
		return strings.ReplaceAll(text, "$", "$$")
	}
	return text
}

func literal(words []string) []string {
	var ws []string
	for _, w := range words {
		ws = append(ws, plain(w))
	}
	return ws
}

func resources(r schema.Resources) (k corev1.ResourceRequirements, err error) {
	if k.Requests, err = amounts(r.Requests); err != nil {
		return k, fmt.Errorf("resources.requests: %w", err)
	}
	if k.Limits, err = amounts(r.Limits); err != nil {
		return k, fmt.Errorf("resources.limits: %w", err)
	}
	return k, nil
}

func amounts(a schema.Amounts) (corev1.ResourceList, error) {
	var list corev1.ResourceList
	for _, one := range []struct {
		name  corev1.ResourceName
		value string
	}{{corev1.ResourceCPU, a.CPU}, {corev1.ResourceMemory, a.Memory}} {
		if one.value == "" {
			continue
		}
		q, err := quantity(one.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.name, err)
		}
		if list == nil {
			list = corev1.ResourceList{}
		}
		list[one.name] = q
	}
	return list, nil
}

func quantity(text string) (resource.Quantity, error) {
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return q, fmt.Errorf("%q is not an amount", text)
	}
	return q, nil
}
