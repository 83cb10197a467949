package audit

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// A value is found in whatever form a file has it, at its line and column.
func TestForms(t *testing.T) {
	const value = `p@ss "w'o<r>d` + "\t" + `%/ü&+x`
	asJSON, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	around := func(before string, as *base64.Encoding) string {
		return as.EncodeToString([]byte(before + value + "after"))
	}
	for _, tt := range []struct{ text, what string }{
		{value, "in plain text"},
		{"user:" + value + "@host", "in plain text"},
		{hex.EncodeToString([]byte(value)), "in hexadecimal"},
		{strings.ToUpper(hex.EncodeToString([]byte(value))), "in hexadecimal"},
		{around("", base64.StdEncoding), "in base64"},
		{around("a", base64.StdEncoding), "in base64"},
		{around("ab", base64.StdEncoding), "in base64"},
		{around("a", base64.RawURLEncoding), "in base64"},
		{around("ab", base64.RawURLEncoding), "in base64"},
		{url.QueryEscape(value), "escaped for a URL"},
		{url.PathEscape(value), "escaped for a URL"},
		{string(lowerEscapes([]byte(url.QueryEscape(value)))), "escaped for a URL"},
		{string(asJSON), "escaped for JSON or YAML"},
		{`"p@ss \"w'o<r>d\t%/ü&+x"`, "escaped for JSON or YAML"},
		{"'" + strings.ReplaceAll(value, "'", "''") + "'", "quoted for YAML or SQL"},
		{"'" + strings.ReplaceAll(value, "'", `'\''`) + "'", "quoted for a shell"},
	} {
		f := NewFinder([]Value{{"dev", "a", []byte("another-value")}, {"dev", "b", []byte(value)}})
		hits := f.Values([]byte("first\nit is " + tt.text + "\n"))
		if len(hits) != 1 || hits[0].Value.Name != "b" || hits[0].What != tt.what || hits[0].Line != 2 || hits[0].Column < 7 {
			t.Errorf("%s: got %+v, want %s in line 2", tt.text, hits, tt.what)
		}
	}
}

// Every value is found at every place of text in base64, and no other is.
func TestBase64(t *testing.T) {
	for n := Shortest; n < 50; n++ {
		value := rand.Text() + rand.Text()
		value = value[:n]
		for before := range 7 {
			text := base64.StdEncoding.EncodeToString([]byte(rand.Text()[:before] + value + rand.Text()[:n%5]))
			f := NewFinder([]Value{{Text: []byte(value)}, {Text: []byte(rand.Text())}})
			if hits := f.Values([]byte(text)); len(hits) != 1 {
				t.Errorf("%s in %s: %+v", value, text, hits)
			}
		}
	}
}

// What is too short is not looked for, and a value that was wiped is not there any more.
func TestShortAndWiped(t *testing.T) {
	value := []byte("a-long-value")
	f := NewFinder([]Value{{Text: []byte("short")}, {Text: value}})
	if hits := f.Values([]byte("short a-long-value short")); len(hits) != 1 {
		t.Errorf("%+v", hits)
	}
	f.Wipe()
	if !bytes.Equal(value, make([]byte, len(value))) || len(f.Values([]byte("a-long-value"))) > 0 {
		t.Error("the value is still there")
	}
}

// A private key is found by each of its lines, however they are indented, and never in its
// certificate, which says its public key.
func TestPrivateKey(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	factors, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []interface {
		Public() any
	}{publicly{curve, curve.Public()}, publicly{factors, factors.Public()}} {
		key := key.(publicly)
		der, err := x509.MarshalPKCS8PrivateKey(key.private)
		if err != nil {
			t.Fatal(err)
		}
		private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		f := NewFinder([]Value{{Env: "dev", Name: "tls.key", Text: bytes.Clone(private)}})
		if hits := f.Values([]byte("key: |\n  " + strings.ReplaceAll(string(private), "\n", "\n  "))); len(hits) != 1 || hits[0].Line != 3 {
			t.Errorf("in YAML: %+v", hits)
		}
		for n := range 64 { // a longer serial number moves all that follows it
			serial := new(big.Int).Lsh(big.NewInt(1), uint(8*n%152))
			template := &x509.Certificate{SerialNumber: serial, NotAfter: time.Now(), DNSNames: []string{strings.Repeat("x", n)}}
			cert, err := x509.CreateCertificate(rand.Reader, template, template, key.public, key.private)
			if err != nil {
				t.Fatal(err)
			}
			if hits := f.Values(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})); len(hits) > 0 {
				t.Errorf("in its certificate: %+v", hits)
			}
		}
	}
}

