package main

import (
	"fmt"
	"io"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/mlops-gitops/mlops-gitops/render/container"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// answers says how to start what runs on this machine, where it will answer and
// what a client needs. It says nothing of an environment that runs elsewhere. What was
// removed since goes with the start.
func (r *repository) answers(w io.Writer, e *schema.Environment, called string, removed bool) error {
	local := false
	where, client := map[string]string{}, map[string]string{}
	for _, c := range e.Components {
		local = local || c.Place == schema.Local && len(c.Workloads) > 0
		for title, value := range c.Answers {
			bound, err := e.Text(c.Name, value)
			if err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
			where[title] = inLine(bound)
		}
		for name, value := range c.Client {
			bound, err := r.forShell(e, c, value)
			if err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
			client[name] = bound
		}
	}
	if !local {
		return nil
	}
	if e.Components[e.Front].Place == schema.Local {
		for _, route := range e.Routes {
			if route.Title != "" {
				where[route.Title] = route.URL
			}
		}
	}
	start, err := r.startCommand(e.Name)
	if err != nil {
		return err
	}
	if removed {
		start += " --remove-orphans"
	}
	rows := table{nil, {"start " + called, start}}
	for _, title := range slices.Sorted(maps.Keys(where)) {
		rows = append(rows, []string{title, where[title]})
	}
	title := "for clients"
	for _, name := range slices.Sorted(maps.Keys(client)) {
		rows = append(rows, []string{title, "export " + name + "=" + client[name]})
		title = ""
	}
	return rows.write(w, 3)
}

// forShell is a value as a shell has it: text as it is, and a secret by a command that
// reads it where it is kept.
func (r *repository) forShell(e *schema.Environment, c schema.Component, v schema.Value) (string, error) {
	parts, err := e.Bind(c.Name, v)
	if err != nil {
		return "", err
	}
	under, err := fromHere(r.dir)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range parts {
		kept := path.Join(filepath.ToSlash(under), ".secrets", e.Name, p.Secret)
		switch {
		case p.Secret == "":
			b.WriteString(shellWord(p.Text))
		case p.File && path.IsAbs(kept):
			b.WriteString(shellWord(kept))
		case p.File:
			b.WriteString(`"$PWD"/` + shellWord(kept))
		case c.Place == schema.Cluster:
			fmt.Fprintf(&b, `"$(kubectl get secret %s --namespace %s -o go-template='{{.data.value | base64decode}}')"`, p.Secret, e.Settings.Namespace)
		default:
			fmt.Fprintf(&b, `"$(cat %s)"`, shellWord(kept))
		}
	}
	return b.String(), nil
}

// plainWord is what a shell takes as it stands.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

func shellWord(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return `"$(printf %b ` + container.Quote(octal(strings.ReplaceAll(text, `\`, `\\`))) + `)"`
	}
	return container.Quote(text)
}

// octal writes what would not show as printf takes it (POSIX.1-2024, printf, %b).
func octal(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		for _, c := range []byte(string(r)) {
			fmt.Fprintf(&b, `\0%03o`, c)
		}
	}
	return b.String()
}

// startCommand is what to type here: the short form when the repository's own
// compose.yaml includes this environment's.
func (r *repository) startCommand(env string) (string, error) {
	own, err := r.ownCompose(env)
	if err != nil {
		return "", err
	}
	under, err := fromHere(r.dir)
	if err != nil {
		return "", err
	}
	start := "docker compose"
	if own.includes {
		if under != "." {
			start += " --project-directory " + shellWord(filepath.ToSlash(under))
		}
		return start + " up --wait", nil
	}
	return start + " -f " + shellWord(filepath.ToSlash(filepath.Join(under, composeFile(env)))) + " up --wait", nil
}

func composeFile(env string) string { return "deploy/" + env + "/compose.yaml" }
