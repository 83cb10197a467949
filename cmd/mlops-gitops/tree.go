package main

import (
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

// ownerOf says which folders an environment's rendered files are kept in.
func ownerOf(env string) render.Owner {
	return render.Owner{Env: env, Roots: []string{path.Join("deploy", env), path.Join("clusters", env)}}
}
