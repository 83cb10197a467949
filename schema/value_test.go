package schema

import (
	"fmt"
	"strings"
	"testing"
)

// bound is a small platform: feast needs a database beside it, and a cache that
// nothing reaches.
var bound = Environment{
	Name:     "dev",
	Settings: Settings{Domain: "mlops.example.com", Namespace: "mlops-dev"},
	Edges: map[string]map[string]Edge{"feast": {
		"db":    {Host: "postgres", Number: 5432, User: "feast-db"},
		"cache": {Reached: "published"},
		"web":   {Host: "mlflow", Number: 5000},
	}, "notes": {
		"store": {Host: "feast", Number: 6566, User: "notes"},
		"web":   {Host: "mlflow", Number: 5000},
	}},
	Secrets: map[string]Secret{
		"feast.token": {Component: "feast"}, "feast.db.password": {Component: "feast"},
		"postgres.admin": {Component: "postgres"}, "notes.store.password": {Component: "notes"},
	},
	// feast keeps a store that notes claims from
	Components: map[string]Component{"feast": {Claims: map[string]Claim{"notes.store": {}}}},
}

// tokens writes a token as ‹words›, which a test can show.
func tokens(text string) Value {
	return Value(strings.NewReplacer("‹", string(tokenOpen), "›", string(tokenClose)).Replace(text))
}

// shown writes parts so that text, secrets and files of secrets can be told apart.
func shown(parts []Part, err error) string {
	if err != nil {
		return "error: " + strings.NewReplacer(string(tokenOpen), "‹", string(tokenClose), "›").Replace(err.Error())
	}
	var b strings.Builder
	for _, p := range parts {
		switch {
		case p.File:
			fmt.Fprintf(&b, "<file of %s>", p.Secret)
		case p.Secret != "":
			fmt.Fprintf(&b, "<%s>", p.Secret)
		default:
			fmt.Fprintf(&b, "[%s]", p.Text)
		}
	}
	return b.String()
}

func TestBind(t *testing.T) {
	for _, tt := range []struct{ what, value, want string }{
		{"text stays as it is", "plain $x 'y' \n é", "[plain $x 'y' \n é]"},
		{"no text has no parts", "", ""},
		{"a workload's host is the name of its service", "http://‹host feast web›:80", "[http://feast-web:80]"},
		{"the workload called server bears the component's name", "‹host feast server›", "[feast]"},
		{"a need's host", "‹need feast db host›", "[postgres]"},
		{"a need's number", "‹need feast db number›", "[5432]"},
		{"a need's user", "‹need feast db user›", "[feast-db]"},
		{"addresses beside each other are one text", "‹need feast db host›:‹need feast db number›/‹need feast db user›", "[postgres:5432/feast-db]"},
		{"a secret is a part of its own", "a‹secret feast.token value›b", "[a]<feast.token>[b]"},
		{"a secret's file is a part of its own", "‹secret feast.token file›", "<file of feast.token>"},
		{"secrets beside each other stay apart", "‹secret feast.token value›‹secret feast.db.password value›", "<feast.token><feast.db.password>"},
		{"an address after a secret is text after it", "‹secret feast.token value›‹need feast db host›x", "<feast.token>[postgresx]"},
		{"the platform's name", "‹platform name›", "[dev]"},
		{"the platform's domain", "https://‹platform domain›/", "[https://mlops.example.com/]"},
		{"the platform's namespace", "‹platform namespace›", "[mlops-dev]"},

		{"a need that is not there", "‹need feast search host›", "error: feast does not reach search"},
		{"the password of a claim on the component", "‹secret notes.store.password value›", "<notes.store.password>"},
		{"the address of a claim on the component", "‹need notes store host›", "[feast]"},
		{"a secret of another component", "‹secret postgres.admin value›", "error: feast uses postgres.admin, a secret of postgres; only its own may stand in its text"},
		{"an address of another component", "‹need notes web host›", "error: feast uses an address that only notes has; say in its own needs what it talks to"},
		{"a need that is not reached", "‹need feast cache host›", "error: feast does not reach cache"},
		{"a user where nothing is claimed", "‹need feast web user›", "error: feast claims nothing from web, so it has no user there"},
		{"an unknown field of a need", "‹need feast db colour›", `error: a need has no "colour"`},
		{"an unknown field of the platform", "‹platform colour›", `error: a platform has no "colour"`},
		{"a secret that is not there", "‹secret feast.key value›", "error: there is no secret feast.key"},
		{"an unknown field of a secret", "‹secret feast.token colour›", `error: a secret has no "colour"`},
		{"an unknown kind", "‹NEED FEAST DB HOST›", `error: a reference of an unknown kind: "NEED FEAST DB HOST"`},
		{"an empty token", "‹›", `error: a reference of an unknown kind: ""`},
		{"a token with too few words", "‹need feast›", `error: a reference of an unknown kind: "need feast"`},
		{"a token with too many words", "‹platform name x›", `error: a reference of an unknown kind: "platform name x"`},
		{"a token without end", "http://‹need feast db host", `error: a reference that has no end after "http://"`},
		{"a token without beginning", "need feast db host›/x", `error: a reference that has no beginning before "/x"`},
		{"an end after a whole token", "‹platform name›x›", `error: a reference that has no beginning before ""`},
		{"a token in a token", "‹need ‹platform name› host›", `error: a reference of an unknown kind: "need \ufdd0platform name"`},
	} {
		if got := shown(bound.Bind("feast", tokens(tt.value))); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, got, tt.want)
		}
	}
}

// A value that binds holds none of the code points of tokens, and one that had
// none is as it was.
func FuzzBind(f *testing.F) {
	for _, seed := range []string{"", "text", "‹need feast db host›", "‹secret feast.token value›x", "‹", "›", "‹‹›", "‹platform name›", "a\x00\xff"} {
		f.Add(string(tokens(seed)))
	}
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := bound.Bind("feast", Value(text))
		whole := ""
		for _, p := range parts {
			whole += p.Text
			if strings.ContainsRune(p.Text, tokenOpen) || strings.ContainsRune(p.Text, tokenClose) {
				t.Errorf("%q binds to %q, which holds part of a token", text, p.Text)
			}
			if (p.Text == "") == (p.Secret == "") {
				t.Errorf("%q has the part %+v, which is not just one of text and secret", text, p)
			}
		}
		if !strings.ContainsRune(text, tokenOpen) && !strings.ContainsRune(text, tokenClose) && (err != nil || whole != text) {
			t.Errorf("%q became %q, %v", text, whole, err)
		}
	})
}

func TestReference(t *testing.T) {
	for _, tt := range []struct {
		what  string
		image Image
		want  string
	}{
		{"a tag", Image{Repository: "docker.io/library/postgres", Tag: "18.6"}, "docker.io/library/postgres:18.6"},
		{"a digest", Image{Repository: "x", Digest: "sha256:ab"}, "x@sha256:ab"},
		{"both, of which engines take the digest", Image{Repository: "x", Tag: "1", Digest: "sha256:ab"}, "x:1@sha256:ab"},
		{"neither", Image{Repository: "localhost:5000/x"}, "localhost:5000/x"},
	} {
		if got := tt.image.Reference(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, got, tt.want)
		}
	}
}
