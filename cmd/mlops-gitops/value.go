package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// largestValue is what a Kubernetes Secret holds at most, in bytes (kubernetes.io, Secrets).
const largestValue = 1 << 20

// readValue reads a secret from a file, or from standard input where none is named or it is
// called "-". A person at a terminal is asked for it, and nobody sees it.
func readValue(ctx context.Context, name, file string, stdin io.Reader, stderr io.Writer) (value []byte, err error) {
	input, isFile := stdin.(*os.File)
	switch {
	case file != "" && file != "-":
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // it was read only
		value, err = io.ReadAll(io.LimitReader(f, largestValue+1))
		if err != nil {
			return nil, err
		}
	case isFile && term.IsTerminal(int(input.Fd())):
		fmt.Fprintf(stderr, "the value of %s, which is not shown: ", inLine(name))
		value, err = askHidden(ctx, int(input.Fd()))
		fmt.Fprintln(stderr)
	default:
		value, err = io.ReadAll(io.LimitReader(stdin, largestValue+1))
	}
	if err != nil {
		return nil, fmt.Errorf("the value of %s: %w", name, err)
	}
	value = oneLine(value)
	switch {
	case len(value) == 0:
		return nil, &refusal{"the value of " + name + " is empty", "supply one: from the keyboard, from a file with --from FILE, or from standard input"}
	case len(value) > largestValue:
		return nil, &refusal{"the value of " + name + " is larger than a Secret can be, which is 1 MiB", "supply a smaller one"}
	}
	return value, nil
}

// askHidden reads a line that a terminal does not show, and leaves the terminal as it was,
// also where the person gives up.
func askHidden(ctx context.Context, terminal int) ([]byte, error) {
	before, err := term.GetState(terminal)
	if err != nil {
		return nil, err
	}
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(terminal)
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		return l.text, l.err
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), term.Restore(terminal, before))
	}
}

// oneLine is a value without the newline at the end of its only line, which is no part of it.
func oneLine(value []byte) []byte {
	if bytes.IndexByte(value, '\n') == len(value)-1 {
		value = bytes.TrimRight(value, "\r\n")
	}
	return value
}
