package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"testing/synctest"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// answers are what programs print, by the beginning of their command line. One that
// begins with "!" is said on stderr by a program that fails; "…" never comes.
type answers map[string]string

func (a answers) with(more answers) answers {
	all := maps.Clone(a)
	maps.Copy(all, more)
	return all
}

func (a answers) docker() Docker {
	return Docker{Run: func(ctx context.Context, program string, args ...string) ([]byte, error) {
		line := strings.Join(append([]string{program}, args...), " ")
		for _, begin := range slices.Backward(slices.Sorted(maps.Keys(a))) { // the longest first
			if !strings.HasPrefix(line, begin) {
				continue
			}
			text := a[begin]
			if said, failed := strings.CutPrefix(text, "!"); failed {
				return nil, &exec.ExitError{Stderr: []byte(said)}
			}
			if text == "…" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return []byte(text), nil
		}
		return nil, &exec.Error{Name: program, Err: exec.ErrNotFound}
	}}
}

// engine28 answers as Docker 28 does on Debian.
var engine28 = answers{
	"docker context inspect": `{"Name":"default","Endpoints":{"docker":{"Host":"unix:///var/run/docker.sock"}}}`,
	"docker info":            `{"NCPU":4,"MemTotal":8589934592,"MemoryLimit":true,"CpuCfsQuota":true,"OSType":"linux","OperatingSystem":"Debian GNU/Linux 13 (trixie)","KernelVersion":"6.12.0","DockerRootDir":"/var/lib/docker","SecurityOptions":["name=seccomp,profile=builtin"]}`,
	"docker version":         `{"Platform":{"Name":"Docker Engine - Community"},"Components":[{"Name":"Engine","Version":"28.5.1"}],"Version":"28.5.1","ApiVersion":"1.51","MinAPIVersion":"1.24"}`,
	"docker compose version": "2.40.3\n",
	"docker ps":              "",
	"docker image inspect":   "sha256:1\n",
	"docker volume ls":       "",
}

// quiet is a machine on which nothing listens and with room enough.
func quiet() Machine {
	return Machine{
		System: "linux",
		Proc: fstest.MapFS{
			"sys/kernel/osrelease": {Data: []byte("6.12.0\n")},
			"meminfo":              {Data: []byte("MemTotal:  8388608 kB\nMemAvailable:    4194304 kB\n")},
			"sys/net/ipv4/ip_unprivileged_port_start": {Data: []byte("1024\n")},
		},
		Listen: func(context.Context, netip.AddrPort) error { return nil },
		Room: func(dir string) (int64, error) {
			if dir != "/var/lib/docker" {
				return 0, syscall.EACCES
			}
			return 100 << 30, nil
		},
	}
}

