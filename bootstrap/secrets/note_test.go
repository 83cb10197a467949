package secrets

import (
	"crypto/rand"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

func TestWhatAFileSaysOfItsValueIsPartOfTheMAC(t *testing.T) {
	dir, owner, other := t.TempDir(), identity(t), identity(t)
	cluster := clusterFor(t, dir, owner)
	put(t, dir, role, strings.Replace(get(t, dir, role), valueNote+": made", valueNote+": supplied", 1))
	cluster.Recipients = []string{other.Recipient().String()}
	_, err := cluster.Reseal(declared, keysOf(t, owner), rand.Reader, now)
	wantProblems(t, err, []string{role + ": it was changed after it was encrypted"}, "take it back from Git")
}

func TestUnfitIsWhatTheSettingsAskForOtherwise(t *testing.T) {
	const name = "mlflow.postgres.password"
	dir, owner := t.TempDir(), identity(t)
	cluster := clusterFor(t, dir, owner)
	login := map[string]schema.Secret{name: {Component: "mlflow", Length: 32, Login: "mlflow"}}
	if _, err := cluster.Rotate(login, []string{name}, nil, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	unnoted := strings.NewReplacer("        "+loginNote+": mlflow\n", "", "        "+valueNote+": made\n", "", "    annotations:\n", "").Replace(get(t, dir, role))
	for _, tt := range []struct {
		what    string
		secret  schema.Secret
		unnoted bool
		want    []string
		hint    string
	}{
		{what: "as it was", secret: login[name]},
		{
			what: "another user", secret: schema.Secret{Length: 32, Login: "mlflow_app"},
			want: []string{role + " is the login of the user mlflow, and the settings name mlflow_app"}, hint: "mlops-gitops secrets rotate prod " + name,
		},
		{
			what: "a person supplies it", secret: schema.Secret{Supplied: true, Login: "mlflow"},
			want: []string{"the secret " + name + " is not made but supplied, and " + role + " holds a value that was made before that"}, hint: "mlops-gitops secrets set prod " + name,
		},
		{what: "a file that says nothing", secret: schema.Secret{Supplied: true, Login: "mlflow_app"}, unnoted: true},
	} {
		t.Run(tt.what, func(t *testing.T) {
			before := get(t, dir, role)
			defer put(t, dir, role, before)
			if tt.unnoted {
				put(t, dir, role, unnoted)
			}
			all := maps.Clone(declared)
			all[name] = tt.secret
			problems, err := cluster.Unfit(all)
			if err != nil {
				t.Fatal(err)
			}
			if len(problems) != len(tt.want) {
				t.Fatalf("there are %v", problems)
			}
			for _, p := range problems {
				wantProblems(t, p, tt.want, tt.hint)
			}
		})
	}
}

func TestACertificateThatIsGivenIsLookedAt(t *testing.T) {
	owner := identity(t)
	secrets := map[string]schema.Secret{
		"nginx.tls.crt": {Component: "nginx", Length: 1, Supplied: true, Part: "crt", Names: []string{"mlops.example.com"}},
		"nginx.tls.key": {Component: "nginx", Length: 1, Supplied: true, Part: "key", Names: []string{"mlops.example.com"}},
	}
	authority, err := newAuthority("other", []string{"mlops.example.com"}, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := authority.newLeaf([]string{"mlops.example.com"}, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		what   string
		at     time.Time
		want   []string
		warned string
	}{
		{what: "it holds for long", at: now},
		{what: "it ends tomorrow", at: leaf.cert.NotAfter.Add(-day), warned: "the new nginx.tls.crt ends on " + date(leaf.cert.NotAfter)},
		{what: "it ended", at: leaf.cert.NotAfter, want: []string{"the new nginx.tls.crt ended on " + date(leaf.cert.NotAfter)}},
		{what: "it is not valid yet", at: now.Add(-2 * day), want: []string{"the new nginx.tls.crt is not valid before " + date(leaf.cert.NotBefore)}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			dir := t.TempDir()
			r, err := Cluster{dir, "prod", "mlops-prod", []string{owner.Recipient().String()}}.Rotate(secrets, []string{"nginx.tls.crt"}, map[string][]byte{"nginx.tls.crt": leaf.certPEM()}, rand.Reader, tt.at)
			if tt.want != nil {
				wantProblems(t, err, tt.want, "supply the certificate for mlops.example.com")
				wantFiles(t, dir)
			} else if err != nil {
				t.Error(err)
			}
			if got := strings.Join(r.Warned, ""); got != tt.warned {
				t.Errorf("warned of %q, want %q", got, tt.warned)
			}
		})
	}
}

func TestAValueThatAProgramWouldRefuseIsNotTaken(t *testing.T) {
	for _, tt := range []struct {
		what   string
		secret schema.Secret
		value  string
		want   []string
	}{
		{"nothing", schema.Secret{Supplied: true}, "", []string{"the new value of feast.key is empty"}},
		{"too short", schema.Secret{Least: 8}, "x", []string{"the new value of feast.key has 1 character, and its program takes none of fewer than 8"}},
		{"as many characters as bytes are more", schema.Secret{Supplied: true, Least: 3}, "äöü", nil},
		{"a password in two lines", schema.Secret{Supplied: true, Login: "feast"}, "one\ntwo", []string{"the new value of feast.key has more than one line, and is a password"}},
		{"a file in two lines", schema.Secret{Supplied: true}, "one\ntwo\n", nil},
	} {
		t.Run(tt.what, func(t *testing.T) {
			problems := given("prod", "feast.key", tt.secret, []byte(tt.value))
			if len(problems) != len(tt.want) {
				t.Fatalf("there are %v", problems)
			}
			for _, p := range problems {
				wantProblems(t, p, tt.want, "")
			}
		})
	}
}
