package render_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/rogpeppe/go-internal/diff"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/render/container"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// A permission is a difference between the two targets that the model makes. It holds where
// both patterns match all of the workload and of the fact; same tells whether the two texts
// differ in this way and in no other.
type permission struct {
	workload, fact string
	why            string
	same           func(local, cluster string) bool
}

var permitted = []permission{
	{"mlflow", "command", "MLflow's plain port is this machine's own (mlflow.port), so pages at it may call there only; and Prometheus asks pods by their addresses", func(local, cluster string) bool {
		cluster = strings.Replace(cluster, `,[0-9]*.*[0-9]:5000,[[]*[]]:5000"`, `"`, 1)
		return strings.ReplaceAll(strings.ReplaceAll(local, ",localhost:5000,mlflow:", ",mlflow:"), ",http://localhost:5000", "") == cluster
	}},
	{"nginx", "exposed 5000", "MLflow's plain port is this machine's own (mlflow.port)", func(local, cluster string) bool {
		return local == "5000" && cluster == ""
	}},
	{"nginx", "file /etc/nginx/platform.conf", "MLflow's plain port is this machine's own; in a cluster a Service's address stays, where the engine's name server finds Compose's replicas, certificates are renewed under Nginx, and nobody administers the object store from outside", func(local, cluster string) bool {
		local = strings.Replace(local, engine, "", 1)
		for _, own := range []*regexp.Regexp{plainUpstream, plainServer} {
			local = own.ReplaceAllString(local, "")
		}
		cluster = strings.ReplaceAll(strings.NewReplacer(anew, "", administration, "").Replace(cluster), " $anew/run/secrets/nginx.tls.", " /run/secrets/nginx.tls.")
		return resolved.ReplaceAllString(local, "$1") == cluster
	}},
	{"minio", "command", "servers in a cluster are told of each other by their names behind the headless Service, and this machine has one", func(local, cluster string) bool {
		own, data := strings.CutSuffix(local, "\"/data\"")
		return data && own+"\"http://minio-{0...3}.minio-headless:9000/data\"" == cluster
	}},
	{"minio|nginx", "replicas", "on this machine there is one (minio.servers, nginx.replicas)", func(local, cluster string) bool {
		return local == "1" && (cluster == "4" || cluster == "2")
	}},
	{".*", "scratch /.* size", "scratch on disk is a volume with Compose, which knows no sizes (D21)", func(local, _ string) bool {
		return local == "none: on disk"
	}},
	{".*", "grace", "a pod still serves for five seconds after it is told to end", func(local, cluster string) bool {
		return later(local, cluster) == 5*time.Second
	}},
	{".*", "health start", "a cluster counts whole periods", func(local, cluster string) bool {
		return later(local, cluster) > 0 && later(local, cluster) < time.Minute
	}},
}

// What Nginx has on one target alone.
const (
	anew = "\n\t# certificates are read anew each minute: they are renewed while Nginx runs\n\tssl_certificate_cache max=16 valid=1m;\n\tmap $ssl_server_name $anew {\n\t\tdefault \"\";\n\t}\n"

	administration = "\t\tlocation = /minio {\n\t\t\treturn 404;\n\t\t}\n\t\tlocation ^~ /minio/ {\n\t\t\treturn 404;\n\t\t}\n"

	engine = "\n\t# the engine's own name server: replicas come and go\n\tresolver 127.0.0.11 valid=2s ipv6=off;\n\tresolver_timeout 2s;\n"
)

var (
	resolved      = regexp.MustCompile(`(\n\t\tserver [^ ]+) resolve`)
	plainUpstream = regexp.MustCompile(`(?s)\tupstream mlflow\.local \{.*?\n\t\}\n\n`)
	plainServer   = regexp.MustCompile(`(?s)\tserver \{\n\t\tlisten 5000[ ;].*?\n\t\}\n\n`)
)

// later is how much longer a cluster takes, or 0 where one of them isn't a time.
func later(local, cluster string) time.Duration {
	l, err := time.ParseDuration(local)
	c, wrong := time.ParseDuration(cluster)
	if err != nil || wrong != nil {
		return 0
	}
	return c - l
}

