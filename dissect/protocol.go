package dissect

// ID numbers the protocols densely from 1; 0 is none. The numbers may change from version to version; names do not.
type ID uint8

// Protocol is all that is known of one protocol, as a value: what it is called, where it is found, what its fields are, and
// how it is taken apart. Each has a file of its own and one row in [protocols].
type Protocol struct {
	ID    ID     // set when the list of protocols is laid out
	Name  string // Wireshark's name, the first part of its fields' names
	Title string // as the specification calls it
	Ref   string // the specification, for example "RFC 7348"

	Tunnel bool     // carries packets of somebody else: RFC 6935 allows it a zero UDP checksum over IPv6
	Over   []Over   // where it is found: the child names its parents
	Header Rows     // the fixed part of the header; it is always there, or the layer is Partial
	Tables []Rows   // fixed parts of TLVs and records that Walk yields
	Fields []*Field // other fields that Walk yields

	// Status is the protocol's checksum status field, if it has one.
	Status *Field

	// Dissect is called with the captured bytes of header and payload; the fixed header is there. It says through the
	// decoder's methods how long the header is and where the payload ends, and returns what comes next.
	Dissect func(d *Decoder, b []byte) ID

	// Identity is the number in layer l that tells whose the packets inside it are: a VLAN, a label, a VNI, a key. It is not ok where the
	// header has none. What differs between two packets of one sender to one receiver is no identity. Nil for most protocols.
	Identity func(p *Packet, l *Layer) (number uint32, ok bool)

	// Addresses are the source's and the destination's behind each other, in a header of IP; nil for all others.
	Addresses func(h []byte) []byte

	// Resolve is called in capture order for layers that Dissect marked with Decoder.Pend.
	Resolve func(r *Resolver, p *Packet, i int)

	// Verify verifies the checksum of layer i.
	Verify func(p *Packet, i int) Checksum

	// Walk yields the fields that are not in the fixed header.
	Walk func(w *Walker)

	// Summary appends what a person wants to read of layer i in one line: a short name, then what matters most
	// ("TCP [S] seq 1 win 64240 len 0", "vxlan 5001"). It is a part of the line for the packet, so it neither repeats what
	// other layers say nor has addresses and ports that are rows of the header called NAME.src and NAME.dst, or NAME.srcport
	// and NAME.dstport: they are put beside it. It appends nothing where there is nothing to say.
	Summary func(dst []byte, p *Packet, i int) []byte

	size int // bytes of the fixed header
	ends ends
}

// Over is a place in which a protocol is found.
type Over struct {
	Table Table
	Key   uint32
}

const (
	none ID = 0    // nothing is known of what follows: it becomes data
	done ID = 0xff // all bytes are accounted for
)

// ByID returns the protocol with the given number, or nil.
func ByID(id ID) *Protocol { return protocols[id] }

// ByName returns the protocol with the given name, or nil.
func ByName(name string) *Protocol { return protocolsByName[name] }

// Protocols returns all protocols, sorted by ID.
func Protocols() []*Protocol { return all[:] }

// String returns the protocol's name.
func (id ID) String() string {
	if p := protocols[id]; p != nil {
		return p.Name
	}
	return "none"
}

var (
	protocols       [256]*Protocol
	dissectors      [256]dissector // what decoding needs of each, close together
	protocolsByName = map[string]*Protocol{}
	fields          []*Field
	fieldsByName    = map[string][]*Field{}
)

type dissector struct {
	dissect func(d *Decoder, b []byte) ID
	verify  func(p *Packet, i int) Checksum
	size    int
}

// init lays the tables out. It runs once, before any decoder can exist; afterwards nothing changes them.
func init() {
	for i, p := range all {
		p.ID = ID(i + 1)
		p.size = p.Header.Bits() / 8
		p.ends = p.Header.ends()
		protocols[p.ID] = p
		dissectors[p.ID] = dissector{p.Dissect, p.Verify, p.size}
		protocolsByName[p.Name] = p
		layOut(p, p.Header, nil, 0)
		for _, rows := range p.Tables {
			layOut(p, rows, nil, 0)
		}
		for _, f := range p.Fields {
			declare(p, f)
		}
		if p.Status != nil {
			declare(p, p.Status)
		}
	}
}

func layOut(p *Protocol, rows Rows, whole *Field, off uint16) {
	for i := range rows {
		f := &rows[i]
		f.off = off
		f.row = f
		if whole != nil {
			f.row = whole.row
		}
		if f.Name != "" {
			declare(p, f)
		}
		layOut(p, f.Parts, f, off)
		off += f.Bits
	}
}

func declare(p *Protocol, f *Field) {
	f.owner = p.ID
	f.index = uint16(len(fields))
	fields = append(fields, f)
	fieldsByName[f.Name] = append(fieldsByName[f.Name], f)
	for _, name := range f.Either {
		fieldsByName[name] = append(fieldsByName[name], f)
	}
}

// Fields returns every field of every protocol, by Index.
func Fields() []*Field { return fields }

// FieldsNamed returns the fields that a name means: one, or two for a two-sided name (ip.addr is ip.src and ip.dst), or
// several where protocols share one.
func FieldsNamed(name string) []*Field { return fieldsByName[name] }
