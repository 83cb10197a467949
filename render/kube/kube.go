// Package kube turns an environment into typed Kubernetes objects, each with the
// stage that applies it. It is pure: the same environment gives the same objects,
// byte for byte. It applies nothing; render/kustomize makes files of the objects.
package kube

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A Stage is a set of objects that is applied together, after the stage before
// it is ready. An object's stage follows from its role and never moves: to Flux a
// move is a removal.
type Stage string

// The stages. An environment always has all of them.
const (
	StageSecrets   Stage = "secrets"   // the namespace, secrets, accounts and policies
	StageOperators Stage = "operators" // definitions and their operators
	StageData      Stage = "data"      // services of components that others claim from
	StageSetup     Stage = "setup"     // what runs once
	StageApps      Stage = "apps"      // every other service
)

// Stages returns the stages in the order in which they are applied.
func Stages() []Stage {
	return []Stage{StageSecrets, StageOperators, StageData, StageSetup, StageApps}
}

// compare is negative where s is applied before another stage, and positive where after it.
func (s Stage) compare(other Stage) int {
	return cmp.Compare(slices.Index(Stages(), s), slices.Index(Stages(), other))
}

// A Cluster is what an environment is in its cluster.
type Cluster struct {
	*schema.Environment

	// Objects are what its components there are made of, sorted by stage, kind and name.
	// Secrets are not among them.
	Objects []Object

	// Secrets are the names of the platform's own secrets that pods there mount and that objects
	// and patches name, in order. Each must be a Secret of that name in the environment's namespace, with
	// the keys that schema.Environment.InCluster names.
	Secrets []string

	// Uses are who takes each of them, in the order in which Flux applies them.
	Uses map[string][]Use

	// Checks are how Flux tells the state of objects whose conditions don't say it, by stage.
	Checks map[Stage][]Check
}

// Of works out what e is in its cluster, as long as none of its secrets is made: nothing, when
// none of it runs there. What people wrote and no cluster would take is a Refusal.
func Of(e *schema.Environment) (Cluster, error) { return At(e, nil) }

// At works out the same where secrets have revisions, by their names: text that is another when
// the value is. Pods that mount a secret are replaced, and tasks run again, when it has another.
func At(e *schema.Environment, revisions map[string]string) (c Cluster, err error) {
	c.Environment = e
	if !e.RunsAt(schema.Cluster) {
		return c, nil
	}
	programs, err := programsOf(e, revisions)
	if err != nil {
		return c, err
	}
	if c.Objects, err = objects(e, programs); err != nil {
		return c, err
	}
	if c.Checks, err = checks(e, c.Objects); err != nil {
		return c, err
	}
	c.Uses, err = uses(e, programs)
	c.Secrets = slices.Sorted(maps.Keys(c.Uses))
	return c, err
}

// InStage are the objects of one stage, in order.
func (c Cluster) InStage(stage Stage) []Object {
	from := slices.IndexFunc(c.Objects, func(o Object) bool { return o.Stage == stage })
	if from < 0 {
		return nil
	}
	rest := c.Objects[from:]
	if to := slices.IndexFunc(rest, func(o Object) bool { return o.Stage != stage }); to >= 0 {
		rest = rest[:to]
	}
	return rest
}

func objects(e *schema.Environment, programs map[string][]program) ([]Object, error) {
	objects := []Object{{Stage: StageSecrets, typed: namespace(e)}, {Stage: StageSecrets, typed: denyAll(e)}}
	var refusal Refusal
	for _, component := range slices.Sorted(maps.Keys(e.Components)) {
		if e.Components[component].Place != schema.Cluster {
			continue
		}
		made, found, err := objectsOf(e, component, programs[component])
		if err != nil {
			return nil, err
		}
		objects = append(objects, made...)
		refusal.Findings = append(refusal.Findings, found...)
	}
	if len(refusal.Findings) > 0 {
		return nil, &refusal
	}
	slices.SortFunc(objects, func(a, b Object) int {
		return cmp.Or(
			a.Stage.compare(b.Stage),
			cmp.Compare(a.Kind(), b.Kind()),
			cmp.Compare(a.GetName(), b.GetName()),
		)
	})
	for i, o := range objects {
		var err error
		if objects[i].Fields, err = Fields(o.typed); err != nil {
			return nil, fmt.Errorf("%s: %w", o, err)
		}
	}
	return objects, checkNames(objects)
}

