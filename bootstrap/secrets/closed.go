package secrets

import (
	"fmt"
	"slices"
	"strings"
)

// closed are sealed secrets that a person can't open.
type closed struct {
	names   []string
	readers []string // who could, each of one at least
}

func (c *closed) add(name string, o object) {
	c.names = append(c.names, name)
	for _, k := range o.SOPS.Age {
		if !slices.Contains(c.readers, k.Recipient) {
			c.readers = append(c.readers, k.Recipient)
		}
	}
}

// GiveFlux is the command that gives Flux private keys, which open what is pushed next.
//
// Source: fluxcd.io, Kustomization, Decryption: each entry of the Secret that ends in .agekey is a key.
const GiveFlux = "kubectl create secret generic sops-age --namespace flux-system --from-file=old.agekey --from-file=new.agekey --dry-run=client --output yaml | kubectl apply -f -"

// cannotOpen says who could open the files, and what is left where nobody can.
func (s sealed) cannotOpen(shut closed, own Identities) error {
	msg := "none of your age keys, " + strings.Join(own.public, ", ") + ", opens"
	if len(own.all) == 0 {
		msg = "there is no age private key in " + strings.Join(own.looked, ", ") + ", to open"
	}
	msg += " what is sealed in " + s.folder() + ": " + strings.Join(shut.names, ", ")
	who := "it names nobody who could"
	if len(shut.readers) > 0 {
		who = "with its private key in SOPS_AGE_KEY_FILE any of these can: " + strings.Join(shut.readers, ", ")
	}
	return &Problem{msg, strings.Join(append([]string{who}, s.lost(shut.names)...), "\n")}
}

// lost are the commands for values that nobody can open any more, by what each secret allows.
func (s sealed) lost(names []string) (lines []string) {
	var change, stay, made, unused []string
	for _, name := range names {
		secret, used := s.declared[name]
		switch {
		case !used:
			if !slices.ContainsFunc(strings.Split(name, "."), notLabel) { // it goes to a shell
				unused = append(unused, s.at(name))
			}
			continue
		case secret.Rotate.Never != "":
			stay = append(stay, name)
			continue
		case !secret.Supplied:
			made = append(made, name)
		}
		change = append(change, name)
	}
	say := func(text string, of []string, command string) {
		if len(of) > 0 {
			lines = append(lines, text, command)
		}
	}
	take := fmt.Sprintf("kubectl get secret $s --namespace %s --output jsonpath='{.data.value}{.data.password}' | base64 -d | mlops-gitops secrets set %s $s; done", s.Namespace, s.Env)
	say("where nobody has one any more, a cluster that runs still has the values:", change, "for s in "+strings.Join(change, " ")+"; do "+take)
	say("what can't get another value has to get the same one, in a new file:", stay, "for s in "+strings.Join(stay, " ")+"; do rm deploy/"+s.Env+"/secrets/$s.yaml; "+take)
	say("or what can gets a new value:", made, "mlops-gitops secrets rotate "+s.Env+" "+strings.Join(made, " "))
	say("nothing uses these any longer:", unused, "git rm "+strings.Join(unused, " "))
	say("before that is pushed, Flux gets a key that opens it:", append(change, stay...), GiveFlux)
	return lines
}
