package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// inOrder does n things, as many at once as there are processors, and prints what they
// say in their order. One that fails keeps none of the others from being done; the error
// is that of all that failed.
func inOrder(ctx context.Context, n int, stdout, stderr io.Writer, do func(i int, stdout, stderr io.Writer) error) error {
	type said struct {
		stdout, stderr bytes.Buffer
		err            error
	}
	all := make([]chan *said, n)
	for i := range all {
		all[i] = make(chan *said, 1)
	}
	go func() {
		var workers errgroup.Group
		workers.SetLimit(runtime.GOMAXPROCS(0))
		for i := range all {
			workers.Go(func() error {
				s := new(said)
				if s.err = ctx.Err(); s.err == nil {
					s.err = do(i, &s.stdout, &s.stderr)
				}
				all[i] <- s
				return nil
			})
		}
	}()
	var failed []error
	for i := range all {
		s := <-all[i]
		_, err := s.stderr.WriteTo(stderr)
		if err == nil {
			_, err = s.stdout.WriteTo(stdout)
		}
		failed = append(failed, s.err, err)
	}
	return errors.Join(failed...)
}
