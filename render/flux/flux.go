// Package flux makes the Kustomizations by which Flux applies the stages of an
// environment, one after the other. The source that they name, and the
// Kustomization that picks these files up, are those of "flux bootstrap --path
// clusters/<env>": it keeps its own files in clusters/<env>/flux-system and applies
// every manifest below clusters/<env>. There is no kustomization.yaml beside these
// files: Flux makes one up that holds them and flux-system, wherever the folder has
// none, and one of ours could not name flux-system before it is there.
package flux

import (
	"fmt"
	"path"
	"time"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/apis/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mlops-gitops/mlops-gitops/render"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

const (
	// Namespace is where Flux runs and keeps its own objects.
	Namespace = "flux-system"
	// Source is the GitRepository that "flux bootstrap" makes.
	Source = "flux-system"
	// AgeSecret is the Secret in Namespace that holds the age key with which
	// secrets are decrypted, under an entry that ends in ".agekey".
	AgeSecret = "sops-age"
)

// Name is what a stage's Kustomization is called in the cluster, where several
// environments may live.
func Name(e *schema.Environment, stage kube.Stage) string { return e.Name + "-" + string(stage) }

// Tree returns clusters/<env>/<stage>.yaml for each stage. It is empty when nothing
// runs in the cluster.
func Tree(c kube.Cluster) (render.Tree, error) {
	var tree render.Tree
	if len(c.Objects) == 0 {
		return tree, nil
	}
	var before []kustomizev1.DependencyReference
	for _, stage := range kube.Stages() {
		file := path.Join("clusters", c.Name, string(stage)+".yaml")
		k, err := kustomization(c.Environment, stage)
		if err != nil {
			return tree, fmt.Errorf("%s: %w", file, err)
		}
		k.Spec.HealthCheckExprs = expressions(c.Checks[stage])
		k.Spec.DependsOn = before
		before = []kustomizev1.DependencyReference{{Name: k.Name}}
		fields, err := kube.Fields(k)
		if err != nil {
			return tree, fmt.Errorf("%s: %w", file, err)
		}
		text, err := kube.YAML(fields)
		if err != nil {
			return tree, fmt.Errorf("%s: %w", file, err)
		}
		if err := tree.Add(file, text); err != nil {
			return tree, err
		}
	}
	return tree, nil
}

// kustomization applies one stage and waits until all of it is ready. What is no
// longer in Git goes from the cluster, but nothing of the data stage goes only
// because its Kustomization does.
func kustomization(e *schema.Environment, stage kube.Stage) (*kustomizev1.Kustomization, error) {
	interval, err := duration("interval", e.Settings.Flux.Interval)
	if err != nil {
		return nil, err
	}
	retry, err := duration("retryInterval", e.Settings.Flux.RetryInterval)
	if err != nil {
		return nil, err
	}
	timeout, err := duration("timeout", e.Settings.Flux.Timeout)
	if err != nil {
		return nil, err
	}
	k := &kustomizev1.Kustomization{
		TypeMeta: metav1.TypeMeta{
			APIVersion: kustomizev1.GroupVersion.String(),
			Kind:       kustomizev1.KustomizationKind,
		},
		ObjectMeta: metav1.ObjectMeta{Name: Name(e, stage), Namespace: Namespace, Labels: kube.Labels(e)},
		Spec: kustomizev1.KustomizationSpec{
			Path:          "./" + path.Join("deploy", e.Name, string(stage)),
			SourceRef:     kustomizev1.CrossNamespaceSourceReference{Kind: "GitRepository", Name: Source},
			Interval:      *interval,
			RetryInterval: retry,
			Timeout:       timeout,
			Prune:         true,
			Wait:          true,
		},
	}
	switch stage {
	case kube.StageSecrets:
		k.Spec.Decryption = &kustomizev1.Decryption{Provider: "sops", SecretRef: &meta.LocalObjectReference{Name: AgeSecret}}
	case kube.StageData:
		k.Spec.DeletionPolicy = kustomizev1.DeletionPolicyOrphan
	}
	return k, nil
}

// expressions are how Flux tells the state of those objects whose conditions don't say it.
func expressions(checks []kube.Check) []kustomize.CustomHealthCheck {
	var all []kustomize.CustomHealthCheck
	for _, c := range checks {
		all = append(all, kustomize.CustomHealthCheck{
			APIVersion: c.APIVersion,
			Kind:       c.Kind,
			HealthCheckExpressions: kustomize.HealthCheckExpressions{
				Current:    c.Current.Current,
				InProgress: c.InProgress,
				Failed:     c.Failed,
			},
		})
	}
	return all
}

func duration(setting, text string) (*metav1.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return nil, fmt.Errorf("flux.%s must be a time such as 90s, 10m or 1h, not %q", setting, text)
	}
	return &metav1.Duration{Duration: d}, nil
}
