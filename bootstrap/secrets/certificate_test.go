package secrets

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// certified declares a certificate of our own authority for these names, and a text.
func certified(names ...string) map[string]schema.Secret {
	return map[string]schema.Secret{
		"ca.crt":        {Part: "ca", Length: 1},
		"nginx.tls.crt": {Component: "nginx", Part: "crt", Names: names, Length: 1},
		"nginx.tls.key": {Component: "nginx", Part: "key", Names: names, Length: 1},
		"mlflow.flask":  {Component: "mlflow", Length: 32},
	}
}

// wantTrusted demands that what is on disk is one whole: a client that trusts ca.crt
// takes the certificate for these names, and the keys are theirs.
func wantTrusted(t *testing.T, dir string, at time.Time, names ...string) (authority, leaf pair) {
	t.Helper()
	read := func(name string) pair {
		t.Helper()
		cert, err := parseCertificate([]byte(get(t, dir, ".secrets/dev/"+name+".crt")))
		if err != nil {
			t.Fatal(err)
		}
		key, err := parseKey([]byte(get(t, dir, ".secrets/dev/"+name+".key")))
		if err != nil {
			t.Fatal(err)
		}
		p := pair{cert, key}
		if !p.matches() {
			t.Errorf("%s.key is another's", name)
		}
		return p
	}
	authority, leaf = read("ca"), read("nginx.tls")
	for _, name := range names {
		if err := verify(authority, leaf, name, at); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	return authority, leaf
}

func TestCertificatesAreMadeTogetherAndOnce(t *testing.T) {
	dir := t.TempDir()
	declared := certified("localhost", "127.0.0.1")
	r, err := Local{Dir: dir, Env: "dev"}.Generate(declared, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, r, Result{
		Made:      []string{"ca.crt", "mlflow.flask", "nginx.tls.crt", "nginx.tls.key"},
		Authority: []string{"127.0.0.1", "localhost"},
	})
	authority, leaf := wantTrusted(t, dir, now, "localhost", "127.0.0.1")
	wantMode(t, dir, ".secrets/dev/ca.crt", 0o444)
	wantMode(t, dir, ".secrets/dev/ca.key", 0o600)
	wantMode(t, dir, ".secrets/dev/nginx.tls.crt", 0o444)
	wantMode(t, dir, ".secrets/dev/nginx.tls.key", 0o444)
	wantFiles(t, dir, ".secrets/.gitignore", ".secrets/dev/ca.crt", ".secrets/dev/ca.key", ".secrets/dev/mlflow.flask", ".secrets/dev/nginx.tls.crt", ".secrets/dev/nginx.tls.key")

	drawn := once(func() { t.Error("randomness was drawn") })
	r, err = Local{Dir: dir, Env: "dev"}.Generate(declared, drawn, now.Add(300*day))
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, r, Result{Kept: []string{"ca.crt", "mlflow.flask", "nginx.tls.crt", "nginx.tls.key"}})
	sameAuthority, sameLeaf := wantTrusted(t, dir, now.Add(300*day), "localhost")
	if !sameAuthority.cert.Equal(authority.cert) || !sameLeaf.cert.Equal(leaf.cert) {
		t.Error("they were made a second time")
	}
}

