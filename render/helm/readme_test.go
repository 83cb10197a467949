package helm_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/render/helm"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// An operator is installed behind those that it needs, and what is pasted whole does one thing.
func TestREADME(t *testing.T) {
	cluster, err := kube.Of(loadtest.Load(t, "prod", map[string]string{
		"environments/prod/backup.cue": "package environments\n\nenvironment: postgres: backup: bucket: \"backups\"\n",
	}).Environment)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := helm.Tree(cluster)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for name, data := range tree.All() {
		if strings.HasSuffix(name, "README.md") {
			text = string(data)
		}
	}
	var order []string
	for _, m := range regexp.MustCompile(`--install (\S+)`).FindAllStringSubmatch(text, -1) {
		order = append(order, m[1])
	}
	if want := []string{"cert-manager", "cloudnative-pg", "barman-cloud"}; !slices.Equal(order, want) {
		t.Errorf("operators are installed as %q, not %q", order, want)
	}
	for _, b := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1) {
		if n := strings.Count("\n"+b[1], "\nhelm ") - strings.Count(b[1], "--install"); n > 1 {
			t.Errorf("one block does several things:\n%s", b[1])
		}
	}
}
