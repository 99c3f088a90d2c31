package pcaps

import "sync"

// pieces are the parts of a plain file that goroutines read beside each other. What is in them is looked at in their order: so each has a
// turn.
type pieces struct {
	mutex  sync.Mutex
	passed sync.Cond
	size   int    // bytes of a piece
	at     int64  // where the next piece begins
	number uint64 // of the next piece
	turn   uint64 // number of the piece whose turn it is
}

// claim returns the number of the next piece and where it begins.
func (p *pieces) claim() (number uint64, at int64) {
	p.mutex.Lock()
	number, at = p.number, p.at
	p.number++
	p.at += int64(p.size)
	p.mutex.Unlock()
	return number, at
}

// await waits for the turn of a piece.
func (p *pieces) await(number uint64) {
	p.mutex.Lock()
	for p.turn != number {
		p.passed.Wait()
	}
	p.mutex.Unlock()
}

// pass ends a turn.
func (p *pieces) pass() {
	p.mutex.Lock()
	p.turn++
	p.passed.Broadcast()
	p.mutex.Unlock()
}
