package kube

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// configMap holds the files of p's containers, or is nil when there are none.
func configMap(p program) *corev1.ConfigMap {
	data := p.files()
	if len(data) == 0 {
		return nil
	}
	c := &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: p.meta(p.name()),
		Data:       data,
	}
	for _, text := range data {
		if strings.Contains(text, "${") {
			c.Annotations = both(c.Annotations, map[string]string{fluxSubstitute: fluxDisabled})
		}
	}
	return c
}

// files are the files of p's containers by their keys in the ConfigMap.
func (p program) files() map[string]string {
	files := map[string]string{}
	for path, text := range mounted(p.main) {
		files[fileKey(p.containerName(), path)] = text
	}
	for _, w := range p.waits {
		for path, text := range mounted(w.asks) {
			files[fileKey(w.containerName(), path)] = text
		}
	}
	return files
}