type publicly struct{ private, public any }

func (p publicly) Public() any { return p.public }

// Keys of each kind are found, and what only looks like one is not.
func TestPasted(t *testing.T) {
	some := func(n int) string { return strings.Repeat("aB3", n)[:n] }
	key := "-----BEGIN " + "PRIVATE KEY-----"
	for text, want := range map[string]string{
		key + "\n" + some(64):                                          "a private key in PEM",
		`"` + key + `\n` + some(64):                                    "a private key in PEM",
		"-----BEGIN RSA " + key[11:] + "\nProc-Type: 4,EN":             "a private key in PEM",
		"-----BEGIN OPENSSH " + key[11:] + "\n    " + some(70):         "a private key in PEM",
		"AGE-SECRET-KEY-1" + strings.Repeat("Q", 58):                   "an age private key",
		"AGE-SECRET-KEY-PQ-1" + strings.Repeat("Q", 58):                "an age private key",
		"token=ghp_" + some(36):                                        "a GitHub token",
		"github_pat_" + some(22) + "_" + some(59):                      "a GitHub token",
		"glpat-" + some(20):                                            "a GitLab token",
		"xoxb-" + "1234567890-1234567890-" + some(24):                  "a Slack token",
		"hf_" + strings.Repeat("xY", 17):                               "a Hugging Face token",
		"AccountKey=" + some(86) + "==":                                "a key of an Azure storage account",
		"id: AKIA" + strings.Repeat("Q", 16) + "\nsecret: " + some(40): "an Amazon access key with its secret",
		"secret: " + some(40) + "\nid: ASIA" + strings.Repeat("Q", 16): "an Amazon access key with its secret",

		key + "…": "", "-----BEGIN CERTIFICATE-----\n" + some(64): "", "-----BEGIN PUBLIC KEY-----\n" + some(64): "",
		"AGE-SECRET-KEY-1…": "", "age1" + strings.Repeat("q", 58): "", "ghp_short": "", "xghp_" + some(36): "",
		"AKIA" + strings.Repeat("Q", 16):                                              "",
		"AKIA" + strings.Repeat("Q", 16) + " " + strings.Repeat("ab1", 14)[:40]:       "", // a digest
		"AKIA" + strings.Repeat("Q", 16) + strings.Repeat(" ", near+1) + some(40):     "",
		"image@sha256:" + fmt.Sprintf("%x", sha()) + " hf_home AccountKey=$(cat key)": "",
	} {
		hits := Pasted([]byte("x\n" + text + "\n"))
		switch {
		case want == "" && len(hits) > 0, want != "" && (len(hits) != 1 || hits[0].What != want || hits[0].Line < 2):
			t.Errorf("%q: got %+v, want %q", text, hits, want)
		}
	}
	for _, k := range kinds {
		if k.source == "" {
			t.Errorf("%s has no source", k.what)
		}
	}
}

// docs/security.md lists what is found.
func TestKindsAreListed(t *testing.T) {
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		if !strings.Contains(string(page), "`"+strings.TrimSpace(k.begins)) {
			t.Errorf("%s (%s) is not listed", k.what, k.begins)
		}
	}
	for _, name := range amazonNames {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("%s is not listed", name)
		}
	}
}

func sha() []byte { return bytes.Repeat([]byte{0xa5}, 32) }
