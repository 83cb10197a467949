package render_test

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// inCompose are the workloads as Compose itself reads the rendered project.
func inCompose(t *testing.T, e *schema.Environment) map[string]facts {
	t.Helper()
	tree, err := compose.Tree(e)
	if err != nil {
		t.Fatal(err)
	}
	dir := path.Join("deploy", e.Name)
	data, _ := tree.File(path.Join(dir, "compose.yaml"))
	p, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  "/",
		ConfigFiles: []types.ConfigFile{{Filename: "/compose.yaml", Content: data}},
		Environment: types.Mapping{"HOME": "hit", "X": "hit", "_": "hit"},
	}, func(o *loader.Options) {
		o.ResolvePaths = false
	})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]facts{}
	for name, s := range p.Services {
		if strings.HasSuffix(name, ".volumes") {
			continue // gives volumes to their user, as fsGroup does
		}
		f := facts{}
		all[name] = f
		f["kind"] = map[string]string{types.RestartPolicyNo: "task", types.RestartPolicyUnlessStopped: "service"}[s.Restart]
		f["image"] = s.Image
		f["command"], f["args"] = words(s.Entrypoint), words(s.Command)
		for k, v := range s.Environment {
			f["env "+k] = *v
		}
		f["user"] = s.User
		f["read-only root"] = fmt.Sprint(s.ReadOnly)
		f["privileges"] = fmt.Sprintf("dropped %v, new ones %t", s.CapDrop, !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}))
		f["low ports"] = s.Sysctls["net.ipv4.ip_unprivileged_port_start"]
		f["grace"] = s.StopGracePeriod.String()
		f["replicas"] = "1"
		if s.Deploy != nil && s.Deploy.Replicas != nil {
			f["replicas"] = fmt.Sprint(*s.Deploy.Replicas)
		}
		if s.Deploy != nil {
			reserved(f, "requests", s.Deploy.Resources.Reservations)
			reserved(f, "limits", s.Deploy.Resources.Limits)
		}
		for _, port := range s.Ports {
			f[fmt.Sprintf("exposed %d", port.Target)] = port.Published
		}
		for _, secret := range s.Secrets {
			f["secret "+secret.Target] = secret.Source
		}
		for _, tmpfs := range s.Tmpfs {
			dir, options, _ := strings.Cut(tmpfs, ":")
			of := map[string]string{}
			for o := range strings.SplitSeq(options, ",") {
				k, v, _ := strings.Cut(o, "=")
				of[k] = v
			}
			if owner := of["uid"] + ":" + of["gid"]; owner != s.User {
				t.Errorf("%s: %s belongs to %s", name, dir, owner)
			}
			f["scratch "+dir+" medium"], f["scratch "+dir+" size"] = "memory", of["size"]
		}
		for _, v := range s.Volumes {
			own, isOwn := strings.CutPrefix(v.Source, name+".")
			switch {
			case v.Type == types.VolumeTypeBind:
				content, there := tree.File(path.Join(dir, v.Source))
				if !there || !v.ReadOnly {
					t.Errorf("%s: %s is not there, or may be written", name, v.Source)
				}
				f["file "+v.Target] = string(content)
			case !isOwn:
				t.Errorf("%s: volume %s is another's", name, v.Source)
			case strings.HasPrefix(own, "scratch_"):
				f["scratch "+v.Target+" medium"], f["scratch "+v.Target+" size"] = "disk", "none: on disk"
			default:
				f["volume "+v.Target] = own
			}
		}
		asked(f, e, name, s.HealthCheck)
	}
	return all
}

// words are a command, a word a line.
func words(list []string) string {
	var quoted []string
	for _, word := range list {
		quoted = append(quoted, strconv.Quote(word))
	}
	return strings.Join(quoted, "\n")
}

func reserved(f facts, what string, r *types.Resource) {
	if r == nil {
		return
	}
	if r.NanoCPUs != 0 {
		f[what+" cpu"] = strconv.FormatFloat(float64(r.NanoCPUs.Value()), 'f', 3, 32)
	}
	if r.MemoryBytes != 0 {
		f[what+" memory"] = fmt.Sprint(int64(r.MemoryBytes))
	}
}

// asked notes Compose's question. Where the model has one over HTTP or TCP for nodes to ask,
// the command in the container must ask the very same.
func asked(f facts, e *schema.Environment, name string, h *types.HealthCheckConfig) {
	if h == nil {
		return
	}
	f["health question"] = words(h.Test[1:])
	f["health period"], f["health timeout"] = h.Interval.String(), h.Timeout.String()
	f["health failures"] = fmt.Sprint(*h.Retries)
	f["health start"] = h.StartPeriod.String()
	if w := workload(e, name); w.Health != nil && w.Health.HTTP != nil {
		number, said := w.Ports[w.Health.HTTP.Port], f["health question"]
		f["health question"] = fmt.Sprintf("http :%d%s", number, w.Health.HTTP.Path)
		// mc asks the server at its usual port and path (mc, cmd/ready.go)
		if said != words([]string{"mc", "ready", "local"}) && !strings.Contains(said, fmt.Sprintf("127.0.0.1:%d%s", number, w.Health.HTTP.Path)) {
			f["health question"] += ", and in the container " + said
		}
	} else if w.Health != nil && w.Health.TCP != "" {
		if number := w.Ports[w.Health.TCP]; strings.Contains(f["health question"], fmt.Sprintf(":%d", number)) {
			f["health question"] = fmt.Sprintf("tcp :%d", number)
		}
	}
}
