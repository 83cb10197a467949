package secrets

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

// A process of these tests that has this variable generates, rotates and seals for others in
// the repository that it names, with the private keys behind the colon, until it is killed.
const sealIn = "SECRETS_TEST_SEAL_IN"

func sealUntilKilled(text string) error {
	repository, keys, _ := strings.Cut(text, ":")
	own, err := FindIdentities(lookup(map[string]string{"SOPS_AGE_KEY": keys}))
	if err != nil {
		return err
	}
	local := Local{Dir: repository, Env: "prod"}
	const shared = "mlflow.postgres.password"
	fmt.Println("ready")
	for i := mathrand.N(3); ; i++ {
		c := Cluster{repository, "prod", "mlops-prod", [][]string{own.public, own.public[:1], own.public[1:]}[i%3]}
		steps := []func() error{
			func() error { _, err := c.Generate(declared, rand.Reader, now); return err },
			func() error { _, err := c.Reseal(declared, own, rand.Reader, now); return err },
			func() error {
				_, err := c.Rotate(declared, []string{"mlflow.flask-key"}, nil, rand.Reader, now)
				return err
			},
			func() error {
				_, err := local.Rotate(context.Background(), declared, []Turn{{Name: shared, There: sharedWith(c, shared)}}, started, rand.Reader, now)
				return err
			},
		}
		for _, step := range steps {
			if err := step(); err != nil {
				return err
			}
		}
	}
}

func sharedWith(c Cluster, name string) *Elsewhere {
	return &Elsewhere{
		State: func() (string, error) {
			revisions, err := c.Revisions()
			return revisions[name], err
		},
		Put: func(value []byte, note func(string) error) error {
			_, err := c.RotateNoting(declared, []string{name}, map[string][]byte{name: value}, rand.Reader, now, note)
			return err
		},
	}
}

// Wherever a change of sealed secrets is killed, each is there, whole, and can be read by one
// who can read one of them; and a value that two places have becomes one again.
func TestAfterAKillEverySealedSecretIsThereAndReadable(t *testing.T) {
	kills := 60
	if text := os.Getenv("KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	dir, first, second := t.TempDir(), identity(t), identity(t)
	c := clusterFor(t, dir, first, second)
	local := Local{Dir: dir, Env: "prod"}
	if _, err := local.Generate(declared, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	// who is named first in a file, and how many are
	readerOf := func(file string) (age.Identity, int) {
		keys := mustObject(t, get(t, dir, file)).SOPS.Age
		if keys[0].Recipient == first.Recipient().String() {
			return first, len(keys)
		}
		return second, len(keys)
	}
	unready, apart, sets := 0, 0, map[string]int{}
	for i := range kills {
		killChild(t, sealIn+"="+dir+":"+first.String()+" "+second.String(), mathrand.N(50*time.Millisecond))
		for _, name := range files(t, dir) {
			if !strings.HasPrefix(name, "deploy/") {
				continue
			}
			if strings.HasPrefix(path.Base(name), unfinished) {
				unready++
				continue
			}
			owner, readers := readerOf(name)
			sets[fmt.Sprint(readers, owner == first)]++
			wantWhole(t, dir, name, owner, declared[strings.TrimSuffix(path.Base(name), ".yaml")])
		}
		for name := range declared {
			for _, file := range []string{filepath.Join(dir, "deploy/prod/secrets", name+".yaml"), filepath.Join(dir, ".secrets/prod", name)} {
				if _, err := os.Stat(file); err != nil {
					t.Fatalf("lost: %v", err)
				}
			}
		}
		if i%5 > 0 {
			continue // the next child goes on
		}
		pending, err := local.Pending()
		if err != nil {
			t.Fatal(err)
		}
		apart += len(pending)
		if _, err := local.Rotate(context.Background(), declared, []Turn{{Name: "mlflow.postgres.password", There: sharedWith(c, "mlflow.postgres.password")}}, started, rand.Reader, now); err != nil {
			t.Fatal(err)
		}
		owner, _ := readerOf(role)
		if there, here := mustOpen(t, dir, role, owner), get(t, dir, ".secrets/prod/mlflow.postgres.password"); there != here {
			t.Fatalf("the cluster has %q, this machine %q", there, here)
		}
	}
	t.Logf("%d kills; %d unfinished files, %d rotations to go on with; seen by readers: %v", kills, unready, apart, sets)
	if len(sets) < 2 {
		t.Error("nothing was put to the test")
	}
}