// What no longer holds is made anew; the authority, which people trust, only when it must.
func TestCertificatesAreMadeAnew(t *testing.T) {
	for _, tt := range []struct {
		what    string
		names   []string
		change  func(t *testing.T, folder string)
		at      time.Duration
		renewed string // what is made anew, and why
		another bool   // it is another now
	}{
		{what: "a name below those that were: the authority may vouch for it", names: []string{"127.0.0.1", "localhost", "s3.localhost"}, renewed: "nginx.tls: it is now for 127.0.0.1, localhost, s3.localhost"},
		{what: "one name less: the authority might vouch for it still", names: []string{"localhost"}, renewed: "ca.crt: it may vouch for more: 127.0.0.1, nginx.tls: its authority is new", another: true},
		{what: "an authority for all the world", renewed: "ca.crt: it may vouch for more: com, org, nginx.tls: its authority is new", another: true, change: func(t *testing.T, folder string) {
			putAuthority(t, folder, func(c *x509.Certificate) { c.PermittedDNSDomains = append(c.PermittedDNSDomains, "com", "org") })
		}},
		{what: "an authority whose limits need not be kept", renewed: "ca.crt: it may vouch for more than its names, nginx.tls: its authority is new", another: true, change: func(t *testing.T, folder string) {
			putAuthority(t, folder, func(c *x509.Certificate) { c.PermittedDNSDomainsCritical = false })
		}},
		{what: "an authority that may make others", renewed: "ca.crt: it may vouch for more than its names, nginx.tls: its authority is new", another: true, change: func(t *testing.T, folder string) {
			putAuthority(t, folder, func(c *x509.Certificate) { c.MaxPathLenZero = false; c.MaxPathLen = -1 })
		}},
		{what: "another name: the authority may not", names: []string{"mlops.example.com"}, renewed: "ca.crt: it may not vouch for mlops.example.com, nginx.tls: its authority is new", another: true},
		{what: "another address", names: []string{"localhost", "10.0.0.7"}, renewed: "ca.crt: it may not vouch for 10.0.0.7, nginx.tls: its authority is new", another: true},
		{what: "31 days are left", at: 397*day - clockSkew - 31*day},
		{what: "less than 30 days are left", at: 397*day - clockSkew - 29*day, renewed: "nginx.tls: it ends on 2027-12-25"},
		{what: "it has ended", at: 500 * day, renewed: "nginx.tls: it ends on 2027-12-25"},
		{what: "the authority ends", at: 3640 * day, renewed: "ca.crt: it ends on 2036-11-22, nginx.tls: its authority is new", another: true},
		{what: "the clock was set back", at: -2 * day, renewed: "ca.crt: it is not valid before 2026-11-23, nginx.tls: its authority is new", another: true},
		{what: "the key is another's", renewed: "nginx.tls: its key is another's", change: func(t *testing.T, folder string) { putKey(t, folder, "nginx.tls.key") }},
		{what: "the key is no key", renewed: "nginx.tls: it can't be read", change: func(t *testing.T, folder string) { put(t, folder, "nginx.tls.key", "x") }},
		{what: "the key is gone", renewed: "nginx.tls: a part of it is gone", change: func(t *testing.T, folder string) { remove(t, folder, "nginx.tls.key") }},
		{what: "the certificate is gone", change: func(t *testing.T, folder string) { remove(t, folder, "nginx.tls.crt") }},
		{what: "the authority is gone", renewed: "nginx.tls: its authority is new", another: true, change: func(t *testing.T, folder string) { remove(t, folder, "ca.crt") }},
		{what: "the authority's key is gone, and nothing is to be signed", change: func(t *testing.T, folder string) { remove(t, folder, "ca.key") }},
		{what: "the authority's key is gone, and something is", names: []string{"127.0.0.1", "localhost", "s3.localhost"}, renewed: "ca.crt: its key is gone, nginx.tls: its authority is new", another: true, change: func(t *testing.T, folder string) { remove(t, folder, "ca.key") }},
		{what: "the authority's key is another's", names: []string{"127.0.0.1", "localhost", "s3.localhost"}, renewed: "ca.crt: its key is gone, nginx.tls: its authority is new", another: true, change: func(t *testing.T, folder string) { putKey(t, folder, "ca.key") }},
	} {
		t.Run(tt.what, func(t *testing.T) {
			dir := t.TempDir()
			local := Local{Dir: dir, Env: "dev"}
			if _, err := local.Generate(certified("localhost", "127.0.0.1"), rand.Reader, now); err != nil {
				t.Fatal(err)
			}
			before, _ := wantTrusted(t, dir, now)
			if tt.change != nil {
				tt.change(t, filepath.Join(dir, ".secrets/dev"))
			}
			names := tt.names
			if names == nil {
				names = []string{"127.0.0.1", "localhost"}
			}
			at := now.Add(tt.at)
			r, err := local.Generate(certified(names...), rand.Reader, at)
			if err != nil {
				t.Fatal(err)
			}
			var renewed []string
			for _, c := range r.Renewed {
				renewed = append(renewed, c.Name+": "+c.Why)
			}
			if got := strings.Join(renewed, ", "); got != tt.renewed {
				t.Errorf("made anew %q, want %q", got, tt.renewed)
			}
			if (r.Authority != nil) != tt.another {
				t.Errorf("a new authority: %q", r.Authority)
			}
			if tt.what == "the authority's key is gone, and nothing is to be signed" {
				return
			}
			after, _ := wantTrusted(t, dir, at, names...)
			if after.cert.Equal(before.cert) == tt.another {
				t.Error("the authority is the same, or should be")
			}
			if r, err := local.Generate(certified(names...), rand.Reader, at); err != nil || r.Made != nil || r.Renewed != nil {
				t.Errorf("again: %+v, %v", r, err)
			}
		})
	}
}

