package secrets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/mlops-gitops/mlops-gitops/schema"
)

// pendingFolder holds new values, from before a program hears of them until all that
// use them run with them. What is in it after a kill is gone on with.
const pendingFolder = ".new"

// A Turn is a secret that gets a new value: one of text by its name, a certificate by
// its name without .crt and .key, the authority as ca.crt.
type Turn struct {
	Name  string
	Given map[string][]byte                   // by secret, where a person supplies the value
	Tell  func(context.Context, []byte) error // makes the program take the value; nil: it does by starting anew
	There *Elsewhere                          // nil: the value is this machine's alone
}

// An Elsewhere is a second place that keeps the value, which gets it before this machine does.
type Elsewhere struct {
	Put     func(value []byte, note func(state string) error) error // notes the state that it makes, before it does
	State   func() (string, error)                                  // another after each Put
	First   bool                                                    // it must be in force there before this machine takes it: the next Rotate goes on
	Taken   func() error                                            // for First: why what was put can't be in force there yet, or nil
	Changed error                                                   // for First: what to say where another value was put there since
}

// madeAnew stands in the place of the new value of a certificate that is made here.
const madeAnew = "made anew\n"

// sealedNote starts the names of files beside new values that hold the state of the place
// elsewhere which has got the value, and in a second line the one that it had before.
const sealedNote = ".sealed-"

// Rotate gives secrets new values: a value is put down, the program is told, the file is
// replaced, and at last what uses the secrets is started anew. Each step can be done
// again, so one that was killed goes on with the same value. Where a program does not
// take the value, the old one stays in force, and the others go on.
//
// restart gets the names of the turns that are done; it starts anew what uses them.
func (l Local) Rotate(ctx context.Context, declared map[string]schema.Secret, turns []Turn, restart func(context.Context, []string) error, rand io.Reader, now time.Time) (r Result, err error) {
	if _, err := l.valid(declared); err != nil {
		return r, err
	}
	repo, err := os.OpenRoot(l.Dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, repo.Close()) }()
	if err := hide(repo, rand, &r); err != nil {
		return r, err
	}
	f, err := private(repo, l.folder(), &r)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	unlock, err := f.lock(false)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := f.install(certificates(declared)); err != nil {
		return r, err
	}
	next, err := private(repo, path.Join(l.folder(), pendingFolder), &r)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, next.Close()) }()
	t := turning{l, f, next, declared, certificates(declared), rand, now, &r}
	if err := errors.Join(t.check(turns)...); err != nil {
		return r, err
	}
	var failed []error
	for _, turn := range turns {
		if _, text := texts(declared)[turn.Name]; !text {
			continue
		}
		waits, err := t.text(ctx, turn)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if waits {
			r.Unfinished = append(r.Unfinished, turn.Name)
			continue
		}
		r.Rotated = append(r.Rotated, turn.Name)
	}
	if err := t.certificates(turns); err != nil {
		failed = append(failed, err)
	}
	if len(r.Rotated) == 0 {
		return r, errors.Join(failed...)
	}
	slices.Sort(r.Rotated)
	if err := restart(ctx, r.Rotated); err != nil {
		failed = append(failed, err)
	} else if err := t.settle(r.Rotated); err != nil {
		failed = append(failed, err)
	}
	return r, errors.Join(failed...)
}

// turning is what the steps of a rotation share.
type turning struct {
	Local
	in, next *folder
	declared map[string]schema.Secret
	all      []certificate
	rand     io.Reader
	now      time.Time
	r        *Result
}

// asGiven is a problem with a certificate whose files are not in the folder yet.
func (t turning) asGiven(c certificate, problem error) error {
	p, ok := errors.AsType[*Problem](problem)
	if !ok {
		return problem
	}
	msg := p.Msg
	for _, part := range []string{c.crt(), c.key()} {
		msg = strings.ReplaceAll(msg, path.Join(t.folder(), part), "the new "+part)
	}
	return &Problem{msg, fmt.Sprintf("give the two files that belong together: --from %s=fullchain.pem --from %s=privkey.pem", c.crt(), c.key())}
}

// check returns the Problems with values that persons supply.
func (t turning) check(turns []Turn) (problems []error) {
	for _, turn := range turns {
		for _, c := range t.all {
			if c.name == turn.Name && c.supplied && turn.Given != nil {
				for _, p := range t.checkSupplied(c, turn.Given[c.crt()], turn.Given[c.key()], t.now, t.r) {
					problems = append(problems, t.asGiven(c, p))
				}
			}
		}
		if value, isGiven := turn.Given[turn.Name]; isGiven {
			problems = append(problems, given(t.Env, turn.Name, t.declared[turn.Name], value)...)
		}
	}
	return problems
}

// text gives a secret of text its new value: that of an earlier run where there is one. It
// waits where the value has to be in force elsewhere first.
func (t turning) text(ctx context.Context, turn Turn) (waits bool, err error) {
	value, err := t.next.readIfAny(turn.Name)
	if err != nil {
		return false, err
	}
	if given := turn.Given[turn.Name]; given != nil && !bytes.Equal(given, value) || value == nil {
		if value, err = t.newText(turn); err != nil {
			return false, err
		}
		// what is known of the place elsewhere is of another value
		if err := t.next.remove(sealedNote + turn.Name); err != nil {
			return false, err
		}
		if err := t.next.swap(turn.Name, value, localFileMode, t.rand); err != nil {
			return false, err
		}
	}
	defer clear(value)
	if turn.There != nil {
		put, err := t.elsewhere(turn, value)
		if err != nil || put && turn.There.First {
			return put, err
		}
	}
	if turn.Tell != nil {
		if err := turn.Tell(ctx, value); err != nil {
			return false, fmt.Errorf("%s keeps its old value: %w", turn.Name, redact(err, value))
		}
	}
	return false, t.in.swap(turn.Name, value, localFileMode, t.rand)
}

