package load

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"
)

// instead is how a value that a setting can't have was probably meant, or "". What
// it offers the schema takes.
func instead(wrote ast.Expr, want cue.Value) string {
	if !want.Exists() {
		return ""
	}
	text, quoted := plainText(wrote)
	if quoted && !takes(want, `"https://a.example.com"`) {
		text = scheme.ReplaceAllString(text, "")
	}
	if m := imageReference.FindStringSubmatch(text); m != nil && m[2] != "" && takes(want, strconv.Quote(m[1])) && !takes(want, `"a:b"`) && takes(want, `"a/b"`) {
		return fmt.Sprintf("say repository: %q, tag: %q", registered(m[1]), m[2][1:])
	}
	if quoted && takes(want, strconv.Quote(certificate)) && !takes(want, `"x"`) {
		return `paste the certificate's text, its lines between """ and """`
	}
	for _, guess := range guesses(wrote, text, want) {
		if !takes(want, guess) {
			continue
		}
		switch {
		case quoted && guess == text:
			return "leave the quotes out: " + guess
		case !quoted && guess == strconv.Quote(text):
			return "put it in quotes: " + guess
		}
		return "did you mean " + guess + "?"
	}
	if _, block := wrote.(*ast.StructLit); block || want.IncompleteKind() != cue.StructKind {
		return ""
	}
	if names := fields(want, false); len(names) > 0 {
		return "its fields are " + list(names)
	}
	return "choose a name for each: " + shape(want)
}

// certificate is the form of one.
const certificate = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"

// shape shows what stands under a name of the person's choice: NAME: {path: …, size: …}.
func shape(want cue.Value) string {
	of := want.LookupPath(cue.MakePath(cue.Str("name").Optional()))
	if !of.Exists() {
		of = want.LookupPath(cue.MakePath(cue.Str("/name").Optional()))
	}
	switch of.IncompleteKind() {
	case cue.StructKind:
		var must []string
		it, err := of.Fields(cue.Optional(true))
		for err == nil && it.Next() {
			if it.Selector().ConstraintType() == cue.RequiredConstraint && !strings.HasSuffix(docOf(it.Value()), notToBeSet) {
				must = append(must, it.Selector().Unquoted()+": …")
			}
		}
		return "NAME: {" + strings.Join(must, ", ") + "}"
	case cue.StringKind:
		if words := choices(of); len(words) > 0 {
			for i := range words {
				words[i] = strconv.Quote(words[i])
			}
			return "NAME: " + strings.Join(words, " or ")
		}
		return `NAME: "…"`
	}
	return "NAME: …"
}

// takes reports whether the schema takes a value, written as CUE.
func takes(want cue.Value, text string) bool {
	v := cuecontext.New().CompileString(text)
	return v.Err() == nil && want.Unify(v).Validate(cue.Concrete(true)) == nil
}

// plainText is what a literal or a bare word says, and whether it stood in quotes.
func plainText(x ast.Expr) (text string, quoted bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		if x.Kind != token.STRING {
			return x.Value, false
		}
		if text, err := literal.Unquote(x.Value); err == nil {
			return text, true
		}
	case *ast.Ident:
		return x.Name, false
	}
	return "", false
}

// guesses are other ways to say what was written, as CUE, the likeliest first.
func guesses(wrote ast.Expr, text string, want cue.Value) (all []string) {
	switch want.IncompleteKind() {
	case cue.StringKind:
		for _, t := range texts(text, want) {
			all = append(all, strconv.Quote(t))
		}
	case cue.IntKind:
		all = append(all, text)
		if d, err := time.ParseDuration(text); err == nil {
			all = append(all, strconv.Itoa(int(d.Seconds())))
		}
	case cue.BoolKind:
		switch strings.ToLower(text) {
		case "true", "yes", "on", "1", "enabled", "y":
			all = append(all, "true")
		case "false", "no", "off", "0", "disabled", "none", "n":
			all = append(all, "false")
		}
	case cue.ListKind:
		if words := strings.Fields(text); len(words) > 0 {
			for i := range words {
				words[i] = strconv.Quote(words[i])
			}
			all = append(all, "["+strings.Join(words, ", ")+"]")
		}
	case cue.StructKind:
		all = structs(wrote, text, want)
	}
	return slices.DeleteFunc(all, func(guess string) bool { return guess == "" })
}

var (
	amount = regexp.MustCompile(`(?i)^([0-9]+)(\.5)? ?(m|g|t)?(i?b?|egabytes?|igabytes?|erabytes?)$`)
	dotted = regexp.MustCompile(`^[0-9]+(\.[0-9]+)+$`)
	scheme = regexp.MustCompile(`^[A-Za-z]+://`)
	rough  = regexp.MustCompile(`[^a-z0-9]+`)
	worded = regexp.MustCompile(`^[A-Za-z0-9]+([ _.:/-]+[A-Za-z0-9]+)*$`)
)

