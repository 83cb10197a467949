package kustomize

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A Difference is a field in which what a stage builds to isn't what was meant.
type Difference struct {
	Stage  string
	Object string
	Field  string // as in spec.template.spec.containers[0].image; "" for the object
	Built  string // JSON, or "nothing"
	Meant  string
}

func (e *Difference) Error() string {
	at := e.Object
	if e.Field != "" {
		at += " " + e.Field
	}
	return fmt.Sprintf("%s builds to something else than was meant: %s is %s, not %s", e.Stage, at, e.Built, e.Meant)
}

// Hint says what to do about it.
func (e *Difference) Hint() string {
	return "this is a mistake in mlops-gitops: please report it, with the environment's folder"
}

// compare returns the first difference, in order of objects and of fields.
func compare(dir string, meant, built map[string]any) error {
	all := maps.Clone(meant)
	maps.Copy(all, built)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		want, err := plain(meant[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		got, err := plain(built[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if field, want, got := difference("", want, got); want != got {
			return &Difference{Stage: dir, Object: name, Field: strings.TrimPrefix(field, "."), Built: got, Meant: want}
		}
	}
	return nil
}

// plain is a value as JSON has it, so that it doesn't matter which of Go's types a
// number has.
func plain(v any) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var p any
	err = json.Unmarshal(data, &p)
	return p, err
}

// difference returns the first field in which two values differ, and both of its
// values; they are equal when there is none.
func difference(field string, want, got any) (at, wanted, found string) {
	if reflect.DeepEqual(want, got) {
		return field, "", ""
	}
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			all := maps.Clone(w)
			maps.Copy(all, g)
			for _, key := range slices.Sorted(maps.Keys(all)) {
				if at, wanted, found = difference(field+"."+key, w[key], g[key]); wanted != found {
					return at, wanted, found
				}
			}
		}
	case []any:
		if g, ok := got.([]any); ok {
			for i := range min(len(w), len(g)) {
				if at, wanted, found = difference(field+"["+strconv.Itoa(i)+"]", w[i], g[i]); wanted != found {
					return at, wanted, found
				}
			}
		}
	}
	return field, show(want), show(got)
}

func show(v any) string {
	if v == nil {
		return "nothing"
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}
