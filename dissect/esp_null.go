package dissect

// ESP whose cipher is NULL, or NULL with GMAC, told from encrypted ESP by looking at it (RFC 5879). Nothing in the packet says so:
// what is found is a guess and marked as one. The RFC's heuristics count hints over many packets of a flow; here a packet has to
// prove itself: padding that counts 1, 2, 3, a known next header, and inside a header whose length and checksum are right.
// An encrypted packet passes for one in about one case of 2 to the 28th.

var (
	espIV        = &Field{Name: "esp.iv", Kind: Bytes, Doc: "initialization vector of GMAC", Ref: "RFC 4543 §3.1"}
	espPad       = &Field{Name: "esp.pad", Kind: Bytes, Ref: "RFC 4303 §2.4"}
	espPadLength = &Field{Name: "esp.pad_len", Bits: 8, Ref: "RFC 4303 §2.5"}
	espProtocol  = &Field{Name: "esp.protocol", Bits: 8, Kind: Hex, Enum: ipProtocols, Doc: "what is inside", Ref: "RFC 4303 §2.6"}
	espICV       = &Field{Name: "esp.icv", Kind: Bytes, Doc: "integrity check value", Ref: "RFC 4303 §2.8"}
)

// nullForms are the lengths of IV and ICV that are in use with NULL: HMAC-MD5-96 and SHA1-96, HMAC-SHA2 with 128, 192 and
// 256 bits, GMAC, and none.
var nullForms = [...]struct{ iv, icv int }{{0, 12}, {0, 16}, {0, 24}, {0, 32}, {8, 16}, {0, 0}}

// guessNull looks for the forms of NULL ESP in b. If one fits, what is inside is decoded as a guess, and the layer's Note is the
// form's number, from 1.
func guessNull(d *Decoder, b []byte) bool {
	if !d.p.Whole(d.layer()) {
		return false
	}
	for k, form := range nullForms {
		start, trailer := 8+form.iv, len(b)-form.icv-2
		if trailer < start {
			continue
		}
		next, end := b[trailer+1], trailer-int(b[trailer])
		if end < start || !counts(b[end:trailer]) || !d.plausible(next, b[start:end]) {
			continue
		}
		d.layer().Note = uint16(k + 1)
		d.header(start)
		d.child(d.find(IPProtocol, uint32(next)), start, end-start, "esp.pad_len", Guessed)
		return true
	}
	return false
}

// counts tells whether padding is 1, 2, 3 …, as RFC 4303 §2.4 has it unless the cipher wants another.
func counts(pad []byte) bool {
	for i, c := range pad {
		if c != byte(i+1) {
			return false
		}
	}
	return true
}

// plausible tells whether b is a whole packet of the given IP protocol, with lengths and a checksum that are right.
func (d *Decoder) plausible(protocol uint8, b []byte) bool {
	pseudo := func() uint64 {
		s, _, _ := pseudoSum(d.p, d.at, protocol, len(b))
		return s
	}
	switch protocol {
	case 4:
		if len(b) < 20 {
			return false
		}
		h := IPv4(b)
		n := h.HeaderLength()
		return h.Version() == 4 && n >= 20 && h.TotalLength() == len(b) && n <= len(b) && fold(sum(0, b[:n])) == 0xffff
	case 41:
		return len(b) >= 40 && IPv6(b).Version() == 6 && 40+IPv6(b).PayloadLength() == len(b) &&
			ipProtocols[uint64(IPv6(b).NextHeader())] != ""
	case 6:
		return len(b) >= 20 && TCP(b).HeaderLength() >= 20 && TCP(b).HeaderLength() <= len(b) && fold(sum(pseudo(), b)) == 0xffff
	case 17:
		return len(b) >= 8 && UDP(b).Length() == len(b) && fold(sum(pseudo(), b)) == 0xffff
	case 1:
		return len(b) >= 8 && fold(sum(0, b)) == 0xffff
	case 58:
		return len(b) >= 8 && fold(sum(pseudo(), b)) == 0xffff
	}
	return false
}

func walkESP(w *Walker) {
	if w.Layer.Note == 0 {
		return
	}
	form := nullForms[w.Layer.Note-1]
	icv := len(w.Body) - form.icv
	pad := int(w.Body[icv-2])
	if form.iv > 0 {
		w.Add(espIV, 8, form.iv)
	}
	if pad > 0 {
		w.Add(espPad, icv-2-pad, pad)
	}
	w.Add(espPadLength, icv-2, 1)
	w.Add(espProtocol, icv-1, 1)
	if form.icv > 0 {
		w.Add(espICV, icv, form.icv)
	}
}