// facts are what a workload's container is, item by item, in one notation for both targets.
type facts map[string]string

// TestParity renders each environment twice, once for each target, and holds that every
// workload is the same on both, but for what the model says.
func TestParity(t *testing.T) {
	used := map[string]bool{}
	for _, tt := range parities(t) {
		t.Run(tt.what, func(t *testing.T) {
			local, cluster := both(t, tt)
			for _, d := range differences(local, cluster, used) {
				t.Error(d)
			}
			if len(local) < 6 {
				t.Errorf("there are %d workloads only", len(local))
			}
		})
	}
	for _, p := range permitted {
		if !used[p.why] && !t.Failed() {
			t.Errorf("no environment differs as %s (%s) may: %s", p.workload, p.fact, p.why)
		}
	}
}

type parity struct {
	what, says string
	cluster    string // what is said there alone
	files      map[string]string
}

func parities(t *testing.T) []parity {
	examples := func(names ...string) map[string]string {
		files := map[string]string{}
		for _, name := range names {
			data, err := os.ReadFile("../docs/examples/" + name)
			if err != nil {
				t.Fatal(err)
			}
			files["environments/"+name] = string(data)
		}
		return files
	}
	all, err := filepath.Glob("../docs/examples/*.cue")
	if err != nil || len(all) != 3 {
		t.Fatalf("the examples are %v (%v); each must be here", all, err)
	}
	return []parity{
		{what: "the shipped settings"},
		{what: "prod's amounts", says: `
			mlflow: {workers: 2, resources: {requests: {cpu: "500m", memory: "1536Mi"}, limits: {cpu: "2", memory: "2560Mi"}}}
			postgres: {storage: "20Gi", connections: 200, resources: limits: {cpu: "1", memory: "2Gi"}}`, cluster: `
			minio: servers: 4, nginx: replicas: 2`},
		{what: "logins, metrics and direct artifacts", says: `
			mlflow: {
				auth: mode: "basic", metrics: true, artifacts: "direct"
				secrets: openai: supplied: true
				env: {
					OPENAI_API_KEY: secrets.openai.value, DOLLARS: "$HOME ${X} $(HOME) $$ $$(HOME) $", LINES: " a\n$b\n"
				}
				files: {"/etc/mlflow/own.txt": "$(HOME) ${X}\n\ttwo\n", "/run/keys/own": "key=\(secrets.openai.value)\n$(X)"}
				args: ["--x-frame-options", "$(NONE)"]
			}
			minio: {drives: 4, console: enabled: true, buckets: datasets: {versioning: true, quota: "1Gi", lifecycle: old: {days: 30}}}
			postgres: {admin: "root", databases: feast: {}, image: user: 70}`},
		{what: "TLS before the front door, and what is pinned", says: `
			nginx: {tls: "before", headers: "X-Frame-Options": "DENY", kubernetes: service: loadBalancerSourceRanges: ["10.0.0.0/8"]}
			mlflow: {image: {digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}, aliases: ["ml.example.org"], jobs: true, resources: limits: memory: "3Gi"}`},
		{what: "a database and a store that others run", says: `
			postgres: {place: "external", published: sql: {host: "db.example.com", port: 5432, tls: "verify-full"}}
			minio: {place: "external", published: s3: {host: "s3.example.com", port: 443, tls: "verify-full"}, addressing: "virtual"}
			mlflow: replicas: 2
			components: own: workloads: {
				server: {
					image: {repository: "example.com/own", tag: "1"}
					command: ["own", "$(A)"]
					args: ["--b=$$"]
					env: {A: "", B: "$"}
					ports: {http: 80, admin: 9000}
					expose: admin: port: 9001
					health: {command: ["own", "$(ping)", ":9000"], tcp: "admin", period: 7, timeout: 3, failures: 4, start: 31}
					resources: limits: memory: "512Mi"
					readOnlyRoot: false
					user:         7
					group:        8
					grace:        11
					after: {first: "completed", second: "healthy"}
				}
				second: {
					image: {repository: "example.com/own", tag: "1"}
					command: ["own"]
					health: command: ["sh", "-c", "test -e /tmp/$$"]
					wait: command: ["own", "ask"]
					scratch: {"/tmp": {size: "1Gi", medium: "disk"}, "/dev/shm": size: "64Mi"}
				}
				first: {kind: "task", image: {repository: "example.com/own", tag: "1"}, command: ["first"], wait: command: ["done"]}
			}`},
		{what: "the examples", files: examples("cards.cue", "vectors.cue")},
		{what: "cards in a database that others run", says: `postgres: {place: "external", published: sql: {host: "db.example.com", port: 5432, tls: "require"}}`, files: examples("cards.cue")},
	}
}

