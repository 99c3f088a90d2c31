package dissect

// IP Encapsulating Security Payload (RFC 4303). What follows the sequence number is encrypted, unless the cipher is NULL: see
// esp_null.go.
var esp = Protocol{
	Name:  "esp",
	Title: "Encapsulating Security Payload",
	Ref:   "RFC 4303",
	Over:  []Over{{IPProtocol, 50}},
	Header: Rows{
		{Name: "esp.spi", Bits: 32, Kind: Hex, Doc: "security parameters index; with the destination it names a security association"},
		{Name: "esp.sequence", Bits: 32, Doc: "counts the packets of a security association; the low half of an extended number"},
	},
	Fields:   []*Field{espIV, espPad, espPadLength, espProtocol, espICV},
	Dissect:  dissectESP,
	Walk:     walkESP,
	Summary:  summarizeESP,
	Identity: identifyESP,
}

// ESP is a view of an ESP header of 8 bytes.
type ESP []byte

// SPI is the security parameters index.
func (h ESP) SPI() uint32 { return be32(h) }

// Sequence counts the packets of a security association.
func (h ESP) Sequence() uint32 { return be32(h[4:]) }

func dissectESP(d *Decoder, b []byte) ID {
	if d.config.NullESP && guessNull(d, b) {
		return done
	}
	return d.halt(StopOpaque)
}

func identifyESP(p *Packet, l *Layer) (uint32, bool) { return ESP(p.Header(l)).SPI(), true }

func summarizeESP(dst []byte, p *Packet, i int) []byte {
	h := ESP(p.Header(&p.Layers[i]))
	if len(h) < 8 {
		return append(dst, "esp"...)
	}
	return appendSPI(append(dst, "esp"...), h.SPI(), h.Sequence())
}
