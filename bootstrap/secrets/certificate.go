package secrets

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// The files of the authority. Its key is for this folder alone: nothing declares it,
// and no container mounts it.
const (
	authorityCert    = schema.Authority
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

// fillCertificates makes certificates where any has to be made. Only then does it wait for
// others who are changing secrets.
func (l Local) fillCertificates(f *folder, all []certificate, rand io.Reader, now time.Time, r *Result) error {
	if todo, err := l.plan(f, all, nil, now); err != nil || todo.nothing() {
		return err
	}
	unlock, err := f.lock(true)
	if err != nil {
		return err
	}
	err = f.install(all)
	if err == nil {
		err = l.makeCertificates(f, all, nil, rand, now, r)
	}
	return errors.Join(err, unlock())
}

// A plan says what has to be made, and why.
type plan struct {
	authority pair              // in the folder
	fault     string            // why there has to be another, or ""
	made      map[string]string // certificates, by name
}

func (p plan) nothing() bool { return p.fault == "" && len(p.made) == 0 }

// plan finds what is lacking, what no longer holds, and what is asked for anew.
func (l Local) plan(f *folder, all []certificate, anew map[string]bool, now time.Time) (p plan, err error) {
	ours := signed(all)
	p.made = map[string]string{}
	if p.authority, p.fault, err = f.authority(namesOf(ours), now); err != nil {
		return p, err
	}
	if anew[authorityCert] {
		p.fault = "as asked"
	}
	for _, c := range ours {
		if p.fault != "" {
			p.made[c.name] = "its authority is new"
			continue
		}
		why, err := f.fault(c, p.authority, now)
		if err != nil {
			return p, err
		}
		if anew[c.name] {
			why = "as asked"
		}
		if why != "" {
			p.made[c.name] = why
		}
	}
	if p.fault == "" && len(p.made) > 0 && p.authority.key == nil { // it can't sign
		p.fault = "its key is gone"
		for _, c := range ours {
			p.made[c.name] = "its authority is new"
		}
	}
	return p, nil
}

// makeCertificates makes what the plan says, all together: on disk they are complete or as
// they were. The folder must be locked.
func (l Local) makeCertificates(f *folder, all []certificate, anew map[string]bool, rand io.Reader, now time.Time, r *Result) error {
	todo, err := l.plan(f, all, anew, now)
	if err != nil || todo.nothing() {
		return err
	}
	var set []staging
	ours := signed(all)
	authority := todo.authority
	if todo.fault != "" {
		names := namesOf(ours)
		if authority, err = newAuthority(l.Env, names, rand, now); err != nil {
			return err
		}
		key, err := authority.keyPEM()
		if err != nil {
			return err
		}
		set = append(set, staging{authorityCert, authority.certPEM(), localFileMode}, staging{authorityKey, key, authorityKeyMode})
		r.Authority = names
		if err := f.note(authorityCert, todo.fault, r); err != nil {
			return err
		}
	}
	for _, c := range ours {
		why, wanted := todo.made[c.name]
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
	return f.replace(all, set)
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
	switch refused, more := a.refuses(names), a.exceeds(names); {
	case len(refused) > 0:
		return a, "it may not vouch for " + strings.Join(refused, ", "), nil
	case more != "":
		return a, more, nil
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
