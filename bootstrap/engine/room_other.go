//go:build !linux

package engine

import "errors"

// room is not known: engines run in a virtual machine here, on a disk of its own.
func room(string) (int64, error) { return 0, errors.ErrUnsupported }
