package load

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/mlops-gitops/mlops-gitops/schema"
	"github.com/mlops-gitops/mlops-gitops/schema/doc"
)

// A Layer is who says what a setting is.
type Layer string

// The layers that are called the same in every environment; the mode's own table is
// called "dev default", say.
const (
	ByEnvironment Layer = "environment"
	ByTeam        Layer = "team defaults"
	BySchema      Layer = "schema default" // of a component of one's own
	Derived       Layer = "derived"
)

// setting is what holds at a path, with its layer.
func (e *Explained) setting(at []string, f *doc.Field) Setting {
	s := Setting{Path: at, Field: f}
	v := e.value(at)
	if !v.Exists() {
		return s
	}
	if v.IncompleteKind() != cue.StructKind || e.foreign(f) {
		plain, err := doc.Plain(v)
		if err == nil {
			s.Value = e.readable(at, plain)
		}
		if s.None = e.none(at, plain); s.None != "" {
			s.Value = nil
		}
	}
	said := e.said(at, f)
	if i := slices.IndexFunc(said, func(c Said) bool { return c.Holds }); i >= 0 {
		s.Layer, s.At = said[i].Layer, said[i].At
	}
	return s
}

// Said is one layer's word on a setting.
type Said struct {
	Layer Layer
	At    Position
	Text  string // as it is written
	Holds bool   // nothing above it says otherwise
}

// said is what each layer says of a setting, the one that holds first. Of what a
// layer says in several places all hold, since they agree.
func (e *Explained) said(at []string, f *doc.Field) (all []Said) {
	for _, layer := range []struct {
		name   Layer
		prefix []string
	}{{ByEnvironment, nil}, {ByTeam, []string{"defaults"}}} {
		if at[0] == "defaults" {
			layer.name = ByTeam
		}
		full := append(slices.Clone(layer.prefix), at...)
		written := e.src.of(e.Name, append([]string{"environment"}, full...))
		v := look(e.own, full)
		switch {
		case e.env != nil && (!v.Exists() || f.WorkedOut()), layer.prefix != nil && at[0] == "defaults":
		case len(written) > 0:
			for _, w := range written {
				all = append(all, Said{Layer: layer.name, At: w.at.from(e.src.under), Text: source(w.value)})
			}
		case v.Exists():
			all = append(all, Said{Layer: layer.name, At: e.near(full, v), Text: e.text(at, v)})
		}
	}
	if e.env == nil {
		return all
	}
	for _, d := range e.doc.Defaults(at) {
		if d.Mode == e.env.Mode {
			all = append(all, Said{Layer: Layer(d.Mode + " default"), At: e.inSchema(d.Value), Text: e.text(at, d.Value)})
		}
	}
	v := e.value(at)
	if len(all) == 0 && v.Exists() {
		layer := Derived
		if at[0] == "components" && f.Default() != "" {
			layer = BySchema
		}
		all = append(all, Said{Layer: layer, At: e.inRepository(v), Text: e.text(at, v)})
	}
	for i := range all {
		all[i].Holds = v.Exists() && all[i].Layer == all[0].Layer
	}
	return all
}

// text is a value as CUE has it.
func (e *Explained) text(at []string, v cue.Value) string {
	plain, err := doc.Plain(v)
	if err != nil {
		return "…"
	}
	return doc.Text(e.readable(at, plain))
}

// near is where a value that no field holds as it is was written: by way of a
// reference, or in a type such as schema.#Prod.
func (e *Explained) near(at []string, v cue.Value) Position {
	if p := position(v.Pos()); p.File != "" && !strings.HasPrefix(p.File, "schema/") {
		return p.from(e.src.under)
	}
	for i := len(at); i >= 0; i-- {
		if wrote := e.src.of(e.Name, append([]string{"environment"}, at[:i]...)); len(wrote) > 0 {
			return wrote[0].at.from(e.src.under)
		}
	}
	return Position{File: path.Join(folder, e.Name)}.from(e.src.under)
}

// inSchema is where the schema says a value that doc read from its folder.
func (e *Explained) inSchema(v cue.Value) Position {
	p := position(v.Pos())
	p.File = path.Join("schema", p.File)
	return p.from(e.src.under)
}

func (e *Explained) inRepository(v cue.Value) Position {
	p := position(v.Pos())
	if p.File == "" {
		return Position{}
	}
	return p.from(e.src.under)
}

// reference is a token of the schema.
var reference = regexp.MustCompile("\uFDD0([^\uFDD1]*)\uFDD1")

// none is why what a component may refer to leads nowhere as things are, or "".
func (e *Explained) none(at []string, v any) string {
	text, ok := v.(string)
	if !ok || reference.FindString(text) != text || text == "" || at[0] != "components" {
		return ""
	}
	if _, err := e.env.Bind(at[1], schema.Value(text)); err == nil {
		return ""
	}
	switch at[len(at)-1] {
	case "public":
		return "no route leads there"
	case "user", "password":
		return "nothing is claimed there"
	case "crt", "key":
		return "it is no certificate"
	case "value", "file":
		return "it is a certificate, and has crt and key"
	}
	return "nothing answers there"
}

// readable puts addresses into what a component says, and names of secrets where
// their values come when it starts.
func (e *Explained) readable(at []string, v any) any {
	switch v := v.(type) {
	case string:
		if !strings.ContainsFunc(v, schema.IsReserved) {
			return v
		}
		owner := at[0]
		if owner == "components" && len(at) > 1 {
			owner = at[1]
		}
		parts, err := e.env.Bind(owner, schema.Value(v))
		if err != nil {
			return reference.ReplaceAllString(v, "<$1>")
		}
		var b strings.Builder
		for _, p := range parts {
			switch {
			case p.Secret == "":
				b.WriteString(p.Text)
			case p.File:
				b.WriteString("<file of secret " + p.Secret + ">")
			default:
				b.WriteString("<secret " + p.Secret + ">")
			}
		}
		return b.String()
	case []any:
		all := []any{}
		for _, x := range v {
			all = append(all, e.readable(at, x))
		}
		return all
	case map[string]any:
		all := map[string]any{}
		for k, x := range v {
			all[k] = e.readable(at, x)
		}
		return all
	}
	return v
}