// mayHoldTokens reports whether anything refers to an address or a secret among what is said
// of a component for a cluster alone and never bound: all but the manifests of objects.
func mayHoldTokens(e *schema.Environment, component string) (bool, error) {
	own := e.Components[component].Kubernetes
	own.Objects = nil
	data, err := json.Marshal(own)
	return strings.ContainsFunc(string(data), schema.IsReserved), err
}

// hasToken reports whether text of an object refers to something that was never put in.
func hasToken(o Object) (bool, error) {
	fields, err := Fields(o.typed)
	if err != nil {
		return false, err
	}
	data, err := json.Marshal(fields)
	return strings.ContainsFunc(string(data), schema.IsReserved), err
}

// objectsOf returns what a component is made of: its programs, what it brings itself, and
// all of it changed as its patches say. It finds what no cluster would take.
func objectsOf(e *schema.Environment, component string, programs []program) (objects []Object, found []schema.Finding, err error) {
	if len(programs) > 0 {
		objects = append(objects, Object{Stage: StageSecrets, typed: serviceAccount(e, component)})
	}
	for _, p := range programs {
		made, err := p.objects()
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", p, err)
		}
		objects = append(objects, made...)
	}
	for _, port := range slices.Sorted(maps.Keys(e.Components[component].Kubernetes.Ports)) {
		objects = append(objects, Object{Stage: StageSecrets, typed: servedPolicy(e, component, port)})
	}
	for _, name := range slices.Sorted(maps.Keys(e.Components[component].Kubernetes.Objects)) {
		o, err := manifest(e, component, name)
		if err != nil {
			found = append(found, refused(component, "objects", name, fmt.Sprintf("the object %s of %s: %v", name, component, err), ""))
			continue
		}
		objects = append(objects, o)
	}
	found = append(found, patch(e, component, objects)...)
	suspect, err := mayHoldTokens(e, component)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range objects {
		if suspect {
			unbound, err := hasToken(o)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", o, err)
			}
			if unbound {
				found = append(found, schema.Finding{
					At:      []string{"components." + component + ".kubernetes", component + ".kubernetes", "kubernetes"},
					Message: fmt.Sprintf("%s/%s would hold a reference to an address or a secret, where nothing puts it in", o.Kind(), o.GetName()),
					Hint:    "patches, labels and annotations hold plain text only; env, files and manifests take references",
				})
			}
		}
		if job, ok := o.typed.(*batchv1.Job); ok {
			if err := nameForContent(job); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", o, err)
			}
		}
	}
	return objects, found, nil
}

// objects returns what runs p, what leads to it and what it mounts.
func (p program) objects() ([]Object, error) {
	workload, err := p.runs()
	if err != nil {
		return nil, err
	}
	services, err := services(p)
	if err != nil {
		return nil, err
	}
	objects := []Object{{Stage: StageSecrets, typed: networkPolicy(p)}, {Stage: p.stage(), typed: workload}}
	if c := configMap(p); c != nil {
		objects = append(objects, Object{Stage: p.stage(), typed: c})
	}
	for _, s := range services {
		objects = append(objects, Object{Stage: p.stage(), typed: s})
	}
	if budget := podDisruptionBudget(p); budget != nil {
		objects = append(objects, Object{Stage: p.stage(), typed: budget})
	}
	return objects, nil
}

func (p program) runs() (typed, error) {
	switch {
	case p.Kind == "task":
		return job(p)
	case len(p.Volumes) > 0:
		return statefulSet(p)
	}
	return deployment(p)
}

func (p program) stage() Stage {
	switch {
	case p.Kind == "task":
		return StageSetup
	case p.env.Components[p.component].Accepts.Keeps():
		return StageData
	}
	return StageApps
}