// newText is the value that is given, or a new one.
func (t turning) newText(turn Turn) ([]byte, error) {
	if given := turn.Given[turn.Name]; given != nil {
		return bytes.Clone(given), nil
	}
	if t.declared[turn.Name].Supplied {
		return nil, &Problem{"a person supplies " + turn.Name, "supply the new value"}
	}
	return newValue(t.rand, t.declared[turn.Name].Length)
}

// elsewhere puts the value where it is kept too, unless an earlier run has. What somebody else
// put there since is in force there or will be, and is not put over unless a person says so by
// giving the value.
func (t turning) elsewhere(turn Turn, value []byte) (put bool, err error) {
	noted, err := t.next.readIfAny(sealedNote + turn.Name)
	if err != nil {
		return false, err
	}
	state, err := turn.There.State()
	if err != nil {
		return false, err
	}
	if noted != nil {
		after, before, _ := strings.Cut(string(noted), "\n")
		switch {
		case state == after && turn.There.First:
			return false, turn.There.Taken()
		case state == after:
			return false, nil
		case state != before && turn.There.First && turn.Given == nil:
			return false, turn.There.Changed
		}
	}
	return true, turn.There.Put(value, func(after string) error {
		return t.next.swap(sealedNote+turn.Name, []byte(after+"\n"+state), localFileMode, t.rand)
	})
}

// certificates makes those anew that are among the turns, and puts supplied ones in place.
func (t turning) certificates(turns []Turn) error {
	anew := map[string]bool{}
	var set []staging
	for _, turn := range turns {
		i := slices.IndexFunc(t.all, func(c certificate) bool { return c.name == turn.Name })
		switch {
		case i < 0 && turn.Name != authorityCert:
			continue
		case i < 0 || !t.all[i].supplied:
			// a note that those who use it have to be started anew
			if err := t.next.swap(turn.Name, []byte(madeAnew), localFileMode, t.rand); err != nil {
				return err
			}
			anew[turn.Name] = true
		default:
			parts, err := t.supplied(t.all[i], turn.Given)
			if err != nil {
				return err
			}
			set = append(set, parts...)
		}
		t.r.Rotated = append(t.r.Rotated, turn.Name)
	}
	if len(set) > 0 {
		if err := t.in.replace(t.all, set); err != nil {
			return err
		}
	}
	if len(anew) == 0 {
		return nil
	}
	if err := t.makeCertificates(t.in, t.all, anew, t.rand, t.now, t.r); err != nil {
		return err
	}
	for _, made := range t.r.Renewed { // with the authority, all that it vouches for
		if !slices.Contains(t.r.Rotated, made.Name) {
			t.r.Rotated = append(t.r.Rotated, made.Name)
		}
	}
	return nil
}

// supplied are both parts of a certificate, put down for whoever goes on after a kill.
func (t turning) supplied(c certificate, given map[string][]byte) (set []staging, err error) {
	// the key comes first and goes first: alone it is half of what a person supplied, while
	// a certificate alone was put in place
	for _, file := range []string{c.key(), c.crt()} {
		data := given[file]
		if data != nil {
			err = t.next.swap(file, data, localFileMode, t.rand)
		} else {
			data, err = t.next.readIfAny(file)
		}
		if err != nil {
			return nil, err
		}
		set = append(set, staging{file, data, localFileMode})
	}
	key, crt := set[0].data, set[1].data
	if crt == nil {
		return nil, &Problem{"a person supplies " + c.name, "supply the new certificate and its key"}
	}
	if key == nil {
		return nil, nil
	}
	return set, errors.Join(t.checkSupplied(c, crt, key, t.now, t.r)...)
}

// settle forgets new values that are in force everywhere.
func (t turning) settle(done []string) error {
	for _, name := range done {
		for _, file := range []string{name, name + ".key", name + ".crt", sealedNote + name} {
			if err := t.next.remove(file); err != nil {
				return err
			}
		}
	}
	return t.next.sync()
}

// pending are the secrets whose new values are not in force everywhere, by file, in order.
func (f *folder) pending() (names []string, err error) {
	entries, err := fs.ReadDir(f.root.FS(), pendingFolder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, in(f.at(pendingFolder), err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Pending returns the secrets whose rotation was begun and did not end, in order. It
// changes nothing.
func (l Local) Pending() (names []string, err error) {
	if err := checkEnv(l.Env); err != nil {
		return nil, err
	}
	err = l.look(func(f *folder) error {
		names, err = f.pending()
		return err
	})
	return names, err
}

// Waiting reports whether a value that another place has got waits here to be in force there,
// whose state is given. It changes nothing.
func (l Local) Waiting(name, state string) (waits bool, err error) {
	err = lookInto(l.Dir, path.Join(l.folder(), pendingFolder), func(f *folder) error {
		noted, err := f.readIfAny(sealedNote + name)
		after, _, _ := strings.Cut(string(noted), "\n")
		waits = noted != nil && after == state
		return err
	})
	return waits, err
}

// redact takes a value out of what a program said of it.
func redact(err error, value []byte) error {
	text := err.Error()
	if !strings.Contains(text, string(value)) {
		return err
	}
	return errors.New(strings.ReplaceAll(text, string(value), "(the new value)"))
}
