package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/engine"
	"github.com/mlops-gitops/mlops-gitops/bootstrap/secrets"
	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/render/flux"
	"github.com/mlops-gitops/mlops-gitops/render/helm"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/render/kustomize"
	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

// treeOf renders an environment for every place where its components run.
func treeOf(l load.Loaded, c kube.Cluster) (render.Tree, error) {
	var tree render.Tree
	for _, renderer := range []func() (render.Tree, error){
		func() (render.Tree, error) { return compose.Tree(l.Environment) },
		func() (render.Tree, error) { return kustomize.Tree(c, l.Base) },
		func() (render.Tree, error) { return flux.Tree(c) },
		func() (render.Tree, error) { return helm.Tree(c) },
	} {
		part, err := renderer()
		if err == nil {
			err = tree.Merge(part)
		}
		if err != nil {
			return tree, err
		}
	}
	return tree, nil
}

// A rendering is an environment's files, and what else render needs to know of it.
type rendering struct {
	Settings  schema.Settings
	Cluster   bool                     // something of it is in a cluster
	Local     map[string]schema.Secret // of this machine
	InCluster map[string]schema.Secret
	Revisions map[string]string // of what is sealed for the cluster, by name
	TakesOver map[string]string // volumes, and the services that use them
	Answers   answers

	tree    render.Tree
	cluster *kube.Cluster // nil when the rendering was recalled
}

// A remembered rendering stands before the contents of its files.
type remembered struct {
	Digest string // of what the environment was worked out from
	rendering
	Files []entry
}

type entry struct {
	Name string
	Size int
}

// rendering renders an environment, or recalls what it was rendered to. It follows from what
// people write and from the revisions of sealed secrets.
func (r *repository) rendering(s load.Sound) (rendering, error) {
	revisions, err := secrets.Cluster{Dir: r.dir, Env: s.Name}.Revisions()
	if err != nil {
		return rendering{}, err
	}
	if s.Digest != "" {
		if known, ok := recalled(r.memory.Recall(s.Name, rendered), s.Digest, revisions); ok {
			return known, nil
		}
	}
	l, err := s.Whole()
	if err != nil {
		return rendering{}, err
	}
	made, err := renderingOf(l, revisions)
	if refusal := (*kube.Refusal)(nil); errors.As(err, &refusal) {
		return made, r.envs.Say(l.Name, refusal.Findings)
	}
	if err != nil {
		return made, err
	}
	if data, ok := toRemember(made, s.Digest); ok && s.Digest != "" {
		r.memory.Keep(s.Name, rendered, data)
	}
	return made, nil
}

// rendered is what a memory calls it.
const rendered = "rendered"

func renderingOf(l load.Loaded, revisions map[string]string) (made rendering, err error) {
	made = rendering{Settings: l.Settings, Cluster: l.RunsAt(schema.Cluster), Revisions: revisions, TakesOver: engine.Existing(l.Environment)}
	c, err := kube.At(l.Environment, revisions)
	if err == nil {
		made.cluster, made.InCluster = &c, only(l.Secrets, c.Secrets)
		made.tree, err = treeOf(l, c)
	}
	if err == nil {
		made.Local, err = localSecrets(l.Environment)
	}
	if err == nil {
		made.Answers, err = answersOf(l.Environment)
	}
	if err != nil {
		return made, fmt.Errorf("environment %s: %w", l.Name, err)
	}
	return made, nil
}

func toRemember(made rendering, digest string) ([]byte, bool) {
	page := remembered{Digest: digest, rendering: made}
	var files []byte
	for name, data := range made.tree.All() {
		page.Files = append(page.Files, entry{name, len(data)})
		files = append(files, data...)
	}
	head, err := json.Marshal(page)
	return slices.Concat(head, []byte("\n"), files), err == nil
}

func recalled(data []byte, digest string, revisions map[string]string) (rendering, bool) {
	head, files, _ := bytes.Cut(data, []byte("\n"))
	var page remembered
	if json.Unmarshal(head, &page) != nil || page.Digest != digest || !maps.Equal(page.Revisions, revisions) {
		return rendering{}, false
	}
	for _, f := range page.Files {
		if f.Size < 0 || f.Size > len(files) || page.tree.Add(f.Name, files[:f.Size:f.Size]) != nil {
			return rendering{}, false
		}
		files = files[f.Size:]
	}
	return page.rendering, true
}

// ownerOf says which folders an environment's rendered files are kept in.
func ownerOf(env string) render.Owner {
	return render.Owner{Env: env, Roots: []string{path.Join("deploy", env), path.Join("clusters", env)}}
}
