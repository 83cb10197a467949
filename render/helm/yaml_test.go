package helm

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"text/template"

	"sigs.k8s.io/yaml"
)

// installed is what text becomes in a release: executed, then read by the parser that Helm
// and Kubernetes use.
func installed(t *testing.T, fields map[string]any, namespace string) any {
	t.Helper()
	var w writer
	if err := w.fields(fields, 0); err != nil {
		t.Fatal(err)
	}
	parsed, err := template.New("").Parse(w.String())
	if err != nil {
		t.Fatalf("%v:\n%s", err, w.String())
	}
	var made strings.Builder
	if err := parsed.Execute(&made, map[string]any{"Release": map[string]any{"Namespace": namespace}}); err != nil {
		t.Fatal(err)
	}
	var back any
	if err := yaml.UnmarshalStrict([]byte(made.String()), &back); err != nil {
		t.Fatalf("%v:\n%s", err, made.String())
	}
	return back
}

// FuzzText holds that any text comes back as it was, wherever it stands, with the namespace
// in its place.
func FuzzText(f *testing.F) {
	for _, text := range []string{
		"", " ", "a", "a b", "yes", "No", "null", "~", "1", "1e3", "0x1", "1:30", "2024-01-01", "-", "- a", "a: b", "a:", "a #b", "#", "*a", "&a", "!a", "%a", "@a", "`a`", "'", `"`, `\`, "=", "<<",
		"a\nb", "a\nb\n", "a\n\nb\n\n", "\n", "\na", " a\nb", "\ta\nb", "a\n b\n\tc \n", "a\r\nb", "a\tb", "---\na", "a\n---\nb", "...\na", "\x00", "\x7f", "\u0085", "\u00a0", "\u2028", "\ufeff", "ünï 🚀", "\U0001FFFF",
		"{{", "}}", "{{ .Values.x }}", "{{- x -}}", "{{{", "{{{{", "{" + anywhere, "{{" + anywhere + "}}", "{{{" + anywhere, anywhere, "a." + anywhere + ".svc", anywhere + "\n" + anywhere, "{{/* a */}}", "a\n{{\nb", "# {{ x", "log '{{' \"$x\"",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		data, err := json.Marshal(text) // what is not UTF-8 is in no object
		if err != nil || json.Unmarshal(data, &text) != nil {
			t.Fatal(err)
		}
		fields := func(text string) map[string]any {
			return map[string]any{
				"map":  map[string]any{"a": text, "b": "x"},
				"list": []any{text, map[string]any{"a": text, "b": []any{text}}, []any{text, "x"}, "x"},
				"text": text,
			}
		}
		for _, namespace := range []string{"ml", "123", "null"} {
			want := any(fields(strings.ReplaceAll(text, anywhere, namespace)))
			if got := installed(t, fields(text), namespace); !reflect.DeepEqual(got, want) {
				t.Fatalf("%q becomes %#v", text, got)
			}
		}
	})
}

func TestFields(t *testing.T) {
	for _, text := range []string{
		`{"a": 1, "b": -1.5, "c": true, "d": null, "e": {}, "f": [], "g": [[], {}, [1, [2]]], "h": [{"a": {"b": []}, "c": 1}], "{{": "x", "y": 1, "1": 2, "a b": 3}`,
		`{"big": 9007199254740991, "small": 1e-9}`,
	} {
		var fields map[string]any
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			t.Fatal(err)
		}
		if got := installed(t, fields, ""); !reflect.DeepEqual(got, any(fields)) {
			t.Errorf("%s becomes %#v", text, got)
		}
	}
}
