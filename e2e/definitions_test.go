package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// definitions are the custom resource definitions, by name, that the platform's objects
// are held against.
func definitions(t *testing.T) map[string][]byte {
	t.Helper()
	dir := os.Getenv("CRDS_DIR")
	if dir == "" {
		t.Fatal("set CRDS_DIR to a folder with the definitions of CloudNativePG (config/crd/bases of its repository) and of Flux's helm-controller")
	}
	found := map[string][]byte{}
	for _, dir := range append(modules(t), dir, filepath.Join("testdata", "definitions")) {
		files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no definitions in %s: %v", dir, err)
		}
		for _, path := range files {
			for _, text := range bytes.Split([]byte(read(t, path)), []byte("\n---\n")) {
				var d struct {
					Kind     string
					Metadata struct{ Name string }
				}
				if err := yaml.Unmarshal(text, &d); err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				if d.Kind == "CustomResourceDefinition" {
					found[d.Metadata.Name] = text
				}
			}
		}
	}
	return found
}

// modules are the folders in Go modules that testdata/definitions/modules.txt names.
func modules(t *testing.T) []string {
	t.Helper()
	var dirs []string
	for line := range strings.Lines(read(t, "testdata/definitions/modules.txt")) {
		fields := strings.Fields(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		if len(fields) != 3 {
			t.Fatalf("modules.txt: %q is not a module, a version and a folder", line)
		}
		cmd := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", fields[0]+"@"+fields[1])
		cmd.Dir = t.TempDir() // no module of ours takes part
		out, err := cmd.Output()
		var module struct{ Dir, Error string }
		if broken := json.Unmarshal(out, &module); err != nil || broken != nil || module.Error != "" {
			t.Fatalf("%s: %v %v %s", line, err, broken, module.Error)
		}
		dirs = append(dirs, filepath.Join(module.Dir, filepath.FromSlash(fields[2])))
	}
	return dirs
}

// A custom is a kind of a definition: what an API server holds its objects against.
type custom struct {
	schema *structural.Structural
	rules  interface {
		Validate(context.Context, runtime.Object) field.ErrorList
	}
}

// customs are the kinds of all definitions.
func customs(t *testing.T) map[schema.GroupVersionKind]custom {
	t.Helper()
	kinds := map[schema.GroupVersionKind]custom{}
	for name, text := range definitions(t) {
		if err := define(kinds, text); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return kinds
}

func define(kinds map[schema.GroupVersionKind]custom, text []byte) error {
	var d apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &d); err != nil {
		return err
	}
	for _, v := range d.Spec.Versions {
		var props apiextensions.JSONSchemaProps
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, &props, nil); err != nil {
			return err
		}
		s, err := structural.NewStructural(&props)
		if err != nil {
			return err
		}
		validator, _, err := validation.NewSchemaValidator(&props)
		if err != nil {
			return err
		}
		kind := schema.GroupVersionKind{Group: d.Spec.Group, Version: v.Name, Kind: d.Spec.Names.Kind}
		kinds[kind] = custom{s, customresource.NewStrategy(nil, d.Spec.Scope == apiextensionsv1.NamespaceScoped, kind, validator, nil, s, nil, nil, nil)}
	}
	return nil
}

// refused says what an API server would have against an object: fields that it does not
// know, and what it has of definitions. Kinds of Kubernetes' own are only read.
func refused(ctx context.Context, kinds map[schema.GroupVersionKind]custom, o map[string]any) (isCustom bool, errs []error) {
	data, err := json.Marshal(o)
	if err != nil {
		return false, []error{err}
	}
	var u unstructured.Unstructured
	if err := u.UnmarshalJSON(data); err != nil {
		return false, []error{err}
	}
	if scheme.Scheme.Recognizes(u.GroupVersionKind()) {
		typed, err := scheme.Scheme.New(u.GroupVersionKind())
		if err == nil {
			err = yaml.UnmarshalStrict(data, typed)
		}
		if err != nil {
			errs = append(errs, err)
		}
		return false, errs
	}
	kind, ok := kinds[u.GroupVersionKind()]
	if !ok {
		return true, []error{fmt.Errorf("%s has no definition: name its module in testdata/definitions/modules.txt, or write a small one beside it", u.GroupVersionKind())}
	}
	for _, path := range pruning.PruneWithOptions(u.DeepCopy().Object, kind.schema, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		errs = append(errs, fmt.Errorf("unknown field %s", path))
	}
	defaulting.Default(u.Object, kind.schema)
	for _, err := range kind.rules.Validate(ctx, &u) {
		errs = append(errs, err)
	}
	return true, errs
}
