package dissect

// Logical Link Control (IEEE Std 802.2-1998 §3 and §5) with the Subnetwork Access Protocol (IEEE Std 802-2014 §9, RFC 1042).
var llc = Protocol{
	Name:  "llc",
	Title: "Logical Link Control",
	Ref:   "IEEE 802.2",
	Over:  []Over{{EtherType, 0x8870}, {LinuxType, 4}}, // 0x8870: in jumbo frames, whose length would be a type
	Header: Rows{
		{Name: "llc.dsap", Bits: 8, Kind: Hex, Enum: sapNames, Doc: "destination service access point", Parts: Rows{
			{Name: "llc.dsap.sap", Bits: 7, Doc: "the number without its last bit"},
			{Name: "llc.dsap.ig", Bits: 1, Kind: Bool, Doc: "a group"},
		}},
		{Name: "llc.ssap", Bits: 8, Kind: Hex, Enum: sapNames, Doc: "source service access point", Parts: Rows{
			{Name: "llc.ssap.sap", Bits: 7, Doc: "the number without its last bit"},
			{Name: "llc.ssap.cr", Bits: 1, Kind: Bool, Doc: "a response"},
		}},
	},
	Fields: append([]*Field{llcControl, llcReceive, llcSend, llcPoll, llcFinal, llcSupervisory, llcCommand, llcResponse, llcFrameType,
		llcOUI, llcType, llcPID}, llcVendorPIDs[:]...),
	Dissect: dissectLLC,
	Walk:    walkLLC,
	Summary: summarizeLLC,
}

