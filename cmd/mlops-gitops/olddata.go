package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/engine"
	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A secretOfData is a secret with which a workload makes what is in a volume.
type secretOfData struct {
	name     string
	volume   string // as the project calls it
	existing bool   // it is taken over, under a name of its own
}

// secretsOfData are those of some secrets with which data are made. The password of a
// claim, or of a database or bucket that is only asked for, is no such secret: a task sets
// a new one.
func secretsOfData(e *schema.Environment, names []string) (found []secretOfData, err error) {
	mounts, err := compose.Mounts(e)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		component := e.Components[e.Secrets[name].Component]
		if _, own := component.Secrets[strings.TrimPrefix(name, component.Name+".")]; !own {
			continue
		}
		for w, x := range component.Workloads {
			if !slices.Contains(mounts[name], schema.FullName(component.Name, w)) {
				continue
			}
			for v, volume := range x.Volumes {
				if volume.Existing != "" {
					found = append(found, secretOfData{name, volume.Existing, true})
				} else {
					found = append(found, secretOfData{name, compose.Volume(component.Name, w, v), false})
				}
			}
		}
	}
	return found, nil
}

// noDataWithoutSecrets refuses to make a secret for a workload whose volumes are there
// already: what is in them was made with one that is lost, or that has yet to be brought
// where they are taken over, and a new one would not open it. Where no engine answers,
// nothing can run either, and it returns those whose volumes could not be looked for.
func (r *repository) noDataWithoutSecrets(ctx context.Context, e *schema.Environment, missing []string) (unseen []secretOfData, err error) {
	all, err := secretsOfData(e, missing)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	volumes, reachable, err := engine.Volumes(ctx, e.Settings.Namespace)
	if err != nil || !reachable {
		return all, err
	}
	takenOver, reachable, err := engine.TakenOver(ctx, e.Settings.Namespace, engine.Existing(e))
	if err != nil || !reachable {
		return all, err
	}
	var lost, data, lacking, old []string
	for _, s := range all {
		switch {
		case s.existing && slices.ContainsFunc(takenOver, func(t engine.Taken) bool { return t.Volume == s.volume && t.There }):
			lacking, old = append(lacking, s.name), append(old, s.volume)
		case !s.existing && slices.Contains(volumes, s.volume):
			lost, data = append(lost, s.name), append(data, s.volume)
		}
	}
	var refused []error
	if len(lost) > 0 {
		// whose data it is, when another environment has the namespace, its mistakes say
		if _, err := r.envs.Load(); err != nil {
			return nil, err
		}
		refused = append(refused, &refusal{
			fmt.Sprintf("%s has data on this machine (%s), but .secrets/%s lacks what they were made with: %s", e.Name, listed(data), e.Name, listed(lost)),
			fmt.Sprintf("bring it back; or give it a new value while the platform runs: mlops-gitops secrets generate %[1]s && mlops-gitops secrets rotate %[1]s %[2]s; or delete the data for good: docker compose --project-name %[3]s down --volumes", e.Name, strings.Join(lost, " "), e.Settings.Namespace),
		})
	}
	if len(lacking) > 0 {
		text := listed(lacking)
		refused = append(refused, &refusal{
			fmt.Sprintf("%s takes over data on this machine (%s), and what they were made with is not in .secrets/%s: %s", e.Name, listed(old), e.Name, text),
			fmt.Sprintf("give each its value; this asks for one:\nmlops-gitops secrets set %s %s", e.Name, lacking[0]),
		})
	}
	return nil, errors.Join(refused...)
}

// sayUnseen says that nobody looked for the data of secrets that were made. Where no engine
// is installed or named there are none.
func sayUnseen(stderr io.Writer, env string, unseen []secretOfData) {
	if _, err := exec.LookPath("docker"); len(unseen) == 0 || err != nil && os.Getenv("DOCKER_HOST") == "" {
		return
	}
	var names []string
	for _, s := range unseen {
		names = append(names, s.name)
	}
	fmt.Fprintf(stderr, "%s: no container engine answers; if it has data from before, these new secrets will not open it: %s\n  hint: before the first start, see what docker volume ls shows, and put the old values into .secrets/%[1]s\n", env, listed(names))
}

// sayTaken warns of volumes that can't be taken over as things are. Where no engine
// answers nothing runs on them, and "check" says so.
func sayTaken(ctx context.Context, stderr io.Writer, env string, about rendering) error {
	all, _, err := engine.TakenOver(ctx, about.Settings.Namespace, about.TakesOver)
	for _, t := range all {
		if message, hint := t.Trouble(); message != "" {
			fmt.Fprintf(stderr, "%s: %s\n  hint: %s\n", env, message, hint)
		}
	}
	return err
}
