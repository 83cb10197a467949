package schema

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
)

const (
	certificateBegins = "-----BEGIN CERTIFICATE-----"
	certificateEnds   = "-----END CERTIFICATE-----"
)

// Certificates reads one certificate or several in PEM (RFC 7468), and nothing else but white
// space around them. Its errors say which one is wrong, counted from 1.
func Certificates(text string) (found []*x509.Certificate, err error) {
	for rest := strings.TrimSpace(text); rest != "" || len(found) == 0; rest = strings.TrimSpace(rest) {
		end := strings.Index(rest, certificateEnds)
		if !strings.HasPrefix(rest, certificateBegins) || end < 0 {
			return nil, fmt.Errorf("certificate %d: it does not stand between %s and %s", len(found)+1, certificateBegins, certificateEnds)
		}
		end += len(certificateEnds)
		// Decode passes over what it can't read, so the text is held to what it found
		block, _ := pem.Decode([]byte(rest[:end]))
		if block == nil || letters(rest[:end]) != letters(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: block.Bytes}))) {
			return nil, fmt.Errorf("certificate %d: its lines are no base64", len(found)+1)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(found)+1, err)
		}
		found, rest = append(found, cert), rest[end:]
	}
	return found, nil
}

// letters are text without its white space: lines of certificates may have any length.
func letters(text string) string { return strings.Join(strings.Fields(text), "") }
