package secrets

import (
	"crypto/x509"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

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
		cert, err := parseCertificate(crt)
		ours := err == nil && slices.Contains(cert.Issuer.Organization, organization)
		switch {
		case c.supplied && ours:
			crtFile, keyFile := path.Join(l.folder(), c.crt()), path.Join(l.folder(), c.key())
			problems = append(problems, &Problem{
				fmt.Sprintf("the certificate %s is not made but supplied, and %s is one that was made for this machine", c.name, crtFile),
				fmt.Sprintf("put yours in its place, for %s, and its key:\ncp -f fullchain.pem %s\ncp -f privkey.pem %s\nor, where it runs already, do that and start anew what uses it:\nmlops-gitops secrets rotate %s --from %s=fullchain.pem --from %s=privkey.pem", strings.Join(c.names, ", "), crtFile, keyFile, l.Env, c.crt(), c.key()),
			})
		case c.supplied:
			problems = append(problems, l.checkSupplied(c, crt, key, now, r)...)
		case err == nil && !ours:
			problems = append(problems, &Problem{
				fmt.Sprintf("%s is not from this machine's own authority, which is to make %s", path.Join(l.folder(), c.crt()), c.name),
				fmt.Sprintf("move it and its key away, and they are made; or declare that you supply them:\nmkdir -p kept && mv %s %s kept/", path.Join(l.folder(), c.crt()), path.Join(l.folder(), c.key())),
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
	return c.faults(crtFile, keyFile, crt, key, now, r)
}

// faults are what is wrong with a certificate and its key, or with one of them where the other
// is nil; files are their names for people. r is told when it ends soon.
func (c certificate) faults(crtFile, keyFile string, crt, key []byte, now time.Time, r *Result) (problems []error) {
	problem := func(msg, fix string) { problems = append(problems, &Problem{msg, fix}) }
	cert, err := parseCertificate(crt)
	if err != nil && crt != nil {
		problem(fmt.Sprintf("%s is no certificate: %v", crtFile, err), "put it there in PEM, with those behind it that lead to its authority:\ncp fullchain.pem "+crtFile)
	}
	signer, err := parseKey(key)
	switch {
	case key == nil:
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

// uncovered are the names that a certificate is not for.
func uncovered(cert *x509.Certificate, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return cert.VerifyHostname(name) == nil })
}
