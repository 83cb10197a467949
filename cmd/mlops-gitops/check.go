package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/engine"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

func checkCmd(at *workdir) *cobra.Command {
	var output *string
	cmd := &cobra.Command{
		Use:   "check [ENV...]",
		Short: "say whether this machine is fit for an environment, before it starts",
		Long: `check compares what runs on this machine, of all environments unless some are named,
with what it has: an engine and Compose that are new enough, images, ports and who
holds them, memory, CPUs, disk, and what an earlier start left behind. It asks the engine
that docker would use, starts nothing, changes nothing and reaches no registry.
What runs in a cluster needs nothing of this machine, and is not looked at.

Exit codes: 0 fit; 1 something is in the way; 2 could not look.`,
		Example: `  mlops-gitops check dev
  mlops-gitops check -o json`,
		ValidArgsFunction: at.offer(environments),
		RunE: func(cmd *cobra.Command, args []string) error {
			repo, err := at.open()
			if err != nil {
				return err
			}
			loaded, err := repo.envs.Load(args...)
			if err != nil {
				return err
			}
			lines, err := repo.fit(cmd.Context(), loaded)
			if err != nil {
				return err
			}
			wrong := func(l engine.Line) bool { return l.State == engine.Wrong }
			if *output == "json" {
				if err := showJSON(cmd.OutOrStdout(), lines); err != nil {
					return err
				}
				if slices.ContainsFunc(lines, wrong) {
					return &found{nil}
				}
				return nil
			}
			if err := showLines(cmd.OutOrStdout(), slices.DeleteFunc(slices.Clone(lines), wrong)); err != nil {
				return err
			}
			return inTheWay(lines)
		},
	}
	output = outputFlag(cmd)
	return cmd
}

// fit looks at this machine for all that runs on it. Where nothing does, the engine is
// not asked.
func (r *repository) fit(ctx context.Context, loaded []load.Loaded) (lines []engine.Line, err error) {
	var look *engine.Check
	var all []engine.Needs
	for _, l := range loaded {
		needs, err := r.needs(l.Environment)
		if err != nil {
			return nil, fmt.Errorf("environment %s: %w", l.Name, err)
		}
		if len(needs.Services) == 0 {
			lines = append(lines, engine.Line{Environment: l.Name, Subject: "local", State: engine.Fine, Message: "nothing of it runs on this machine"})
			continue
		}
		if look == nil {
			if look, err = engine.Look(ctx, engine.Docker{}, engine.ThisMachine()); err != nil {
				return nil, err
			}
			lines = append(look.Engine(), lines...)
		}
		about, err := look.Environment(ctx, needs)
		if err != nil {
			return nil, err
		}
		left, err := r.leftBehind(ctx, l)
		if err != nil {
			return nil, err
		}
		lines = slices.Concat(lines, about, left)
		all = append(all, needs)
	}
	return append(lines, engine.Beside(all)...), nil
}

// needs are what an environment asks of this machine. Its project consists of what is
// rendered, and of what the repository's own compose.yaml adds to it.
func (r *repository) needs(e *schema.Environment) (n engine.Needs, err error) {
	if n, err = engine.NeedsOf(e); err != nil {
		return n, err
	}
	if n.Services, err = compose.Services(e); err != nil || len(n.Services) == 0 {
		return n, err
	}
	if n.Start, err = r.startCommand(e.Name); err != nil {
		return n, err
	}
	n.Dirs = []string{r.path(path.Dir(composeFile(e.Name)))}
	own, err := r.ownCompose(e.Name)
	if err != nil || !own.includes {
		return n, err
	}
	n.Dirs = append(n.Dirs, r.dir)
	file, err := r.readCompose("compose.yaml")
	n.Services = slices.AppendSeq(n.Services, maps.Keys(file.Services))
	return n, err
}

