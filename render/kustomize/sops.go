package kustomize

import (
	"path"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema"
)

// sopsFile tells the command sops for whom it encrypts what is new. It looks for the file in
// its working folder and those above, not beside the file that it is given; so it is found from
// deploy/<env> and below, and an environment's recipients are never another's.
//
// Source: getsops/sops v3.13.3, cmd/sops/main.go (findConfigFile), config/config.go
// (LookupConfigFile, parseCreationRuleForFile).
const sopsFile = ".sops.yaml"

// A creationRule is what sops does with files whose path in the folder matches.
type creationRule struct {
	PathRegex      string `yaml:"path_regex"`
	EncryptedRegex string `yaml:"encrypted_regex"`
	Age            string `yaml:"age"`
}

// sops writes sopsFile, unless nobody is named for whom sops could encrypt.
func (w writer) sops(c kube.Cluster) error {
	to := c.Settings.Secrets.Recipients
	if len(to) == 0 {
		return nil
	}
	w.dir = root(c)
	return w.file(sopsFile, struct {
		Rules []creationRule `yaml:"creation_rules"`
	}{[]creationRule{{
		PathRegex:      `^` + path.Base(stageDir(c, kube.StageSecrets)) + `/[^/]+\.yaml$`,
		EncryptedRegex: schema.SealedFields,
		Age:            strings.Join(to, ","),
	}}})
}
