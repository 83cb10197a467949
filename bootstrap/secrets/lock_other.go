//go:build !unix || solaris || aix

package secrets

import "os"

// flock does nothing here: whoever runs two commands at once in one environment has to
// wait for the first by themselves.
func flock(*os.File, bool) (busy bool, err error) { return false, nil }
