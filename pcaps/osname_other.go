//go:build !linux

package pcaps

import "runtime"

// osName is the system's name.
func osName() string { return runtime.GOOS }
