package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const chart = "deploy/prod/mlops-helm-charts"

// helmed is a folder in which Helm keeps what is its own.
func helmed(f folder) folder {
	f.t.Helper()
	for _, kind := range []string{"CACHE", "CONFIG", "DATA"} {
		f.env = append(f.env, "HELM_"+kind+"_HOME="+f.t.TempDir())
	}
	return f
}

// TestHelmTemplate holds of the golden environments that the chart makes what Kustomize
// makes, field by field, but for the namespace, operators, Secrets and what Flux is told;
// that Helm finds nothing to say of it; that another namespace takes the place of this one
// everywhere; and that values come where they should, and others are refused.
func TestHelmTemplate(t *testing.T) {
	eachOf(t, []string{"../render/kube/testdata", "testdata/environments", "../render/helm/testdata"}, func(t *testing.T, f folder) {
		f = helmed(f)
		f.run("helm", "lint", "--strict", chart)
		template := func(args ...string) (string, map[string]map[string]any) {
			t.Helper()
			text := f.run("helm", append([]string{"template", "any", chart}, args...)...)
			return text, byTitle(t, text)
		}

		want := map[string]map[string]any{}
		for dir, objects := range built(f) {
			if dir == "clusters/prod" || dir == "deploy/prod/operators" {
				continue
			}
			for _, o := range objects {
				if u := (unstructured.Unstructured{Object: o}); u.GetKind() != "Secret" && title(o) != "Namespace/mlops-prod" {
					want[title(o)] = withoutAppliers(t, o)
				}
			}
		}
		_, got := template("--namespace", "mlops-prod")
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if a, b := asJSON(t, got[name]), asJSON(t, want[name]); a != b {
				t.Errorf("%s: Helm makes\n%s\nand Kustomize\n%s", name, a, b)
			}
			delete(got, name)
		}
		for name := range got {
			t.Errorf("only Helm makes %s", name)
		}

		if strings.Contains(f.read("environments/prod/environment.cue"), ".mlops-prod.") {
			if out, err := f.try("helm", "template", "any", chart, "--namespace", "other"); err == nil || !strings.Contains(err.Error(), "names the namespace mlops-prod") {
				t.Errorf("text that names the namespace is taken along into another: %v\n%s", err, out)
			}
		} else if text, elsewhere := template("--namespace", "0"); strings.Contains(text, "mlops-prod") || len(elsewhere) != len(want) {
			t.Errorf("in another namespace there are %d objects of %d, and mlops-prod in\n%s", len(elsewhere), len(want), grep(text, "mlops-prod"))
		}

		text, mirrored := template("--namespace", "mlops-prod", "--set", "imageRegistry=mirror.example.com:5000/all", "--set", "priorityClassName=high")
		for _, m := range regexp.MustCompile(`(?m)^\s*-? ?image(?:Name)?: (.*)$`).FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(m[1], "mirror.example.com:5000/all/") {
				t.Errorf("an image does not come from the mirror: %s", m[1])
			}
		}
		for name, o := range mirrored {
			_, pod, _ := unstructured.NestedMap(o, "spec", "template", "spec")
			class, _, _ := unstructured.NestedString(o, "spec", "template", "spec", "priorityClassName")
			own, _, _ := unstructured.NestedString(want[name], "spec", "template", "spec", "priorityClassName")
			if pod && own == "" && class != "high" && o["kind"] != "Job" {
				t.Errorf("%s has no priority", name)
			}
			if _, same := want[name]; same != (o["kind"] != "Job") {
				t.Errorf("%s: a Job whose pod changes needs another name, and nothing else does", name)
			}
		}

		for _, wrong := range []string{"imageRegisty=x", "workloads.nobody.resources.limits.cpu=1", "workloads.mlflow.replicas=3", "workloads.mlflow.resources.limit.cpu=1", "nodeSelector=a", "imageRegistry=a b"} {
			if out, err := f.try("helm", "template", "any", chart, "--set", wrong); err == nil {
				t.Errorf("%s is taken:\n%s", wrong, out)
			}
		}
	})
}

