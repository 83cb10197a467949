package kube

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

// expand is what Kubernetes does to text that it looks for variables in
// (k8s.io/kubernetes, third_party/forked/golang/expansion), where no variable is set:
// a reference stays, $$ is one dollar sign, any other dollar sign is itself.
func expand(text string) string {
	return strings.ReplaceAll(text, "$$", "$")
}

func TestPlainTextStays(t *testing.T) {
	for _, text := range []string{"", "a", "$", "$a", "a$", "$(A)", "$$(A)", "$$", "$$$", "a$(b)$", "${HOME}", "$($(A))", "$ $", "$)"} {
		escaped := plain(text)
		if got := expand(escaped); got != text {
			t.Errorf("%q is written as %q, which Kubernetes reads as %q", text, escaped, got)
		}
		if strings.Contains(strings.ReplaceAll(escaped, "$$", ""), "$(") {
			t.Errorf("%q is written as %q, in which Kubernetes looks for a variable", text, escaped)
		}
	}
}

func TestFileKeys(t *testing.T) {
	seen := map[string]string{}
	for _, path := range []string{
		"/a/b", "/a_b", "/a__b", "/a_/b", "/a/_b", "/a.b", "/a b", "/a/5fb", "/a_5fb", "/..", "/.hidden", "/Über", "/a-b", "/A/b",
	} {
		key := fileKey("app", path)
		if wrong := validation.IsConfigMapKey(key); len(wrong) > 0 {
			t.Errorf("%s has the key %s: %v", path, key, wrong)
		}
		if other, taken := seen[key]; taken {
			t.Errorf("%s and %s have one key, %s", path, other, key)
		}
		seen[key] = path
	}
	if fileKey("a", "/b") == fileKey("b", "/b") {
		t.Error("one path has the same key in two containers")
	}
}

func TestVolumeNames(t *testing.T) {
	seen := map[string]string{}
	for _, path := range []string{"/tmp", "/var/run/app", "/var-run/app", "/var/run-app", "/var/Run/app", "/var_run/app", "/-", "/" + strings.Repeat("x", 70), "/" + strings.Repeat("x", 71)} {
		name := volumeName("scratch", path)
		if wrong := validation.IsDNS1123Label(name); len(wrong) > 0 {
			t.Errorf("%s has the name %s: %v", path, name, wrong)
		}
		if other, taken := seen[name]; taken {
			t.Errorf("%s and %s have one name, %s", path, other, name)
		}
		seen[name] = path
	}
	if got := volumeName("scratch", "/var/run"); got != "scratch-var-run" {
		t.Errorf("/var/run has the name %s", got)
	}
}
