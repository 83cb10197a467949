package render

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
)

// manifestName is the file in the first root of an owner that lists what can't
// carry a header.
const manifestName = ".rendered"

// reserved starts the names of what Write leaves behind when it is killed. One
// line in .gitignore, ".mlops-gitops-*", keeps it out of commits.
const reserved = ".mlops-gitops-"

// An Owner says whose files a tree holds: the environment that they are made
// from, and the folders, relative to the configuration repository, below which
// that environment's files live (deploy/dev, clusters/dev).
type Owner struct {
	Env   string
	Roots []string
}

// Stamp returns the files of t as they go to disk. A file that can carry a
// comment gets a header with the digest of its body. Any other, JSON first of
// all, stays as it is, and its digest goes into one more file, .rendered in the
// first root, which has a header itself. It is an error when a file is below
// none of the owner's roots, since nobody would ever remove it there.
func (o Owner) Stamp(t Tree) (Tree, error) {
	if err := o.valid(); err != nil {
		return Tree{}, err
	}
	var stamped Tree
	listed := make(manifest)
	for name, data := range t.All() {
		if !o.owns(name) {
			return Tree{}, fmt.Errorf("%s is outside of %s, where %s keeps its files", name, strings.Join(o.Roots, " and "), o.Env)
		}
		if name == o.manifestPath() || strings.Contains("/"+name, "/"+reserved) {
			return Tree{}, fmt.Errorf("%s is a name that mlops-gitops keeps for itself", name)
		}
		if mark := commentMark(name); mark != "" && !isBinary(data) {
			data = withHeader(mark, o.Env, data)
		} else {
			listed[name] = []string{digest(normal(data))}
		}
		if err := stamped.Add(name, data); err != nil {
			return Tree{}, err
		}
	}
	if len(listed) == 0 {
		return stamped, nil
	}
	return stamped, stamped.Add(o.manifestPath(), o.manifestFile(listed))
}

func (o Owner) valid() error {
	if !fits(o.Env) || strings.Contains(o.Env, "/") {
		return fmt.Errorf("%q is not the name of an environment", o.Env)
	}
	if len(o.Roots) == 0 {
		return fmt.Errorf("environment %s has no folder to render into", o.Env)
	}
	for _, root := range o.Roots {
		if !fits(root) {
			return fmt.Errorf("%q is not a folder inside the repository", root)
		}
	}
	return nil
}

// owns reports whether name lies below one of the roots.
func (o Owner) owns(name string) bool {
	return slices.ContainsFunc(o.Roots, func(root string) bool { return strings.HasPrefix(name, root+"/") })
}

func (o Owner) manifestPath() string { return path.Join(o.Roots[0], manifestName) }

func (o Owner) manifestFile(m manifest) []byte {
	return withHeader(commentMark(manifestName), o.Env, m.body())
}

// A manifest holds the digests of files that can't carry a header, by path. A
// file has two while a write is under way: it is ours before and after.
type manifest map[string][]string

// readManifest reads the lines that a manifest consists of, even those of one
// that was edited by hand: its header tells that.
func readManifest(data []byte) manifest {
	m := make(manifest)
	for line := range bytes.Lines(normal(data)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		if isDigest(sum) {
			m[name] = append(m[name], sum)
		}
	}
	return m
}

// plus returns a manifest with the digests of both.
func (m manifest) plus(other manifest) manifest {
	both := make(manifest)
	for _, one := range []manifest{m, other} {
		for name, sums := range one {
			both[name] = append(both[name], sums...)
		}
	}
	return both
}

// body returns one line "digest path" for each, in order of paths.
func (m manifest) body() []byte {
	var lines []string
	for name, sums := range m {
		for _, sum := range sums {
			lines = append(lines, name+"\x00"+sum)
		}
	}
	slices.Sort(lines)
	var b bytes.Buffer
	for _, line := range slices.Compact(lines) {
		name, sum, _ := strings.Cut(line, "\x00")
		fmt.Fprintf(&b, "%s %s\n", sum, name)
	}
	return b.Bytes()
}
