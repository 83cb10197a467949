package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/spf13/cobra"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/render/kustomize"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

func renderCmd(at *workdir) *cobra.Command {
	var all, check, toStdout, force bool
	var output *string
	cmd := &cobra.Command{
		Use:   "render ENV...",
		Short: "write the files that an environment deploys",
		Long: `render writes what environments deploy: deploy/ENV/compose.yaml and the files that it
mounts for what runs on this machine; deploy/ENV/STAGE and clusters/ENV for what Flux
applies in a cluster, and deploy/ENV/mlops-helm-charts, the same as a Helm chart. It
writes all of it or nothing, removes what is no longer rendered, and never touches a file
that it did not make. Local secrets that are missing are made in .secrets/ENV, which Git
ignores.

Exit codes: 0 fine; 1 --check found a difference, or a secret of a cluster that has no value,
is not sealed for those whom the settings name, or could not be used by Flux; 2 could not
render.`,
		Example: `  mlops-gitops render dev
  mlops-gitops render --all --check    # in CI: fails when committed files are stale
  mlops-gitops render prod --stdout`,
		ValidArgsFunction: at.offer(environments),
		RunE: func(cmd *cobra.Command, args []string) error {
			repo, err := at.open()
			if err != nil {
				return err
			}
			if len(args) == 0 && !all {
				return &refusal{"render what? name an environment", "mlops-gitops render ENV, or --all for " + strings.Join(repo.envs.Names(), ", ")}
			}
			if check && (toStdout || force) || toStdout && force {
				return &refusal{"--check, --stdout and --force exclude each other", "say one of them"}
			}
			if *output != "text" && !check {
				return &refusal{"-o says how --check shows its result", "add --check, or leave -o out"}
			}
			if len(args) > 0 && all {
				return &refusal{"--all and names of environments exclude each other", "say one of them"}
			}
			if check { // a proof takes nobody's word
				repo.envs.Remember(nil)
			}
			sound, err := repo.envs.Vet(args...)
			if err != nil {
				return err
			}
			var gone []string // environments that left files behind
			if all {
				if gone, err = repo.gone(); err != nil {
					return err
				}
			}
			switch {
			case toStdout:
				return repo.printFiles(cmd.OutOrStdout(), sound)
			case check:
				return repo.drift(cmd.OutOrStdout(), cmd.ErrOrStderr(), sound, gone, all, *output)
			}
			if err := repo.render(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), sound, render.Options{Force: force}); err != nil {
				return err
			}
			return repo.remove(cmd.ErrOrStderr(), gone, render.Options{Force: force})
		},
	}
	output = outputFlag(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "every environment of the repository")
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; say what is outdated, hand-edited or orphaned")
	cmd.Flags().BoolVar(&toStdout, "stdout", false, "write nothing; print the files one after the other, each under a line -- path --")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite files that were edited by hand")
	return cmd
}

// printFiles shows files in txtar form, which people read and programs split.
func (r *repository) printFiles(w io.Writer, sound []load.Sound) error {
	var archive txtar.Archive
	for _, s := range sound {
		about, err := r.rendering(s)
		if err != nil {
			return err
		}
		tree, err := ownerOf(s.Name).Stamp(about.tree)
		if err != nil {
			return err
		}
		for name, data := range tree.All() {
			archive.Files = append(archive.Files, txtar.File{Name: name, Data: data})
		}
	}
	_, err := w.Write(txtar.Format(&archive))
	return err
}

// drift says how the files on disk differ from the render, and which of a cluster's encrypted
// secrets Flux could not use, or lacks. Of all environments, one that was never rendered is none
// of its business.
func (r *repository) drift(stdout, stderr io.Writer, sound []load.Sound, gone []string, all bool, output string) error {
	var drifted []render.Drift
	var unusable []error // encrypted secrets
	differ := func(owner render.Owner, tree render.Tree) error {
		drifts, err := render.Check(os.DirFS(r.dir), owner, tree)
		if err != nil {
			return err
		}
		if len(drifts) > 0 {
			drifted = append(drifted, drifts...)
			return nil
		}
		stamped, err := owner.Stamp(tree)
		if err == nil {
			fmt.Fprintf(stderr, "%s: %s as rendered\n", owner.Env, count(stamped.Len(), "file"))
		}
		return err
	}
	for _, s := range sound {
		if all && !r.rendered(s.Name) {
			fmt.Fprintf(stderr, "%s: not rendered yet\n", s.Name)
			continue
		}
		about, err := r.rendering(s)
		if err != nil {
			return err
		}
		if err := prove(s, about); err != nil {
			return err
		}
		if err := differ(ownerOf(s.Name), about.tree); err != nil {
			return err
		}
		lacks, _, err := r.lackingSecrets(s.Name, about)
		unusable = append(unusable, err, of(s.Name, lacks))
	}
	for _, env := range gone {
		left, err := render.Check(os.DirFS(r.dir), ownerOf(env), render.Tree{})
		if err != nil {
			return err
		}
		if output == "text" {
			r.sayGone(stderr, env, len(left))
			left = slices.DeleteFunc(left, func(d render.Drift) bool { return d.State == render.Orphaned })
		}
		drifted = append(drifted, left...)
	}
	if err := showDrifts(stdout, output, drifted); err != nil {
		return err
	}
	if err := errors.Join(unusable...); err != nil || len(drifted)+len(gone) > 0 {
		return &found{err}
	}
	return nil
}