// both are the workloads of an environment on the one target and on the other.
func both(t *testing.T, p parity) (local, cluster map[string]facts) {
	t.Helper()
	at := func(place, says string) *schema.Environment {
		given := map[string]string{"environments/dev/environment.cue": `package environments
			environment: {
				mode: "dev", place: "` + place + `", domain: "ml.example.com"
				secrets: recipients: ["age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"]
				nginx: tls: *"files" | "before"
				` + says + `
			}`}
		maps.Copy(given, p.files)
		return loadtest.Load(t, "dev", given).Environment
	}
	return inCompose(t, at("local", p.says)), inKubernetes(t, at("cluster", p.says+"\n"+p.cluster))
}

// differences are those that nothing permits, in order. It notes the reasons of the others.
func differences(local, cluster map[string]facts, used map[string]bool) (found []string) {
	for _, w := range slices.Sorted(maps.Keys(merged(local, cluster))) {
		l, c := local[w], cluster[w]
		if l == nil || c == nil {
			found = append(found, fmt.Sprintf("%s is there on one target only", w))
			continue
		}
		for _, fact := range slices.Sorted(maps.Keys(merged(l, c))) {
			_, here := l[fact]
			_, there := c[fact]
			if here == there && l[fact] == c[fact] {
				continue
			}
			i := slices.IndexFunc(permitted, func(p permission) bool {
				return regexp.MustCompile("^(?:"+p.workload+")$").MatchString(w) && regexp.MustCompile("^(?:"+p.fact+")$").MatchString(fact) && p.same(l[fact], c[fact])
			})
			if i < 0 {
				found = append(found, fmt.Sprintf("%s: %s differs\n%s", w, fact, diff.Diff("with Compose", []byte(l[fact]+"\n"), "in a cluster", []byte(c[fact]+"\n"))))
				continue
			}
			used[permitted[i].why] = true
		}
	}
	return found
}

