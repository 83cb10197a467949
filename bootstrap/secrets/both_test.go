package secrets

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// A secret that both sides of a hybrid environment use has one value.
func TestBothSidesHaveOneValue(t *testing.T) {
	dir := t.TempDir()
	declared := map[string]schema.Secret{"mlflow.postgres.password": {Component: "mlflow", Length: 32}}
	if _, err := (Local{Dir: dir, Env: "hybrid"}).Generate(declared, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	owner := identity(t)
	cluster := Cluster{Dir: dir, Env: "hybrid", Namespace: "mlops-hybrid", Recipients: []string{owner.Recipient().String()}}
	if _, err := cluster.Generate(declared, rand.Reader, time.Now()); err != nil {
		t.Fatal(err)
	}
	local, err := os.ReadFile(filepath.Join(dir, ".secrets/hybrid/mlflow.postgres.password"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, "deploy/hybrid/secrets/mlflow.postgres.password.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := open(file, owner); err != nil || got != string(local) {
		t.Errorf("the cluster's value is %q (%v), this machine's %q", got, err, local)
	}
}
