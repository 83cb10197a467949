// Package audit looks for values of secrets where they do not belong: known ones, in every
// form in which files carry text, and keys that tell themselves apart by how they begin. It
// reads no file and knows neither Git nor environments: it is given bytes.
package audit

import (
	"bytes"
	"slices"
)

// A Value is one that must not be found.
type Value struct {
	Env, Name string // of the secret
	Text      []byte
}

// Shortest is how many bytes a value must have to be looked for: a shorter one would be found
// in any text.
const Shortest = 8

// A Hit is where something was found. Lines and columns count from 1, columns in bytes.
type Hit struct {
	Value        *Value // the known value, or nil
	What         string // the form of the value, such as "in base64"; without a value what was pasted, such as "a private key in PEM"
	Line, Column int
}

// A Finder looks for values in bytes. It holds copies of them in all forms until Wipe.
type Finder struct {
	values  []Value
	begins  [1 << 16]bool // the first two bytes of a form
	needles map[[Shortest]byte][]needle
}

type needle struct {
	form
	value *Value
}

// NewFinder takes the values to look for. Values shorter than Shortest are not.
func NewFinder(values []Value) *Finder {
	f := &Finder{values: values, needles: map[[Shortest]byte][]needle{}}
	for i := range f.values {
		for _, form := range formsOf(f.values[i].Text) {
			start := [Shortest]byte(form.text)
			f.begins[pair(form.text)] = true
			f.needles[start] = append(f.needles[start], needle{form, &f.values[i]})
		}
	}
	return f
}

// Wipe clears the values and their forms from memory.
func (f *Finder) Wipe() {
	for _, v := range f.values {
		clear(v.Text)
	}
	for _, some := range f.needles {
		for _, n := range some {
			clear(n.text)
		}
	}
	clear(f.needles)
}

// Values finds the known values in data, each once in each form, in order.
func (f *Finder) Values(data []byte) (hits []Hit) {
	for i := 0; i+Shortest <= len(data); i++ {
		if !f.begins[pair(data[i:])] {
			continue
		}
		for _, n := range f.needles[[Shortest]byte(data[i:])] {
			known := func(h Hit) bool { return h.Value == n.value && h.What == n.name }
			if bytes.HasPrefix(data[i:], n.text) && !slices.ContainsFunc(hits, known) {
				hits = append(hits, hitAt(data, i, n.value, n.name))
			}
		}
	}
	return hits
}

func pair(text []byte) int { return int(text[0])<<8 | int(text[1]) }

func hitAt(data []byte, offset int, value *Value, what string) Hit {
	before := data[:offset]
	return Hit{value, what, bytes.Count(before, []byte("\n")) + 1, offset - bytes.LastIndexByte(before, '\n')}
}
