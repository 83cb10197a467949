package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// trust says how people and programs come to trust an environment's new authority. It is
// for when one was made, so it is not read twice.
func trust(w io.Writer, e *schema.Environment, file string, names []string, goos string) error {
	stored := "mlops-gitops-" + e.Name + ".crt"
	fmt.Fprintf(w, "\n%s: %s is a new authority, for %s and nothing else; these make this machine or a program trust it:\n\n", e.Name, file, strings.Join(names, ", "))
	var rows table
	ways := []struct{ goos, system, command string }{
		{"linux", "Debian, Ubuntu", fmt.Sprintf("sudo cp %s /usr/local/share/ca-certificates/%s && sudo update-ca-certificates", file, stored)},
		{"linux", "Fedora, RHEL", fmt.Sprintf("sudo cp %s /etc/pki/ca-trust/source/anchors/%s && sudo update-ca-trust", file, stored)},
		{"darwin", "macOS", "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain " + file},
		{"windows", "Windows", "certutil -user -addstore Root " + strings.ReplaceAll(file, "/", `\`)},
	}
	for _, here := range []bool{true, false} { // this machine's first
		for _, way := range ways {
			if (way.goos == goos) == here {
				rows = append(rows, []string{"  " + way.system, way.command})
			}
		}
	}
	for _, way := range [][2]string{
		{"curl", "curl --cacert " + file + " …"},
		{"Python", "export REQUESTS_CA_BUNDLE=$PWD/" + file + " SSL_CERT_FILE=$PWD/" + file},
		{"S3 clients", "export AWS_CA_BUNDLE=$PWD/" + file},
	} {
		rows = append(rows, []string{"  " + way[0], way[1]})
	}
	return append(rows, nil).write(w, 3)
}
