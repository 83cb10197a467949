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
	WorkedOut bool      // not to be set, only referred to
}

// NoSetting says that a path leads nowhere.
type NoSetting struct {
	under []string
	label string
	known []string
	meant []string // whole paths, when that is clear
}

func (e *NoSetting) Error() string {
	if len(e.under) == 0 {
		return fmt.Sprintf("there is no setting %q", e.label)
	}
	return fmt.Sprintf("%s has no field %q", Name(e.under), e.label)
}

// Hint names what there is.
func (e *NoSetting) Hint() string {
	if len(e.meant) > 0 {
		return "did you mean " + strings.Join(e.meant, " or ") + "?"
	}
	if near := nearest(e.label, e.known); near != "" {
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
		missing := &NoSetting{under: at[:found], label: at[found], known: known}
		if found == 0 && nearest(at[0], known) == "" {
			missing.meant = e.ending(at)
		}
		return nil, missing
	}
	if len(at) > 1 && at[0] == "components" && !look(e.own, at[:2]).Exists() {
		if g, _, _ := e.doc.Find(at[1:2]); g != nil {
			return nil, &NoSetting{under: at[:1], label: at[1], meant: []string{strconv.Quote(at[1])}}
		}
	}
	for i := range at { // names of people's own choice
		parent, _, _ := e.doc.Find(at[:i])
		if member, _ := e.doc.Member(parent.Type); member == nil || len(e.doc.Fields(parent.Type)) > 0 {
			continue
		}
		if named := e.named(at[:i]); !slices.Contains(named, at[i]) && nearest(at[i], named) != "" {
			return nil, &NoSetting{under: at[:i], label: at[i], known: named}
		}
	}
	x := &Explanation{Setting: e.setting(at, f), Of: f.Type.Ref, Kind: e.doc.Kind(f.Type), Must: e.doc.Words(f.Type), WorkedOut: f.WorkedOut()}
	if x.Default = doc.Grouped(e.doc.Defaults(at), e.doc.Modes(), func(s string) string { return s }); x.Default == "" || x.Kind == "struct" {
		x.Default = f.Default()
	}
	if x.Kind != "struct" {
		x.Said = e.said(at, f)
		return x, nil
	}
	x.Holds = e.below(at, f, len(at) > 1)
	x.Holds = slices.DeleteFunc(x.Holds, func(s Setting) bool { return len(s.Path) == len(at) })
	v := e.value(at)
	for _, g := range e.doc.Fields(f.Type) {
		if !g.WorkedOut() && !look(v, []string{g.Name}).Exists() {
			x.Unset = append(x.Unset, Setting{Path: append(slices.Clone(at), g.Name), Field: g})
		}
	}
	return x, nil
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
