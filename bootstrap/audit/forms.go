package audit

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"slices"
	"strings"
)

// A form is how a value may be written.
type form struct {
	text []byte
	name string
}

// formsOf are the forms of a value that are long enough to be told from other text.
func formsOf(value []byte) (forms []form) {
	for _, part := range parts(value) {
		add := func(name string, text []byte) {
			same := func(f form) bool { return bytes.Equal(f.text, text) }
			if len(text) >= Shortest && !slices.ContainsFunc(forms, same) {
				forms = append(forms, form{text, name})
			}
		}
		if len(part) < Shortest {
			continue
		}
		add("in plain text", bytes.Clone(part))
		add("in hexadecimal", hex.AppendEncode(nil, part))
		add("in hexadecimal", bytes.ToUpper(hex.AppendEncode(nil, part)))
		for shift := range 3 {
			add("in base64", inBase64(base64.RawStdEncoding, part, shift))
			add("in base64", inBase64(base64.RawURLEncoding, part, shift))
		}
		text := string(part) // strings can't be wiped, and escaping needs them
		query, path := url.QueryEscape(text), url.PathEscape(text)
		for _, escaped := range []string{query, path} {
			add("escaped for a URL", []byte(escaped))
			add("escaped for a URL", lowerEscapes([]byte(escaped)))
		}
		for _, escaped := range inJSON(text) {
			add("escaped for JSON or YAML", escaped)
		}
		add("quoted for YAML or SQL", bytes.ReplaceAll(part, []byte(`'`), []byte(`''`)))
		add("quoted for a shell", bytes.ReplaceAll(part, []byte(`'`), []byte(`'\''`)))
	}
	return forms
}

// parts are the lines of a value: in a file of another format each would be indented. A
// private key's lines that say nothing but its public key, as its certificate does, and the
// lines about them are left out; so is a certificate.
func parts(value []byte) (lines [][]byte) {
	public := publicOf(value)
	for line := range bytes.Lines(value) {
		line = bytes.TrimRight(line, "\r\n")
		if public != nil {
			raw, err := base64.StdEncoding.AppendDecode(nil, line)
			shown := err != nil || bytes.Contains(public, raw)
			clear(raw)
			if shown {
				continue
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// publicOf is what everyone may know of a value in PEM, nil for other text.
func publicOf(value []byte) (public []byte) {
	for rest := value; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return public
		}
		if public == nil {
			public = []byte{}
		}
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") { // a certificate, parameters of a curve
			public = append(public, block.Bytes...)
			continue
		}
		if key := publicKey(block.Bytes); key != nil {
			public = append(public, key...)
		}
		clear(block.Bytes)
	}
}

// publicKey is the public half of a private key in DER, nil where it can't be read.
func publicKey(der []byte) []byte {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if key, err = x509.ParseECPrivateKey(der); err != nil {
			if key, err = x509.ParsePKCS1PrivateKey(der); err != nil {
				return nil
			}
		}
	}
	signer, ok := key.(interface{ Public() any })
	if !ok {
		return nil
	}
	public, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return nil
	}
	return public
}

// inBase64 is what text in base64 has of a part that begins so many bytes behind a group of
// three, without the characters at its ends that tell of its neighbours, too.
func inBase64(as *base64.Encoding, part []byte, shift int) []byte {
	padded := append(make([]byte, shift), part...)
	defer clear(padded)
	all := as.AppendEncode(nil, padded)
	first := (shift*8 + 5) / 6
	return all[first : len(padded)*8/6]
}

// inJSON is text as JSON has it in a string, with and without the escapes for HTML. A double
// quoted string of YAML is the same.
func inJSON(text string) (escaped [][]byte) {
	for _, html := range []bool{false, true} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(html)
		if e.Encode(text) == nil { // a string always can be
			escaped = append(escaped, bytes.Trim(b.Bytes(), "\n")[1:b.Len()-2])
		}
	}
	return escaped
}

// lowerEscapes is text with the two digits behind each % in lower case.
func lowerEscapes(text []byte) []byte {
	for i := 0; i+2 < len(text); i++ {
		if text[i] == '%' {
			copy(text[i+1:], bytes.ToLower(text[i+1:i+3]))
		}
	}
	return text
}