// What lies staged is taken for certificates only: a password that is there stays.
func TestStagedIsNoWayToAPassword(t *testing.T) {
	dir := t.TempDir()
	local := Local{Dir: dir, Env: "dev"}
	if _, err := local.Generate(certified("localhost"), rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	before := get(t, dir, ".secrets/dev/mlflow.flask")
	put(t, dir, ".secrets/dev/.certificates/mlflow.flask", "known to somebody")
	put(t, dir, ".secrets/dev/.certificates/other.crt", "x")
	if _, err := local.Generate(certified("localhost"), rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	if get(t, dir, ".secrets/dev/mlflow.flask") != before {
		t.Error("the password was overwritten")
	}
	wantFiles(t, dir, ".secrets/.gitignore", ".secrets/dev/ca.crt", ".secrets/dev/ca.key", ".secrets/dev/mlflow.flask", ".secrets/dev/nginx.tls.crt", ".secrets/dev/nginx.tls.key")
}

func TestACertificateOfSomebodyElseIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	crt, key := theirs(t, now, 90*day, "localhost")
	put(t, dir, ".secrets/dev/nginx.tls.crt", crt)
	put(t, dir, ".secrets/dev/nginx.tls.key", key)
	_, err := Local{Dir: dir, Env: "dev"}.Generate(certified("localhost"), rand.Reader, now)
	wantProblems(t, err, []string{".secrets/dev/nginx.tls.crt is not from this machine's own authority, which is to make nginx.tls"}, "move it and its key away")
	if get(t, dir, ".secrets/dev/nginx.tls.crt") != crt {
		t.Error("it was changed")
	}
}

func TestACertificateOfThisMachineIsNotTakenForASuppliedOne(t *testing.T) {
	local := Local{Dir: t.TempDir(), Env: "dev"}
	if _, err := local.Generate(certified("localhost"), rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	declared := certified("localhost")
	for name, secret := range declared {
		secret.Supplied = true
		declared[name] = secret
	}
	_, err := local.Generate(declared, rand.Reader, now)
	wantProblems(t, err, []string{"the certificate nginx.tls is not made but supplied, and .secrets/dev/nginx.tls.crt is one that was made for this machine"}, "put yours in its place")
}

func TestTheAuthoritysKeyHasItsPlace(t *testing.T) {
	declared := certified("localhost")
	declared["ca.key"] = schema.Secret{Component: "ca", Length: 32}
	_, err := Local{Dir: t.TempDir(), Env: "dev"}.Generate(declared, rand.Reader, now)
	wantProblems(t, err, []string{"the secret ca.key would be where this machine's own authority has its key"}, "rename it")
}

func TestCertificatesAgreeWhenEightGenerateAtOnce(t *testing.T) {
	dir := t.TempDir()
	made := atOnce(t, 8, func() (Result, error) {
		return Local{Dir: dir, Env: "dev"}.Generate(certified("localhost"), rand.Reader, now)
	})
	if made["ca.crt"] != 1 || made["nginx.tls.crt"] != 1 || made["nginx.tls.key"] != 1 {
		t.Errorf("made: %v", made)
	}
	wantTrusted(t, dir, now, "localhost")
}

func TestASuppliedCertificateIsLookedAt(t *testing.T) {
	crt, key := theirs(t, now, 90*day, "mlops.example.com", "*.mlops.example.com")
	other, otherKey := theirs(t, now, 90*day, "mlops.example.com", "console.mlops.example.com")
	soon, soonKey := theirs(t, now, 10*day, "mlops.example.com", "*.mlops.example.com")
	old, oldKey := theirs(t, now.Add(-20*day), 10*day, "mlops.example.com", "s3.mlops.example.com")
	early, earlyKey := theirs(t, now.Add(2*day), 10*day, "mlops.example.com", "s3.mlops.example.com")
	sealed := string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")}))
	const at = ".secrets/prod/nginx.tls"
	for _, tt := range []struct {
		what, crt, key string
		want           []string
		hint, warned   string
	}{
		{what: "one that is right", crt: crt, key: key},
		{what: "one with those behind it that lead to its authority", crt: crt + other, key: key},
		{what: "both parts are missing", want: []string{"the certificate nginx.tls is not made but supplied, and " + at + ".crt and " + at + ".key are not there"}, hint: "cp fullchain.pem " + at + ".crt\ncp privkey.pem " + at + ".key"},
		{what: "the key is missing", crt: crt, want: []string{"the certificate nginx.tls is not made but supplied, and " + at + ".key is not there"}, hint: "it is for mlops.example.com, s3.mlops.example.com"},
		{what: "neither is what it should be", crt: "x", key: "y", want: []string{at + ".crt is no certificate: it holds no certificate in PEM", at + ".key is no private key: it holds no private key in PEM"}, hint: "PEM"},
		{what: "they are the wrong way round", crt: key, key: crt, want: []string{at + ".crt is no certificate: it holds a private key", at + ".key is no private key: it holds no private key in PEM"}, hint: "PEM"},
		{what: "the key is another's", crt: crt, key: otherKey, want: []string{at + ".key is not the key of " + at + ".crt"}, hint: "belong together"},
		{what: "the key is encrypted", crt: crt, key: sealed, want: []string{at + ".key is encrypted, and no program here knows its passphrase"}, hint: "openssl pkey"},
		{what: "a name is not covered", crt: other, key: otherKey, want: []string{at + ".crt is not for s3.mlops.example.com"}, hint: "it is for console.mlops.example.com, mlops.example.com"},
		{what: "it has ended", crt: old, key: oldKey, want: []string{at + ".crt ended on 2026-11-13"}, hint: "renewed"},
		{what: "it has not begun", crt: early, key: earlyKey, want: []string{at + ".crt is not valid before 2026-11-25"}, hint: "clock"},
		{what: "it ends soon", crt: soon, key: soonKey, warned: at + ".crt ends on 2026-12-03"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			dir := t.TempDir()
			names := []string{"mlops.example.com", "s3.mlops.example.com"}
			declared := map[string]schema.Secret{
				"nginx.tls.crt": {Component: "nginx", Part: "crt", Names: names, Supplied: true},
				"nginx.tls.key": {Component: "nginx", Part: "key", Names: names, Supplied: true},
				"mlflow.flask":  {Component: "mlflow", Length: 32},
			}
			for name, text := range map[string]string{".crt": tt.crt, ".key": tt.key} {
				if text != "" {
					put(t, dir, at+name, text)
				}
			}
			r, err := Local{Dir: dir, Env: "prod"}.Generate(declared, rand.Reader, now)
			if tt.want == nil {
				if err != nil {
					t.Error(err)
				}
				if got := strings.Join(r.Warned, ", "); got != tt.warned {
					t.Errorf("it warns %q, want %q", got, tt.warned)
				}
				return
			}
			wantProblems(t, err, tt.want, tt.hint)
			if len(r.Made) > 0 {
				t.Errorf("made %q all the same", r.Made)
			}
			if strings.Contains(err.Error(), strings.TrimSpace(tt.key)) && len(tt.key) > 9 {
				t.Error("the key is in the error")
			}
		})
	}
}

// A cluster can't have what only this machine vouches for, and asks for both files.
func TestClusterAsksForCertificates(t *testing.T) {
	cluster := Cluster{Dir: t.TempDir(), Env: "prod", Namespace: "mlops", Recipients: []string{identity(t).Recipient().String()}}
	_, err := cluster.Generate(certified("localhost"), rand.Reader, now)
	wantProblems(t, err, []string{"the certificate nginx.tls would be of this machine's own authority, which nobody at a cluster knows"}, "supplied")

	declared := maps.Clone(certified("mlops.example.com"))
	delete(declared, "ca.crt")
	for name, s := range declared {
		s.Supplied = s.Part != ""
		declared[name] = s
	}
	_, err = cluster.Generate(declared, rand.Reader, now)
	wantProblems(t, err, []string{
		"the secret nginx.tls.crt is not made but supplied, and deploy/prod/secrets/nginx.tls.crt.yaml is not there",
		"the secret nginx.tls.key is not made but supplied, and deploy/prod/secrets/nginx.tls.key.yaml is not there",
	}, "for mlops.example.com, with those behind it that lead to its authority:\nmlops-gitops secrets set prod nginx.tls.crt --from fullchain.pem")
}

// theirs is a certificate and key of an authority that is none of ours.
func theirs(t *testing.T, from time.Time, life time.Duration, names ...string) (crt, key string) {
	t.Helper()
	made, err := template(rand.Reader, from, life)
	if err != nil {
		t.Fatal(err)
	}
	made.DNSNames = names
	p, err := sign(made, nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(p.key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	return string(p.certPEM()), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

// putAuthority puts one of the same names in place, but for a change.
func putAuthority(t *testing.T, dir string, change func(*x509.Certificate)) {
	t.Helper()
	made, err := newAuthority("dev", []string{"127.0.0.1", "localhost"}, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	change(made.cert)
	made.cert.PublicKey = nil
	if made, err = sign(made.cert, nil); err != nil {
		t.Fatal(err)
	}
	key, err := made.keyPEM()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{authorityCert: made.certPEM(), authorityKey: key} {
		remove(t, dir, name)
		put(t, dir, name, string(data))
	}
}

func putKey(t *testing.T, dir, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := pair{key: key}.keyPEM()
	if err != nil {
		t.Fatal(err)
	}
	remove(t, dir, name)
	put(t, dir, name, string(bytes.Clone(text)))
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}
