package main

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// notPlain is what a file's name would not have.
var notPlain = regexp.MustCompile(`[^A-Za-z0-9.]+`)

// trust says how people and programs come to trust an environment's new authority. It is
// for when one was made, so it is not read twice. The folder is the repository's: a machine
// keeps the authorities of all repositories in one place, where names tell them apart.
func trust(w io.Writer, e *schema.Environment, folder, file string, names []string, goos string) error {
	stored := strings.Trim(notPlain.ReplaceAllString("mlops-gitops-"+filepath.Base(folder)+"-"+e.Name, "-"), "-") + ".crt"
	fmt.Fprintf(w, "\n%s: %s is a new authority, for %s and nothing else; these make this machine or a program trust it:\n\n", e.Name, file, strings.Join(names, ", "))
	word := shellWord(file)
	var rows table
	ways := []struct{ goos, system, command string }{
		{"linux", "Debian, Ubuntu", fmt.Sprintf("sudo cp %s /usr/local/share/ca-certificates/%s && sudo update-ca-certificates", word, stored)},
		{"linux", "Fedora, RHEL", fmt.Sprintf("sudo cp %s /etc/pki/ca-trust/source/anchors/%s && sudo update-ca-trust", word, stored)},
		{"darwin", "macOS", "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain " + word},
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
		{"curl", "curl --cacert " + word + " …"},
		{"Python", "export REQUESTS_CA_BUNDLE=$PWD/" + word + " SSL_CERT_FILE=$PWD/" + word},
		{"S3 clients", "export AWS_CA_BUNDLE=$PWD/" + word},
	} {
		rows = append(rows, []string{"  " + way[0], way[1]})
	}
	return append(rows, nil).write(w, 3)
}
