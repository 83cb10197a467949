package secrets

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// verify asks crypto/x509 whether a client that trusts the authority takes a certificate.
func verify(authority, leaf pair, name string, at time.Time) error {
	roots := x509.NewCertPool()
	roots.AddCert(authority.cert)
	_, err := leaf.cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, CurrentTime: at})
	return err
}

func newPair(t *testing.T, names ...string) (authority, leaf pair) {
	t.Helper()
	authority, err := newAuthority("dev", names, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err = authority.newLeaf(names, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	return authority, leaf
}

// Whatever the names are, a certificate is for exactly them, and its authority can vouch
// for them, for what is below them, and for nothing else.
func TestCertificatesAreForExactlyTheirNames(t *testing.T) {
	labels := []string{"a", "mlops", "example", "s3", "localhost", "xn--bcher-kva", "com"}
	addresses := []string{"127.0.0.1", "10.0.0.7", "::1", "fd00::7"}
	for range 60 {
		var names []string
		for range 1 + mathrand.IntN(4) {
			if mathrand.IntN(3) == 0 {
				names = append(names, addresses[mathrand.IntN(len(addresses))])
				continue
			}
			var name []string
			for range 1 + mathrand.IntN(3) {
				name = append(name, labels[mathrand.IntN(len(labels))])
			}
			names = append(names, strings.Join(name, "."))
		}
		slices.Sort(names)
		names = slices.Compact(names)
		authority, leaf := newPair(t, names...)
		if got := leaf.names(); !slices.Equal(got, names) {
			t.Errorf("for %q it is for %q", names, got)
		}
		for _, name := range names {
			if err := verify(authority, leaf, name, now); err != nil {
				t.Errorf("of %q, %s: %v", names, name, err)
			}
		}
		if refused := authority.refuses(names); refused != nil {
			t.Errorf("the authority for %q refuses %q", names, refused)
		}
		for _, other := range append([]string{"evil.example.org", "evil", "8.8.8.8", "2001:db8::1"}, below(names)...) {
			forged, err := authority.newLeaf([]string{other}, rand.Reader, now)
			if err != nil {
				t.Fatal(err)
			}
			err = verify(authority, forged, other, now)
			if may := authority.refuses([]string{other}) == nil; may != (err == nil) {
				t.Errorf("authority for %q, certificate for %s: we say %v, crypto/x509 says %v", names, other, may, err)
			}
			if strings.HasPrefix(other, "evil") && err == nil {
				t.Errorf("an authority for %q vouches for %s", names, other)
			}
			if verify(authority, leaf, other, now) == nil && !slices.Contains(names, other) {
				t.Errorf("a certificate for %q is taken for %s", names, other)
			}
		}
	}
}

func below(names []string) (all []string) {
	for _, name := range names {
		if net.ParseIP(name) == nil {
			all = append(all, "below."+name, "beside"+name)
		}
	}
	return all
}

func TestWhatCertificatesSay(t *testing.T) {
	authority, leaf := newPair(t, "localhost", "127.0.0.1", "s3.localhost")
	a, l := authority.cert, leaf.cert
	for what, ok := range map[string]bool{
		"the authority is one":                             a.IsCA && a.BasicConstraintsValid && a.KeyUsage&x509.KeyUsageCertSign != 0,
		"it signs no other authority":                      a.MaxPathLen == 0 && a.MaxPathLenZero,
		"it lasts ten years":                               a.NotAfter.Sub(now) > 3650*day && a.NotAfter.Sub(now) < 3660*day,
		"its limits are not to be overlooked":              a.PermittedDNSDomainsCritical,
		"a name below another is no limit of its own":      slices.Equal(a.PermittedDNSDomains, []string{"localhost"}),
		"its address is one, not a net":                    fmt.Sprint(a.PermittedIPRanges) == "[127.0.0.1/32]",
		"a certificate lasts 397 days at most":             l.NotAfter.Sub(l.NotBefore) <= 397*day,
		"it is for servers":                                slices.Equal(l.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) && !l.IsCA,
		"it names its authority's key":                     string(l.AuthorityKeyId) == string(a.SubjectKeyId) && len(a.SubjectKeyId) > 0,
		"a clock that is a little behind does not mind":    verify(authority, leaf, "localhost", now.Add(-30*time.Minute)) == nil,
		"after its time it is refused":                     verify(authority, leaf, "localhost", now.Add(398*day)) != nil,
		"two authorities have different names and numbers": a.Subject.String() != newAuthorityFor(t, "localhost").cert.Subject.String(),
	} {
		if !ok {
			t.Errorf("not so: %s", what)
		}
	}
}

func newAuthorityFor(t *testing.T, names ...string) pair {
	authority, _ := newPair(t, names...)
	return authority
}

func TestAnAuthoritySignsNoOther(t *testing.T) {
	authority, _ := newPair(t, "localhost")
	below, err := template(rand.Reader, now, day)
	if err != nil {
		t.Fatal(err)
	}
	below.IsCA, below.KeyUsage = true, x509.KeyUsageCertSign
	second, err := sign(below, &authority)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := second.newLeaf([]string{"localhost"}, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(authority.cert)
	between.AddCert(second.cert)
	if _, err := leaf.cert.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: "localhost", CurrentTime: now}); err == nil {
		t.Error("an authority below the authority is taken")
	}
}

// What is written is what a TLS server reads and a client trusts.
func TestAClientTrustsTheServer(t *testing.T) {
	authority, leaf := newPair(t, "localhost")
	key, err := leaf.keyPEM()
	if err != nil {
		t.Fatal(err)
	}
	served, err := tls.X509KeyPair(leaf.certPEM(), key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority.certPEM()) {
		t.Fatal("the authority's certificate is not one")
	}
	near, far := net.Pipe()
	server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{served}})
	go func() { _ = server.Handshake() }()
	client := tls.Client(near, &tls.Config{RootCAs: roots, ServerName: "localhost", Time: func() time.Time { return now }})
	if err := client.Handshake(); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if cert, err := parseCertificate(data); (cert == nil) == (err == nil) {
			t.Errorf("%v, %v", cert, err)
		}
		if key, err := parseKey(data); (key == nil) == (err == nil) {
			t.Errorf("%v, %v", key, err)
		}
	})
}
