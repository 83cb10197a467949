package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/render/compose"
	"github.com/mlops-gitops/mlops-gitops/render/flux"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
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

// A contents page stands before the files of a remembered tree.
type contents struct {
	Digest string // of what the environment was worked out from
	Files  []entry
}

type entry struct {
	Name string
	Size int
}

// treeOf renders an environment, or recalls what it was rendered to.
func (r *repository) treeOf(l load.Loaded) (render.Tree, error) {
	if l.Digest != "" {
		if tree, ok := recalled(r.trees.Recall(l.Name), l.Digest); ok {
			return tree, nil
		}
	}
	tree, err := treeOf(l)
	if refusal := (*kube.Refusal)(nil); errors.As(err, &refusal) {
		return tree, r.envs.Say(l.Name, refusal.Findings)
	}
	if err != nil {
		return tree, err
	}
	if data, ok := toRemember(tree, l.Digest); ok && l.Digest != "" {
		r.trees.Keep(l.Name, data)
	}
	return tree, nil
}

func toRemember(tree render.Tree, digest string) ([]byte, bool) {
	page := contents{Digest: digest}
	var files []byte
	for name, data := range tree.All() {
		page.Files = append(page.Files, entry{name, len(data)})
		files = append(files, data...)
	}
	head, err := json.Marshal(page)
	return slices.Concat(head, []byte("\n"), files), err == nil
}

func recalled(data []byte, digest string) (tree render.Tree, ok bool) {
	head, files, _ := bytes.Cut(data, []byte("\n"))
	var page contents
	if json.Unmarshal(head, &page) != nil || page.Digest != digest {
		return tree, false
	}
	for _, f := range page.Files {
		if f.Size < 0 || f.Size > len(files) || tree.Add(f.Name, files[:f.Size:f.Size]) != nil {
			return tree, false
		}
		files = files[f.Size:]
	}
	return tree, true
}

// ownerOf says which folders an environment's rendered files are kept in.
func ownerOf(env string) render.Owner {
	return render.Owner{Env: env, Roots: []string{path.Join("deploy", env), path.Join("clusters", env)}}
}
