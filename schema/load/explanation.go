package load

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mlops-gitops/mlops-gitops/schema/doc"
)

// An Explanation is all there is to say about one path.
type Explanation struct {
	Setting
	Of        string    // the definition that the schema has there, such as #Count, or ""
	Must      string    // what a value must be, in words
	Kind      string    // string, int, bool, list, struct ...
	Default   string    // what holds when nobody says it, by mode, or ""
	Said      []Said    // by each layer, those that hold first; none for a struct
	Holds     []Setting // what holds below
	Unset     []Setting // what could be said below, and is not
	Empty     bool      // it holds things by names of people's own choice, and there is none
	Each      []Setting // the fields of such a thing
	Nobody    string    // says the name on the way there that is of people's own choice, or ""
	WorkedOut bool      // not to be set, only referred to
}

// NoSetting says that a path leads nowhere.
type NoSetting struct {
	under []string
	label string
	known []string
	meant []string // whole paths, when that is clear

	says, hint string // in other words, or ""
}

func (e *NoSetting) Error() string {
	if e.says != "" {
		return e.says
	}
	if len(e.under) == 0 {
		return fmt.Sprintf("there is no setting %q", e.label)
	}
	return fmt.Sprintf("%s has no field %q", Name(e.under), e.label)
}

// Hint names what there is.
func (e *NoSetting) Hint() string {
	if e.hint != "" {
		return e.hint
	}
	if len(e.meant) > 0 {
		return "did you mean " + strings.Join(e.meant, " or ") + "?"
	}
	if near := near(e.label, e.known); near != "" {
		return fmt.Sprintf("did you mean %q?", Name(append(slices.Clone(e.under), near)))
	}
	if len(e.known) == 0 {
		return Name(e.under) + " is a single value"
	}
	return "there are " + list(e.known)
}

// At explains a path such as flux.interval. It is an error when there is no such setting.
func (e *Explained) At(text string) (*Explanation, error) {
	at := e.path(text)
	if len(at) == 0 {
		at = []string{text}
	}
	f, known, found := e.doc.Find(at)
	if f == nil {
		if whole := e.undotted(at, found); whole != nil {
			hint := fmt.Sprintf("a name with dots stands in quotes, and the path in the shell's: '%s'", Name(whole))
			return nil, &NoSetting{under: at[:found], label: at[found], hint: hint}
		}
	}
	if len(at) > 1 && at[0] == "components" && !look(e.own, at[:2]).Exists() {
		if g, _, _ := e.doc.Find(at[1:2]); g != nil {
			return nil, e.builtIn(at)
		}
	}
	nobody, missing := e.unnamed(at, found)
	switch {
	case missing != nil:
		return nil, missing
	case f == nil:
		missing = &NoSetting{under: at[:found], label: at[found], known: known}
		missing.hint = e.doc.Renamed(Name(at))
		if found == 0 && nearest(at[0], known) == "" {
			missing.meant = e.ending(at)
			if own := append([]string{"components"}, at...); look(e.own, own[:2]).Exists() {
				missing.meant = []string{strconv.Quote(Name(own))}
			}
		}
		return nil, missing
	}
	x := &Explanation{Setting: e.setting(at, f), Of: f.Type.Ref, Kind: e.doc.Kind(f.Type), Must: e.doc.Words(f.Type), WorkedOut: f.WorkedOut(), Nobody: nobody}
	if x.Default = doc.Grouped(e.doc.Defaults(at), e.doc.Modes(), func(s string) string { return s }); x.Default == "" || x.Kind == "struct" {
		x.Default = f.Default()
	}
	if x.Kind != "struct" {
		if x.None == "" {
			x.Said = e.said(at, f)
		}
		return x, nil
	}
	x.Holds = e.below(at, f, len(at) > 1)
	x.Holds = slices.DeleteFunc(x.Holds, func(s Setting) bool { return len(s.Path) == len(at) })
	if member, key := e.chosen(f); member != nil {
		x.Empty = len(x.Holds) == 0
		for _, g := range e.doc.Fields(member) {
			if !g.WorkedOut() {
				x.Each = append(x.Each, Setting{Path: append(slices.Clone(at), key, g.Name), Field: g})
			}
		}
	}
	v := e.value(at)
	for _, g := range e.doc.Fields(f.Type) {
		if !g.WorkedOut() && !look(v, []string{g.Name}).Exists() {
			x.Unset = append(x.Unset, Setting{Path: append(slices.Clone(at), g.Name), Field: g})
		}
	}
	return x, nil
}

// chosen is what stands in a field under names of people's own choice and what such names
// are called, or nil.
func (e *Explained) chosen(f *doc.Field) (member *doc.Type, key string) {
	if e.doc.Kind(f.Type) == "list" || len(e.doc.Fields(f.Type)) > 0 {
		return nil, ""
	}
	member, key = e.doc.Member(f.Type)
	if key = strings.ToUpper(key); key == "KEY" {
		key = "NAME"
	}
	return member, key
}

