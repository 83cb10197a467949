// Command mlops-gitops turns typed environments into what runs them: a Compose
// project for this machine, Kustomize overlays for a cluster that Flux keeps in
// step with Git. Each verb is a file here and a thin skin over a package.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C kills
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
