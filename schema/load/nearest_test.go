package load

import "testing"

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		what, a, b string
		want       int
	}{
		{"the same", "workers", "workers", 0},
		{"nothing and nothing", "", "", 0},
		{"nothing and something", "", "abc", 3},
		{"a letter missing", "wokers", "workers", 1},
		{"a letter too many", "workerss", "workers", 1},
		{"another letter", "workirs", "workers", 1},
		{"neighbours swapped", "wrokers", "workers", 1},
		{"two swaps", "wrokesr", "workers", 2},
		{"a swap with a letter between", "ca", "abc", 3},
		{"letters are not bytes", "gröse", "größe", 1},
	} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: from %q to %q it is %d, not %d", tt.what, tt.a, tt.b, got, tt.want)
		}
		if there, back := distance(tt.a, tt.b), distance(tt.b, tt.a); there != back {
			t.Errorf("%s: %d there and %d back", tt.what, there, back)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"place", "port", "post", "postgres", "workers"}
	for _, tt := range []struct{ what, typed, want string }{
		{"a misspelt word", "wokers", "workers"},
		{"another case", "Workers", "workers"},
		{"the closest of two", "prot", "port"},
		{"of equals the first", "pot", "port"},
		{"a longer word may be further off", "postgresql", "postgres"},
		{"a word as short as this may not", "pla", ""},
		{"a short word may not", "xy", ""},
		{"nothing like it", "telemetry", ""},
		{"nothing typed", "", ""},
	} {
		if got := nearest(tt.typed, known); got != tt.want {
			t.Errorf("%s: for %q it is %q, not %q", tt.what, tt.typed, got, tt.want)
		}
	}
	if got := nearest("x", nil); got != "" {
		t.Errorf("of no words it is %q", got)
	}
}

func TestNear(t *testing.T) {
	known := []string{"after", "command", "env", "repository", "workers"}
	for _, tt := range []struct{ what, said, want string }{
		{"a misspelt word", "wokers", "workers"},
		{"the beginning of a word", "repo", "repository"},
		{"a word with more at its end", "Environ", "env"},
		{"what Compose calls it", "depends_on", "after"},
		{"what Kubernetes calls it", "initContainers", "after"},
		{"what it is called elsewhere, and is not here", "healthcheck", ""},
		{"two letters that begin a word", "re", ""},
		{"nothing said", "", ""},
	} {
		if got := near(tt.said, known); got != tt.want {
			t.Errorf("%s: for %q it is %q, not %q", tt.what, tt.said, got, tt.want)
		}
	}
}

func TestList(t *testing.T) {
	for want, words := range map[string][]string{"": nil, "a": {"a"}, "a and b": {"a", "b"}, "a, b and c": {"a", "b", "c"}} {
		if got := list(words); got != want {
			t.Errorf("%q became %q, not %q", words, got, want)
		}
	}
}
