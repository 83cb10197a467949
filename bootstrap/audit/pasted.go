package audit

import (
	"bytes"
	"regexp"
	"slices"
)

// A kind of key is told by how it begins, and by what follows.
type kind struct {
	what   string
	begins string
	rest   *regexp.Regexp // behind the beginning
	source string         // of the format
}

// kinds are the keys that people who run an ML platform have at hand. What only looks random
// is not among them: digests of images do, too.
var kinds = []kind{
	{"a private key in PEM", "-----BEGIN ", regexp.MustCompile(`^(?:[A-Z0-9]+ )*PRIVATE KEY-----(?:\\[nrt]|[\s"',+|\\])*(?:Proc-Type:|[A-Za-z0-9+/]{16})`), "RFC 7468, sections 10 and 11; RFC 1421, section 4.6"},
	{"an age private key", "AGE-SECRET-KEY-1", regexp.MustCompile(`^[02-9AC-HJ-NP-Z]{58}`), "C2SP, age.md, the X25519 recipient type; BIP 173"},
	{"an age private key", "AGE-SECRET-KEY-PQ-1", regexp.MustCompile(`^[02-9AC-HJ-NP-Z]{58}`), "filippo.io/age v1.3, HybridIdentity"},
	{"a GitHub token", "ghp_", githubToken, github},
	{"a GitHub token", "gho_", githubToken, github},
	{"a GitHub token", "ghu_", githubToken, github},
	{"a GitHub token", "ghs_", githubToken, github},
	{"a GitHub token", "ghr_", githubToken, github},
	{"a GitHub token", "github_pat_", regexp.MustCompile(`^[A-Za-z0-9]{22}_[A-Za-z0-9]{59}`), "GitHub's documentation, About authentication to GitHub"},
	{"a GitLab token", "glpat-", regexp.MustCompile(`^[A-Za-z0-9_-]{20}`), "GitLab's documentation, Token overview"},
	{"a Slack token", "xoxb-", slackToken, slack},
	{"a Slack token", "xoxp-", slackToken, slack},
	{"a Hugging Face token", "hf_", regexp.MustCompile(`^[A-Za-z]{34}\b`), "Hugging Face's documentation, User access tokens; the length: gitleaks, huggingface.go"},
	{"a key of an Azure storage account", "AccountKey=", regexp.MustCompile(`^[A-Za-z0-9+/]{86}==`), "Azure's documentation, Configure Azure Storage connection strings"},
}

const (
	github = "GitHub's blog, Authentication token format updates are generally available (2021-03-31)"
	slack  = "Slack's documentation, Tokens; the length: gitleaks, slack.go"
)

var (
	githubToken = regexp.MustCompile(`^[A-Za-z0-9_]{36}`)
	slackToken  = regexp.MustCompile(`^[0-9]{10,13}-[0-9]{10,13}[A-Za-z0-9-]*`)
)

// Pasted finds keys that tell themselves apart, each kind once, in order.
func Pasted(data []byte) (hits []Hit) {
	for _, k := range kinds {
		add := func(at int) { hits = append(hits, hitAt(data, at, nil, k.what)) }
		for at := next(data, k.begins, 0); at >= 0; at = next(data, k.begins, at+1) {
			if (at == 0 || !word(data[at-1])) && k.rest.Match(data[at+len(k.begins):]) {
				add(at)
				break
			}
		}
	}
	if at := amazonKey(data); at >= 0 {
		hits = append(hits, hitAt(data, at, nil, "an Amazon access key with its secret"))
	}
	slices.SortStableFunc(hits, func(a, b Hit) int { return (a.Line-b.Line)<<20 + a.Column - b.Column })
	return hits
}

// next is where text begins in data, from an offset on, or -1.
func next(data []byte, text string, from int) int {
	at := bytes.Index(data[from:], []byte(text))
	if at < 0 {
		return -1
	}
	return from + at
}

func word(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || b == '_'
}

var (
	amazonNames  = []string{"AKIA", "ASIA"} // of a person, and for a time
	amazonName   = regexp.MustCompile(`^[A-Z2-7]{16}`)
	amazonSecret = regexp.MustCompile(`[A-Za-z0-9/+]+`)
)

// near is how far from its name the secret of a key is looked for, in bytes.
const near = 300

// amazonKey finds a secret access key by the name that is beside it, which alone is no
// secret; or -1. A secret has 40 characters, upper and lower case and digits, which no digest has.
//
// Source: AWS IAM User Guide, IAM identifiers, unique identifiers; Manage access keys.
func amazonKey(data []byte) int {
	for _, begins := range amazonNames {
		for at := next(data, begins, 0); at >= 0; at = next(data, begins, at+1) {
			if !amazonName.Match(data[at+len(begins):]) {
				continue
			}
			from, to := max(at-near, 0), min(at+len(begins)+16+near, len(data))
			for _, found := range amazonSecret.FindAllIndex(data[from:to], -1) {
				if secret := data[from+found[0] : from+found[1]]; len(secret) == 40 && mixed(secret) {
					return from + found[0]
				}
			}
		}
	}
	return -1
}

func mixed(text []byte) bool {
	return bytes.ContainsAny(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") && bytes.ContainsAny(text, "abcdefghijklmnopqrstuvwxyz") && bytes.ContainsAny(text, "0123456789")
}
