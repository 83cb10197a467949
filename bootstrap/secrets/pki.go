package secrets

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"time"
)

const (
	day           = 24 * time.Hour
	authorityLife = 3652 * day // ten years
	leafLife      = 397 * day  // browsers take no more (CA/Browser Forum, Baseline Requirements, 6.3.2)
	renewWithin   = 30 * day   // what has no more left is made anew
	warnWithin    = 14 * day   // of one that a person supplies
	clockSkew     = time.Hour  // between this machine and its clients
)

// organization tells our certificates from those that a person put in their place.
const organization = "mlops-gitops local authority"

// A pair is a certificate and its private key.
type pair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// newAuthority makes an authority that can vouch for these names, what is below them,
// and nothing else, whoever gets hold of its key. The serial number comes from rand;
// keys and signatures draw on the operating system.
func newAuthority(env string, names []string, rand io.Reader, now time.Time) (pair, error) {
	template, err := template(rand, now, authorityLife)
	if err != nil {
		return pair{}, err
	}
	// a name of its own, lest a trust store take it for an older one
	template.Subject = pkix.Name{Organization: []string{organization}, CommonName: fmt.Sprintf("mlops-gitops %s %x", env, template.SerialNumber.Bytes()[:4])}
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	template.IsCA, template.MaxPathLenZero = true, true
	constrain(template, names)
	return sign(template, nil)
}

// constrain lets an authority vouch for these names and what is below them only.
func constrain(authority *x509.Certificate, names []string) {
	authority.PermittedDNSDomainsCritical = true
	authority.PermittedDNSDomains, authority.PermittedIPRanges = domains(names), ranges(names)
	// a kind of name of which none is permitted would be free
	if len(authority.PermittedDNSDomains) == 0 {
		authority.ExcludedDNSDomains = []string{""}
	}
	if len(authority.PermittedIPRanges) == 0 {
		authority.ExcludedIPRanges = []*net.IPNet{
			{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)},
			{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)},
		}
	}
}

// exceeds says what else the authority may vouch for than newAuthority lets one, or "".
func (authority pair) exceeds(names []string) string {
	var wanted x509.Certificate
	constrain(&wanted, names)
	text := func(permitted []string, ranges []*net.IPNet) (all []string) {
		all = append(all, permitted...)
		for _, r := range ranges {
			if ones, bits := r.Mask.Size(); ones == bits {
				all = append(all, r.IP.String())
			} else {
				all = append(all, r.String())
			}
		}
		return all
	}
	is, own := authority.cert, text(wanted.PermittedDNSDomains, wanted.PermittedIPRanges)
	more := slices.DeleteFunc(text(is.PermittedDNSDomains, is.PermittedIPRanges), func(name string) bool { return slices.Contains(own, name) })
	switch {
	case len(more) > 0:
		return "it may vouch for more: " + strings.Join(more, ", ")
	case !is.PermittedDNSDomainsCritical || !is.MaxPathLenZero,
		!slices.Equal(is.ExcludedDNSDomains, wanted.ExcludedDNSDomains),
		!slices.Equal(text(nil, is.ExcludedIPRanges), text(nil, wanted.ExcludedIPRanges)):
		return "it may vouch for more than its names"
	}
	return ""
}

// newLeaf makes a certificate for exactly these names.
func (authority pair) newLeaf(names []string, rand io.Reader, now time.Time) (pair, error) {
	template, err := template(rand, now, leafLife)
	if err != nil {
		return pair{}, err
	}
	template.Subject = pkix.Name{Organization: []string{"mlops-gitops"}}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	if end := authority.cert.NotAfter; template.NotAfter.After(end) {
		template.NotAfter = end
	}
	for _, name := range slices.Sorted(slices.Values(names)) {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return sign(template, &authority)
}

func template(rand io.Reader, now time.Time, life time.Duration) (*x509.Certificate, error) {
	serial := make([]byte, 16)
	if _, err := io.ReadFull(rand, serial); err != nil {
		return nil, err
	}
	serial[0] = serial[0]&0x3f | 0x40 // positive, and always of 16 bytes
	from := now.Add(-clockSkew).UTC().Truncate(time.Second)
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial),
		NotBefore:    from,
		NotAfter:     from.Add(life),
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		BasicConstraintsValid: true,
	}, nil
}

