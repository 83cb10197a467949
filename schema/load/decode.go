package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"cuelang.org/go/cue"
)

// fill decodes a value that is known to be concrete. It does what Value.Decode does for
// plain data, and asks for the fields that Go has by name: Decode first brings those
// that CUE has into an order, which took a third of its time. A test holds that the two
// have the same fields.
func fill(to reflect.Value, v cue.Value) (err error) {
	if to.Type() == reflect.TypeFor[json.RawMessage]() {
		text, err := v.MarshalJSON()
		var b bytes.Buffer
		json.HTMLEscape(&b, text) // as it comes back to who keeps it in JSON
		to.SetBytes(b.Bytes())
		return err
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return fill(to.Elem(), v)
	case reflect.Struct:
		for i, field := range fieldPaths(to.Type()) {
			if to.Type().Field(i).Anonymous {
				if err := fill(to.Field(i), v); err != nil {
					return err
				}
				continue
			}
			if member := v.LookupPath(field); member.Exists() {
				if err := fill(to.Field(i), member); err != nil {
					return err
				}
			}
		}
		return nil
	case reflect.Map:
		it, err := v.Fields()
		if err != nil {
			return err
		}
		to.Set(reflect.MakeMap(to.Type()))
		for it.Next() {
			member := reflect.New(to.Type().Elem()).Elem()
			if err := fill(member, it.Value()); err != nil {
				return err
			}
			to.SetMapIndex(reflect.ValueOf(it.Selector().Unquoted()), member)
		}
		return nil
	case reflect.Slice:
		it, err := v.List()
		if err != nil {
			return err
		}
		all := reflect.MakeSlice(to.Type(), 0, 0)
		for it.Next() {
			member := reflect.New(to.Type().Elem()).Elem()
			if err := fill(member, it.Value()); err != nil {
				return err
			}
			all = reflect.Append(all, member)
		}
		to.Set(all)
		return nil
	case reflect.String:
		text, err := v.String()
		to.SetString(text)
		return err
	case reflect.Bool:
		is, err := v.Bool()
		to.SetBool(is)
		return err
	case reflect.Int, reflect.Int64:
		number, err := v.Int64()
		to.SetInt(number)
		return err
	}
	return fmt.Errorf("%s: nothing decodes into %v", v.Path(), to.Type())
}

var paths sync.Map // of a struct's fields, by its type

// fieldPaths are where CUE has the fields of a Go struct, in Go's order.
func fieldPaths(t reflect.Type) []cue.Path {
	if known, ok := paths.Load(t); ok {
		return known.([]cue.Path)
	}
	var all []cue.Path
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		all = append(all, cue.MakePath(cue.Str(name)))
	}
	paths.Store(t, all)
	return all
}
