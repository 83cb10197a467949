// Package container works out what runs in a container: its command, variables,
// files and secrets, with every address bound. It is the same for Compose and
// Kubernetes, which only differ in how they mount it. It knows no target.
package container

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

const (
	// SecretDir is where both targets mount secrets, one file each.
	SecretDir = "/run/secrets"
	// ScriptPath is where the start script is mounted, when there is one.
	ScriptPath = "/run/start.sh"
	// MemorySize bounds, in bytes, a directory that the start script fills: as much as a
	// ConfigMap can hold, from which its text comes in a cluster, and the secrets.
	MemorySize = 2 << 20
)

// A Container is one container's program and all that reaches it.
type Container struct {
	Command []string          // replaces the image's entrypoint; empty: the image's own
	Args    []string          // of the command
	Health  []string          // the command that asks in here whether it is healthy; empty: none
	Env     map[string]string // holds no secret
	Files   map[string]string // by path; holds no secret
	Memory  []string          // directories kept in memory, which the script fills; sorted
	Secrets []string          // mounted at SecretDir; sorted
	Script  string            // mounted at ScriptPath; "" when nothing has to be joined
}

// Of is the container of a component's workload.
func Of(e *schema.Environment, component string, w schema.Workload) (Container, error) {
	b := builder{e, component, map[string]bool{}, map[string]string{}}
	var health []schema.Value
	if w.Health != nil {
		health = w.Health.Command
	}
	env, files := outward(e)
	maps.Copy(env, w.Env) // what a workload says holds
	maps.Copy(b.files, files)
	return b.build(w.Command, w.Args, health, env, w.Files, becomes)
}

// Asking is a container that asks a question until the answer is yes, for a component
// that waits for it.
func Asking(e *schema.Environment, component string, q schema.Question) (Container, error) {
	b := builder{e, component, map[string]bool{}, map[string]string{}}
	return b.build(q.Command, nil, nil, q.Env, q.Files, asks)
}

// Command binds a component's command that something else than a start runs in its container,
// with the names of the secrets whose files it names, in order.
func Command(e *schema.Environment, component string, command []schema.Value) (words, secrets []string, err error) {
	b := builder{e, component, map[string]bool{}, map[string]string{}}
	words, err = b.words(command)
	return words, slices.Sorted(maps.Keys(b.secrets)), err
}

// SecretPath is where a container finds a secret that it mounts.
func SecretPath(name string) string { return SecretDir + "/" + name }

// A builder binds the text of one component and notes the secrets that it mentions.
type builder struct {
	env       *schema.Environment
	component string
	secrets   map[string]bool
	files     map[string]string // that text names the path of, by it
}

func (b builder) build(command, args, health []schema.Value, env, files map[string]schema.Value, end string) (c Container, err error) {
	var joined []joint
	for _, bind := range []struct {
		to    *[]string
		words []schema.Value
	}{{&c.Command, command}, {&c.Args, args}, {&c.Health, health}} {
		if *bind.to, err = b.words(bind.words); err != nil {
			return c, err
		}
	}
	c.Env = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		parts, err := b.env.Bind(b.component, env[name])
		if err != nil {
			return c, fmt.Errorf("variable %s: %w", name, err)
		}
		if text, ok := b.settle(parts); ok {
			c.Env[name] = text
		} else {
			joined = append(joined, joint{variable: name, parts: parts})
		}
	}
	bound := map[string][]schema.Part{}
	memory := map[string]bool{}
	for p, v := range files {
		parts, err := b.env.Bind(b.component, v)
		if err != nil {
			return c, fmt.Errorf("file %s: %w", p, err)
		}
		bound[p] = parts
		if _, ok := b.settle(parts); !ok {
			memory[path.Dir(p)] = true
		}
	}
	c.Files = map[string]string{}
	for _, p := range slices.Sorted(maps.Keys(bound)) {
		if memory[path.Dir(p)] {
			joined = append(joined, joint{file: p, parts: bound[p]})
		} else {
			c.Files[p], _ = b.settle(bound[p])
		}
	}
	maps.Copy(c.Files, b.files)
	c.Memory = slices.Sorted(maps.Keys(memory))
	c.Secrets = slices.Sorted(maps.Keys(b.secrets))
	if len(joined) == 0 && end == becomes {
		return c, nil
	}
	if len(c.Command) == 0 {
		return c, fmt.Errorf("it must say its command, since a shell runs before it: the image's own is not known here")
	}
	c.Script = script(joined, end)
	c.Command = append([]string{"/bin/sh", ScriptPath}, c.Command...)
	return c, nil
}

// settle is the text of parts that hold no secret's value; the path of a secret's
// file is text. It notes every secret that is mentioned.
func (b builder) settle(parts []schema.Part) (text string, ok bool) {
	ok = true
	for _, p := range parts {
		if p.Secret == "" {
			text += p.Text
			if p.Holds != "" {
				b.files[p.Text] = p.Holds
			}
			continue
		}
		b.secrets[p.Secret] = true
		if p.File {
			text += SecretPath(p.Secret)
		} else {
			ok = false
		}
	}
	return text, ok
}

// words binds a command. No secret's value may stand in it: others would see it in
// the process list.
func (b builder) words(command []schema.Value) ([]string, error) {
	var bound []string
	for _, w := range command {
		parts, err := b.env.Bind(b.component, w)
		if err != nil {
			return nil, fmt.Errorf("command: %w", err)
		}
		text, ok := b.settle(parts)
		if !ok {
			return nil, fmt.Errorf("command: a secret in it would be seen in the process list; put it into a file or a variable")
		}
		bound = append(bound, text)
	}
	return bound, nil
}