// sign makes a key and its certificate, by an authority or, for nil, by itself.
func sign(template *x509.Certificate, by *pair) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), nil) // which draws on the operating system
	if err != nil {
		return pair{}, err
	}
	if by == nil {
		by = &pair{template, key}
	}
	der, err := x509.CreateCertificate(nil, template, by.cert, key.Public(), by.key)
	if err != nil {
		return pair{}, err
	}
	cert, err := x509.ParseCertificate(der)
	return pair{cert, key}, err
}

// domains are the DNS names without those below another of them.
func domains(names []string) (all []string) {
	for _, name := range slices.Sorted(slices.Values(names)) {
		if net.ParseIP(name) == nil {
			all = append(all, strings.TrimPrefix(name, "*."))
		}
	}
	return slices.DeleteFunc(slices.Compact(all), func(name string) bool {
		return slices.ContainsFunc(all, func(other string) bool { return strings.HasSuffix(name, "."+other) })
	})
}

// ranges are the addresses among names, each a range of one.
func ranges(names []string) (all []*net.IPNet) {
	for _, name := range slices.Sorted(slices.Values(names)) {
		if ip := net.ParseIP(name); ip != nil {
			if v4 := ip.To4(); v4 != nil {
				ip = v4
			}
			all = append(all, &net.IPNet{IP: ip, Mask: net.CIDRMask(8*len(ip), 8*len(ip))})
		}
	}
	return all
}

// refuses are the names for which the authority can't vouch.
func (authority pair) refuses(names []string) (refused []string) {
	for _, name := range names {
		ip, dns := net.ParseIP(name), strings.TrimPrefix(name, "*.")
		permitted := ip != nil && slices.ContainsFunc(authority.cert.PermittedIPRanges, func(r *net.IPNet) bool { return r.Contains(ip) }) ||
			ip == nil && slices.ContainsFunc(authority.cert.PermittedDNSDomains, func(d string) bool { return dns == d || strings.HasSuffix(dns, "."+d) })
		if !permitted {
			refused = append(refused, name)
		}
	}
	return refused
}

// names are what a certificate is for, sorted.
func (p pair) names() []string {
	all := slices.Clone(p.cert.DNSNames)
	for _, ip := range p.cert.IPAddresses {
		all = append(all, ip.String())
	}
	slices.Sort(all)
	return all
}

func (p pair) certPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw})
}

func (p pair) keyPEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// matches reports whether the key is the certificate's.
func (p pair) matches() bool {
	public, ok := p.key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(p.cert.PublicKey)
}

// parseCertificate returns the first certificate in PEM; what follows it leads to its
// authority. Its errors hold nothing of the data.
func parseCertificate(data []byte) (*x509.Certificate, error) {
	var first *x509.Certificate
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			if strings.HasSuffix(block.Type, "PRIVATE KEY") {
				return nil, errors.New("it holds a private key")
			}
			return nil, fmt.Errorf("it holds a %s", strings.ToLower(block.Type))
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("it holds a certificate that can't be read")
		}
		if first == nil {
			first = cert
		}
	}
	if first == nil {
		return nil, errors.New("it holds no certificate in PEM")
	}
	return first, nil
}

// parseKey returns a private key in PEM. Its errors hold nothing of the data.
func parseKey(data []byte) (crypto.Signer, error) {
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errors.New("it holds no private key in PEM")
		}
		if strings.HasPrefix(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "" {
			return nil, errEncrypted
		}
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue // parameters of a curve, say
		}
		for _, parse := range []func([]byte) (any, error){
			x509.ParsePKCS8PrivateKey,
			func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
			func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) },
		} {
			if key, err := parse(block.Bytes); err == nil {
				if signer, ok := key.(crypto.Signer); ok {
					return signer, nil
				}
			}
		}
		return nil, errors.New("it holds a private key that can't be read")
	}
}

var errEncrypted = errors.New("its private key is encrypted")