// unnamed is the first name of people's own choice on a path that nobody has said, in
// words, or what was meant instead; the path is known as far as it was found. Its kind in capitals stands for any name.
func (e *Explained) unnamed(at []string, found int) (nobody string, missing *NoSetting) {
	for i := range found {
		parent, _, _ := e.doc.Find(at[:i])
		member, key := e.chosen(parent)
		named := e.named(at[:i])
		if member == nil || at[i] == key || slices.Contains(named, at[i]) {
			continue
		}
		if nearest(at[i], named) != "" {
			return "", &NoSetting{under: at[:i], label: at[i], known: named}
		}
		nobody = fmt.Sprintf("%s has no %s called %q", Name(at[:i]), strings.ToLower(key), at[i])
		if key == "NAME" {
			nobody = fmt.Sprintf("%s has no %q", Name(at[:i]), at[i])
		}
		if slices.ContainsFunc(e.doc.Fields(member), func(g *doc.Field) bool { return g.Name == at[i] }) {
			meant := slices.Concat(at[:i], []string{key}, at[i:])
			return "", &NoSetting{says: nobody, hint: fmt.Sprintf("did you mean %q, with a name for %s?", Name(meant), key)}
		}
		return nobody, nil
	}
	return "", nil
}

// builtIn says of a path below components that it leads to one of the platform's own, or
// to what is set beside them.
func (e *Explained) builtIn(at []string) *NoSetting {
	there := at[1:]
	if f, _, _ := e.doc.Find(there); f == nil {
		there = at[1:2]
	}
	missing := &NoSetting{under: at[:1], label: at[1], meant: []string{strconv.Quote(Name(there))}}
	if f, _, _ := e.doc.Find([]string{at[1], "place"}); f != nil {
		missing.says = at[1] + " is a built-in component"
		missing.hint = fmt.Sprintf("it stands under its own name: mlops-gitops explain %s %s", e.Name, Name(there))
	}
	return missing
}

// undotted is a path in which a name with dots was meant that nobody quoted, or nil. It
// was found as far as to the first piece of that name.
func (e *Explained) undotted(at []string, found int) []string {
	if found == 0 {
		return nil
	}
	parent, _, _ := e.doc.Find(at[:found-1])
	if member, _ := e.doc.Member(parent.Type); member == nil {
		return nil
	}
	named := e.named(at[:found-1])
	ends := found + 1 // of a path of a file, which has no name yet
	for end := found + 1; end <= len(at); end++ {
		if slices.Contains(named, strings.Join(at[found-1:end], ".")) {
			ends = end
		}
	}
	name := strings.Join(at[found-1:ends], ".")
	if !slices.Contains(named, name) && !strings.HasPrefix(name, "/") {
		return nil
	}
	return slices.Concat(at[:found-1], []string{name}, at[ends:])
}

// path is a path of a setting, however it is written: with "environment." in front as in
// files, or with the team's "defaults.", which say the same settings.
func (e *Explained) path(text string) []string {
	at := labels(text)
	for _, prefix := range []string{"environment", "defaults"} {
		if len(at) > 1 && at[0] == prefix {
			at = at[1:]
		}
	}
	return at
}

// ending are the settings whose paths end like this: somebody left the beginning out.
func (e *Explained) ending(at []string) (paths []string) {
	var walk func(under []string, f *doc.Field)
	walk = func(under []string, f *doc.Field) {
		for _, g := range e.doc.Fields(f.Type) {
			here := append(slices.Clone(under), g.Name)
			if len(here) > len(at) && slices.Equal(here[len(here)-len(at):], at) && here[0] != "defaults" {
				paths = append(paths, strconv.Quote(Name(here)))
			}
			walk(here, g)
		}
	}
	root, _, _ := e.doc.Find(nil)
	walk(nil, root)
	return paths
}

// named are the names of people's own choice at a path.
func (e *Explained) named(at []string) []string {
	names := append(e.src.keys(e.Name, at), e.src.keys(e.Name, append([]string{"defaults"}, at...))...)
	if v := e.value(at); v.Exists() {
		for it, err := v.Fields(); err == nil && it.Next(); {
			names = append(names, it.Selector().Unquoted())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Unset are the settings that could be said and are not, where something around
// them holds.
func (e *Explained) Unset() (names []string) {
	root, _, _ := e.doc.Find(nil)
	var walk func(at []string, f *doc.Field)
	walk = func(at []string, f *doc.Field) {
		for _, g := range e.doc.Fields(f.Type) {
			here := append(slices.Clone(at), g.Name)
			switch {
			case len(at) == 0 && (g.Name == "defaults" || g.Name == "components"):
			case !e.value(here).Exists():
				names = append(names, Name(here))
			default:
				walk(here, g)
			}
		}
	}
	walk(nil, root)
	return names
}

// Complete returns the paths that begin like this, each with what it means after a tab.
func (r *Repository) Complete(env, prefix string) (paths []string, err error) {
	e, err := r.documented(env)
	if err != nil {
		return nil, err
	}
	under := prefix[:strings.LastIndexByte(prefix, '.')+1]
	at := labels(under)
	f, _, _ := e.doc.Find(at)
	if f == nil {
		return nil, nil
	}
	for _, g := range e.doc.Fields(f.Type) {
		if path := under + g.Name; strings.HasPrefix(path, prefix) {
			paths = append(paths, path+"\t"+g.Summary())
		}
	}
	if member, _ := e.doc.Member(f.Type); member != nil {
		for _, name := range e.src.keys(env, at) {
			if path := under + Name([]string{name}); strings.HasPrefix(path, prefix) {
				paths = append(paths, path)
			}
		}
	}
	return paths, nil
}
