package kube

import (
	"path"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// Another revision of a secret changes the pods that mount it and no others, and gives the
// tasks among them another name.
func TestARevisionChangesWhoUsesTheSecret(t *testing.T) {
	l := loadtest.Load(t, "prod", map[string]string{"environments/prod/environment.cue": "package environments\n\nenvironment: {mode: \"prod\", postgres: operator: \"none\", secrets: existing: \"mlflow.flask\": name: \"vault\"}\n"})
	at := func(revisions map[string]string) (annotations, names map[string]string) {
		t.Helper()
		c, err := At(l.Environment, revisions)
		if err != nil {
			t.Fatal(err)
		}
		annotations, names = map[string]string{}, map[string]string{}
		for _, o := range c.Objects {
			if template := templateOf(o.typed); template != nil {
				annotations[o.Slot()], names[o.Slot()] = template.Annotations[secretsAnnotation], o.GetName()
			}
		}
		return annotations, names
	}
	c, err := Of(l.Environment)
	if err != nil {
		t.Fatal(err)
	}
	none, before := at(nil)
	for slot, annotation := range none {
		if annotation != "" {
			t.Errorf("%s has the annotation %q where no secret is made", slot, annotation)
		}
	}
	for _, secret := range append(c.Secrets, "mlflow.flask", "nobody.knows") {
		uses := map[string]How{}
		for _, use := range c.Uses[secret] {
			uses[use.Name] = use.How
		}
		changed, after := at(map[string]string{secret: "1"})
		again, _ := at(map[string]string{secret: "2"})
		for slot := range none {
			how, used := uses[path.Base(slot)]
			if used != (changed[slot] != "") || used != (changed[slot] != again[slot]) {
				t.Errorf("%s, used by %s: %v; its annotation is %q, then %q", secret, slot, used, changed[slot], again[slot])
			}
			if runsAgain := used && how == RunsAgain; runsAgain != (before[slot] != after[slot]) {
				t.Errorf("%s: %s is called %s, and then %s", secret, slot, before[slot], after[slot])
			}
		}
	}
}
