package schema

import (
	"fmt"
	"strconv"
	"strings"
)

// The delimiters of a token, as types.cue has them: code points that Unicode
// reserves for the inside of programs (Unicode 16.0, 23.7, noncharacters).
const (
	tokenOpen  = '\uFDD0'
	tokenClose = '\uFDD1'
)

// A Value is text in which tokens stand for addresses and secrets.
type Value string

// A Part is one piece of a bound value: plain text, the path of a file that must be
// there, or a secret that is put in its place where the container starts.
type Part struct {
	Text   string
	Holds  string // what the file at Text holds, or "": it is text
	Secret string // the name under which the secret is kept, or ""
	File   bool   // the path of the file that holds the secret, not the secret itself
}

// systemCA is where images keep the authorities that they trust (Debian and Alpine,
// ca-certificates).
const systemCA = "/etc/ssl/certs/ca-certificates.crt"

// IsReserved reports whether r is kept for tokens, so that text must not hold it.
func IsReserved(r rune) bool { return r >= '\uFDD0' && r <= '\uFDEF' }

// Bind puts addresses into v and leaves secrets as parts of their own. An error
// names a token that leads nowhere; findings have named its cause before.
//
// Text can be made to look like a token, so each is held to its owner: the component
// whose text this is may name its own needs and secrets and those of claims on it.
func (e *Environment) Bind(owner string, v Value) ([]Part, error) {
	var parts []Part
	text := func(s string) {
		if n := len(parts); n > 0 && parts[n-1].Secret == "" && parts[n-1].Holds == "" {
			parts[n-1].Text += s
		} else if s != "" {
			parts = append(parts, Part{Text: s})
		}
	}
	for rest := string(v); rest != ""; {
		before, token, found := strings.Cut(rest, string(tokenOpen))
		if _, after, stray := strings.Cut(before, string(tokenClose)); stray {
			return nil, fmt.Errorf("a reference that has no beginning before %q", after)
		}
		text(before)
		if !found {
			break
		}
		token, rest, found = strings.Cut(token, string(tokenClose))
		if !found {
			return nil, fmt.Errorf("a reference that has no end after %q", before)
		}
		word := strings.Fields(token)
		switch {
		case len(word) == 2 && word[0] == "platform" && word[1] == "ca":
			parts = append(parts, e.frontCA())
		case len(word) == 2 && word[0] == "platform":
			s, ok := map[string]string{"name": e.Name, "domain": e.Settings.Domain, "namespace": e.Settings.Namespace}[word[1]]
			if !ok {
				return nil, fmt.Errorf("a platform has no %q", word[1])
			}
			text(s)
		case len(word) == 3 && word[0] == "host":
			text(FullName(word[1], word[2]))
		case len(word) == 4 && word[0] == "need":
			if !e.may(owner, word[1], word[1]+"."+word[2]) {
				return nil, fmt.Errorf("%s uses an address that only %s has; say in its own needs what it talks to", owner, word[1])
			}
			if edge := e.Edges[word[1]][word[2]]; word[3] == "ca" && edge.CASecret != "" {
				parts = append(parts, Part{Secret: edge.CASecret, File: true})
				continue
			} else if word[3] == "ca" && edge.CA != "" {
				parts = append(parts, Part{Text: "/run/ca/" + word[2] + ".pem", Holds: edge.CA})
				continue
			}
			s, err := e.address(word[1], word[2], word[3])
			if err != nil {
				return nil, err
			}
			text(s)
		case len(word) == 4 && word[0] == "route":
			route, ok := e.Routes[word[1]+"."+word[2]]
			if !ok || owner != word[1] {
				return nil, fmt.Errorf("%s has no route %s", owner, word[2])
			}
			s, ok := map[string]string{"url": route.URL, "authority": route.Authority}[word[3]]
			if !ok {
				return nil, fmt.Errorf("a route has no %q", word[3])
			}
			text(s)
		case len(word) == 3 && word[0] == "secret":
			// what is claimed has a password of its own, of which the consumer is the owner;
			// what is given to all is the provider's
			consumer, need, _ := strings.Cut(strings.TrimSuffix(word[1], ".password"), ".")
			if given := e.Edges[consumer][need]; given.Claim == "" && given.Secret != "" && owner == consumer && strings.HasSuffix(word[1], ".password") {
				parts = append(parts, Part{Secret: given.Secret, File: word[2] == "file"})
				continue
			}
			secret, ok := e.Secrets[word[1]]
			if !ok {
				return nil, fmt.Errorf("there is no secret %s", word[1])
			}
			if !e.owns(owner, word[1]) {
				return nil, fmt.Errorf("%s uses %s, a secret of %s; only its own may stand in its text", owner, word[1], secret.Component)
			}
			if word[2] != "value" && word[2] != "file" {
				return nil, fmt.Errorf("a secret has no %q", word[2])
			}
			parts = append(parts, Part{Secret: word[1], File: word[2] == "file"})
		default:
			return nil, fmt.Errorf("a reference of an unknown kind: %q", token)
		}
	}
	return parts, nil
}

