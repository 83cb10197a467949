package secrets

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// The files of the authority. Its key is for this folder alone: nothing declares it,
// and no container mounts it.
const (
	authorityCert    = "ca.crt"
	authorityKey     = "ca.key"
	authorityKeyMode = 0o600
)

// A certificate is what the secrets NAME.crt and NAME.key hold together.
type certificate struct {
	name     string
	names    []string // what it is for
	supplied bool
}

func (c certificate) crt() string { return c.name + ".crt" }
func (c certificate) key() string { return c.name + ".key" }

// certificates are those of which parts are declared, in order.
func certificates(declared map[string]schema.Secret) (all []certificate) {
	found := map[string]certificate{}
	for name, secret := range declared {
		if secret.Part == "crt" || secret.Part == "key" {
			base := strings.TrimSuffix(name, "."+secret.Part)
			found[base] = certificate{base, secret.Names, secret.Supplied}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[name])
	}
	return all
}

// texts are the declared secrets that are no parts of certificates.
func texts(declared map[string]schema.Secret) map[string]schema.Secret {
	some := maps.Clone(declared)
	maps.DeleteFunc(some, func(_ string, s schema.Secret) bool { return s.Part != "" })
	return some
}

// signed are the certificates that this machine's own authority vouches for.
func signed(all []certificate) []certificate {
	return slices.DeleteFunc(slices.Clone(all), func(c certificate) bool { return c.supplied })
}

