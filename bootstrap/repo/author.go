package repo

import (
	"fmt"
	"strings"
)

// An Author is who a commit is by.
type Author struct {
	Name, Email string
}

// Author returns who commits here, as git would say: GIT_AUTHOR_NAME and
// GIT_AUTHOR_EMAIL, then author.name and author.email, then user.name and
// user.email, for the address also EMAIL. It guesses nothing: what is missing
// is a *Problem.
func (r *Repo) Author() (Author, error) {
	a := Author{Name: r.said("GIT_AUTHOR_NAME", "author.name", "user.name"), Email: r.said("GIT_AUTHOR_EMAIL", "author.email", "user.email")}
	if a.Email == "" {
		email, _ := r.env("EMAIL")
		a.Email = strings.TrimSpace(email)
	}
	var missing, fix []string
	if a.Name == "" {
		missing, fix = append(missing, "user.name"), append(fix, `git config --global user.name "Your Name"`)
	}
	if a.Email == "" {
		missing, fix = append(missing, "user.email"), append(fix, `git config --global user.email "you@example.com"`)
	}
	if missing != nil {
		return Author{}, &Problem{
			Msg: "Git doesn't know who you are: " + strings.Join(missing, " and ") + " not set",
			Fix: "tell it: " + strings.Join(fix, "; ") + " (without --global for this repository alone)",
		}
	}
	return a, a.check()
}

// said returns the first of a variable and settings that isn't empty.
func (r *Repo) said(variable string, keys ...string) string {
	if value, ok := r.env(variable); ok && strings.TrimSpace(value) != "" {
		return strings.TrimSpace(value)
	}
	for _, key := range keys {
		if value, ok := r.config.get(key); ok && strings.TrimSpace(value) != "" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// check refuses what would break the header lines of a commit.
func (a Author) check() error {
	for _, part := range []string{a.Name, a.Email} {
		if part == "" || strings.ContainsAny(part, "<>\n\r\x00") {
			return &Problem{
				Msg: fmt.Sprintf("the author %q <%s> can't stand in a commit", a.Name, a.Email),
				Fix: "name and address are needed, without < and > and on one line: git config --global user.name \"Your Name\"",
			}
		}
	}
	return nil
}
