package compose

import (
	"context"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/load"
	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

// rendered is what is made of an environment, by path.
func rendered(t *testing.T, l load.Loaded) map[string]string {
	t.Helper()
	tree, err := Tree(l.Environment)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for name, data := range tree.All() {
		files[name] = string(data)
	}
	return files
}

// TestGolden holds what is rendered to testdata. UPDATE=1 writes it anew.
func TestGolden(t *testing.T) {
	loadtest.Golden(t, "dev", os.Getenv("UPDATE") != "", rendered)
}

// TestSameBytes renders again and again, with maps made in another order each time.
func TestSameBytes(t *testing.T) {
	loadtest.Each(t, "dev", func(t *testing.T, l load.Loaded) {
		first := rendered(t, l)
		for seed := range uint64(20) {
			shuffled := shuffle(reflect.ValueOf(l.Environment), rand.New(rand.NewPCG(seed, 1))).Interface().(*schema.Environment)
			if !reflect.DeepEqual(shuffled, l.Environment) {
				t.Fatal("the shuffle changed the environment")
			}
			if again := rendered(t, load.Loaded{Environment: shuffled}); !maps.Equal(again, first) {
				t.Fatalf("rendered again with seed %d it is\n%s\nand was\n%s", seed, again, first)
			}
		}
	})
}

// shuffle is a copy of a value whose maps were filled in another order.
func shuffle(v reflect.Value, r *rand.Rand) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(shuffle(v.Elem(), r))
		}
	case reflect.Map:
		if v.IsNil() {
			break
		}
		out.Set(reflect.MakeMap(v.Type()))
		keys := v.MapKeys()
		for _, i := range r.Perm(len(keys)) {
			out.SetMapIndex(keys[i], shuffle(v.MapIndex(keys[i]), r))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(shuffle(v.Field(i), r))
		}
	default:
		out.Set(v)
	}
	return out
}

// hostile answers every variable that text could be taken for.
var hostile = types.Mapping{"HOME": "hit", "X": "hit", "A": "hit", "_": "hit", "PATH": "hit", "name": "hit"}

// loadedBack is the project as Compose reads it: with its own loader, and with
// variables replaced.
func loadedBack(t testing.TB, data []byte) *types.Project {
	t.Helper()
	p, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  "/",
		ConfigFiles: []types.ConfigFile{{Filename: "/compose.yaml", Content: data}},
		Environment: hostile,
	}, func(o *loader.Options) {
		o.ResolvePaths = false // as they were written
		o.SkipNormalization = true
	})
	if err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	return p
}

// TestLoadsBack holds that Compose reads each project as it was meant, field by field.
func TestLoadsBack(t *testing.T) {
	loadtest.Each(t, "dev", func(t *testing.T, l load.Loaded) {
		meant, err := newProject(l.Environment)
		if err != nil {
			t.Fatal(err)
		}
		data, err := meant.MarshalYAML()
		if err != nil {
			t.Fatal(err)
		}
		back := loadedBack(t, data)
		if got, want := slices.Sorted(maps.Keys(back.Services)), slices.Sorted(maps.Keys(meant.Services)); !slices.Equal(got, want) {
			t.Fatalf("the services are %v, not %v", got, want)
		}
		for service, want := range meant.Services {
			for field, pair := range differing(plain(want), back.Services[service]) {
				t.Errorf("%s.%s is read as %#v, and meant as %#v", service, field, pair[1], pair[0])
			}
		}
		for field, pair := range differing(meant.Volumes, back.Volumes) {
			t.Errorf("volume %s is read as %#v, and meant as %#v", field, pair[1], pair[0])
		}
		for field, pair := range differing(meant.Secrets, back.Secrets) {
			t.Errorf("secret %s is read as %#v, and meant as %#v", field, pair[1], pair[0])
		}
		if back.Name != meant.Name {
			t.Errorf("the project is called %s, not %s", back.Name, meant.Name)
		}
	})
}