// render writes environments and says what came of each.
func (r *repository) render(ctx context.Context, stdout, stderr io.Writer, sound []load.Sound, opts render.Options) error {
	if err := r.ownSecrets(); err != nil {
		return err
	}
	return inOrder(ctx, len(sound), stdout, stderr, func(i int, stdout, stderr io.Writer) error {
		return r.renderOne(ctx, stdout, stderr, sound[i], len(sound) > 1, opts)
	})
}

// renderOne writes an environment and says how it starts. Where it is one of several, its
// name is said with that.
func (r *repository) renderOne(ctx context.Context, stdout, stderr io.Writer, s load.Sound, several bool, opts render.Options) error {
	about, removed, err := r.write(ctx, stderr, s, opts)
	if err != nil {
		return err
	}
	lacks, err := r.lacking(s.Name, about)
	if err != nil {
		return err
	}
	lacks.say(stderr, s.Name)
	if err := sayTaken(ctx, stderr, s.Name, about); err != nil {
		return err
	}
	called := "it"
	if several {
		called = s.Name
	}
	if err := r.answer(stdout, s.Name, about, called, len(removed) > 0); err != nil {
		return err
	}
	if !about.Cluster {
		return nil
	}
	if err := lacks.next(stdout, s.Name); err != nil {
		return err
	}
	return r.entrance(stdout, s.Name, about)
}

// write makes the local secrets that an environment lacks and writes its files. It
// returns what was rendered, and the services that were rendered before and are no longer.
func (r *repository) write(ctx context.Context, stderr io.Writer, s load.Sound, opts render.Options) (about rendering, removed []string, err error) {
	if about, err = r.rendering(s); err != nil {
		return about, nil, err
	}
	if err := errors.Join(r.oneProject(s.Name, s.Namespace), r.usable(s.Name, about)); err != nil {
		return about, nil, err
	}
	opts.Before = func(changes bool) error {
		if changes {
			if err := prove(s, about); err != nil {
				return err
			}
			l, err := s.Whole()
			if err != nil {
				return err
			}
			if removed, err = r.removedServices(l.Environment); err != nil {
				return err
			}
		}
		return r.makeLocalSecrets(ctx, true, stderr, s, about.Local)
	}
	owner := ownerOf(s.Name)
	result, err := render.Write(r.dir, owner, about.tree, opts)
	if err != nil {
		return about, nil, err
	}
	where := owner.Roots[0]
	if about.Cluster {
		where = strings.Join(owner.Roots, " and ")
	}
	fmt.Fprintf(stderr, "%s: %s in %s\n", s.Name, counts(result), where)
	if len(removed) > 0 {
		fmt.Fprintf(stderr, "%s: no longer rendered: %s\n", s.Name, listed(removed))
		if !about.Answers.Local {
			fmt.Fprintf(stderr, "  hint: stop what still runs on this machine: docker compose --project-name %s down\n", s.Namespace)
		}
	}
	return about, removed, nil
}

// prove holds that Kustomize makes of an environment's files what the environment is.
func prove(s load.Sound, made rendering) error {
	c := made.cluster
	if c == nil {
		l, err := s.Whole()
		if err != nil {
			return err
		}
		again, err := kube.At(l.Environment, made.Revisions)
		if err != nil {
			return fmt.Errorf("environment %s: %w", s.Name, err)
		}
		c = &again
	}
	if err := kustomize.Prove(made.tree, *c); err != nil {
		return fmt.Errorf("environment %s: %w", s.Name, err)
	}
	return nil
}

// count is a number of things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func counts(r render.Result) string {
	text := count(len(r.Written), "file") + " written"
	if len(r.Unchanged) > 0 {
		text += fmt.Sprintf(", %d unchanged", len(r.Unchanged))
	}
	if len(r.Removed) > 0 {
		text += fmt.Sprintf(", %d removed", len(r.Removed))
	}
	return text
}
