package pcaps

import "time"

// clockWatch notices when somebody sets the clock.
type clockWatch struct {
	wall int64     // ns since 1970, less what has passed since mono
	mono time.Time // has a monotonic reading
}

func (w *clockWatch) start(now time.Time) { w.wall, w.mono = now.UnixNano(), now }

// stepped tells whether the clock was set by more than a second since the last call that said so, or start.
func (w *clockWatch) stepped(now time.Time) bool {
	const step = int64(time.Second)
	if off := now.UnixNano() - w.wall - int64(now.Sub(w.mono)); off < -step || off > step {
		w.start(now)
		return true
	}
	return false
}
