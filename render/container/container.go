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
)

// A Container is one container's program and all that reaches it.
type Container struct {
	Command []string          // replaces the image's entrypoint; empty: the image's own
	Args    []string          // of the command
	Env     map[string]string // holds no secret
	Files   map[string]string // by path; holds no secret
	Memory  []string          // directories kept in memory, which the script fills; sorted
	Secrets []string          // mounted at SecretDir; sorted
	Script  string            // mounted at ScriptPath; "" when nothing has to be joined
}

// Of is the container of a workload.
func Of(e *schema.Environment, w schema.Workload) (Container, error) {
	return build(e, w.Command, w.Args, w.Env, w.Files, becomes)
}

// Asking is a container that asks a question until the answer is yes.
func Asking(e *schema.Environment, q schema.Question) (Container, error) {
	return build(e, q.Command, nil, q.Env, q.Files, asks)
}

func build(e *schema.Environment, command, args []schema.Value, env, files map[string]schema.Value, end string) (c Container, err error) {
	var joined []joint
	secrets := map[string]bool{}
	if c.Command, err = words(e, command, secrets); err != nil {
		return c, err
	}
	if c.Args, err = words(e, args, secrets); err != nil {
		return c, err
	}
	c.Env = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		parts, err := e.Bind(env[name])
		if err != nil {
			return c, fmt.Errorf("variable %s: %w", name, err)
		}
		if text, ok := settle(parts, secrets); ok {
			c.Env[name] = text
		} else {
			joined = append(joined, joint{variable: name, parts: parts})
		}
	}
	bound := map[string][]schema.Part{}
	memory := map[string]bool{}
	for p, v := range files {
		parts, err := e.Bind(v)
		if err != nil {
			return c, fmt.Errorf("file %s: %w", p, err)
		}
		bound[p] = parts
		if _, ok := settle(parts, secrets); !ok {
			memory[path.Dir(p)] = true
		}
	}
	c.Files = map[string]string{}
	for _, p := range slices.Sorted(maps.Keys(bound)) {
		if memory[path.Dir(p)] {
			joined = append(joined, joint{file: p, parts: bound[p]})
		} else {
			c.Files[p], _ = settle(bound[p], secrets)
		}
	}
	c.Memory = slices.Sorted(maps.Keys(memory))
	c.Secrets = slices.Sorted(maps.Keys(secrets))
	if len(joined) == 0 && end == becomes {
		return c, nil
	}
	if len(c.Command) == 0 {
		return c, fmt.Errorf("it joins secrets at start, for which it must say its command: the image's own is not known here")
	}
	c.Script = script(joined, end)
	c.Command = append([]string{"/bin/sh", ScriptPath}, c.Command...)
	return c, nil
}

// settle is the text of parts that hold no secret's value; the path of a secret's
// file is text. It notes every secret that is mentioned.
func settle(parts []schema.Part, secrets map[string]bool) (text string, ok bool) {
	ok = true
	for _, p := range parts {
		if p.Secret == "" {
			text += p.Text
			continue
		}
		secrets[p.Secret] = true
		if p.File {
			text += secretPath(p.Secret)
		} else {
			ok = false
		}
	}
	return text, ok
}

func secretPath(name string) string { return SecretDir + "/" + name }

// Words binds a command that runs in a container that is already there, such as a
// health check. No secret's value may stand in it: others would see it in the process list.
func Words(e *schema.Environment, command []schema.Value) ([]string, error) {
	return words(e, command, map[string]bool{})
}

func words(e *schema.Environment, command []schema.Value, secrets map[string]bool) ([]string, error) {
	var bound []string
	for _, w := range command {
		parts, err := e.Bind(w)
		if err != nil {
			return nil, fmt.Errorf("command: %w", err)
		}
		text, ok := settle(parts, secrets)
		if !ok {
			return nil, fmt.Errorf("command: a secret in it would be seen in the process list; put it into a file or a variable")
		}
		bound = append(bound, text)
	}
	return bound, nil
}
