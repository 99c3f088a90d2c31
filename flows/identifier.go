package flows

import (
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"pktscope/dissect"
)

// An Identifier is one step of the path around a packet: a number in a header that tells whose the packets inside it are.
type Identifier struct {
	Kind   IdentifierKind
	Number uint32        // of all kinds but Tunnel
	Ends   [2]netip.Addr // of a Tunnel, the lower address first
}

// IdentifierKind says what an identifier's number is.
type IdentifierKind uint8

const (
	Interface    IdentifierKind = iota + 1 // number of a Linux interface, in a cooked capture of all of them
	VLAN                                   // VLAN ID of a C-tag (IEEE 802.1Q), 1 to 4095
	ServiceVLAN                            // VLAN ID of an S-tag (IEEE 802.1ad)
	ISID                                   // service instance of IEEE 802.1ah, 24 bits
	Label                                  // one MPLS label that is no special-purpose one (RFC 3032)
	GREKey                                 // RFC 2890, 32 bits
	VSID                                   // NVGRE's virtual subnet (RFC 7637), 24 bits, if the user says that keys are NVGRE's
	Call                                   // PPTP's call (RFC 2637), or the tunnel number of MikroTik's EoIP
	VXLANVNI                               // RFC 7348, or of VXLAN-GPE, 24 bits
	GeneveVNI                              // RFC 8926, 24 bits
	TEID                                   // GTP's tunnel endpoint
	TRILLVLAN                              // VLAN ID of the tag inside TRILL (RFC 6325)
	FineLabel                              // TRILL's fine-grained label (RFC 7172), 24 bits
	SPI                                    // of ESP (RFC 4303), around what was decrypted or is not encrypted
	L2TPSession                            // RFC 2661: tunnel and session; RFC 3931: session
	PPPoESession                           // RFC 2516
	ERSPANVLAN                             // session and VLAN of a mirrored frame
	DLCI                                   // of Frame Relay
	Tunnel                                 // no number: two ends are all that tells it
	numKinds
)

var kindNames = [numKinds]string{"", "if", "vlan", "s-vlan", "i-sid", "mpls", "gre key", "nvgre", "gre call", "vxlan", "geneve", "gtp",
	"trill vlan", "fgl", "esp", "l2tp", "pppoe", "erspan", "dlci", "tunnel"}

func (k IdentifierKind) String() string { return kindNames[k] }

// kinds are those of the protocols that have an identity, by protocol.
var kinds = func() (kinds [256]IdentifierKind) {
	for name, kind := range map[string]IdentifierKind{
		"vlan": VLAN, "ieee8021ad": ServiceVLAN, "ieee8021ah": ISID, "mpls": Label, "gre": GREKey, "vxlan": VXLANVNI, "vxlan_gpe": VXLANVNI,
		"geneve": GeneveVNI, "gtp": TEID, "fgl": FineLabel, "esp": SPI, "l2tp": L2TPSession, "pppoes": PPPoESession, "erspan": ERSPANVLAN, "fr": DLCI,
	} {
		kinds[dissect.ByName(name).ID] = kind
	}
	return kinds
}()

// String is what the packet's line and reports print: "vxlan 5001".
func (i Identifier) String() string {
	if i.Kind == Tunnel {
		return fmt.Sprintf("tunnel %s~%s", i.Ends[0], i.Ends[1])
	}
	return i.Kind.String() + " " + i.number()
}

func (i Identifier) number() string {
	switch i.Kind {
	case GREKey, SPI:
		return fmt.Sprintf("0x%08x", i.Number)
	case Call:
		if i.Number > 0xffff {
			return fmt.Sprint(bits.ReverseBytes16(uint16(i.Number)))
		}
	case L2TPSession:
		if i.Number > 0xffff {
			return fmt.Sprintf("%d/%d", i.Number>>16, i.Number&0xffff)
		}
	case ERSPANVLAN:
		return fmt.Sprint(i.Number & 0x3ff)
	}
	return strconv.FormatUint(uint64(i.Number), 10)
}

// A Path is the identifiers around a packet, outermost first.
type Path []Identifier

// String is the path as reports print it, with a slash between its steps: "vlan 100 / vxlan 5001". The labels of a stack are one
// step, from the top down: "mpls 16009/24002".
func (p Path) String() string {
	var b strings.Builder
	for i, id := range p {
		switch {
		case i == 0:
			b.WriteString(id.String())
		case id.Kind == Label && p[i-1].Kind == Label:
			b.WriteString("/" + id.number())
		default:
			b.WriteString(" / " + id.String())
		}
	}
	return b.String()
}
