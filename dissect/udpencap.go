package dissect

// UDP Encapsulation of IPsec ESP Packets (RFC 3948): ESP, IKE behind four zeros where an SPI would be, or one byte that keeps a
// NAT's binding alive. It has no header of its own.
var udpencap = Protocol{
	Name:    "udpencap",
	Title:   "UDP Encapsulation of IPsec Packets",
	Ref:     "RFC 3948",
	Tunnel:  true,
	Over:    []Over{{UDPPort, 4500}},
	Fields:  []*Field{udpencapKeepalive, udpencapNonESP},
	Dissect: dissectUDPEncap,
	Walk:    walkUDPEncap,
	Summary: summarizeUDPEncap,
}

var (
	udpencapKeepalive = &Field{Name: "udpencap.nat_keepalive", Kind: Present, Doc: "a single byte 0xff", Ref: "RFC 3948 §2.3"}
	udpencapNonESP    = &Field{Name: "udpencap.non_esp_marker", Kind: Present, Doc: "IKE follows", Ref: "RFC 3948 §2.2"}
)

const ikePort = 500

func dissectUDPEncap(d *Decoder, b []byte) ID {
	switch {
	case len(b) == 1 && d.layer().Len() == 1 && b[0] == 0xff:
		d.header(1)
		return done
	case !d.header(4):
		return done
	case be32(b) == 0:
		return d.find(UDPPort, ikePort)
	}
	d.header(0)
	return esp.ID
}

func walkUDPEncap(w *Walker) {
	switch h := w.Header(); {
	case len(h) == 1 && h[0] == 0xff:
		w.Add(udpencapKeepalive, 0, 1)
	case len(h) == 4:
		w.Add(udpencapNonESP, 0, 4)
	}
}

func summarizeUDPEncap(dst []byte, p *Packet, i int) []byte {
	switch p.Layers[i].HeaderLen() {
	case 1:
		return append(dst, "NAT keepalive"...)
	case 4:
		return append(dst, "udpencap IKE"...)
	}
	return append(dst, "udpencap"...)
}
