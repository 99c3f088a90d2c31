package dissect

import "strconv"

// MAC control (IEEE Std 802.3-2022 §31): pause and priority-based flow control; of the others the number only.
var macc = Protocol{
	Name:    "macc",
	Title:   "MAC control",
	Ref:     "IEEE 802.3",
	Over:    []Over{{EtherType, 0x8808}},
	Header:  Rows{{Name: "macc.opcode", Bits: 16, Kind: Hex, Enum: maccOpcodes}},
	Tables:  []Rows{maccPause, maccClasses, maccTimestamp},
	Dissect: dissectMACControl,
	Walk:    walkMACControl,
	Summary: summarizeMACControl,
}

var (
	maccPause   = Rows{{Name: "macc.pause_time", Bits: 16, Doc: "how long to pause, in quanta of 512 bit times; 0: go on", Ref: "IEEE 802.3 Annex 31B"}}
	maccClasses = Rows{
		{Name: "macc.cbfc.enbv", Bits: 16, Kind: Hex, Doc: "classes that the times are for", Ref: "IEEE 802.3 Annex 31D", Parts: Rows{
			{Bits: 8},
			{Name: "macc.cbfc.enbv.c7", Bits: 1, Kind: Bool},
			{Name: "macc.cbfc.enbv.c6", Bits: 1, Kind: Bool},
			{Name: "macc.cbfc.enbv.c5", Bits: 1, Kind: Bool},
			{Name: "macc.cbfc.enbv.c4", Bits: 1, Kind: Bool},
			{Name: "macc.cbfc.enbv.c3", Bits: 1, Kind: Bool},
			{Name: "macc.cbfc.enbv.c2", Bits: 1, Kind: Bool},
			{Name: "macc.cbfc.enbv.c1", Bits: 1, Kind: Bool},
			{Name: "macc.cbfc.enbv.c0", Bits: 1, Kind: Bool},
		}},
		{Name: "macc.cbfc.pause_time.c0", Bits: 16, Doc: "how long to pause class 0, in quanta of 512 bit times"},
		{Name: "macc.cbfc.pause_time.c1", Bits: 16},
		{Name: "macc.cbfc.pause_time.c2", Bits: 16},
		{Name: "macc.cbfc.pause_time.c3", Bits: 16},
		{Name: "macc.cbfc.pause_time.c4", Bits: 16},
		{Name: "macc.cbfc.pause_time.c5", Bits: 16},
		{Name: "macc.cbfc.pause_time.c6", Bits: 16},
		{Name: "macc.cbfc.pause_time.c7", Bits: 16},
	}
	maccTimestamp = Rows{{Name: "macc.timestamp", Bits: 32, Doc: "local time of the sender in units of 16 ns", Ref: "IEEE 802.3 §64.3.2"}}
)

// MACControl is a view of a MAC control header of 2 bytes.
type MACControl []byte

// Opcode is 1 for pause, 0x0101 for priority-based flow control.
func (h MACControl) Opcode() uint16 { return be16(h) }

// parameters are the rows that opcodes have behind them.
func (h MACControl) parameters() Rows {
	switch h.Opcode() {
	case 0x0001:
		return maccPause
	case 0x0101:
		return maccClasses
	case 2, 3, 4, 5, 6:
		return maccTimestamp
	}
	return nil
}

func dissectMACControl(d *Decoder, b []byte) ID {
	switch h := MACControl(b); {
	case !d.header(2 + h.parameters().Bits()/8):
		return done
	case h.Opcode() == 0x0001 || h.Opcode() == 0x0101:
		d.extent(d.layer().HeaderLen(), "macc.opcode") // zeros fill the frame
		return done
	}
	return none
}

func walkMACControl(w *Walker) {
	if h := MACControl(w.Header()); len(h) >= 2 {
		w.Rows(h.parameters(), 2)
	}
}

func summarizeMACControl(dst []byte, p *Packet, i int) []byte {
	h := MACControl(p.Header(&p.Layers[i]))
	dst = append(dst, "mac-control"...)
	if len(h) < 2 {
		return dst
	}
	dst = append(append(dst, ' '), maccOpcodes[uint64(h.Opcode())]...)
	if h.Opcode() == 1 && len(h) >= 4 {
		dst = strconv.AppendUint(append(dst, ' '), uint64(be16(h[2:])), 10)
	}
	return dst
}

var maccOpcodes = Names{0x0001: "Pause", 0x0002: "Gate", 0x0003: "Report", 0x0004: "Register request", 0x0005: "Register", 0x0006: "Register acknowledge",
	0x0101: "Priority-based flow control"}
