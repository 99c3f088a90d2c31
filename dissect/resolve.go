package dissect

import "io"

// Resolver finishes packets that could not be decoded by themselves. It must see the packets of a run in capture order, and is
// for one goroutine at a time. All limits on what is remembered are here.
type Resolver struct {
	decoder   *Decoder
	fragments *reassembler
	key       []byte // of what is looked up
	deflate   io.ReadCloser

	firstTSN      *recent[uint32] // by ports and verification tag
	sessions      *recent[l2tpBinding]
	conversations *recent[tcpConversation]
	subnets       *recent[nvgreSubnet] // by VSID
}

// maxAssociations bounds the directions of SCTP associations whose first TSN is remembered.
const maxAssociations = 65536

// NewResolver returns a resolver that remembers nothing yet.
func (c *Config) NewResolver() *Resolver {
	return &Resolver{
		decoder:       c.NewDecoder(),
		fragments:     newReassembler(c.Fragments),
		firstTSN:      newRecent[uint32](maxAssociations),
		sessions:      newRecent[l2tpBinding](maxSessions),
		conversations: newRecent[tcpConversation](maxConversations),
		subnets:       newRecent[nvgreSubnet](maxSubnets),
	}
}

// Fragments says what became of the fragments so far.
func (r *Resolver) Fragments() FragmentCounts { return r.fragments.counts }

// Evicted counts the L2TPv3 sessions, SCTP associations, TCP conversations and NVGRE subnets that were forgotten to keep the limits.
func (r *Resolver) Evicted() uint64 {
	return r.sessions.evicted + r.firstTSN.evicted + r.conversations.evicted + r.subnets.evicted
}

// Resolve finishes p. It does nothing for a packet that is not pending. Layers that it adds may point into memory of the
// resolver that is good until the next call.
func (r *Resolver) Resolve(p *Packet) {
	r.fragments.release()
	r.decoder.messages = 0
	for k := 0; k < len(p.pending); k++ {
		i := int(p.pending[k])
		if resolve := protocols[p.Layers[i].Protocol].Resolve; resolve != nil {
			resolve(r, p, i)
		}
	}
	p.pending = p.pending[:0]
}

// Keep appends what the resolver made for p to store, and lets p point there: so p stays as it is when the resolver makes something else.
func (p *Packet) Keep(store []byte) []byte {
	for i := 1; i < len(p.sources); i++ {
		n := len(store)
		store = append(store, p.sources[i]...)
		p.sources[i] = store[n:len(store):len(store)]
	}
	return store
}

// at returns the decoder, set to layer i of p.
func (r *Resolver) at(p *Packet, i int) *Decoder {
	d := r.decoder
	l := &p.Layers[i]
	d.p, d.at, d.l = p, i, l
	d.chain = chain{source: l.Source, depth: p.depth(i) + 1, flags: l.Flags & (Quoted | Guessed | Tail)}
	return d
}

// payload decodes the payload of layer i with protocol id.
func (r *Resolver) payload(p *Packet, i int, id ID) {
	l := &p.Layers[i]
	r.at(p, i).run(id, p.Payload(l), l.HeaderEnd, l.End, int16(i))
}

// resume decodes b, which becomes a new source of p, below layer i with protocol id. The layers get flags besides those that
// they inherit.
func (r *Resolver) resume(p *Packet, i int, b []byte, id ID, limit string, flags Flags) {
	if len(p.sources) > 255 {
		return
	}
	p.sources = append(p.sources, b)
	d := r.at(p, i)
	d.limit, d.source, d.flags = limit, uint8(len(p.sources)-1), d.flags|flags
	d.run(id, b, 0, uint32(len(b)), int16(i))
}

// depth counts the layers around layer i.
func (p *Packet) depth(i int) uint8 {
	n := uint8(0)
	for j := p.Layers[i].Parent; j >= 0; j = p.Layers[j].Parent {
		n++
	}
	return n
}