// Text is v with its addresses, for people to read. A secret in it is an error.
func (e *Environment) Text(owner string, v Value) (text string, err error) {
	parts, err := e.Bind(owner, v)
	for _, p := range parts {
		if p.Secret != "" {
			return "", fmt.Errorf("the secret %s would be shown", p.Secret)
		}
		text += p.Text
	}
	return text, err
}

// may reports whether a component's text may name what belongs to another: it is the
// same one, or the other claims it from this one.
func (e *Environment) may(owner, of, claim string) bool {
	_, claimed := e.Components[owner].Claims[claim]
	return owner == of || claimed
}

// owns reports whether a secret is a component's own, of a claim on it, or everybody's.
func (e *Environment) owns(owner, secret string) bool {
	of := e.Secrets[secret].Component
	return of == "" || e.may(owner, of, strings.TrimSuffix(secret, ".password"))
}

// MayUse reports whether what belongs to a component may name a secret: what its text may refer
// to, by which need or reference ever.
func (e *Environment) MayUse(component, secret string) bool {
	if e.owns(component, secret) || e.frontCA().Secret == secret {
		return true
	}
	for _, edge := range e.Edges[component] {
		if edge.Secret == secret || edge.CASecret == secret {
			return true
		}
	}
	return false
}

// address is one field of the edge between a consumer and what it needs.
func (e *Environment) address(consumer, need, field string) (string, error) {
	edge, ok := e.Edges[consumer][need]
	if !ok || edge.Reached != "" {
		return "", fmt.Errorf("%s does not reach %s", consumer, need)
	}
	switch field {
	case "host":
		return edge.Host, nil
	case "number":
		return strconv.Itoa(edge.Number), nil
	case "scheme":
		return edge.scheme(), nil
	case "url":
		return edge.scheme() + "://" + edge.Host + ":" + strconv.Itoa(edge.Number), nil
	case "tls":
		return edge.TLS, nil
	case "ca":
		return systemCA, nil
	case "public":
		if edge.Public == "" {
			return "", fmt.Errorf("no route leads to port %s of %s", edge.Port, edge.Provider)
		}
		return edge.Public, nil
	case "user":
		if edge.User == "" {
			return "", fmt.Errorf("%s claims nothing from %s, so it has no user there", consumer, need)
		}
		return edge.User, nil
	}
	return "", fmt.Errorf("a need has no %q", field)
}

// frontCA is the file of who signs the front door's certificate: this machine's own
// authority, one that is said, or those that the image trusts.
func (e *Environment) frontCA() Part {
	if _, own := e.Secrets[Authority]; own {
		return Part{Secret: Authority, File: true}
	}
	if secret := e.Components[e.Front].Front.Authority; secret != "" {
		return Part{Secret: e.Front + "." + secret, File: true}
	}
	if ca := e.Components[e.Front].Front.CA; ca != "" {
		return Part{Text: "/run/ca/platform.pem", Holds: ca}
	}
	return Part{Text: systemCA}
}

// scheme is how the provider answers over HTTP.
func (e Edge) scheme() string {
	if e.TLS == "" || e.TLS == "disable" {
		return "http"
	}
	return "https"
}
