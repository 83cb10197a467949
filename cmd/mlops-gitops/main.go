// Command mlops-gitops turns typed environments into what runs them: a Compose
// project for this machine, Kustomize overlays for a cluster that Flux keeps in
// step with Git. Each verb is a file here and a thin skin over a package.
package main

import (
	"context"
	"fmt"
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

// What somebody wrote takes a few megabytes and a moment for each environment. Where a few
// lines come to more than this, the system would end the program without a word, or nobody.
const (
	tooMuch = 2 << 30 // bytes
	tooLong = 5 * time.Minute
)

// exhausted ends the program. Environments are loaded before anything is written.
func exhausted(takes string, environments []string) {
	report(os.Stderr, &refusal{
		fmt.Sprintf("evaluating %s takes %s", listed(environments), takes),
		"look for text or fields that say others several times, which say others in turn",
	})
	os.Exit(2)
}
