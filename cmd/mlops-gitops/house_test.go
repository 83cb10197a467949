package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// house is the repository's own tree: these tests hold rules that no compiler does.
const house = "../.."

// goFiles are the parsed Go files of this module that are no tests, by their path.
func goFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	err := filepath.WalkDir(house, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, other := os.Stat(filepath.Join(name, "go.mod"))
			if name != house && (other == nil || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		files[filepath.ToSlash(strings.TrimPrefix(name, house+string(filepath.Separator)))] = file
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("only %d Go files were found", len(files))
	}
	return files
}

var component = regexp.MustCompile(`(?i)mlflow|postgres|minio|nginx`)

// namesOf are the component names in a Go file, in identifiers, text and comments.
// Help that shows by example may hold them: cobra's Example and Long.
func namesOf(file *ast.File) (found []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		text := ""
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && (key.Name == "Example" || key.Name == "Long") {
				return false
			}
		case *ast.Ident:
			text = n.Name
		case *ast.BasicLit:
			text = n.Value
		}
		if component.MatchString(text) {
			found = append(found, text)
		}
		return true
	})
	for _, group := range file.Comments {
		for _, c := range group.List {
			if component.MatchString(c.Text) {
				found = append(found, c.Text)
			}
		}
	}
	return found
}

// TestNoComponentInGo holds that Go knows how, and CUE alone what: a component of a
// team's own is worth as much as a built-in one.
func TestNoComponentInGo(t *testing.T) {
	for name, file := range goFiles(t) {
		for _, text := range namesOf(file) {
			t.Errorf("%s names a component: %s", name, text)
		}
	}
	broken, err := parser.ParseFile(token.NewFileSet(), "", "package p\n\n// Like MLflow.\nvar postgresPort = \"nginx\"\n\nvar c = Command{Example: \"minio\"}\n", parser.ParseComments)
	if got := fmt.Sprintf("%q %v", namesOf(broken), err); got != `["postgresPort" "\"nginx\"" "// Like MLflow."] <nil>` {
		t.Errorf("of a file that names them all, these are found: %s", got)
	}
}

// TestPackageComments holds that each package says once what it is for.
func TestPackageComments(t *testing.T) {
	said := map[string][]string{}
	for name, file := range goFiles(t) {
		dir := path.Dir(name)
		said[dir] = append(said[dir], "")
		if file.Doc == nil {
			continue
		}
		said[dir] = append(said[dir], path.Base(name))
		begin := "Package " + file.Name.Name + " "
		if file.Name.Name == "main" {
			begin = "Command " + path.Base(dir) + " "
		}
		if !strings.HasPrefix(file.Doc.Text(), begin) {
			t.Errorf("%s: the package comment does not begin with %q", name, begin)
		}
	}
	for dir, in := range said {
		in = slices.DeleteFunc(in, func(name string) bool { return name == "" })
		if len(in) != 1 {
			t.Errorf("%s has %d package comments: %v", dir, len(in), in)
		}
	}
}

// TestNoPathOfAMachine holds that no file of the repository names a place on somebody's disk.
func TestNoPathOfAMachine(t *testing.T) {
	machine := regexp.MustCompile(`(^|[^-\w./$}])/(work/(main|shared)|root/(go|work|\.ssh|\.kube)|home/[a-z]+|Users/[A-Za-z]+|tmp/[a-z]+[./]?[0-9]+)(/|\b)`)
	if !machine.MatchString("see /ro" + "ot/go/x") {
		t.Fatal("the pattern finds nothing")
	}
	out, err := exec.Command("git", "-C", house, "ls-files", "-z").Output()
	if err != nil {
		t.Fatalf("what Git keeps: %v", err)
	}
	for _, name := range strings.Split(strings.TrimRight(string(out), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join(house, name))
		if os.IsNotExist(err) {
			continue // removed, and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range bytes.Split(data, []byte("\n")) {
			if found := machine.Find(line); found != nil {
				t.Errorf("%s:%d: %s", name, i+1, line)
			}
		}
	}
}

// TestDependencies holds the modules that are linked into the program to
// testdata/dependencies.txt: what is new there is seen in review. UPDATE=1 writes it anew.
func TestDependencies(t *testing.T) {
	const golden = "testdata/dependencies.txt"
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(out))
	slices.Sort(lines)
	got := strings.Join(slices.Compact(lines), "\n") + "\n"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		for _, line := range lines {
			if !slices.Contains(strings.Fields(string(want)), line) {
				t.Errorf("%s is new in the program", line)
			}
		}
		for _, line := range strings.Fields(string(want)) {
			if !slices.Contains(lines, line) {
				t.Errorf("%s is no longer in the program", line)
			}
		}
		t.Errorf("UPDATE=1 go test ./cmd/... makes that %s", golden)
	}
}