// namesOf are all names that certificates are for.
func namesOf(all []certificate) (names []string) {
	for _, c := range all {
		names = append(names, c.names...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// checkCertificates returns the Problems with what persons put there: certificates that
// they supply, and any in the place of one that is made.
func (l Local) checkCertificates(f *folder, all []certificate, now time.Time, r *Result) (problems []error) {
	for _, c := range all {
		crt, crtErr := f.readIfAny(c.crt())
		key, keyErr := f.readIfAny(c.key())
		if err := errors.Join(crtErr, keyErr); err != nil {
			problems = append(problems, crtErr, keyErr)
			continue
		}
		if c.supplied {
			problems = append(problems, l.checkSupplied(c, crt, key, now, r)...)
		} else if cert, err := parseCertificate(crt); err == nil && !slices.Contains(cert.Issuer.Organization, organization) {
			problems = append(problems, &Problem{
				fmt.Sprintf("%s is not from this machine's own authority, which is to make %s", path.Join(l.folder(), c.crt()), c.name),
				"move it away; a certificate of your own has to be declared as supplied",
			})
		}
		clear(key)
	}
	return slices.DeleteFunc(problems, func(err error) bool { return err == nil })
}

// checkSupplied returns what is wrong with a certificate that a person supplies, and
// tells r when it ends soon.
func (l Local) checkSupplied(c certificate, crt, key []byte, now time.Time, r *Result) (problems []error) {
	crtFile, keyFile := path.Join(l.folder(), c.crt()), path.Join(l.folder(), c.key())
	var missing []string
	if crt == nil {
		missing = append(missing, crtFile)
	}
	if key == nil {
		missing = append(missing, keyFile)
	}
	if len(missing) > 0 {
		is := "is"
		if len(missing) > 1 {
			is = "are"
		}
		return []error{&Problem{
			fmt.Sprintf("the certificate %s is not made but supplied, and %s %s not there", c.name, strings.Join(missing, " and "), is),
			fmt.Sprintf("it is for %s; put it there, those behind it that lead to its authority, and its key:\ncp fullchain.pem %s\ncp privkey.pem %s", strings.Join(c.names, ", "), crtFile, keyFile),
		}}
	}
	problem := func(msg, fix string) { problems = append(problems, &Problem{msg, fix}) }
	cert, err := parseCertificate(crt)
	if err != nil {
		problem(fmt.Sprintf("%s is no certificate: %v", crtFile, err), "put it there in PEM, with those behind it that lead to its authority:\ncp fullchain.pem "+crtFile)
	}
	signer, err := parseKey(key)
	switch {
	case errors.Is(err, errEncrypted):
		problem(keyFile+" is encrypted, and no program here knows its passphrase", "decrypt it:\nopenssl pkey -in "+keyFile+" -out "+keyFile+".new && mv -f "+keyFile+".new "+keyFile)
	case err != nil:
		problem(fmt.Sprintf("%s is no private key: %v", keyFile, err), "put it there in PEM:\ncp privkey.pem "+keyFile)
	case cert != nil && !(pair{cert, signer}).matches():
		problem(fmt.Sprintf("%s is not the key of %s", keyFile, crtFile), "put the two there that belong together; the server's own certificate comes first in its file")
	}
	if cert == nil {
		return problems
	}
	if bare := uncovered(cert, c.names); len(bare) > 0 {
		problem(fmt.Sprintf("%s is not for %s", crtFile, strings.Join(bare, ", ")), fmt.Sprintf("it is for %s; have it made for all of %s", strings.Join((pair{cert: cert}).names(), ", "), strings.Join(c.names, ", ")))
	}
	switch {
	case !now.Before(cert.NotAfter):
		problem(fmt.Sprintf("%s ended on %s", crtFile, date(cert.NotAfter)), "have it renewed, and put the new one there")
	case now.Before(cert.NotBefore):
		problem(fmt.Sprintf("%s is not valid before %s", crtFile, date(cert.NotBefore)), "look at this machine's clock")
	case cert.NotAfter.Sub(now) < warnWithin:
		r.Warned = append(r.Warned, fmt.Sprintf("%s ends on %s", crtFile, date(cert.NotAfter)))
	}
	return problems
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// makeCertificates makes those that are lacking or no longer hold, and their authority,
// all together: on disk they are complete or as they were.
func (l Local) makeCertificates(f *folder, all []certificate, anew map[string]bool, rand io.Reader, now time.Time, r *Result) error {
	ours := signed(all)
	names := namesOf(ours)
	authority, fault, err := f.authority(names, now)
	if err != nil {
		return err
	}
	if anew[authorityCert] {
		fault = "as asked"
	}
	var set []staging
	made := map[string]string{} // by name, why
	if fault == "" {
		for _, c := range ours {
			why, err := f.fault(c, authority, now)
			if err != nil {
				return err
			}
			if anew[c.name] {
				why = "as asked"
			}
			if why != "" {
				made[c.name] = why
			}
		}
		if len(made) > 0 && authority.key == nil {
			fault = "its key is gone"
		}
	}
	if fault != "" {
		if authority, err = newAuthority(l.Env, names, rand, now); err != nil {
			return err
		}
		key, err := authority.keyPEM()
		if err != nil {
			return err
		}
		set = append(set, staging{authorityCert, authority.certPEM(), localFileMode}, staging{authorityKey, key, authorityKeyMode})
		for _, c := range ours {
			made[c.name] = "its authority is new"
		}
		r.Authority = names
		if err := f.note(authorityCert, fault, r); err != nil {
			return err
		}
	}
	for _, c := range ours {
		why, wanted := made[c.name]
		if !wanted {
			continue
		}
		leaf, err := authority.newLeaf(c.names, rand, now)
		if err != nil {
			return in(f.at(c.crt()), err)
		}
		key, err := leaf.keyPEM()
		if err != nil {
			return err
		}
		set = append(set, staging{c.crt(), leaf.certPEM(), localFileMode}, staging{c.key(), key, localFileMode})
		if err := f.note(c.name, why, r); err != nil {
			return err
		}
	}
	if len(set) == 0 {
		return nil
	}
	return f.replace(set)
}

// note tells r of a certificate that will be made, or made anew and why.
func (f *folder) note(name, why string, r *Result) error {
	crt := name
	if name != authorityCert {
		crt += ".crt"
	}
	size, err := f.size(crt)
	if err != nil {
		return err
	}
	if size < 0 {
		r.Made = append(r.Made, crt)
		if crt != name {
			r.Made = append(r.Made, name+".key")
		}
		slices.Sort(r.Made)
		return nil
	}
	r.Renewed = append(r.Renewed, Renewal{name, why})
	return nil
}

// authority is the one in the folder, without a key where there is none, and what is
// wrong with it, or "".
func (f *folder) authority(names []string, now time.Time) (a pair, fault string, err error) {
	crt, err := f.readIfAny(authorityCert)
	if err != nil {
		return a, "", err
	}
	if crt == nil {
		return a, "there is none", nil
	}
	if a.cert, err = parseCertificate(crt); err != nil || !a.cert.IsCA {
		return pair{}, "it can't be read", nil
	}
	data, err := f.readIfAny(authorityKey)
	if err != nil {
		return a, "", err
	}
	defer clear(data)
	if a.key, err = parseKey(data); err != nil || !a.matches() {
		a.key = nil
	}
	switch refused := a.refuses(names); {
	case len(refused) > 0:
		return a, "it may not vouch for " + strings.Join(refused, ", "), nil
	case a.cert.NotAfter.Sub(now) < renewWithin:
		return a, "it ends on " + date(a.cert.NotAfter), nil
	case now.Before(a.cert.NotBefore):
		return a, "it is not valid before " + date(a.cert.NotBefore), nil
	}
	return a, "", nil
}

// fault is why a certificate has to be made, or "".
func (f *folder) fault(c certificate, authority pair, now time.Time) (string, error) {
	crt, err := f.readIfAny(c.crt())
	if err != nil {
		return "", err
	}
	key, err := f.readIfAny(c.key())
	if err != nil {
		return "", err
	}
	defer clear(key)
	if crt == nil || key == nil {
		return "a part of it is gone", nil
	}
	cert, certErr := parseCertificate(crt)
	signer, keyErr := parseKey(key)
	if certErr != nil || keyErr != nil {
		return "it can't be read", nil
	}
	leaf := pair{cert, signer}
	wanted := slices.Sorted(slices.Values(c.names))
	switch {
	case !leaf.matches():
		return "its key is another's", nil
	case cert.CheckSignatureFrom(authority.cert) != nil:
		return "its authority is another", nil
	case !slices.Equal(leaf.names(), slices.Compact(wanted)):
		return "it is now for " + strings.Join(wanted, ", "), nil
	case now.Before(cert.NotBefore):
		return "it is not valid before " + date(cert.NotBefore), nil
	case cert.NotAfter.Sub(now) < renewWithin && cert.NotAfter.Before(authority.cert.NotAfter):
		return "it ends on " + date(cert.NotAfter), nil
	}
	return "", nil
}

// readIfAny returns what the file holds, nil when there is none.
func (f *folder) readIfAny(file string) ([]byte, error) {
	size, err := f.size(file)
	if err != nil || size < 0 {
		return nil, err
	}
	return f.read(file)
}

// A staging is a file to be put in place with others.
type staging struct {
	file string
	data []byte
	mode fs.FileMode
}

// uncovered are the names that a certificate is not for.
func uncovered(cert *x509.Certificate, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return cert.VerifyHostname(name) == nil })
}
