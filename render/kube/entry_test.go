package kube_test

import (
	"testing"

	"github.com/mlops-gitops/mlops-gitops/render/kube"
	"github.com/mlops-gitops/mlops-gitops/schema/load/loadtest"
)

func TestEntries(t *testing.T) {
	for _, x := range []struct {
		name, more string
		want       []string
	}{
		{"as shipped", "", []string{"The password of admin, MLflow's first user: mlflow.admin password", "The certificate of the authority that clients are to trust: nginx-tls ca.crt"}},
		{"whoever signs is known", `environment: nginx: issuer: name: "public"`, []string{"The password of admin, MLflow's first user: mlflow.admin password"}},
		{"without auth, TLS before", `environment: {mlflow: auth: mode: "none", nginx: {tls: "before", ingress: from: namespace: "ingress"}}`, nil},
		{"from a vault", `environment: {secrets: existing: "mlflow.admin": {name: "vault", key: "pw"}, nginx: issuer: name: "public"}`, []string{"The password of admin, MLflow's first user: vault pw"}},
	} {
		files := map[string]string{"environments/prod/more.cue": "package environments\n" + x.more}
		var got []string
		for _, e := range kube.Entries(loadtest.Load(t, "prod", files).Environment) {
			got = append(got, e.What+": "+e.Object+" "+e.Key)
		}
		if len(got) != len(x.want) {
			t.Errorf("%s: got %q, want %q", x.name, got, x.want)
			continue
		}
		for i := range got {
			if got[i] != x.want[i] {
				t.Errorf("%s: got %q, want %q", x.name, got, x.want)
			}
		}
	}
}
