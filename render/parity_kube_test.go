package render_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// inKubernetes are the workloads as Kubernetes reads the rendered objects.
func inKubernetes(t *testing.T, e *schema.Environment) map[string]facts {
	t.Helper()
	cluster, err := kube.Of(e)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]facts{}
	files := map[string]map[string]string{}
	exposed := map[string]map[string]string{}
	pods := map[string]corev1.PodSpec{}
	for _, o := range cluster.Objects {
		switch o.Kind() {
		case "ConfigMap":
			files[o.GetName()] = read[corev1.ConfigMap](t, o).Data
		case "Service":
			s := read[corev1.Service](t, o)
			if of, public := strings.CutSuffix(s.Name, "-public"); public {
				exposed[of] = map[string]string{}
				for _, port := range s.Spec.Ports {
					exposed[of][fmt.Sprintf("exposed %s", port.TargetPort.String())] = fmt.Sprint(port.Port)
				}
			}
		case "Deployment":
			d := read[appsv1.Deployment](t, o)
			pods[d.Name] = d.Spec.Template.Spec
			all[d.Name] = facts{"kind": "service", "replicas": fmt.Sprint(*d.Spec.Replicas)}
		case "StatefulSet":
			s := read[appsv1.StatefulSet](t, o)
			pods[s.Name] = s.Spec.Template.Spec
			all[s.Name] = facts{"kind": "service", "replicas": fmt.Sprint(*s.Spec.Replicas)}
		case "Job":
			j := read[batchv1.Job](t, o)
			name := j.Spec.Template.Spec.Containers[0].Name
			pods[name] = j.Spec.Template.Spec
			all[name] = facts{"kind": "task", "replicas": "1"}
			if j.Spec.Parallelism != nil && *j.Spec.Parallelism != 1 || j.Spec.Completions != nil && *j.Spec.Completions != 1 {
				t.Errorf("%s runs several times", name)
			}
		}
	}
	for name, pod := range pods {
		f := all[name]
		maps.Copy(f, exposed[name])
		if len(pod.Containers) != 1 {
			t.Fatalf("%s has %d containers", name, len(pod.Containers))
		}
		c := pod.Containers[0]
		f["image"] = c.Image
		f["command"], f["args"] = words(expanded(t, c.Command)), words(expanded(t, c.Args))
		for _, v := range c.Env {
			if v.ValueFrom != nil {
				t.Errorf("%s: variable %s comes from elsewhere", name, v.Name)
			}
			f["env "+v.Name] = expanded(t, []string{v.Value})[0]
		}
		if len(c.EnvFrom) > 0 {
			t.Errorf("%s takes variables from elsewhere", name)
		}
		f["user"] = fmt.Sprintf("%d:%d", *pod.SecurityContext.RunAsUser, *pod.SecurityContext.RunAsGroup)
		if *pod.SecurityContext.FSGroup != *pod.SecurityContext.RunAsGroup {
			t.Errorf("%s: volumes belong to group %d", name, *pod.SecurityContext.FSGroup)
		}
		f["read-only root"] = fmt.Sprint(*c.SecurityContext.ReadOnlyRootFilesystem)
		f["privileges"] = fmt.Sprintf("dropped %v, new ones %t", c.SecurityContext.Capabilities.Drop, *c.SecurityContext.AllowPrivilegeEscalation)
		f["low ports"] = ""
		for _, s := range pod.SecurityContext.Sysctls {
			f["low ports"] = s.Value
		}
		f["grace"] = (time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second).String()
		for what, list := range map[string]corev1.ResourceList{"requests": c.Resources.Requests, "limits": c.Resources.Limits} {
			if q, ok := list[corev1.ResourceCPU]; ok {
				f[what+" cpu"] = strconv.FormatFloat(q.AsApproximateFloat64(), 'f', 3, 64)
			}
			if q, ok := list[corev1.ResourceMemory]; ok {
				f[what+" memory"] = fmt.Sprint(q.Value())
			}
		}
		volumes := map[string]corev1.Volume{}
		for _, v := range pod.Volumes {
			volumes[v.Name] = v
		}
		for _, m := range c.VolumeMounts {
			mounted(t, f, e, name, m, volumes[m.Name], files)
		}
		probed(t, f, name, c)
	}
	return all
}

