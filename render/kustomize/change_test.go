package kustomize

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

// TestChangesLeadThere applies the changes between random values, by the library
// that kustomize uses, and expects the one to become the other.
func TestChangesLeadThere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		from, to := random(r, 4), random(r, 4)
		if r.IntN(2) == 0 {
			to = mutate(r, clone(from))
		}
		was, is := map[string]any{"v": from}, map[string]any{"v": to}
		ops, err := changes("", was, is)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := apply(t, was, ops), text(t, is); got != want {
			t.Fatalf("%s changed by %s is %s, not %s", text(t, was), text(t, ops), got, want)
		}
	}
}

func TestChangesAreSmall(t *testing.T) {
	named := func(names ...string) []any {
		var list []any
		for _, n := range names {
			list = append(list, map[string]any{"name": n, "value": "text of " + n})
		}
		return list
	}
	for _, tt := range []struct {
		what     string
		from, to any
		want     string
	}{
		{"an item that comes first", named("b", "c"), named("a", "b", "c"), "add /v/0"},
		{"an item in the middle", named("a", "c"), named("a", "b", "c"), "add /v/1"},
		{"an item that comes last", named("a", "b"), named("a", "b", "c"), "add /v/2"},
		{"items at both ends", named("b"), named("a", "b", "c"), "add /v/0 add /v/2"},
		{"an item that goes", named("a", "b", "c"), named("a", "c"), "remove /v/1"},
		{"an item that changes", []any{"--workers", "2", "x"}, []any{"--workers", "3", "x"}, "replace /v/1"},
		{"a field of an item", named("a", "b"), []any{named("a")[0], map[string]any{"name": "b", "value": "other"}}, "replace /v/1/value"},
		{"a list of which nothing stays", named("a", "b", "c"), named("d", "e"), "replace /v"},
		{"a map of which nothing stays", map[string]any{"a": "1", "b": "2"}, map[string]any{"c": "3"}, "replace /v"},
		{"a map that becomes a list", map[string]any{"a": "1"}, []any{"1"}, "replace /v"},
		{"special characters", map[string]any{"a/b~c": "1", "d": "long enough to stay"}, map[string]any{"a/b~c": "2", "d": "long enough to stay"}, "replace /v/a~1b~0c"},
		{"nothing", named("a"), named("a"), ""},
	} {
		ops, err := changes("", map[string]any{"v": tt.from}, map[string]any{"v": tt.to})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, o := range ops {
			if got != "" {
				got += " "
			}
			got += o.Op + " " + o.Path
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, got, tt.want)
		}
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func apply(t *testing.T, v any, ops []op) string {
	t.Helper()
	var plain []map[string]any
	for _, o := range ops {
		one := map[string]any{"op": o.Op, "path": o.Path}
		if o.Op != "remove" {
			one["value"] = o.Value
		}
		plain = append(plain, one)
	}
	if plain == nil {
		return text(t, v)
	}
	patch, err := jsonpatch.DecodePatch([]byte(text(t, plain)))
	if err != nil {
		t.Fatal(err)
	}
	out, err := patch.Apply([]byte(text(t, v)))
	if err != nil {
		t.Fatalf("%s by %s: %v", text(t, v), text(t, plain), err)
	}
	var is any
	if err := json.Unmarshal(out, &is); err != nil {
		t.Fatal(err)
	}
	return text(t, is)
}

func random(r *rand.Rand, depth int) any {
	switch kind := r.IntN(5); {
	case depth > 0 && kind < 2:
		m := map[string]any{}
		for range r.IntN(4) {
			m[key(r)] = random(r, depth-1)
		}
		return m
	case depth > 0 && kind < 4:
		list := []any{}
		for range r.IntN(6) {
			item := random(r, depth-1)
			if m, ok := item.(map[string]any); ok {
				m["name"] = key(r)
			}
			list = append(list, item)
		}
		return list
	}
	return fmt.Sprint(r.IntN(9))
}

func key(r *rand.Rand) string { return []string{"a", "b/c", "d~e", "~1", "f"}[r.IntN(5)] }

// mutate changes one place somewhere in v.
func mutate(r *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		k := key(r)
		if was, ok := v[k]; ok && r.IntN(3) > 0 {
			v[k] = mutate(r, was)
		} else {
			v[k] = random(r, 1)
		}
		return v
	case []any:
		if len(v) == 0 {
			return append(v, "new")
		}
		i := r.IntN(len(v))
		switch r.IntN(3) {
		case 0:
			return append(v[:i:i], v[i+1:]...)
		case 1:
			return append(v[:i:i], append([]any{random(r, 1)}, v[i:]...)...)
		}
		v[i] = mutate(r, v[i])
		return v
	}
	return random(r, 1)
}