// plain is a service as Compose should read it: two dollars are one again, and a
// port says what Compose takes for granted.
func plain(s types.ServiceConfig) types.ServiceConfig {
	one := func(text string) string { return strings.ReplaceAll(strings.TrimPrefix(text, "${_+}"), "$$", "$") }
	all := func(words []string) (out []string) {
		for _, w := range words {
			out = append(out, one(w))
		}
		return out
	}
	s.Entrypoint, s.Command = all(s.Entrypoint), all(s.Command)
	env := types.MappingWithEquals{}
	for name, text := range s.Environment {
		text := one(*text)
		env[name] = &text
	}
	s.Environment = env
	if s.HealthCheck != nil {
		h := *s.HealthCheck
		h.Test = all(h.Test)
		s.HealthCheck = &h
	}
	s.Ports = slices.Clone(s.Ports)
	for i := range s.Ports {
		s.Ports[i].Mode = "ingress"
	}
	return s
}

// differing are the fields or members in which two values differ; none is none,
// whether it is held as nil or as an empty list or map.
func differing(a, b any) map[string][2]any {
	found := map[string][2]any{}
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	note := func(name string, p, q reflect.Value) {
		none := func(v reflect.Value) bool {
			return !v.IsValid() || v.IsZero() || (v.Kind() == reflect.Map || v.Kind() == reflect.Slice) && v.Len() == 0
		}
		if none(p) && none(q) {
			return
		}
		if !p.IsValid() || !q.IsValid() || !reflect.DeepEqual(p.Interface(), q.Interface()) {
			found[name] = [2]any{shown(p), shown(q)}
		}
	}
	if x.Kind() == reflect.Map {
		for _, key := range append(x.MapKeys(), y.MapKeys()...) {
			note(key.String(), x.MapIndex(key), y.MapIndex(key))
		}
		return found
	}
	for i := range x.NumField() {
		note(x.Type().Field(i).Name, x.Field(i), y.Field(i))
	}
	return found
}

func shown(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return v.Interface()
}

// TestHouse holds what is true of every project.
func TestHouse(t *testing.T) {
	loadtest.Each(t, "dev", func(t *testing.T, l load.Loaded) {
		e := l.Environment
		p, err := newProject(e)
		if err != nil {
			t.Fatal(err)
		}
		awaited := map[string]string{}
		for from, s := range p.Services {
			for to, d := range s.DependsOn {
				if _, ok := p.Services[to]; !ok {
					t.Errorf("%s waits for %s, which is not there", from, to)
				}
				awaited[to] = d.Condition
			}
		}
		exposed := 0
		for service, s := range p.Services {
			if s.Restart == types.RestartPolicyNo && awaited[service] != types.ServiceConditionCompletedSuccessfully {
				t.Errorf("nobody waits for the end of task %s", service)
			}
			if awaited[service] == types.ServiceConditionHealthy && s.HealthCheck == nil {
				t.Errorf("somebody waits for the health of %s, for which nobody asks", service)
			}
			for _, port := range s.Ports {
				exposed++
				if port.HostIP == "" {
					t.Errorf("%s answers to the whole network", service)
				}
			}
			if s.Privileged || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
				t.Errorf("%s may do more than it must", service)
			}
			for _, secret := range s.Secrets {
				if _, ok := p.Secrets[secret.Source]; !ok {
					t.Errorf("%s mounts secret %s, which is not there", service, secret.Source)
				}
			}
		}
		for _, c := range e.Components {
			for _, w := range c.Workloads {
				if c.Place == schema.Local {
					exposed -= len(w.Expose)
				}
			}
		}
		if exposed != 0 {
			t.Errorf("%d ports more are published than are exposed", exposed)
		}
		for name, text := range rendered(t, l) {
			if strings.ContainsFunc(text, schema.IsReserved) {
				t.Errorf("%s holds a reference that is not bound", name)
			}
		}
		mounted, err := Secrets(e)
		if err != nil || !slices.Equal(mounted, slices.Sorted(maps.Keys(p.Secrets))) {
			t.Errorf("the secrets are %v, %v, and those of the project %v", mounted, err, slices.Sorted(maps.Keys(p.Secrets)))
		}
	})
}

func TestNothingLocal(t *testing.T) {
	tree, err := Tree(loadtest.Load(t, "prod", nil).Environment)
	if err != nil || len(tree.Paths()) != 0 {
		t.Errorf("what runs in a cluster is rendered here: %v, %v", tree.Paths(), err)
	}
}
