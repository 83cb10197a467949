package main

import (
	"fmt"
	"path"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
)

// treeOf renders an environment for every place where its components run.
func treeOf(l load.Loaded) (render.Tree, error) {
	tree, err := compose.Tree(l.Environment)
	if err != nil {
		return tree, fmt.Errorf("environment %s: %w", l.Name, err)
	}
	return tree, nil
}

// ownerOf says which folders an environment's rendered files are kept in.
func ownerOf(env string) render.Owner {
	return render.Owner{Env: env, Roots: []string{path.Join("deploy", env), path.Join("clusters", env)}}
}