// texts are other spellings of a text: one of the choices that it is near to, a size
// in the schema's units, a version with or without its v, a host name alone, a name
// in small letters.
func texts(text string, want cue.Value) []string {
	if text == "" {
		return nil
	}
	all := []string{text}
	if choice := near(text, choices(want)); choice != "" {
		all = append(all, choice)
	}
	lower := strings.ToLower(text)
	if m := amount.FindStringSubmatch(text); m != nil && takes(want, `"1Gi"`) && !takes(want, `"Gi1"`) {
		all = append(all, binary(m[1], m[2] != "", strings.ToUpper(m[3])))
	}
	if version, _, _ := strings.Cut(strings.TrimPrefix(text, "v"), "-"); dotted.MatchString(version) {
		all = append(all, version, "v"+version, version+".0", "v"+version+".0")
	}
	if takes(want, `"a.example.com"`) && !takes(want, `"a.example.com/b"`) {
		host, _, _ := strings.Cut(scheme.ReplaceAllString(lower, ""), "/")
		alone, _, _ := strings.Cut(host, ":")
		alone = strings.Trim(strings.TrimPrefix(strings.ReplaceAll(alone, "_", "-"), "*."), ".")
		return append(all, host, alone, strings.ReplaceAll(alone, "..", "."))
	}
	if address := map[string]string{"localhost": "127.0.0.1", "*": "0.0.0.0", "all": "0.0.0.0", "any": "0.0.0.0"}[lower]; address != "" && takes(want, `"::1"`) {
		return append(all, address)
	}
	if takes(want, `"A b, c"`) { // for people to read, so it stays what it is, on one line
		return append(all, strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " "))
	}
	within := strings.Trim(text, "/")
	return append(all, lower, "/"+within, "/"+within+"/", within, joined(text, "-"), joined(text, "_"), strings.Fields(text + " ")[0])
}

// joined is a name of the words of a text, or "" where there is more to it than words: of a
// name with holes nobody would say that it was meant.
func joined(text, by string) string {
	text = strings.TrimFunc(text, func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSpace(r) })
	if !worded.MatchString(text) {
		return ""
	}
	return rough.ReplaceAllString(strings.ToLower(text), by)
}

// binary is an amount in the schema's units, or "". Without a unit it is taken for
// what such numbers are said of: small ones of disks, large ones of memory.
func binary(number string, half bool, unit string) string {
	n, err := strconv.Atoi(number)
	switch {
	case err != nil || unit == "" && len(number) > 4:
		return ""
	case half:
		n, unit = n*1024+512, map[string]string{"T": "G", "G": "M"}[unit]
	case unit == "" && n < 64:
		unit = "G"
	case unit == "":
		unit = "M"
	}
	return strconv.Itoa(n) + unit + "i"
}

// choices are the words that a setting may be, where these are few.
func choices(want cue.Value) (words []string) {
	want = cue.Dereference(want)
	if text, err := want.String(); err == nil {
		return []string{text}
	}
	if op, args := want.Expr(); op == cue.OrOp {
		for _, arg := range args {
			words = append(words, choices(arg)...)
		}
	}
	return words
}

var imageReference = regexp.MustCompile(`^([^@\s]+?)(:[A-Za-z0-9_][-A-Za-z0-9._]*)?(@sha256:[0-9a-f]{64})?$`)

// structs are sets of fields that say what was written as one value or as a list: an
// image's reference in parts, the one field that takes such a value, names and values.
func structs(wrote ast.Expr, text string, want cue.Value) (all []string) {
	names := fields(want, false)
	if m := imageReference.FindStringSubmatch(text); m != nil && slices.Contains(names, "repository") {
		parts := []string{"repository: " + strconv.Quote(registered(m[1]))}
		if m[2] != "" {
			parts = append(parts, "tag: "+strconv.Quote(m[2][1:]))
		}
		if m[3] != "" {
			parts = append(parts, "digest: "+strconv.Quote(m[3][1:]))
		}
		return []string{"{" + strings.Join(parts, ", ") + "}"}
	}
	if listed, ok := wrote.(*ast.ListLit); ok && len(names) == 0 {
		return []string{named(listed)}
	}
	if text == "" {
		return nil
	}
	for _, name := range names {
		if guess := fmt.Sprintf("{%s: %s}", name, source(wrote)); takes(want, guess) {
			all = append(all, guess)
		}
	}
	if len(all) > 1 { // it is not clear which
		return nil
	}
	return all
}

// registered is an image's name with its registry: one without is Docker Hub's.
func registered(name string) string {
	host, _, path := strings.Cut(name, "/")
	switch {
	case !path:
		return "docker.io/library/" + name
	case strings.ContainsAny(host, ".:") || host == "localhost":
		return name
	}
	return "docker.io/" + name
}

// named is a list of names, or of "name=value", as fields, or "".
func named(listed *ast.ListLit) string {
	var all []string
	for _, x := range listed.Elts {
		text, quoted := plainText(x)
		if !quoted {
			return ""
		}
		name, value, found := strings.Cut(text, "=")
		if found {
			value = strconv.Quote(value)
		} else {
			value = "{}"
		}
		if !ast.IsValidIdent(name) {
			name = strconv.Quote(name)
		}
		all = append(all, name+": "+value)
	}
	return "{" + strings.Join(all, ", ") + "}"
}

// plainName is a name in small letters, digits and dashes that someone meant who wrote
// another, or "".
func plainName(wrote string) string {
	if plain := joined(wrote, "-"); plain != wrote {
		return plain
	}
	return ""
}

var fewNames = regexp.MustCompile(`^\^\(?([a-z0-9-]+(?:\|[a-z0-9-]+)*)\)?\$$`)

// nameable are the names that a struct's fields can have, where its pattern lists them.
func nameable(want cue.Value) []string {
	all, err := want.Fields(cue.Patterns(true))
	if err != nil {
		return nil
	}
	for all.Next() {
		if all.Selector().ConstraintType() != cue.PatternConstraint {
			continue
		}
		if op, args := all.Selector().Pattern().Expr(); op == cue.RegexMatchOp {
			if pattern, err := args[0].String(); err == nil && fewNames.MatchString(pattern) {
				return strings.Split(fewNames.FindStringSubmatch(pattern)[1], "|")
			}
		}
	}
	return nil
}