func look(t *testing.T, a answers, m Machine) *Check {
	t.Helper()
	c, err := Look(t.Context(), a.docker(), m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// text shows lines as tests compare them.
func text(lines []Line) string {
	var all []string
	for _, l := range lines {
		s := fmt.Sprintf("%s %s: %s", l.State, l.Subject, l.Message)
		if l.Hint != "" {
			s += " > " + l.Hint
		}
		all = append(all, s)
	}
	return strings.Join(all, "\n")
}

func TestEngine(t *testing.T) {
	const fine = "fine compose: 2.40.3; 2.40 or newer is needed"
	at := func(name, host string) string {
		return fmt.Sprintf(`{"Name":%q,"Endpoints":{"docker":{"Host":%q}}}`, name, host)
	}
	for _, tt := range []struct {
		what   string
		change answers
		want   []string
	}{
		{"Docker 28", nil, []string{"fine engine: Docker 28.5.1 at unix:///var/run/docker.sock; its API is 1.51, and 1.41 is needed", fine}},
		{"Docker 20.10, the oldest, with Debian's Compose", answers{
			"docker version":         `{"Components":[{"Name":"Engine"}],"Version":"20.10.24+dfsg1","ApiVersion":"1.41"}`,
			"docker compose version": "2.40.3-3\n",
		}, []string{"fine engine: Docker 20.10.24+dfsg1 at unix:///var/run/docker.sock; its API is 1.41, and 1.41 is needed", "fine compose: 2.40.3-3; 2.40 or newer is needed"}},
		{"Docker 19.03", answers{"docker version": `{"Components":[{"Name":"Engine"}],"Version":"19.03.15","ApiVersion":"1.40"}`}, []string{
			"wrong engine: the engine is Docker 19.03.15 with API 1.40, and what is rendered needs API 1.41, that of Docker 20.10 or newer > update it: https://docs.docker.com/engine/install/", fine,
		}},
		{"Podman behind Docker's command line", answers{
			"docker context inspect": at("podman", "unix:///run/user/1000/podman/podman.sock"),
			"docker version":         `{"Components":[{"Name":"Podman Engine"}],"Version":"5.4.2","ApiVersion":"1.41"}`,
		}, []string{"fine engine: Podman Engine 5.4.2 at unix:///run/user/1000/podman/podman.sock (context podman); its API is 1.41, and 1.41 is needed", fine}},
		{"Podman's own command line", answers{"docker info": `{"host":{"arch":"amd64"}}`}, []string{
			"wrong engine: the engine can't be asked: docker info is not as Docker's own command line has it > docker info shows more", fine,
		}},
		{"containers for Windows", answers{"docker info": `{"NCPU":4,"OSType":"windows"}`}, []string{
			"wrong engine: the engine at unix:///var/run/docker.sock runs containers for windows, and the platform's are for Linux > switch it to Linux containers", fine,
		}},
		{"an engine that is not started", answers{"docker info": "!Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"}, []string{
			"wrong engine: no engine answers at unix:///var/run/docker.sock > start it: sudo systemctl start docker; or see where it is: docker context ls", fine,
		}},
		{"the same in Docker 29's words", answers{"docker info": "!failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory"}, []string{
			"wrong engine: no engine answers at unix:///var/run/docker.sock > start it: sudo systemctl start docker; or see where it is: docker context ls", fine,
		}},
		{"an engine of others", answers{"docker info": `!permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar": dial unix`}, []string{
			`wrong engine: you may not use the engine at unix:///var/run/docker.sock: permission denied > become a member of its group and log in anew: sudo usermod --append --groups docker "$USER"; or run an engine of your own: https://docs.docker.com/engine/security/rootless/`, fine,
		}},
		{"an engine far away that does not answer", answers{
			"docker context inspect": at("default", "ssh://build@example.com"),
			"docker info":            "!error during connect: ssh: connect to host example.com port 22: Connection refused\nand more",
		}, []string{
			"wrong engine: no engine answers at ssh://build@example.com (DOCKER_HOST): error during connect: ssh: connect to host example.com port 22: Connection refused > docker context ls shows the engines there are; DOCKER_HOST goes before them", fine,
		}},
		{"a context that is gone", answers{
			"docker context inspect": `!context "x": context not found`, "docker info": `!Failed to initialize: unable to resolve docker endpoint: context "x": context not found`,
		}, []string{`wrong engine: the engine can't be asked: Failed to initialize: unable to resolve docker endpoint: context "x": context not found > docker info shows more`, fine}},
		{"an engine that hangs", answers{"docker info": "…"}, []string{
			"wrong engine: the engine at unix:///var/run/docker.sock has not answered for 5s > see what it is doing: docker info", fine,
		}},
		{"Compose 5", answers{"docker compose version": "v5.5.0"}, []string{"", "fine compose: 5.5.0; 2.40 or newer is needed"}},
		{"Docker Desktop's Compose", answers{"docker compose version": "v2.40.3-desktop.1"}, []string{"", "fine compose: 2.40.3-desktop.1; 2.40 or newer is needed"}},
		{"a Compose that is too old", answers{"docker compose version": "2.9.0"}, []string{"",
			"wrong compose: Docker Compose is 2.9.0, and 2.40 is the oldest with which what is rendered is known to run > install it: https://docs.docker.com/compose/install/linux/",
		}},
		{"a Compose that someone built", answers{"docker compose version": "dev"}, []string{"", `note compose: "dev", which can't be compared with 2.40, the oldest that is known to do`}},
		{"no Compose", answers{"docker compose version": "!docker: 'compose' is not a docker command."}, []string{"",
			"wrong compose: docker has no plugin compose, and 2.40 or newer is needed > install it: https://docs.docker.com/compose/install/linux/",
		}},
		{"only the first Compose", answers{"docker compose version": "!unknown flag: --short", "docker-compose version": "1.29.2\n"}, []string{"",
			"wrong compose: there is only docker-compose 1.29.2, and what is rendered needs docker compose 2.40 or newer, a plugin of docker > install it: https://docs.docker.com/compose/install/linux/",
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			got := strings.Split(text(look(t, engine28.with(tt.change), quiet()).Engine()), "\n")
			for i, want := range tt.want {
				if want != "" && (i >= len(got) || got[i] != want) {
					t.Errorf("%s: got\n%s\nwant\n%s", tt.what, strings.Join(got, "\n"), want)
				}
			}
		})
	}
}

func TestNoDocker(t *testing.T) {
	c := look(t, answers{}, quiet())
	if got, want := text(c.Engine()), "wrong engine: there is no program docker on PATH > install Docker Engine or Docker Desktop, with Compose: https://docs.docker.com/get-started/get-docker/"; got != want {
		t.Errorf("got %s", got)
	}
	lines, err := c.Environment(t.Context(), one(t, nil))
	if got := text(lines); err != nil || got != "fine ports: 127.0.0.1:5000 (notes) is free" {
		t.Errorf("without an engine, ports are looked at all the same: %s, %v", got, err)
	}
}

// TestEnded holds that an end of the program is no silence of the engine.
func TestEnded(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Look(ctx, answers{"docker": "…"}.docker(), quiet()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, ok, err := (answers{"docker": "!no"}).docker().volumes(t.Context(), "x"); ok || err != nil {
		t.Errorf("an engine that does not answer has no volumes: %v, %v", ok, err)
	}
}

// one is what an environment of one service and two tasks needs, changed.
func one(t *testing.T, change func(server *schema.Workload)) Needs {
	t.Helper()
	workload := func(kind, memory string) schema.Workload {
		return schema.Workload{
			Kind: kind, Image: schema.Image{Repository: "x", Tag: "1"}, Replicas: 1,
			Resources: schema.Resources{Limits: schema.Amounts{CPU: "500m", Memory: memory}},
		}
	}
	server := workload("service", "1Gi")
	server.Expose = map[string]schema.Expose{"http": {Address: "127.0.0.1", Port: 5000}}
	server.Volumes = map[string]schema.Volume{"data": {Path: "/data", Size: "20Gi"}}
	if change != nil {
		change(&server)
	}
	n, err := NeedsOf(&schema.Environment{Name: "dev", Settings: schema.Settings{Namespace: "mlops-dev"}, Components: map[string]schema.Component{
		"notes": {Name: "notes", Place: schema.Local, Workloads: map[string]schema.Workload{
			"server": server, "load": workload("task", "512Mi"), "sort": workload("task", "256Mi"),
		}},
		"far": {Name: "far", Place: schema.Cluster, Workloads: map[string]schema.Workload{"server": workload("service", "64Gi")}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	n.Services, n.Dirs, n.Start = []string{"notes", "notes-load", "notes-sort"}, []string{"/repo", "/repo/deploy/dev"}, "docker compose up --wait"
	return n
}

func TestEnvironment(t *testing.T) {
	const container = `{"name":"mlops-dev-notes-1","project":"mlops-dev","service":"notes","oneoff":"False","dir":"/repo","state":"running","ports":"127.0.0.1:5000->80/tcp"}`
	rootless := strings.Replace(engine28["docker info"], "name=seccomp", `name=rootless","name=seccomp`, 1)
	denied := func(context.Context, netip.AddrPort) error { return fmt.Errorf("listen: %w", syscall.EACCES) }
	for _, tt := range []struct {
		what    string
		docker  answers
		machine func(*Machine)
		server  func(*schema.Workload)
		want    string // lines in it, or what must not be in it after "!"
	}{
		{"all is fine", nil, nil, nil, `fine images: 1 of 1 in the engine
fine ports: 127.0.0.1:5000 (notes) is free
fine memory: limits come to 1.5 GiB; the engine has 8 GiB, 4 GiB of it available now
fine cpus: a container may use up to 0.5 CPUs; the engine has 4 CPUs
fine disk: volumes may come to 20 GiB; /var/lib/docker has 100 GiB free`},
		{"an image that is not there", answers{"docker image inspect": "!No such image"}, nil, nil, "note images: 0 of 1 in the engine; to be pulled: x:1"},

		{"its own container holds the port", answers{"docker ps": container}, nil, nil, "fine ports: 127.0.0.1:5000 (notes) is held by mlops-dev-notes-1, of this environment"},
		{"another project's container does", answers{"docker ps": strings.ReplaceAll(container, "mlops-dev", "shop")}, nil, nil,
			"wrong ports: 127.0.0.1:5000 (notes) is held by container shop-notes-1 of Compose project shop > docker compose --project-name shop stop notes; or give notes another port in dev"},
		{"a container of nobody's does", answers{"docker ps": `{"name":"registry","ports":"0.0.0.0:4000-6000->4000-6000/tcp"}`}, nil, nil,
			"wrong ports: 127.0.0.1:5000 (notes) is held by container registry > docker stop registry; or give notes another port in dev"},
		{"one of its own that is not rendered any longer does", answers{"docker ps": strings.Replace(container, `"service":"notes"`, `"service":"old"`, 1)}, nil, nil,
			"wrong ports: 127.0.0.1:5000 (notes) is held by container mlops-dev-notes-1 of Compose project mlops-dev > docker compose --project-name mlops-dev stop old; or give notes another port in dev"},
		{"the address is not this machine's", nil, func(m *Machine) {
			m.Listen = func(context.Context, netip.AddrPort) error { return syscall.EADDRNOTAVAIL }
		}, nil, "wrong ports: 127.0.0.1:5000 (notes): this machine has no address 127.0.0.1 > 127.0.0.1 is for this machine alone, 0.0.0.0 all of its addresses"},
		{"a container of another engine holds it", nil, func(m *Machine) {
			m.Listen = func(context.Context, netip.AddrPort) error { return syscall.EADDRINUSE }
			m.Proc = fstest.MapFS{
				"net/tcp": {Data: []byte("0: 00000000:1388 00000000:0000 0A 0:0 0:0 0 0 0 11 1")},
				"7/comm":  {Data: []byte("docker-proxy\n")},
				"7/fd/4":  {Data: []byte("socket:[11]"), Mode: fs.ModeSymlink},
			}
		}, nil, "wrong ports: 127.0.0.1:5000 (notes) is held by docker-proxy (PID 7) > a container of another engine is behind it: docker context ls shows the engines there are; or give notes another port in dev"},
		{"another user's program holds it", nil, func(m *Machine) {
			m.Listen = func(context.Context, netip.AddrPort) error { return syscall.EADDRINUSE }
			m.Proc = fstest.MapFS{"net/tcp6": {Data: []byte("0: 00000000000000000000000000000000:1388 0:0000 0A 0:0 0:0 0 33 0 11 1")}}
		}, nil, "wrong ports: 127.0.0.1:5000 (notes) is held by a process of user 33 > sudo ss -ltnp 'sport = :5000' names it; or give notes another port in dev"},
		{"a program holds it that can't be seen", nil, func(m *Machine) {
			m.System, m.Proc = "darwin", fstest.MapFS{}
			m.Listen = func(context.Context, netip.AddrPort) error { return syscall.EADDRINUSE }
		}, nil, "wrong ports: 127.0.0.1:5000 (notes) is held by another program > sudo lsof -nP -iTCP:5000 -sTCP:LISTEN names it; or give notes another port in dev"},
		{"a privileged port is the engine's to open", nil, func(m *Machine) { m.Listen = denied }, func(w *schema.Workload) {
			w.Expose = map[string]schema.Expose{"http": {Address: "127.0.0.1", Port: 80}}
		}, "fine ports: 127.0.0.1:80 (notes) is for the engine to open, which may; nothing is seen to hold it"},
		{"a rootless engine may not", answers{"docker info": rootless}, func(m *Machine) { m.Listen = denied }, func(w *schema.Workload) {
			w.Expose = map[string]schema.Expose{"http": {Address: "0.0.0.0", Port: 443}}
		}, "wrong ports: 0.0.0.0:443 (notes) is below 1024, and a rootless engine may not listen there > sudo sysctl net.ipv4.ip_unprivileged_port_start=443; or give notes another port in dev"},
		{"listening fails otherwise", nil, func(m *Machine) {
			m.Listen = func(context.Context, netip.AddrPort) error { return errors.New("no sockets left") }
		}, nil, "wrong ports: 127.0.0.1:5000 (notes) can't be listened at: no sockets left > give notes another port in dev"},
		{"an engine far away", answers{"docker context inspect": `{"Name":"far","Endpoints":{"docker":{"Host":"tcp://10.0.0.9:2376"}}}`}, func(m *Machine) { m.Listen = nil }, nil,
			"note ports: 127.0.0.1:5000 (notes) is published on the engine's machine; no container holds it, and what else listens there can't be seen from here"},

		{"more memory than there is", nil, nil, func(w *schema.Workload) { w.Replicas, w.Resources.Limits.Memory = 3, "4Gi" },
			"wrong memory: limits come to 12.5 GiB, and the engine has 8 GiB; notes asks most, 12.5 GiB > lower resources.limits.memory of notes, or give the engine more"},
		{"more memory than is available", nil, nil, func(w *schema.Workload) { w.Resources.Limits.Memory = "5Gi" },
			"note memory: limits come to 5.5 GiB; the engine has 8 GiB, 4 GiB of it available now > end what needs it, or lower resources.limits.memory of notes, which asks most: 5.5 GiB"},
		{"it runs already, with that memory", answers{"docker ps": container}, nil, func(w *schema.Workload) { w.Resources.Limits.Memory = "5Gi" },
			"fine memory: limits come to 5.5 GiB; the engine has 8 GiB, 4 GiB of it available now"},
		{"no limit of memory", nil, nil, func(w *schema.Workload) { w.Resources.Limits.Memory = "" },
			"fine memory: limits come to 512 MiB; the engine has 8 GiB, 4 GiB of it available now; without a limit: notes"},
		{"an engine that can't limit memory", answers{"docker info": strings.Replace(engine28["docker info"], `"MemoryLimit":true`, `"MemoryLimit":false`, 1)}, nil, nil,
			"note memory: the engine can't hold containers to limits of memory, and starts them without"},
		{"Docker Desktop's memory is not this machine's", answers{"docker info": strings.Replace(engine28["docker info"], "Debian GNU/Linux 13 (trixie)", "Docker Desktop", 1)}, nil, func(w *schema.Workload) { w.Resources.Limits.Memory = "8Gi" },
			"wrong memory: limits come to 8.5 GiB, and the engine has 8 GiB; notes asks most, 8.5 GiB > lower resources.limits.memory of notes, or give the engine more; Docker Desktop has settings for it under Resources\nfine cpus: a container may use up to 0.5 CPUs; the engine has 4 CPUs\nnote disk: volumes may come to 20 GiB; how much room the engine has can't be seen from here"},

		{"more CPUs than there are", nil, nil, func(w *schema.Workload) { w.Resources.Limits.CPU = "4.5" },
			"wrong cpus: notes may use 4.5 CPUs, and the engine has 4 CPUs: it would refuse the container > lower resources.limits.cpu of notes to 4, or give the engine more"},
		{"a kernel without limits of CPU", answers{"docker info": strings.Replace(engine28["docker info"], `"CpuCfsQuota":true`, `"CpuCfsQuota":false`, 1)}, nil, nil,
			"wrong cpus: the engine's kernel has no limits of CPU (CFS bandwidth control), and would refuse each container with one > a rootless engine needs the cpu controller delegated to it: https://docs.docker.com/engine/security/rootless/; some appliances' kernels lack it for good"},

		{"more disk than there is", nil, nil, func(w *schema.Workload) { w.Volumes["data"] = schema.Volume{Size: "1Ti"} },
			"wrong disk: volumes still to be made may come to 1 TiB, and /var/lib/docker has 100 GiB free > make room (docker system df shows what the engine holds), or lower the sizes"},
		{"a volume that exists", answers{"docker volume ls": "notes.data\n"}, nil, func(w *schema.Workload) { w.Volumes["data"] = schema.Volume{Size: "1Ti"} },
			"fine disk: volumes may come to 1 TiB, 1 TiB of it in volumes that exist; /var/lib/docker has 100 GiB free"},
		{"no volumes", nil, nil, func(w *schema.Workload) { w.Volumes = nil }, "fine disk: no volumes"},
		{"a disk that can't be seen", nil, func(m *Machine) { m.Room = func(string) (int64, error) { return 0, syscall.EACCES } }, nil,
			"note disk: volumes may come to 20 GiB; how much room the engine has can't be seen from here"},
		{"an engine that goes away", answers{"docker volume ls": "!no"}, nil, nil,
			"wrong volumes: the engine, which answered before, does not say which it has > see what it is doing: docker volume ls"},

		{"an orphan", answers{"docker ps": `{"name":"mlops-dev-old-1","project":"mlops-dev","service":"old"}` + "\n" + `{"name":"try","project":"mlops-dev","service":"old","oneoff":"True"}`}, nil, nil,
			"note leftovers: nothing renders these containers of its project any longer: mlops-dev-old-1 > docker compose up --wait --remove-orphans ends them"},
		{"another checkout's", answers{"docker ps": strings.Replace(container, `"/repo"`, `"/other"`, 1) + "\n" + `{"name":"mlops-dev-more-1","project":"mlops-dev","service":"more","dir":"/other"}`}, nil, nil,
			"fine disk: volumes may come to 20 GiB; /var/lib/docker has 100 GiB free\nnote leftovers: project mlops-dev was started from /other: the same containers and the same data > for a second one beside it, give this environment another namespace"},
	} {
		m := quiet()
		if tt.machine != nil {
			tt.machine(&m)
		}
		lines, err := look(t, engine28.with(tt.docker), m).Environment(t.Context(), one(t, tt.server))
		if err != nil {
			t.Errorf("%s: %v", tt.what, err)
		}
		if got := text(lines); !strings.Contains("\n"+got+"\n", "\n"+tt.want+"\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.what, got, tt.want)
		}
		for _, l := range lines {
			if l.Environment != "dev" || l.Subject == "" {
				t.Errorf("%s: of whom, about what? %+v", tt.what, l)
			}
		}
	}
}

func TestImagesOneByOne(t *testing.T) {
	a := answers{"docker image inspect --format {{.Id}} a:1 b:1": "!No such image: b:1", "docker image inspect --format {{.Id}} a:1": "!no", "docker image inspect --format {{.Id}} b:1": "sha256:1"}
	have, err := a.docker().images(t.Context(), []string{"a:1", "b:1"})
	if err != nil || have["a:1"] || !have["b:1"] {
		t.Errorf("got %v, %v", have, err)
	}
}

func TestNeedsRefuse(t *testing.T) {
	for want, w := range map[string]schema.Workload{
		`notes: ParseAddr("localhost"): unable to parse IP`: {Expose: map[string]schema.Expose{"http": {Address: "localhost"}}},
		`notes: "many": quantities must match`:              {Resources: schema.Resources{Limits: schema.Amounts{CPU: "many"}}},
		`notes: "big": quantities must match`:               {Volumes: map[string]schema.Volume{"data": {Size: "big"}}},
	} {
		_, err := NeedsOf(&schema.Environment{Components: map[string]schema.Component{"notes": {Name: "notes", Place: schema.Local, Workloads: map[string]schema.Workload{"server": w}}}})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