func read[T any](t *testing.T, o kube.Object) (v T) {
	t.Helper()
	data, err := json.Marshal(o.Fields)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// mounted notes what a container finds at one path.
func mounted(t *testing.T, f facts, e *schema.Environment, name string, m corev1.VolumeMount, v corev1.Volume, files map[string]map[string]string) {
	t.Helper()
	switch {
	case v.ConfigMap != nil:
		text, there := files[v.ConfigMap.Name][m.SubPath]
		if !there || !m.ReadOnly {
			t.Errorf("%s: %s is not there, or may be written", name, m.MountPath)
		}
		f["file "+m.MountPath] = text
	case v.Projected != nil:
		for _, s := range v.Projected.Sources {
			for _, item := range s.Secret.Items {
				if object, key := e.InCluster(item.Path); s.Secret.Name != object || item.Key != key {
					t.Errorf("%s: secret %s is %s of %s", name, item.Path, item.Key, s.Secret.Name)
				}
				f["secret "+path.Join(m.MountPath, item.Path)] = item.Path
			}
		}
	case v.EmptyDir != nil:
		medium := map[corev1.StorageMedium]string{corev1.StorageMediumMemory: "memory", "": "disk"}[v.EmptyDir.Medium]
		f["scratch "+m.MountPath+" medium"], f["scratch "+m.MountPath+" size"] = medium, fmt.Sprint(v.EmptyDir.SizeLimit.Value())
	default: // a claim
		f["volume "+m.MountPath] = m.Name
	}
}

func probed(t *testing.T, f facts, name string, c corev1.Container) {
	t.Helper()
	ready := c.ReadinessProbe
	if ready == nil {
		if c.StartupProbe != nil || c.LivenessProbe != nil {
			t.Errorf("%s is asked, but not whether it is ready", name)
		}
		return
	}
	question := func(p *corev1.Probe) string {
		switch {
		case p.HTTPGet != nil:
			return fmt.Sprintf("http :%s%s", p.HTTPGet.Port.String(), p.HTTPGet.Path)
		case p.TCPSocket != nil:
			return fmt.Sprintf("tcp :%s", p.TCPSocket.Port.String())
		}
		return words(expanded(t, p.Exec.Command))
	}
	f["health question"] = question(ready)
	for _, p := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe} {
		if question(p) != question(ready) || p.PeriodSeconds != ready.PeriodSeconds || p.TimeoutSeconds != ready.TimeoutSeconds {
			t.Errorf("%s is asked several questions", name)
		}
	}
	every := time.Duration(ready.PeriodSeconds) * time.Second
	f["health period"], f["health timeout"] = every.String(), (time.Duration(ready.TimeoutSeconds) * time.Second).String()
	f["health failures"] = fmt.Sprint(ready.FailureThreshold)
	f["health start"] = (time.Duration(c.StartupProbe.FailureThreshold) * every).String()
}

// expanded is text as Kubernetes hands it to a container: two dollars are one, and $(NAME)
// would be a variable (kubernetes.io, Define Dependent Environment Variables).
func expanded(t *testing.T, texts []string) (out []string) {
	t.Helper()
	for _, text := range texts {
		var is strings.Builder
		for i := 0; i < len(text); i++ {
			if text[i] == '$' && i+1 < len(text) {
				if text[i+1] == '(' {
					t.Errorf("%q names a variable", text)
				}
				if text[i+1] == '$' {
					i++
				}
			}
			is.WriteByte(text[i])
		}
		out = append(out, is.String())
	}
	return out
}
