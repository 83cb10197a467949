// Command mlops-gitops turns typed environments into what runs them: a Compose
// project for this machine, Kustomize overlays for a cluster that Flux keeps in
// step with Git. Each verb is a file here and a thin skin over a package.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

func main() {
	// a short run leaves little to collect; a long one stays within bounds
	debug.SetGCPercent(800)
	debug.SetMemoryLimit(256 << 20)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop() // the second Ctrl-C kills
		// what knows the context has a second to end; what is written is whole at any time
		time.Sleep(time.Second)
		os.Exit(130)
	})
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
