package schema

import (
	"strings"
	"testing"
)

// aCertificate is one that signs itself.
const aCertificate = `-----BEGIN CERTIFICATE-----
MIIBljCCAT2gAwIBAgIUZVwVQcPObdZiN2aqU4mGH+a8gLswCgYIKoZIzj0EAwIw
IDEeMBwGA1UEAwwVRXhhbXBsZSBkYXRhYmFzZSByb290MCAXDTI2MTEyNjAyMDIz
N1oYDzIxMjYxMTAyMDIwMjM3WjAgMR4wHAYDVQQDDBVFeGFtcGxlIGRhdGFiYXNl
IHJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQjAY/MVvWgsBdz7NCryon1
IVtJ+S5eoVYV9g1r7yUoM5Sbh99z9h4xIBJSx8c1NR0FlgxGeW1GjPMcH+StqdSa
o1MwUTAdBgNVHQ4EFgQU59Tkb4D4Ifk+lUZZFpwpGJvuA+IwHwYDVR0jBBgwFoAU
59Tkb4D4Ifk+lUZZFpwpGJvuA+IwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQD
AgNHADBEAiA2qUzbO8brAwppwEWV955VLPSsO+IJK+iaFmgbKBFUjwIge/skYMn9
VV/hfiJguMBL+4ihVdIw284isiFL/dJtfdg=
-----END CERTIFICATE-----
`

// TestCertificates holds that certificates are read, and that nothing hides beside them.
func TestCertificates(t *testing.T) {
	key := strings.ReplaceAll(aCertificate, "CERTIFICATE", "PRIVATE KEY")
	for text, want := range map[string]string{
		aCertificate: "",
		"\n" + aCertificate + "\n" + aCertificate:                 "",
		strings.ReplaceAll(aCertificate, "\n", "\r\n"):            "",
		strings.Replace(aCertificate, "IwIw\n", "IwIw", 1) + "\n": "",
		"":                        "certificate 1: it does not stand between",
		"secret":                  "certificate 1: it does not stand between",
		key:                       "certificate 1: it does not stand between",
		aCertificate + key:        "certificate 2: it does not stand between",
		aCertificate + "secret":   "certificate 2: it does not stand between",
		"secret\n" + aCertificate: "certificate 1: it does not stand between",
		strings.Replace(aCertificate, "-----\n", "-----\nSecret: value\n\n", 1): "certificate 1: its lines are no base64",
		certificateBegins + "\nsecret: hunter2\n" + aCertificate:                "certificate 1: its lines are no base64",
		certificateBegins + "\nhunter2\n" + aCertificate:                        "certificate 1: its lines are no base64",
		strings.Replace(aCertificate, "MIIB", "M", 1):                           "certificate 1: its lines are no base64",
		"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n":        "certificate 1: x509: malformed certificate",
	} {
		found, err := Certificates(text)
		switch {
		case want == "" && (err != nil || len(found) == 0):
			t.Errorf("%q: %v", text, err)
		case want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)):
			t.Errorf("%q: %v, not %s", text, err, want)
		}
	}
}
