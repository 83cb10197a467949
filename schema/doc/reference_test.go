package doc

import (
	"os"
	"testing"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// TestReference holds docs/reference.md to the schema. UPDATE=1 writes it anew.
func TestReference(t *testing.T) {
	const page = "../../docs/reference.md"
	s, err := Read(schema.Files)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Reference(s)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(page, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is not what the schema says: make generate, and look at the difference", page)
	}
}

// TestReferenceOfWhatIsNotThere is a schema without the settings that the intro names.
func TestReferenceOfWhatIsNotThere(t *testing.T) {
	_, err := Reference(read(t, "#Environment: {\n\t// mode is one.\n\tmode!: string\n}\n"))
	if err == nil || err.Error() != "the reference's intro names domain, which is no setting" {
		t.Error(err)
	}
}
