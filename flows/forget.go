package flows

import "time"

// Forget lets connections leave that are over, as of the latest packet: they ended for want of packets, or had none for so long as quiet. whole is shown each
// as it is before its flows leave, which Left is shown; it is good until whole returns. Flows with which a packet could still have gone on are counted as
// Quiet. A capture that does not end needs this: otherwise it remembers as many flows as it may, most of them long over.
//
// It must not be called in the middle of a batch.
func (t *Tracker) Forget(quiet time.Duration, whole func(*Connection)) {
	var over []uint32 // members before whom they belong to, so that they are shown as such
	t.connections(func(n uint32, c *Connection) bool {
		if c.Remaining > 0 {
			if t.now-c.Last() < int64(quiet) {
				return true
			}
			t.counts.Quiet += uint64(len(c.IDs))
		}
		whole(c)
		for m := range t.members(n) {
			over = append(over, m)
		}
		over = append(over, n)
		return true
	})
	for _, n := range over {
		t.leave(n)
	}
}
