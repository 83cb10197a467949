package main

import (
	"cmp"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "print the version of this program",
		Example: "  mlops-gitops version",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "mlops-gitops", version())
			return err
		},
	}
}

// version is the module's, with what it was built for.
func version() string {
	return fmt.Sprintf("%s %s %s/%s", cmp.Or(moduleVersion(), "(unknown)"), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// moduleVersion is the module's, as the Go tool stamped it, or "".
func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}

// installable is a version that "go install" finds: it is that of a commit, with nothing changed.
var installable = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$`)

// pinned is what stands behind the @ of a program of a version.
func pinned(version string) string {
	if installable.MatchString(version) {
		return version
	}
	return "latest"
}
