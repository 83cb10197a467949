package main

import (
	"fmt"
	"io"
	"strings"
)

// A lack is what a cluster's environment still needs of its owner, all of it at once.
type lack struct {
	whats   []error  // each with a hint
	secrets []string // without a value
}

// lacking looks for what nobody can choose for an environment's owner. It is no mistake:
// an environment is written, and looked at as rendered, before it runs anywhere.
func (r *repository) lacking(env string, about rendering) (l lack, err error) {
	if !about.Cluster {
		return l, nil
	}
	if strings.HasSuffix("."+about.Settings.Domain, ".invalid") { // no such name leads anywhere (RFC 6761, 6.4)
		l.whats = append(l.whats, &refusal{
			fmt.Sprintf("its domain, %s, leads nowhere", about.Settings.Domain),
			fmt.Sprintf("say in environments/%s by which name people find it: environment: domain: \"mlops.example.com\"", env),
		})
	}
	if len(about.InCluster) == 0 {
		return l, nil
	}
	if err := clusterSecrets(r, env, about.Settings).Readable(); err != nil {
		l.whats = append(l.whats, each(err)...)
	}
	if others, err := r.sealedForOthers(env, about); err != nil {
		return l, err
	} else if others != nil {
		l.whats = append(l.whats, others)
	}
	if l.secrets, err = r.missingClusterSecrets(env, about); err == nil && len(l.secrets) > 0 {
		l.whats = append(l.whats, &refusal{"these secrets have no value yet: " + strings.Join(l.secrets, ", "), "mlops-gitops secrets generate " + env})
	}
	return l, err
}

// sealedForOthers is what to say where sealed secrets are not for whom the settings name, or nil.
func (r *repository) sealedForOthers(env string, about rendering) (*refusal, error) {
	if len(about.InCluster) == 0 || len(about.Settings.Secrets.Recipients) == 0 {
		return nil, nil
	}
	names, err := clusterSecrets(r, env, about.Settings).SealedForOthers()
	if err != nil || len(names) == 0 {
		return nil, err
	}
	return &refusal{"these secrets are not sealed for exactly those whom secrets.recipients names: " + strings.Join(names, ", "), "mlops-gitops secrets recipients " + env}, nil
}

// say names it all, and what to do about each.
func (l lack) say(w io.Writer, env string) {
	for _, what := range l.whats {
		fmt.Fprintf(w, "%s: %s\n", env, inLine(what.Error()))
		if told, ok := what.(interface{ Hint() string }); ok {
			fmt.Fprintf(w, "  hint: %s\n", strings.ReplaceAll(visible(told.Hint()), "\n", "\n        "))
		}
	}
}

// next says how what is rendered gets to a cluster.
func (l lack) next(w io.Writer, env string) error {
	rows := table{nil, {"next", "mlops-gitops commit " + env + " --push", "Flux applies what is pushed, from clusters/" + env}}
	if len(l.secrets) > 0 {
		rows = append(table{nil, {"next", "mlops-gitops secrets generate " + env, "what Flux can't do without"}}, append([]string{""}, rows[1][1:]...))
	}
	return rows.write(w, 3)
}