// leftBehind says in which state an earlier render and its secrets are.
func (r *repository) leftBehind(ctx context.Context, l load.Loaded) (lines []engine.Line, err error) {
	for _, look := range []struct {
		subject string
		at      func() ([]engine.Line, error)
	}{
		{"project", func() ([]engine.Line, error) { return nil, r.oneProject(l.Name, l.Settings.Namespace) }},
		{"secrets", func() ([]engine.Line, error) { return r.secretsLeft(ctx, l.Environment) }},
		{"files", func() ([]engine.Line, error) { return r.filesLeft(l) }},
	} {
		some, err := look.at()
		if some, err = inWords(some, err); err != nil {
			return nil, err
		}
		for _, line := range some {
			line.Environment, line.Subject = l.Name, look.subject
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// inWords makes lines of errors that say what to do. Another one stays an error.
func inWords(lines []engine.Line, err error) ([]engine.Line, error) {
	for _, e := range each(err) {
		var told interface{ Hint() string }
		if !errors.As(e, &told) {
			return nil, err
		}
		lines = append(lines, engine.Line{State: engine.Wrong, Message: e.Error(), Hint: told.Hint()})
	}
	return lines, nil
}

// secretsLeft says which secrets of this machine have no value.
func (r *repository) secretsLeft(ctx context.Context, e *schema.Environment) (lines []engine.Line, err error) {
	declared, err := localSecrets(e)
	if err != nil {
		return nil, err
	}
	if err := r.ownSecrets(); err != nil {
		return nil, err
	}
	missing, err := secrets.Local{Dir: r.dir, Env: e.Name}.Missing(declared)
	if err != nil {
		return nil, err
	}
	if len(missing) == 0 {
		return []engine.Line{{State: engine.Fine, Message: fmt.Sprintf("%s in .secrets/%s, each with a value", count(len(declared), "secret"), e.Name)}}, nil
	}
	if _, err := r.noDataWithoutSecrets(ctx, e, missing); err != nil { // a silent engine has a line of its own
		return nil, err
	}
	var made, supplied []string
	for _, name := range missing {
		if e.Secrets[name].Supplied {
			supplied = append(supplied, name)
		} else {
			made = append(made, name)
		}
	}
	if len(made) > 0 {
		lines = append(lines, engine.Line{State: engine.Note, Message: "no value yet: " + strings.Join(made, ", "), Hint: "mlops-gitops render " + e.Name + " makes them"})
	}
	if len(supplied) > 0 {
		lines = append(lines, engine.Line{
			State: engine.Wrong, Message: "not made but supplied, and not there: " + strings.Join(supplied, ", "),
			Hint: "put each into its file in .secrets/" + e.Name + ", without a newline at its end",
		})
	}
	return lines, nil
}

// filesLeft says whether the files on disk are as rendered.
func (r *repository) filesLeft(l load.Loaded) ([]engine.Line, error) {
	again := "mlops-gitops render " + l.Name
	if _, err := os.Stat(r.path(composeFile(l.Name))); errors.Is(err, fs.ErrNotExist) {
		return []engine.Line{{State: engine.Note, Message: "not rendered yet", Hint: again}}, nil
	}
	about, err := r.rendering(l.Sound())
	if err != nil {
		return nil, err
	}
	drifts, err := render.Check(os.DirFS(r.dir), ownerOf(l.Name), about.tree)
	if err != nil {
		return nil, err
	}
	if len(drifts) > 0 {
		return []engine.Line{{State: engine.Note, Message: count(len(drifts), "file") + " not as rendered", Hint: again + "; with --check it names them"}}, nil
	}
	return []engine.Line{{State: engine.Fine, Message: "as rendered"}}, nil
}

// showLines prints a table: of whom, about what, what is so. What repeats is left out.
func showLines(w io.Writer, lines []engine.Line) error {
	var rows table
	var last engine.Line
	for i, l := range lines {
		env, subject := l.Environment, l.Subject
		if i > 0 && env == last.Environment {
			env = ""
			if subject == last.Subject {
				subject = ""
			}
		}
		if last = l; last.Environment == "" {
			env, subject = subject, ""
		}
		rows = append(rows, []string{env, subject, l.Message})
		if l.Hint != "" {
			rows = append(rows, []string{"", "", "  hint: " + l.Hint})
		}
	}
	return rows.write(w, 3)
}

// inTheWay is every line that has to be seen to, as an error.
func inTheWay(lines []engine.Line) error {
	var all []error
	for _, l := range lines {
		if l.State != engine.Wrong {
			continue
		}
		message := l.Message
		if l.Environment != "" && !strings.HasPrefix(message, l.Environment+" ") {
			message = l.Environment + ": " + message
		}
		all = append(all, &refusal{message, l.Hint})
	}
	if len(all) == 0 {
		return nil
	}
	return &found{errors.Join(all...)}
}
