package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// kubernetes are the oldest and the newest version whose schemas objects are held against.
// What pods may do is that of the oldest (pod-security.kubernetes.io/enforce-version).
var kubernetes = []string{"1.34", "1.37"}

// A finding is what a linter has against an object.
type finding struct{ linter, check, object, says string }

// A waiver is what we know better than a linter, and why.
type waiver struct {
	Findings []string // linter and check
	Objects  []string // Kind/name; without any it is for all
	Reason   string
}

// TestLint holds that linters which know nothing of this project find nothing in the
// golden environments but what testdata/lint/waivers.yaml has a reason for.
func TestLint(t *testing.T) {
	for _, program := range []string{"kube-score", "checkov", "kubernetes-validate"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%v: run \"make lint-objects\", which installs it", err)
		}
	}
	var waivers []waiver
	if err := yaml.UnmarshalStrict([]byte(read(t, "testdata/lint/waivers.yaml")), &waivers); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	// not those with components of a user's own, who says what they need
	eachGolden(t, func(t *testing.T, f folder) {
		all, typed := f.lay(built(f))
		waived, total := 0, 0
		for _, found := range [][]finding{f.kubeScore(all), f.checkov(), f.kubernetesValidate(typed)} {
			for _, x := range found {
				total++
				if w, ok := x.waived(waivers); ok {
					used[w] = true
					waived++
				} else {
					t.Errorf("%s: %s: %s", x.title(), x.object, x.says)
				}
			}
		}
		t.Logf("%d objects, %d of them of Kubernetes' own kinds: %d findings, %d waived", len(all), len(typed), total, waived)
	}, "shipped", "small", "gateway", "ingress")
	for _, w := range waivers {
		if w.Reason == "" {
			t.Errorf("the waiver of %v has no reason", w.Findings)
		}
		for _, f := range w.Findings {
			objects := w.Objects
			if len(objects) == 0 {
				objects = []string{""}
			}
			for _, o := range objects {
				if !used[f+o] {
					t.Errorf("take %s out of waivers.yaml: nobody finds it", strings.TrimSpace(f+" "+o))
				}
			}
		}
	}
}

func (x finding) title() string { return x.linter + " " + x.check }

// waived says by which of a waiver's findings and objects this one may be.
func (x finding) waived(waivers []waiver) (by string, ok bool) {
	for _, w := range waivers {
		if !slices.Contains(w.Findings, x.title()) {
			continue
		}
		if len(w.Objects) == 0 {
			return x.title(), true
		}
		if slices.Contains(w.Objects, x.object) {
			return x.title() + x.object, true
		}
	}
	return "", false
}

const laid = "objects"

// lay writes each object into a file of its own: all of them, and those of Kubernetes' own kinds.
func (f folder) lay(stages map[string][]map[string]any) (all, typed []string) {
	f.t.Helper()
	for dir, objects := range stages {
		for _, o := range objects {
			name := path.Join(laid, path.Base(dir), strings.ReplaceAll(title(o), "/", "-")+".yaml")
			f.writeObject(name, o)
			all = append(all, name)
			if scheme.Scheme.Recognizes(schema.FromAPIVersionAndKind(fmt.Sprint(o["apiVersion"]), fmt.Sprint(o["kind"]))) {
				typed = append(typed, name)
			}
		}
	}
	return all, typed
}

// kubeScore asks kube-score, of whose grades 1 is critical and 5 a warning.
func (f folder) kubeScore(files []string) []finding {
	f.t.Helper()
	out, err := f.try("kube-score", append([]string{"score", "--output-format", "json", "--kubernetes-version", "v" + kubernetes[0],
		"--enable-optional-test", "container-seccomp-profile", "--enable-optional-test", "container-ports-check"}, files...)...)
	var objects []struct {
		TypeMeta   struct{ Kind string } `json:"type_meta"`
		ObjectMeta struct{ Name string } `json:"object_meta"`
		Checks     []struct {
			Check    struct{ ID string }
			Grade    int
			Skipped  bool
			Comments []struct{ Path, Summary string }
		}
	}
	if broken := json.Unmarshal([]byte(out), &objects); broken != nil || len(objects) == 0 {
		f.t.Fatalf("kube-score: %v, %v\n%s", err, broken, out) // it ends with 1 when it has found something
	}
	var found []finding
	for _, o := range objects {
		for _, c := range o.Checks {
			if c.Skipped || c.Grade > 5 {
				continue
			}
			for _, said := range c.Comments {
				found = append(found, finding{"kube-score", c.Check.ID, o.TypeMeta.Kind + "/" + o.ObjectMeta.Name, strings.TrimSpace(said.Path + " " + said.Summary)})
			}
		}
	}
	return found
}

// checkov asks checkov, which names a resource Kind.namespace.name.
func (f folder) checkov() []finding {
	f.t.Helper()
	out := f.run("checkov", "--directory", laid, "--framework", "kubernetes", "--skip-download", "--compact", "--soft-fail", "--output", "json")
	var said struct {
		Results struct {
			Passed []struct{} `json:"passed_checks"`
			Failed []struct {
				ID       string `json:"check_id"`
				Name     string `json:"check_name"`
				Resource string
			} `json:"failed_checks"`
			Broken []string `json:"parsing_errors"`
		}
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil || len(said.Results.Passed) == 0 || len(said.Results.Broken) > 0 {
		f.t.Fatalf("checkov: %v\n%s", err, out)
	}
	var found []finding
	for _, c := range said.Results.Failed {
		kind, rest, _ := strings.Cut(c.Resource, ".")
		_, name, _ := strings.Cut(rest, ".")
		found = append(found, finding{"checkov", c.ID, kind + "/" + name, c.Name})
	}
	return found
}

// kubernetesValidate asks kubernetes-validate, which knows Kubernetes' own schemas by version.
func (f folder) kubernetesValidate(files []string) []finding {
	f.t.Helper()
	var found []finding
	for _, version := range kubernetes {
		out, err := f.try("kubernetes-validate", append([]string{"--strict", "--quiet", "--kubernetes-version", version}, files...)...)
		if err != nil || out != "" {
			found = append(found, finding{"kubernetes-validate", version, "", fmt.Sprintf("%v %s", err, out)})
		}
	}
	return found
}
