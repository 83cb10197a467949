package engine

import (
	"context"
	"fmt"
	"strings"
)

// What is rendered keeps to the engine API of Docker 20.10, the oldest engine on which
// the platform is proven: what came later, such as a health check's start_interval
// (1.44), is left out. Compose 5 speaks to 1.40 and later (moby/client v0.5.1,
// MinAPIVersion), Compose 2.40 to older ones too.
const (
	apiMajor, apiMinor         = 1, 41
	apiOf                      = "Docker 20.10"
	composeMajor, composeMinor = 2, 40
)

// A Check is one look at the engine, with which environments are compared.
type Check struct {
	docker  Docker
	machine Machine
	facts   facts
}

// Look asks the engine. An error is that of ctx, or one of the system: an engine that
// does not answer is a line.
func Look(ctx context.Context, d Docker, m Machine) (*Check, error) {
	f, err := d.facts(ctx)
	return &Check{d, m, f}, err
}

// Engine says whether the engine and Compose are there and new enough.
func (c *Check) Engine() []Line {
	if c.facts.noCompose != nil && c.facts.noCompose.missing {
		return []Line{{
			Subject: "engine", State: Wrong, Message: "there is no program docker on PATH",
			Hint: "install Docker Engine or Docker Desktop, with Compose: https://docs.docker.com/get-started/get-docker/",
		}}
	}
	return []Line{c.engine(), c.compose()}
}

func (c *Check) engine() Line {
	f := c.facts
	l := Line{Subject: "engine", State: Wrong, Figures: map[string]any{"host": f.host, "context": f.context}}
	if f.why != nil {
		l.Message, l.Hint = c.whyNot()
		return l
	}
	name, v := f.version.name(), f.version
	needed := fmt.Sprintf("%d.%d", apiMajor, apiMinor)
	l.Figures["version"], l.Figures["api"], l.Figures["needs"] = v.Version, v.APIVersion, needed
	switch ok, known := newer(v.APIVersion, apiMajor, apiMinor); {
	case f.info.OSType != "linux":
		l.Message = fmt.Sprintf("the engine at %s runs containers for %s, and the platform's are for Linux", f.where(), f.info.OSType)
		l.Hint = "switch it to Linux containers"
	case known && !ok:
		l.Message = fmt.Sprintf("the engine is %s %s with API %s, and what is rendered needs API %s, that of %s or newer", name, v.Version, v.APIVersion, needed, apiOf)
		l.Hint = "update it: https://docs.docker.com/engine/install/"
	default:
		l.State = Fine
		l.Message = fmt.Sprintf("%s %s at %s; its API is %s, and %s is needed", name, v.Version, f.where(), v.APIVersion, needed)
	}
	return l
}

// whyNot says why the engine does not answer, and what to do. The command line has no
// codes for it, only words, and they change.
func (c *Check) whyNot() (message, hint string) {
	f, said := c.facts, strings.ToLower(c.facts.why.said)
	has := func(texts ...string) bool {
		for _, t := range texts {
			if strings.Contains(said, t) {
				return true
			}
		}
		return false
	}
	first, _, _ := strings.Cut(f.why.said, "\n")
	switch {
	case f.why.late:
		return fmt.Sprintf("the engine at %s has not answered for %s", f.where(), patience), "see what it is doing: docker info"
	case has("permission denied"):
		return fmt.Sprintf("you may not use the engine at %s: permission denied", f.where()),
			"become a member of its group and log in anew: sudo usermod --append --groups docker \"$USER\"; or run an engine of your own: https://docs.docker.com/engine/security/rootless/"
	case f.remote() && has("connect", "dial"):
		return fmt.Sprintf("no engine answers at %s: %s", f.where(), first), "docker context ls shows the engines there are; DOCKER_HOST goes before them"
	case has("cannot connect", "failed to connect", "error during connect", "connection refused", "daemon running"):
		hint := "start Docker Desktop, or see where the engine is: docker context ls"
		if c.machine.System == "linux" {
			hint = "start it: sudo systemctl start docker; or see where it is: docker context ls"
		}
		return "no engine answers at " + f.where(), hint
	}
	return "the engine can't be asked: " + first, "docker info shows more"
}

func (c *Check) compose() Line {
	const install = "install it: https://docs.docker.com/compose/install/linux/"
	needed := fmt.Sprintf("%d.%d", composeMajor, composeMinor)
	f := c.facts
	l := Line{Subject: "compose", State: Wrong, Figures: map[string]any{"needs": needed}}
	if f.noCompose != nil {
		l.Hint = install
		switch {
		case f.noCompose.late:
			l.Message, l.Hint = fmt.Sprintf("docker compose has not answered for %s", patience), "see what it is doing: docker compose version"
		case f.standalone != "":
			l.Message = fmt.Sprintf("there is only docker-compose %s, and what is rendered needs docker compose %s or newer, a plugin of docker", f.standalone, needed)
		default:
			l.Message = fmt.Sprintf("docker has no plugin compose, and %s or newer is needed", needed)
		}
		return l
	}
	l.Figures["version"] = f.compose
	switch ok, known := newer(f.compose, composeMajor, composeMinor); {
	case !known:
		l.State, l.Message = Note, fmt.Sprintf("%q, which can't be compared with %s, the oldest that is known to do", f.compose, needed)
	case !ok:
		l.Message = fmt.Sprintf("Docker Compose is %s, and %s is the oldest with which what is rendered is known to run", f.compose, needed)
		l.Hint = install
	default:
		l.State, l.Message = Fine, fmt.Sprintf("%s; %s or newer is needed", f.compose, needed)
	}
	return l
}
