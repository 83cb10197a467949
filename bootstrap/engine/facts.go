package engine

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// facts are what an engine says of itself and of its containers.
type facts struct {
	context    string // which engine the command line is set to
	host       string // where it listens
	why        *silence
	version    version
	info       info
	compose    string   // the plugin's version
	noCompose  *silence // why there is none
	standalone string   // what docker-compose says it is, where the plugin is missing
	containers []container
}

// version is the server's part of "docker version".
type version struct {
	APIVersion string `json:"ApiVersion"`
	Version    string
	Components []struct{ Name string }
}

// info is "docker info" (moby, api/types/system).
type info struct {
	NCPU            int
	MemTotal        int64
	MemoryLimit     bool // the kernel lets it hold containers to limits
	CPUCfsQuota     bool `json:"CpuCfsQuota"`
	OSType          string
	OperatingSystem string
	KernelVersion   string
	DockerRootDir   string
	SecurityOptions []string
}

// facts is one look at the engine and at Compose.
func (d Docker) facts(ctx context.Context) (f facts, err error) {
	var at struct {
		Name      string
		Endpoints map[string]struct{ Host string }
	}
	out, why, err := d.ask(ctx, "docker", "context", "inspect", "--format", "{{json .}}")
	if err != nil {
		return f, err
	}
	if why == nil && json.Unmarshal(out, &at) == nil {
		f.context, f.host = at.Name, at.Endpoints["docker"].Host
	}
	if why != nil && why.missing {
		f.why, f.noCompose = why, why
		return f, nil
	}
	// not "--format json", which command lines before 23.0 take for a template
	if out, f.why, err = d.ask(ctx, "docker", "info", "--format", "{{json .}}"); err != nil {
		return f, err
	}
	if f.why == nil {
		if json.Unmarshal(out, &f.info) != nil || f.info.NCPU == 0 {
			f.why = &silence{said: "docker info is not as Docker's own command line has it"}
		}
	}
	if f.why == nil {
		if f.version, f.why, err = d.version(ctx); err != nil {
			return f, err
		}
	}
	if f.why == nil {
		if f.containers, f.why, err = d.containers(ctx); err != nil {
			return f, err
		}
	}
	out, f.noCompose, err = d.ask(ctx, "docker", "compose", "version", "--short")
	f.compose = strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
	if err == nil && f.noCompose != nil {
		out, why, err = d.ask(ctx, "docker-compose", "version", "--short")
		if why == nil {
			f.standalone = strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
		}
	}
	return f, err
}

func (d Docker) version(ctx context.Context) (v version, why *silence, err error) {
	out, why, err := d.ask(ctx, "docker", "version", "--format", "{{json .Server}}")
	if err != nil || why != nil {
		return v, why, err
	}
	if json.Unmarshal(out, &v) != nil {
		return v, &silence{said: "docker version is not as Docker's own command line has it"}, nil
	}
	return v, nil, nil
}

// name is what the engine is called: Docker, or who answers in its place.
func (v version) name() string {
	if len(v.Components) > 0 && v.Components[0].Name != "Engine" {
		return v.Components[0].Name
	}
	return "Docker"
}

// remote reports whether the engine is reached over a network, so that nothing of
// this machine is its own.
func (f facts) remote() bool {
	scheme, _, found := strings.Cut(f.host, "://")
	return found && !slices.Contains([]string{"unix", "npipe", "fd"}, scheme)
}

// rootless reports whether the engine runs as an ordinary user.
func (f facts) rootless() bool { return slices.Contains(f.info.SecurityOptions, "name=rootless") }

// desktop reports whether the engine runs in a virtual machine that publishes on this one.
func (f facts) desktop() bool { return strings.HasPrefix(f.info.OperatingSystem, "Docker Desktop") }

// where says at which engine was looked, and who said so.
func (f facts) where() string {
	switch {
	case f.host == "":
		return "its usual place"
	case f.context != "" && f.context != "default":
		return f.host + " (context " + f.context + ")"
	case f.host != "unix:///var/run/docker.sock" && !strings.HasPrefix(f.host, "npipe:"):
		return f.host + " (DOCKER_HOST)"
	}
	return f.host
}