// byTitle are the objects of a release, by kind and name; those of its tests are not among
// them.
func byTitle(t *testing.T, text string) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	for _, document := range regexp.MustCompile(`(?m)^---\n`).Split(text, -1) {
		var o map[string]any
		if err := yaml.UnmarshalStrict([]byte(document), &o); err != nil {
			t.Fatalf("%v:\n%s", err, document)
		}
		u := unstructured.Unstructured{Object: o}
		if _, hook := u.GetAnnotations()["helm.sh/hook"]; o == nil || hook {
			continue
		}
		found[title(o)] = withoutAppliers(t, o)
	}
	return found
}

// withoutAppliers is an object without what Flux or Helm is told of it and of its disks.
func withoutAppliers(t *testing.T, o map[string]any) map[string]any {
	t.Helper()
	var bare map[string]any
	if err := json.Unmarshal([]byte(asJSON(t, o)), &bare); err != nil {
		t.Fatal(err)
	}
	told := func(of map[string]any) {
		metadata, _ := of["metadata"].(map[string]any)
		annotations, _ := metadata["annotations"].(map[string]any)
		for _, name := range []string{"kustomize.toolkit.fluxcd.io/prune", "kustomize.toolkit.fluxcd.io/substitute", "helm.sh/resource-policy"} {
			delete(annotations, name)
		}
		if len(annotations) == 0 {
			delete(metadata, "annotations")
		}
	}
	told(bare)
	claims, _, err := unstructured.NestedFieldNoCopy(bare, "spec", "volumeClaimTemplates")
	if err != nil {
		t.Fatal(err)
	}
	list, _ := claims.([]any)
	for _, claim := range list {
		told(claim.(map[string]any))
	}
	return bare
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// grep are the lines of a text that hold another.
func grep(text, what string) string {
	var found strings.Builder
	for line := range strings.Lines(text) {
		if strings.Contains(line, what) {
			found.WriteString(line)
		}
	}
	return found.String()
}

// A released folder holds an environment that Helm installs as the release mlops.
type released struct{ synced }

// environment writes prod, makes the secrets that it lacks and renders it.
func (f released) environment(text string) {
	f.t.Helper()
	f.write("environments/prod/environment.cue", text)
	f.run(program(f.t), "secrets", "generate", "prod")
	f.run(program(f.t), "render", "prod")
}

// before does what the chart's README says that must be done before, in its words.
func (f released) before() {
	f.t.Helper()
	_, section, _ := strings.Cut(f.read(chart+"/README.md"), "\n## Namespace and Secrets\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := strings.Split(section, "```")
	if len(blocks) != 5 {
		f.t.Fatalf("the README says of the namespace and Secrets\n%s", section)
	}
	for i := 1; i < len(blocks); i += 2 {
		f.run("bash", "-eu", "-c", strings.TrimPrefix(blocks[i], "sh\n"))
	}
}

// helm runs Helm on the release, in its namespace; an installation waits for all.
func (f released) helm(verb string, args ...string) (string, error) {
	all := []string{verb, "mlops"}
	switch verb {
	case "install", "upgrade":
		all = append(all, chart, "--wait", "--wait-for-jobs", "--timeout", "8m")
	case "rollback":
		all = append(all, "--wait", "--wait-for-jobs", "--timeout", "8m")
	case "uninstall":
		all = append(all, "--wait", "--timeout", "3m")
	case "test":
		all = append(all, "--timeout", "5m")
	}
	return f.try("helm", append(append(all, "--namespace", f.namespace), args...)...)
}

// must runs Helm on the release, and it must succeed.
func (f released) must(verb string, args ...string) {
	f.t.Helper()
	began := time.Now()
	if _, err := f.helm(verb, args...); err != nil {
		f.t.Fatalf("helm %s: %v\n%s", verb, err, f.run("kubectl", "get", "all", "-n", f.namespace))
	}
	f.t.Logf("helm %s: %.1f s", verb, time.Since(began).Seconds())
}

// refused runs Helm on the release, and it must fail with these words.
func (f released) refused(verb, words string, args ...string) {
	f.t.Helper()
	if _, err := f.helm(verb, args...); err == nil || !strings.Contains(err.Error(), words) {
		f.t.Errorf("helm %s %v does not say %q: %v", verb, args, words, err)
	}
}

// TestHelm goes through the life of a release of prod as it is shipped, on nodes that only
// seem to run pods: refused without its Secrets, installed, tested, upgraded by values
// and by settings, rolled back, uninstalled without its data and installed over them, and over
// what Flux has applied.
func TestHelm(t *testing.T) {
	f := released{synced{helmed(newFolder(t)), "prod", "mlops-helm"}}
	defined(t)
	key := ageKey(t)
	f.write("age.agekey", key.private)
	f.folder.env = append(f.folder.env, "SOPS_AGE_KEY_FILE="+f.dir+"/age.agekey")
	prod := func(more string) {
		t.Helper()
		f.environment(fmt.Sprintf("package environments\n\nenvironment: {mode: \"prod\", namespace: \"mlops-helm\", secrets: recipients: [%q]}\n%s", key.public, more))
	}
	f.run(program(t), "init")
	prod("")
	disks(f.folder)
	t.Cleanup(func() { f.run("kubectl", "delete", "namespace", f.namespace, "--wait=false") })

	f.run("kubectl", "create", "namespace", f.namespace)
	f.refused("install", "the namespace mlops-helm lacks the Secrets minio.root, mlflow.admin")
	if _, err := f.helm("install", "--dry-run=client"); err != nil {
		t.Errorf("a dry run at the client asks for more than it can see: %v", err)
	}
	f.before()
	f.must("install")
	stop := f.answered()
	f.must("test")
	stop()
	if left := f.run("kubectl", "get", "pods,configmaps,networkpolicies", "-n", f.namespace, "-l", "app.kubernetes.io/component=platform.tests", "-o", "name"); left != "" {
		t.Errorf("a test that went well leaves %s", left)
	}

	first := f.specs()
	f.must("upgrade")
	onlyChanged(t, ours(first), ours(f.specs()))

	f.must("upgrade", "--set", "workloads.mlflow-migrate.resources.limits.cpu=2")
	changed := f.specs()
	if was, is := jobs(first), jobs(changed); len(was) != len(is) || slices.Equal(was, is) {
		t.Errorf("a task with other values is another Job in the place of the old one: %v, then %v", was, is)
	}
	onlyChanged(t, workloads(first), workloads(changed))

	prod("environment: mlflow: env: LOG_LEVEL: \"info\"\n")
	f.must("upgrade")
	onlyChanged(t, workloads(changed), workloads(f.specs()), "Deployment/mlflow")

	f.must("rollback", "1")
	if was, is := jobs(first), jobs(f.specs()); !slices.Equal(was, is) {
		t.Errorf("rolled back the tasks are %v, not %v", is, was)
	}
	onlyChanged(t, workloads(changed), workloads(f.specs()), "Deployment/mlflow")

	f.must("uninstall")
	kept := f.run("kubectl", "get", "clusters.postgresql.cnpg.io,databases.postgresql.cnpg.io,databaseroles.postgresql.cnpg.io,networkpolicies,persistentvolumeclaims,secrets", "-n", f.namespace, "-o", "name")
	for _, name := range []string{"cluster.postgresql.cnpg.io/postgres", "database.postgresql.cnpg.io/mlflow.postgres", "databaserole.postgresql.cnpg.io/mlflow.auth", "networkpolicy.networking.k8s.io/deny-all", "networkpolicy.networking.k8s.io/postgres-sql", "persistentvolumeclaim/data-minio-3", "secret/mlflow.flask"} {
		if !strings.Contains(kept, name+"\n") {
			t.Errorf("%s is gone with the release", name)
		}
	}
	if left := f.specs(); len(left) != strings.Count(kept, "secret/")+strings.Count(kept, "networkpolicy.networking.k8s.io/postgres-")+3 { // one policy for all, and what every namespace has: an account, and a ConfigMap with its authority
		t.Errorf("the release leaves %v", left)
	}
	f.must("install")
	f.must("uninstall")

	for _, stage := range []string{"data", "setup", "apps"} {
		f.run("kubectl", "apply", "--server-side", "--force-conflicts", "--field-manager", "kustomize-controller", "-k", "deploy/prod/"+stage)
	}
	f.refused("install", "cannot be imported into the current release")
	f.must("install", "--take-ownership", "--force-conflicts")

	f.run("kubectl", "delete", "secret", "mlflow.flask", "-n", f.namespace)
	f.refused("upgrade", "the namespace mlops-helm lacks the Secrets mlflow.flask\n")
}

// answered says in the place of nodes, which only seem to run pods, that each test got its
// answer, until it is stopped.
func (f released) answered() (stop func()) {
	done, ended := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-done:
				ended <- nil
				return
			case <-time.After(time.Second):
			}
			out, err := f.try("kubectl", "get", "pods", "-n", f.namespace, "-l", "app.kubernetes.io/component=platform.tests", "--field-selector", "status.phase=Running", "-o", "name")
			for _, pod := range strings.Fields(out) {
				if err == nil {
					_, err = f.try("kubectl", "patch", pod, "-n", f.namespace, "--subresource", "status", "--type", "merge", "--patch", `{"status":{"phase":"Succeeded"}}`)
				}
			}
			if err != nil {
				<-done
				ended <- err
				return
			}
		}
	}()
	return func() {
		f.t.Helper()
		close(done)
		if err := <-ended; err != nil {
			f.t.Fatal(err)
		}
	}
}

// ours are objects without Helm's own, in which it keeps releases.
func ours(specs map[string]string) map[string]string {
	only := maps.Clone(specs)
	maps.DeleteFunc(only, func(name, _ string) bool { return strings.HasPrefix(name, "Secret/sh.helm.release.") })
	return only
}

// jobs are the names of those among objects.
func jobs(specs map[string]string) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(specs)) {
		if strings.HasPrefix(name, "Job/") {
			found = append(found, name)
		}
	}
	return found
}

// TestClusterHelm installs the small prod of TestCluster by Helm where pods truly run: waits
// inside pods must let each other pass while Helm waits for all of them, and a client logs
// runs through the front door, before and after a release that is taken away and put back.
func TestClusterHelm(t *testing.T) {
	f := released{synced{helmed(newFolder(t)), "prod", "mlops-e2e"}}
	defined(t)
	key := ageKey(t)
	f.write("age.agekey", key.private)
	f.folder.env = append(f.folder.env, "SOPS_AGE_KEY_FILE="+f.dir+"/age.agekey")
	f.run(program(t), "init")
	f.environment(smallProd(key.public, `mlflow: version: "v3.12.0"`))
	t.Cleanup(func() { f.run("kubectl", "delete", "namespace", f.namespace, "--timeout", "180s") })
	f.run("kubectl", "wait", "namespace/"+f.namespace, "--for", "delete", "--timeout", "180s") // of a test before
	f.before()
	front := certificate(f.folder, "mlops.test")
	f.run("kubectl", "create", "secret", "tls", "front", "-n", f.namespace, "--cert", front.crt, "--key", front.key)

	f.must("install")
	f.must("test")
	door := frontDoor(f.folder, front.crt)
	wrote := door.python("write.py", "8")
	door.python("read.py", wrote)

	f.environment(smallProd(key.public, `mlflow: version: "v3.17.0"`))
	how := busy(t, door.client("load.py", "artifacts"), func() { f.must("upgrade") })
	t.Logf("upgraded under load: %d calls, %d failed, the slowest took %.1f s", how.Calls, len(how.Wrong), how.Slowest)
	if len(how.Wrong) > 0 {
		t.Errorf("MLflow was upgraded, and of %d calls failed %v", how.Calls, how.Wrong)
	}
	door.python("read.py", wrote)

	f.must("uninstall")
	f.must("install")
	door = frontDoor(f.folder, front.crt)
	door.python("read.py", wrote)
}