func merged[V any](a, b map[string]V) map[string]V {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

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

// workload is the one that targets call by a name.
func workload(e *schema.Environment, name string) schema.Workload {
	for c := range e.Components {
		for w, of := range e.Components[c].Workloads {
			if schema.FullName(c, w) == name {
				return of
			}
		}
	}
	return schema.Workload{}
}

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

// TestParityFinds changes one thing of a workload for one target, and expects that it is
// seen, by name.
func TestParityFinds(t *testing.T) {
	e := func(place schema.Place, change func(*schema.Workload)) *schema.Environment {
		w := schema.Workload{
			Kind:         "service",
			Image:        schema.Image{Repository: "example.com/app", Tag: "v1"},
			Command:      []schema.Value{"app"},
			Args:         []schema.Value{"serve"},
			Env:          map[string]schema.Value{"A": "1", "KEY": "\uFDD0secret app.key value\uFDD1", "FILE": "\uFDD0secret app.key file\uFDD1"},
			Files:        map[string]schema.Value{"/etc/app": "text\n"},
			Ports:        map[string]int{"http": 8080},
			Expose:       map[string]schema.Expose{"http": {Port: 80}},
			Volumes:      map[string]schema.Volume{"data": {Path: "/data", Size: "1Gi"}},
			Scratch:      map[string]schema.Scratch{"/tmp": {Size: "64Mi", Medium: "memory"}},
			Health:       &schema.Health{Command: []schema.Value{"ping"}, Period: 10, Timeout: 5, Failures: 3, Start: 300},
			Resources:    schema.Resources{Requests: schema.Amounts{CPU: "250m", Memory: "64Mi"}, Limits: schema.Amounts{CPU: "1.5", Memory: "1Gi"}},
			Replicas:     1,
			User:         1000,
			Group:        1000,
			ReadOnlyRoot: true,
			Grace:        30,
		}
		change(&w)
		return &schema.Environment{
			Name:     "dev",
			Settings: schema.Settings{Namespace: "ml"},
			Components: map[string]schema.Component{"app": {
				Name: "app", Place: place, Workloads: map[string]schema.Workload{"server": w},
			}},
			Secrets: map[string]schema.Secret{"app.key": {Component: "app"}, "app.other": {Component: "app"}},
		}
	}
	for fact, change := range map[string]func(*schema.Workload){
		"": func(*schema.Workload) {},
		"kind": func(w *schema.Workload) {
			w.Kind, w.Ports, w.Expose, w.Volumes, w.Health = "task", nil, nil, nil, nil
		},
		"image":                         func(w *schema.Workload) { w.Image.Tag = "v2" },
		"command":                       func(w *schema.Workload) { w.Command = append(w.Command, "$(A)") },
		"args":                          func(w *schema.Workload) { w.Args = []schema.Value{"serve$"} },
		"env A":                         func(w *schema.Workload) { w.Env["A"] = "$$1" },
		"env B":                         func(w *schema.Workload) { w.Env["B"] = "" },
		"file /etc/app":                 func(w *schema.Workload) { w.Files["/etc/app"] = "text" },
		"file /etc/more":                func(w *schema.Workload) { w.Files["/etc/more"] = "" },
		"file " + container.ScriptPath:  func(w *schema.Workload) { w.Env["KEY"] += " " },
		"secret /run/secrets/app.other": func(w *schema.Workload) { w.Args = append(w.Args, "\uFDD0secret app.other file\uFDD1") },
		"scratch /tmp size":             func(w *schema.Workload) { w.Scratch["/tmp"] = schema.Scratch{Size: "65Mi", Medium: "memory"} },
		"scratch /var medium":           func(w *schema.Workload) { w.Scratch["/var"] = schema.Scratch{Size: "65Mi", Medium: "disk"} },
		"scratch /run/own size":         func(w *schema.Workload) { w.Files["/run/own/key"] = "\uFDD0secret app.key value\uFDD1" },
		"volume /data":                  func(w *schema.Workload) { w.Volumes["data"] = schema.Volume{Path: "/else", Size: "1Gi"} },
		"exposed 8080":                  func(w *schema.Workload) { w.Expose["http"] = schema.Expose{Port: 81} },
		"low ports":                     func(w *schema.Workload) { w.Ports["low"] = 79 },
		"health question":               func(w *schema.Workload) { w.Health.Command = []schema.Value{"pong"} },
		"health period":                 func(w *schema.Workload) { w.Health.Period = 20 },
		"health timeout":                func(w *schema.Workload) { w.Health.Timeout = 6 },
		"health failures":               func(w *schema.Workload) { w.Health.Failures = 4 },
		"health start":                  func(w *schema.Workload) { w.Health.Start = 400 },
		"requests cpu":                  func(w *schema.Workload) { w.Resources.Requests.CPU = "251m" },
		"limits memory":                 func(w *schema.Workload) { w.Resources.Limits.Memory = "1025Mi" },
		"replicas":                      func(w *schema.Workload) { w.Replicas = 2 },
		"user":                          func(w *schema.Workload) { w.Group = 1001 },
		"read-only root":                func(w *schema.Workload) { w.ReadOnlyRoot = false },
		"grace":                         func(w *schema.Workload) { w.Grace = 31 },
	} {
		as := func(*schema.Workload) {}
		for _, pair := range [][2]func(*schema.Workload){{change, as}, {as, change}} {
			found := differences(inCompose(t, e(schema.Local, pair[0])), inKubernetes(t, e(schema.Cluster, pair[1])), map[string]bool{})
			if fact == "" && len(found) > 0 {
				t.Errorf("nothing was changed, and found is\n%s", strings.Join(found, "\n"))
			}
			if fact != "" && !slices.ContainsFunc(found, func(d string) bool { return strings.HasPrefix(d, "app: "+fact+" differs\n") }) {
				t.Errorf("%s was changed, and found is %q", fact, found)
			}
		}
	}
}
