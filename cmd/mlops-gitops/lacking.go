package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/bootstrap/repo"
)

// A lack is what a cluster's environment still needs of its owner, all of it at once.
type lack struct {
	whats   []error // each with a hint
	secrets []error // likewise: why Flux could not use the sealed secrets
	unmade  bool    // some of these can be made
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
	unused, err := r.unused(env, about)
	if err != nil {
		return l, err
	}
	l.whats = append(l.whats, unused...)
	l.secrets, l.unmade, err = r.lackingSecrets(env, about)
	return l, err
}

// lackingSecrets are all reasons why Flux could not apply an environment with the secrets that
// are sealed for it, and whether some can be made. An error is that one could not be looked at.
func (r *repository) lackingSecrets(env string, about rendering) (lacks []error, unmade bool, err error) {
	if len(about.InCluster) == 0 {
		return nil, false, nil
	}
	cluster := clusterSecrets(r, env, about.Settings)
	missing, err := cluster.Missing(about.InCluster)
	if err != nil {
		return nil, false, err
	}
	if err := cluster.Readable(); err != nil {
		lacks = each(err)
	} else if others, err := r.sealedForOthers(env, about); err != nil {
		return nil, false, err
	} else if others != nil {
		lacks = append(lacks, others)
	}
	unfit, err := cluster.Unfit(about.InCluster)
	if err != nil {
		return nil, false, err
	}
	lacks = append(lacks, unfit...)
	var toMake []string
	var asked []error
	for _, name := range missing {
		if secret := about.InCluster[name]; secret.Supplied {
			asked = append(asked, cluster.Ask(name, secret))
		} else {
			toMake = append(toMake, name)
		}
	}
	if len(toMake) > 0 {
		lacks = append(lacks, &refusal{"these secrets have no value yet: " + strings.Join(toMake, ", "), "mlops-gitops secrets generate " + env})
	}
	return append(lacks, asked...), len(toMake) > 0, nil
}

// unused says which sealed secrets no component has, and what to do: those that Git keeps were
// used once, and others are waiting to be declared.
func (r *repository) unused(env string, about rendering) (whats []error, err error) {
	names, err := clusterSecrets(r, env, about.Settings).Unused(about.InCluster)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	folder := "deploy/" + env + "/secrets"
	tracked, err := repo.Tracked(r.dir, folder)
	if err != nil {
		return nil, err
	}
	var left, undeclared, remove []string
	for _, name := range names {
		file := folder + "/" + name + ".yaml"
		if slices.Contains(tracked, file) {
			left, remove = append(left, name), append(remove, shellWord(file))
		} else {
			undeclared = append(undeclared, name)
		}
	}
	if len(left) > 0 {
		whats = append(whats, &refusal{"nothing uses these secrets in " + folder + " any longer: " + listed(left), "git rm " + strings.Join(remove, " ")})
	}
	if len(undeclared) > 0 {
		whats = append(whats, &refusal{
			"no component declares these secrets in " + folder + ", so Flux never gets them: " + listed(undeclared),
			"declare COMPONENT.SECRET where it is used: environment: components: COMPONENT: secrets: SECRET: supplied: true",
		})
	}
	return whats, nil
}

// sealedForOthers is what to say where secrets that are used are not sealed for whom the
// settings name, or nil.
func (r *repository) sealedForOthers(env string, about rendering) (*refusal, error) {
	all, err := clusterSecrets(r, env, about.Settings).SealedForOthers()
	var names []string
	for _, name := range all {
		if _, used := about.InCluster[name]; used {
			names = append(names, name)
		}
	}
	if err != nil || len(names) == 0 {
		return nil, err
	}
	return &refusal{"these secrets are not sealed for exactly those whom secrets.recipients names: " + strings.Join(names, ", "), "mlops-gitops secrets recipients " + env}, nil
}

// of are errors of one environment, which each names.
func of(env string, all []error) error {
	var named []error
	for _, err := range all {
		named = append(named, &refusal{env + ": " + err.Error(), hintOf(err)})
	}
	return errors.Join(named...)
}

// all is what is lacking, secrets last.
func (l lack) all() []error { return append(l.whats[:len(l.whats):len(l.whats)], l.secrets...) }

// say names it all, and what to do about each.
func (l lack) say(w io.Writer, env string) {
	for _, what := range l.all() {
		fmt.Fprintf(w, "%s: %s\n", env, inLine(what.Error()))
		if hint := hintOf(what); hint != "" {
			fmt.Fprintf(w, "  hint: %s\n", strings.ReplaceAll(visible(hint), "\n", "\n        "))
		}
	}
}

// next says how what is rendered gets to a cluster.
func (l lack) next(w io.Writer, env string) error {
	rows := table{nil, {"next", "mlops-gitops commit " + env + " --push", "Flux applies what is pushed, from clusters/" + env}}
	if l.unmade {
		rows = append(table{nil, {"next", "mlops-gitops secrets generate " + env, "what Flux can't do without"}}, append([]string{""}, rows[1][1:]...))
	}
	return rows.write(w, 3)
}
