package dissect

import "strconv"

// Generic Network Virtualization Encapsulation (RFC 8926).
var geneve = Protocol{
	Name:   "geneve",
	Title:  "Generic Network Virtualization Encapsulation",
	Ref:    "RFC 8926",
	Tunnel: true,
	Over:   []Over{{UDPPort, 6081}},
	Header: Rows{
		{Name: "geneve.version", Bits: 2},
		{Bits: 6, Doc: "words of options"},
		{Name: "geneve.flags", Bits: 8, Kind: Hex, Parts: Rows{
			{Name: "geneve.flags.oam", Bits: 1, Kind: Bool, Doc: "control packet", Ref: "RFC 8926 §3.4"},
			{Name: "geneve.flags.critical", Bits: 1, Kind: Bool, Doc: "one of the options must be understood", Ref: "RFC 8926 §3.4"},
			{Name: "geneve.flags.reserved", Bits: 6, Kind: Bool},
		}},
		{Name: "geneve.proto_type", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows"},
		{Name: "geneve.vni", Bits: 24, Kind: Hex, Doc: "virtual network identifier", Ref: "RFC 8926 §3.4"},
		{Name: "geneve.reserved", Bits: 8, Kind: Hex},
	},
	Tables:   []Rows{geneveOption, geneveGCPNetwork},
	Fields:   []*Field{geneveLength, geneveOptions, geneveOptionBytes, geneveOptionData, geneveOptionInvalid, geneveUnknownVersion, geneveGCPEndpoint, geneveGCPProfile},
	Dissect:  dissectGeneve,
	Walk:     walkGeneve,
	Summary:  summarizeGeneve,
	Identity: identifyGeneve,
}

var (
	geneveLength = &Field{Name: "geneve.option.length", Bits: 8, Doc: "bytes of all options, then of each option with its header; on the wire numbers of 32-bit words", Ref: "RFC 8926 §3.4"}

	geneveOptions     = &Field{Name: "geneve.options", Kind: Bytes, Doc: "all options"}
	geneveOptionBytes = &Field{Name: "geneve.option", Kind: Bytes, Doc: "one option with its header"}
	geneveOption      = Rows{
		{Name: "geneve.option.class", Bits: 16, Kind: Hex, Enum: geneveClasses, Doc: "whose types these are", Ref: "RFC 8926 §3.5"},
		{Name: "geneve.option.type", Bits: 8, Kind: Hex, Ref: "RFC 8926 §3.5", Parts: Rows{
			{Name: "geneve.option.type.critical", Bits: 1, Kind: Bool, Doc: "who does not know the option must drop the packet"},
			{Bits: 7},
		}},
		{Name: "geneve.option.flags", Bits: 3, Kind: Hex, Parts: Rows{
			{Name: "geneve.option.flags.reserved", Bits: 3, Kind: Bool},
		}},
		{Bits: 5, Doc: "words of data"},
	}
	geneveOptionData     = &Field{Name: "geneve.option.unknown.data", Kind: Bytes, Doc: "data of an option whose meaning is not known"}
	geneveOptionInvalid  = &Field{Name: "geneve.option.length.invalid", Kind: Present, Doc: "the option is longer than all options together"}
	geneveUnknownVersion = &Field{Name: "geneve.version.unknown", Kind: Present}

	geneveGCPNetwork = Rows{
		{Name: "geneve.option.gcp.vnid", Bits: 28, Doc: "network, in Google's cloud"},
		{Name: "geneve.option.gcp.reserved", Bits: 3, Kind: Bool},
		{Name: "geneve.option.gcp.direction", Bits: 1, Kind: Bool, Doc: "1 is egress"},
	}
	geneveGCPEndpoint = &Field{Name: "geneve.option.gcp.endpoint", Kind: Bytes}
	geneveGCPProfile  = &Field{Name: "geneve.option.gcp.profile", Bits: 64, Doc: "security profile, in Google's cloud"}
)

// Geneve is a view of a Geneve header of at least 8 bytes.
type Geneve []byte

// Version is 0.
func (h Geneve) Version() uint8 { return h[0] >> 6 }

// OptionsLength is in bytes.
func (h Geneve) OptionsLength() int { return int(h[0]&0x3f) * 4 }

// Control is the O flag: this is for the tunnel's end itself.
func (h Geneve) Control() bool { return h[1]&0x80 != 0 }

// Protocol is the EtherType of what follows.
func (h Geneve) Protocol() uint16 { return be16(h[2:]) }

// VNI is the virtual network identifier, 24 bits.
func (h Geneve) VNI() uint32 { return be24(h[4:]) }

func dissectGeneve(d *Decoder, b []byte) ID {
	h := Geneve(b)
	if h.Version() != 0 {
		return d.halt(StopBadVersion)
	}
	end := 8 + h.OptionsLength()
	if !d.header(end) {
		return done
	}
	off := 8
	for off < end {
		off += geneveOptionLength(b[off:])
	}
	if off > end {
		d.exceeds()
	}
	return d.next(EtherType, uint32(h.Protocol()))
}

// geneveOptionLength is how many bytes the option that b starts with says that it has.
func geneveOptionLength(b []byte) int { return 4 + int(b[3]&0x1f)*4 }

func walkGeneve(w *Walker) {
	b := w.Header()
	if len(b) > 0 {
		w.Num(geneveLength, 0, 1, uint64(Geneve(b).OptionsLength()))
	}
	if len(b) < 8 {
		return
	}
	if Geneve(b).Version() != 0 {
		w.Add(geneveUnknownVersion, 0, 1)
		return
	}
	if len(b) == 8 {
		return
	}
	w.Add(geneveOptions, 8, len(b)-8)
	w.Nest(func() {
		for off := 8; off+4 <= len(b) && !w.Done(); {
			n := geneveOptionLength(b[off:])
			if off+n > len(b) {
				w.Add(geneveOptionInvalid, off+3, 1)
				return
			}
			w.Add(geneveOptionBytes, off, n)
			w.Nest(func() { walkGeneveOption(w, b[off:off+n], off) })
			off += n
		}
	})
}

// walkGeneveOption yields option o, which is at off.
func walkGeneveOption(w *Walker, o []byte, off int) {
	w.Rows(geneveOption, off)
	w.Num(geneveLength, off+3, 1, uint64(len(o)))
	kind, data, n := o[2], off+4, len(o)-4
	switch google := be16(o) == geneveGoogle; {
	case n == 0:
	case google && kind == 1 && n == 4:
		w.Rows(geneveGCPNetwork, data)
	case google && kind == 2:
		w.Add(geneveGCPEndpoint, data, n)
	case google && kind == 3 && n == 8:
		w.Add(geneveGCPProfile, data, n)
	default:
		w.Add(geneveOptionData, data, n)
	}
}

func identifyGeneve(p *Packet, l *Layer) (uint32, bool) { return Geneve(p.Header(l)).VNI(), true }

func summarizeGeneve(dst []byte, p *Packet, i int) []byte {
	h := Geneve(p.Header(&p.Layers[i]))
	if len(h) < 8 {
		return append(dst, "geneve"...)
	}
	dst = strconv.AppendUint(append(dst, "geneve "...), uint64(h.VNI()), 10)
	if h.Control() {
		dst = append(dst, " control"...)
	}
	return dst
}

const geneveGoogle = 0x0132

// geneveClasses are those of IANA's registry "Geneve Option Class".
var geneveClasses = func() Names {
	names := Names{}
	for _, r := range []struct {
		first, last uint64
		name        string
	}{
		{0x0000, 0x00ff, "Standard"}, {0x0100, 0x0100, "Linux"}, {0x0101, 0x0101, "Open vSwitch"}, {0x0102, 0x0102, "OVN"}, {0x0103, 0x0103, "In-band Network Telemetry"},
		{0x0104, 0x0104, "VMware"}, {0x0105, 0x0105, "Amazon"}, {0x0106, 0x0106, "Cisco"}, {0x0107, 0x0107, "Oracle"}, {0x0108, 0x0110, "Amazon"}, {0x0111, 0x0118, "IBM"},
		{0x0119, 0x0128, "Ericsson"}, {0x0129, 0x0129, "Oxide Computer Company"}, {0x0130, 0x0131, "Cisco"}, {0x0132, 0x0135, "Google"}, {0x0136, 0x0136, "InfoQuick"},
		{0xfff0, 0xffff, "Experimental"},
	} {
		for class := r.first; class <= r.last; class++ {
			names[class] = r.name
		}
	}
	return names
}()
