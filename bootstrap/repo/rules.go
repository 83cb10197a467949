package repo

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A folder holds the rules that a folder adds to those of its parent. Above the
// top of the work tree are two more: info/exclude, and the user's own files.
type folder struct {
	parent     *folder
	depth      int // components of the folder's path
	ignore     []ignoreRule
	attributes []attributeRule
}

// outerRules returns the rules that hold before any folder's own: those of the
// user, then those of the repository. Attributes of the repository are kept
// apart: they are the strongest, not almost the weakest.
func (w *walk) outerRules() (*folder, error) {
	ignore, attributes := w.repo.userFile("ignore"), w.repo.userFile("attributes")
	if file, ok := w.repo.config.get("core.excludesfile"); ok {
		ignore = expand(file, w.repo.home())
	}
	if file, ok := w.repo.config.get("core.attributesfile"); ok {
		attributes = expand(file, w.repo.home())
	}
	user, err := w.rulesIn(ignore, attributes)
	if err != nil {
		return nil, err
	}
	info := filepath.Join(w.repo.commonDir, "info")
	repository, err := w.rulesIn(filepath.Join(info, "exclude"), filepath.Join(info, "attributes"))
	if err != nil {
		return nil, err
	}
	w.infoAttributes = repository.attributes
	return &folder{parent: user, ignore: repository.ignore}, nil
}

// rulesIn reads files outside the work tree; those that aren't there say nothing.
func (w *walk) rulesIn(ignore, attributes string) (*folder, error) {
	ignoring, err := readIfThere(ignore)
	if err != nil {
		return nil, err
	}
	describing, err := readIfThere(attributes)
	if err != nil {
		return nil, err
	}
	return &folder{ignore: parseIgnore(ignoring, w.fold), attributes: parseAttributes(describing, w.fold, w.macros)}, nil
}

// rulesOf reads the rules of a folder of the work tree. As git does, it follows
// no symbolic link to them.
func (w *walk) rulesOf(path []string, parent *folder) (*folder, error) {
	f := &folder{parent: parent, depth: len(path)}
	for _, name := range []string{".gitignore", ".gitattributes"} {
		data, _, err := w.regular(join(append(path[:len(path):len(path)], name)))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotRegular) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if name == ".gitignore" {
			f.ignore = parseIgnore(data, w.fold)
			continue
		}
		macros := w.macros
		if len(path) > 0 {
			macros = nil // only the top may define them
		}
		f.attributes = parseAttributes(data, w.fold, macros)
	}
	return f, nil
}

var errNotRegular = errors.New("is not a regular file")

// regular reads a file of the work tree that is no symbolic link, and its state
// from before it was read.
func (w *walk) regular(path string) (data []byte, info fs.FileInfo, err error) {
	before, err := w.root.Lstat(filepath.FromSlash(path))
	if err != nil {
		return nil, nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s %w", path, errNotRegular)
	}
	f, err := w.root.Open(filepath.FromSlash(path))
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if info, err = f.Stat(); err != nil {
		return nil, nil, err
	}
	if !os.SameFile(before, info) {
		return nil, nil, &Problem{Msg: path + " changed while it was read", Fix: "run the same command again"}
	}
	data, err = io.ReadAll(f)
	return data, info, err
}

func readIfThere(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read Git's rules: %w", err)
	}
	return data, nil
}

func join(path []string) string { return strings.Join(path, "/") }
