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
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// answers are where what runs on this machine will answer and what a client needs.
type answers struct {
	Local  bool              // something runs here: else there is nothing to say
	Where  map[string]string // by title
	Client map[string]variable

	InCluster map[string]string // where what runs in a cluster will answer, by title
	Entries   []kube.Entry      // how people get in there
}

// A variable is one that a client needs.
type variable struct {
	Parts     []schema.Part
	InCluster map[string]schema.Existing // where a cluster has its secrets, by them; nil: they are here
}

func answersOf(e *schema.Environment) (a answers, err error) {
	a.Where, a.Client, a.InCluster = map[string]string{}, map[string]variable{}, map[string]string{}
	a.Entries = kube.Entries(e)
	for _, c := range e.Components {
		a.Local = a.Local || c.Place == schema.Local && len(c.Workloads) > 0
		for title, value := range c.Answers {
			bound, err := e.Text(c.Name, value)
			if err != nil {
				return a, fmt.Errorf("%s: %w", c.Name, err)
			}
			a.Where[title] = inLine(bound)
		}
		for name, value := range c.Client {
			bound, err := e.Bind(c.Name, value)
			if err != nil {
				return a, fmt.Errorf("%s: %w", c.Name, err)
			}
			v := variable{Parts: bound}
			if c.Place == schema.Cluster {
				v.InCluster = map[string]schema.Existing{}
				for _, p := range bound {
					object, key := e.InCluster(p.Secret)
					v.InCluster[p.Secret] = schema.Existing{Name: object, Key: key}
				}
			}
			a.Client[name] = v
		}
	}
	where := map[schema.Place]map[string]string{schema.Local: a.Where, schema.Cluster: a.InCluster}[e.Components[e.Front].Place]
	for _, route := range e.Routes {
		if route.Title != "" && where != nil {
			where[route.Title] = route.URL
		}
	}
	return a, nil
}

// answer says how to start what runs on this machine, where it will answer and what a
// client needs. It says nothing of an environment that runs elsewhere. What was removed
// since goes with the start.
func (r *repository) answer(w io.Writer, env string, about rendering, called string, removed bool) error {
	a := about.Answers
	if !a.Local {
		return nil
	}
	start, err := r.startCommand(env)
	if err != nil {
		return err
	}
	if removed {
		start += " --remove-orphans"
	}
	rows := table{nil, {"start " + called, start}}
	for _, title := range slices.Sorted(maps.Keys(a.Where)) {
		rows = append(rows, []string{title, a.Where[title]})
	}
	title := "for clients"
	for _, name := range slices.Sorted(maps.Keys(a.Client)) {
		value, err := r.forShell(env, about.Settings.Namespace, a.Client[name])
		if err != nil {
			return err
		}
		rows = append(rows, []string{title, "export " + name + "=" + value})
		title = ""
	}
	return rows.write(w, 3)
}

// forShell is a variable's value as a shell has it: text as it is, and a secret by a
// command that reads it where it is kept.
func (r *repository) forShell(env, namespace string, v variable) (string, error) {
	under, err := fromHere(r.dir)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range v.Parts {
		kept := path.Join(filepath.ToSlash(under), ".secrets", env, p.Secret)
		switch {
		case p.Secret == "":
			b.WriteString(shellWord(p.Text))
		case p.File && path.IsAbs(kept):
			b.WriteString(shellWord(kept))
		case p.File:
			b.WriteString(`"$PWD"/` + shellWord(kept))
		case v.InCluster != nil:
			at := v.InCluster[p.Secret]
			fmt.Fprintf(&b, `"$(kubectl get secret %s --namespace %s -o go-template='{{index .data "%s" | base64decode}}')"`, at.Name, namespace, at.Key)
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
