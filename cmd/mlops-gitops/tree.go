package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/render/flux"
	"github.com/mlops-gitops/mlops-gitops/render/kustomize"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

// treeOf renders an environment for every place where its components run.
func treeOf(l load.Loaded) (render.Tree, error) {
	var tree render.Tree
	for _, renderer := range []func() (render.Tree, error){
		func() (render.Tree, error) { return compose.Tree(l.Environment) },
		func() (render.Tree, error) { return kustomize.Tree(l.Environment, l.Base) },
		func() (render.Tree, error) { return flux.Tree(l.Environment) },
	} {
		part, err := renderer()
		if err == nil {
			err = tree.Merge(part)
		}
		if err != nil {
			return tree, fmt.Errorf("environment %s: %w", l.Name, err)
		}
	}
	return tree, nil
}

// A rememberedTree is what an environment was rendered to.
type rememberedTree struct {
	Digest string // of what the environment was worked out from
	Files  map[string][]byte
}

// treeOf renders an environment, or recalls what it was rendered to.
func (r *repository) treeOf(l load.Loaded) (tree render.Tree, err error) {
	if l.Digest == "" {
		return treeOf(l)
	}
	var kept rememberedTree
	if data := r.trees.Recall(l.Name); data != nil && json.Unmarshal(data, &kept) == nil && kept.Digest == l.Digest {
		for name, data := range kept.Files {
			err = errors.Join(err, tree.Add(name, data))
		}
		return tree, err
	}
	if tree, err = treeOf(l); err != nil {
		return tree, err
	}
	kept = rememberedTree{l.Digest, map[string][]byte{}}
	for name, data := range tree.All() {
		kept.Files[name] = data
	}
	if data, err := json.Marshal(kept); err == nil {
		r.trees.Keep(l.Name, data)
	}
	return tree, nil
}

// ownerOf says which folders an environment's rendered files are kept in.
func ownerOf(env string) render.Owner {
	return render.Owner{Env: env, Roots: []string{path.Join("deploy", env), path.Join("clusters", env)}}
}
