//go:build !linux

package pcaps

// OpenLive returns [ErrNoLive]: capturing needs Linux.
func OpenLive(LiveOptions) (*Live, error) { return nil, ErrNoLive }
