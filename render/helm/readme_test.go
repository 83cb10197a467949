package helm_test

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/mlops-gitops/mlops-gitops/render/helm"
	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// An operator is installed behind those that it needs, and what is pasted whole does one thing;
// notes give the commands of the namespace that is installed into.
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
	text, notes := "", ""
	for name, data := range tree.All() {
		switch path.Base(name) {
		case "README.md":
			text = string(data)
		case "NOTES.txt":
			notes = string(data)
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

	var shown strings.Builder
	release := map[string]any{"Release": map[string]string{"Name": "mlops", "Namespace": "other"}}
	if err := template.Must(template.New("notes").Parse(notes)).Execute(&shown, release); err != nil {
		t.Fatal(err)
	}
	if want := `  kubectl get secret mlflow.admin --namespace other -o go-template='{{index .data "password" | base64decode}}{{"\n"}}'`; !strings.Contains(shown.String(), want) {
		t.Errorf("the notes do not hold\n%s\nbut\n%s", want, shown.String())
	}
}
