package kustomize

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// An op is one operation of a JSON patch (RFC 6902). Its path is a JSON pointer.
type op struct {
	Op    string `yaml:"op"`
	Path  string `yaml:"path"`
	Value any    `yaml:"value,omitempty"`
}

// changes returns the operations that make from into to, one after the other. Each
// changes as little as can be, but for a value of which more would be said than
// there is of it: that one is replaced.
func changes(path string, from, to any) ([]op, error) {
	if reflect.DeepEqual(from, to) {
		return nil, nil
	}
	var ops []op
	var err error
	whole := []op{{"replace", path, to}}
	switch to := to.(type) {
	case map[string]any:
		was, ok := from.(map[string]any)
		if !ok {
			return whole, nil
		}
		ops, err = changesOfMap(path, was, to)
	case []any:
		was, ok := from.([]any)
		if !ok {
			return whole, nil
		}
		ops, err = changesOfList(path, was, to)
	default:
		return whole, nil
	}
	if err != nil || path == "" {
		return ops, err
	}
	long, err := size(ops)
	if err != nil {
		return nil, err
	}
	if short, err := size(whole); err != nil || short < long {
		return whole, err
	}
	return ops, nil
}

func size(ops []op) (int, error) {
	data, err := json.Marshal(ops)
	return len(data), err
}

func changesOfMap(path string, from, to map[string]any) ([]op, error) {
	keys := maps.Clone(from)
	maps.Copy(keys, to)
	var ops []op
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		at := path + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
		was, before := from[key]
		is, after := to[key]
		switch {
		case !before:
			ops = append(ops, op{"add", at, is})
		case !after:
			ops = append(ops, op{Op: "remove", Path: at})
		default:
			more, err := changes(at, was, is)
			if err != nil {
				return nil, err
			}
			ops = append(ops, more...)
		}
	}
	return ops, nil
}

// changesOfList aligns two lists by what their items are called. Operations move
// what comes after them, so at is always the place in the list as it is by then.
func changesOfList(path string, from, to []any) ([]op, error) {
	var ops []op
	at := 0
	place := func() string { return path + "/" + strconv.Itoa(at) }
	for _, s := range align(from, to) {
		for len(s.from) > 0 || len(s.to) > 0 {
			switch {
			case len(s.from) == 0:
				ops = append(ops, op{"add", place(), s.to[0]})
				s.to = s.to[1:]
				at++
			case len(s.to) == 0:
				ops = append(ops, op{Op: "remove", Path: place()})
				s.from = s.from[1:]
			default:
				more, err := changes(place(), s.from[0], s.to[0])
				if err != nil {
					return nil, err
				}
				ops = append(ops, more...)
				s.from, s.to = s.from[1:], s.to[1:]
				at++
			}
		}
	}
	return ops, nil
}