var (
	llcControl     = &Field{Name: "llc.control", Bits: 16, Kind: Hex, Doc: "one byte in unnumbered frames; otherwise two, the first of them the lower"}
	llcReceive     = &Field{Name: "llc.control.n_r", Bits: 7, Doc: "number of the frame that is expected next"}
	llcSend        = &Field{Name: "llc.control.n_s", Bits: 7, Doc: "number of the frame"}
	llcPoll        = &Field{Name: "llc.control.p", Bits: 1, Kind: Bool, Doc: "asks for a response now"}
	llcFinal       = &Field{Name: "llc.control.f", Bits: 1, Kind: Bool, Doc: "answers a poll"}
	llcSupervisory = &Field{Name: "llc.control.s_ftype", Bits: 2, Kind: Hex, Digits: 4, Enum: Names{0: "receiver ready", 1: "receiver not ready", 2: "reject"}}
	llcCommand     = &Field{Name: "llc.control.u_modifier_cmd", Bits: 6, Kind: Hex, Enum: unnumberedNames, Doc: "the unnumbered command"}
	llcResponse    = &Field{Name: "llc.control.u_modifier_resp", Bits: 6, Kind: Hex, Enum: unnumberedNames, Doc: "the unnumbered response"}
	llcFrameType   = &Field{Name: "llc.control.ftype", Bits: 8, Kind: Hex, Enum: Names{0: "information", 1: "supervisory", 3: "unnumbered"}}
	llcOUI         = &Field{Name: "llc.oui", Bits: 24, Doc: "who defines the protocol number"}
	llcType        = &Field{Name: "llc.type", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows, where it is an EtherType"}
	llcPID         = &Field{Name: "llc.pid", Bits: 16, Kind: Hex, Doc: "what follows, as the organization numbers it"}

	// llcVendors are the organizations whose protocol numbers have a field of their own, in the order of llcVendorPIDs.
	llcVendors    = [...]uint32{0x00000c, 0x000081, 0x00005e, 0x0001e8, 0x001090, 0x0017f2, 0x001958, 0x004096, 0x00805f, 0x00e02b, 0x00e052, 0x080007}
	llcVendorPIDs = [...]*Field{vendorPID("cisco"), vendorPID("nortel"), vendorPID("iana"), vendorPID("force10"), vendorPID("cimetrics"),
		vendorPID("apple_awdl"), vendorPID("bluetooth"), vendorPID("wlccp"), vendorPID("hpteam"), vendorPID("extreme"), vendorPID("foundry"),
		vendorPID("apple_atalk")}
)

func vendorPID(name string) *Field {
	return &Field{Name: "llc." + name + "_pid", Bits: 16, Kind: Hex, Doc: "what follows, as the organization numbers it"}
}

// LLC is a view of an LLC header of at least 3 bytes.
type LLC []byte

// DSAP is the destination service access point; its lowest bit tells a group.
func (h LLC) DSAP() uint8 { return h[0] }

// SSAP is the source service access point; its lowest bit tells a response.
func (h LLC) SSAP() uint8 { return h[1] }

// Unnumbered tells whether the control field is one byte long.
func (h LLC) Unnumbered() bool { return h[2]&3 == 3 }

// Information tells whether the frame carries data: as an I frame or as unnumbered information.
func (h LLC) Information() bool { return h[2]&1 == 0 || h[2]&0xef == 3 }

// SNAP tells whether a SNAP header follows the control field.
func (h LLC) SNAP() bool { return h[0] == 0xaa && h[1] == 0xaa }

// control is the length of the control field in bytes.
func (h LLC) control() int {
	if h.Unnumbered() {
		return 1
	}
	return 2
}

const (
	ouiEtherType   = 0x000000 // RFC 1042
	ouiEtherTypeIP = 0x0000f8 // IEEE 802.1H
	ouiCisco       = 0x00000c
	ouiBridged     = 0x0080c2 // RFC 2684 §5.2
)

func dissectLLC(d *Decoder, b []byte) ID {
	if !d.header(3) {
		return done
	}
	h := LLC(b)
	n := 2 + h.control()
	if h.SNAP() {
		n += 5
	}
	switch {
	case !d.header(n):
		return done
	case !h.Information():
		return none
	case h.SNAP():
		return d.snap(be24(b[n-5:]), be16(b[n-2:]), 2)
	}
	return d.next(LLCSAP, uint32(h.DSAP()))
}

// snap goes on behind a SNAP header, which ends the layer's header. Before a bridged frame are some bytes of padding.
func (d *Decoder) snap(oui uint32, pid uint16, padding int) ID {
	switch oui {
	case ouiEtherType, ouiEtherTypeIP:
		return d.next(EtherType, uint32(pid))
	case ouiCisco:
		return d.next(CiscoPID, uint32(pid))
	case ouiBridged:
		const withFCS, withoutFCS = 1, 7
		switch pid {
		case withFCS, withoutFCS: // with FCS, four bytes are behind it that nobody verifies
			if !d.header(d.layer().HeaderLen() + padding) {
				return done
			}
			if l := d.layer(); pid == withFCS && l.PayloadLen() >= 4 {
				d.extent(l.Len()-4, "llc.pid")
			}
			return d.next(EtherType, bridging)
		}
		return d.next(BridgedPID, uint32(pid))
	}
	return d.halt(StopUnknown)
}

func walkLLC(w *Walker) {
	if len(w.Body) < 3 {
		return
	}
	h := LLC(w.Body)
	n := h.control()
	if len(h) < 2+n {
		return
	}
	control := uint64(h[2])
	if n == 2 {
		control |= uint64(h[3]) << 8
	}
	w.Num(llcControl, 2, n, control)
	w.Nest(func() { w.llcControl(control, h.SSAP()&1 != 0) })
	if off := 2 + n; h.SNAP() && len(h) >= off+5 {
		w.Add(llcOUI, off, 3)
		if f := pidField(be24(h[off:])); f != llcType || h.Information() {
			w.Add(f, off+3, 2)
		}
	}
}

// llcControl yields the parts of a control field.
func (w *Walker) llcControl(control uint64, response bool) {
	command, poll, set, n := llcCommand, llcPoll, control&0x100 != 0, 2
	if control&3 == 3 {
		set, n = control&0x10 != 0, 1
	}
	if response {
		command = llcResponse
		if control&1 != 0 {
			poll = llcFinal
		}
	}
	switch {
	case control&1 == 0:
		w.Num(llcReceive, 3, 1, control>>9)
		w.Num(llcSend, 2, 1, control>>1&0x7f)
		w.Num(llcFrameType, 2, 1, 0)
	case control&2 == 0:
		w.Num(llcReceive, 3, 1, control>>9)
		w.Num(llcSupervisory, 2, 1, control>>2&3)
		w.Num(llcFrameType, 2, 1, 1)
	default:
		w.Num(command, 2, 1, control>>2&0x3b)
		w.Num(llcFrameType, 2, 1, 3)
	}
	if set {
		w.Num(poll, 1+n, 1, 1)
	}
}

// pidField is the field of a protocol number that organization oui defined.
func pidField(oui uint32) *Field {
	if oui == ouiEtherType || oui == ouiEtherTypeIP {
		return llcType
	}
	for i, v := range llcVendors {
		if v == oui {
			return llcVendorPIDs[i]
		}
	}
	return llcPID
}

func summarizeLLC(dst []byte, p *Packet, i int) []byte {
	dst = append(dst, "LLC"...)
	h := LLC(p.Header(&p.Layers[i]))
	if len(h) < 3 || h.SNAP() {
		return dst
	}
	if name := sapNames[uint64(h.DSAP())]; name != "" {
		return append(append(dst, ' '), name...)
	}
	return appendHex(append(dst, ' '), uint64(h.DSAP()), 2)
}

var (
	sapNames = Names{0x00: "null", 0x02: "LLC management", 0x04: "SNA path control", 0x06: "IP", 0x08: "SNA", 0x0c: "SNA", 0x42: "STP", 0x4e: "EIA RS-511",
		0x7e: "X.25", 0x80: "XNS", 0x82: "BACnet", 0x98: "ARP", 0xaa: "SNAP", 0xbc: "Banyan VINES", 0xe0: "NetWare", 0xf0: "NetBIOS",
		0xf4: "IBM network management", 0xf8: "HP extended", 0xfc: "remote program load", 0xfe: "OSI network layer", 0xff: "global"}
	unnumberedNames = Names{0x00: "UI", 0x08: "UP", 0x10: "DISC", 0x18: "UA", 0x03: "DM", 0x1b: "SABME", 0x21: "FRMR", 0x2b: "XID", 0x38: "TEST"}
)
