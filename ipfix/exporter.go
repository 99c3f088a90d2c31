package ipfix

import (
	"encoding/binary"
	"io"

	"pktscope/flows"
)

// Exporter writes flows as messages of IPFIX, each in one Write, as a datagram needs it.
type Exporter struct {
	out      io.Writer
	domain   uint32
	messages uint64
	written  uint64 // records in them
	due      uint64 // at how many messages templates are sent again

	message []byte   // that is being filled; empty if none is
	set     int      // where its open data set starts
	open    features // of the records in that set
	count   uint32   // records in the message
	now     int64    // the latest time of a packet, in nanoseconds since the Unix epoch

	layouts [1 << numFeatures][]element // of the templates that were sent
	order   []features                  // of layouts, as they were sent first
	record  record
	scratch []byte
}

const (
	ipfixVersion = 10
	headerLength = 16
	setHeader    = 4
	templateSet  = 2
	firstID      = 256 // of templates (RFC 7011 section 3.4.1)

	// maxMessage bounds a message to what fits into a datagram that is not fragmented, with room for IPv6 and UDP headers on an Ethernet
	// whose MTU is 1,500 (RFC 7011 section 10.3.3).
	maxMessage = 1420

	// again is after how many messages templates are sent once more. A datagram may be lost, and a collector may have been started late
	// (RFC 7011 section 8.4). Time cannot tell when: that of the packets need not go on as that of the collector.
	again = 64
)

// Records and Messages are how many were written.
func (e *Exporter) Records() uint64  { return e.written }
func (e *Exporter) Messages() uint64 { return e.messages }

// NewExporter returns an exporter to out, which speaks for an observation domain (RFC 7011 section 3.1).
func NewExporter(out io.Writer, domain uint32) *Exporter { return &Exporter{out: out, domain: domain} }

// Behind is what each direction of a flow has for a tuple when it has passed the translator; nil if it has passed it already, or there is none.
type Behind [2]*flows.Tuple

// Flow exports the directions of f that have packets. The error is the writer's.
func (e *Exporter) Flow(f *flows.Flow, behind Behind, reason EndReason) error {
	for d := range f.Directions {
		if f.Directions[d].Packets == 0 {
			continue
		}
		if err := e.add(e.record.set(f, flows.Direction(d), behind[d], reason)); err != nil {
			return err
		}
	}
	return nil
}

// add adds the record that was set to a message.
func (e *Exporter) add(has features) error {
	e.now = max(e.now, e.record.last)
	elements := e.layouts[has]
	fresh := elements == nil
	if fresh {
		elements = layout(has)
	}
	e.scratch = e.scratch[:0]
	for i := range elements {
		e.scratch = elements[i].append(e.scratch, &e.record)
	}
	need := setHeader + len(e.scratch)
	if fresh {
		need += templateLength(elements)
	}
	if err := e.room(need); err != nil {
		return err
	}
	if fresh {
		e.layouts[has] = elements
		e.order = append(e.order, has)
		e.template(has)
	}
	if e.set == 0 || e.open != has {
		e.close()
		e.set, e.open = len(e.message), has
		e.message = append(binary.BigEndian.AppendUint16(e.message, firstID+uint16(has)), 0, 0)
	}
	e.message = append(e.message, e.scratch...)
	e.count++
	return nil
}

// room makes room for n bytes more in the message. Where it begins another one it sends the templates first, if they are due.
func (e *Exporter) room(n int) error {
	if len(e.message)+n > maxMessage {
		if err := e.Flush(); err != nil {
			return err
		}
	}
	if len(e.message) > 0 {
		return nil
	}
	if e.messages >= e.due {
		e.due = e.messages + again
		for _, has := range e.order {
			if err := e.room(templateLength(e.layouts[has])); err != nil {
				return err
			}
			e.template(has)
		}
		return e.room(n)
	}
	e.message = append(e.message, make([]byte, headerLength)...)
	return nil
}

// templateLength is how many bytes a set with the template of elements has.
func templateLength(elements []element) int { return setHeader + 4 + 4*len(elements) }

// template appends a set with one template (RFC 7011 section 3.4.1).
func (e *Exporter) template(has features) {
	e.close()
	elements := e.layouts[has]
	b := binary.BigEndian.AppendUint16(e.message, templateSet)
	b = binary.BigEndian.AppendUint16(b, uint16(templateLength(elements)))
	b = binary.BigEndian.AppendUint16(b, firstID+uint16(has))
	b = binary.BigEndian.AppendUint16(b, uint16(len(elements)))
	for _, x := range elements {
		b = binary.BigEndian.AppendUint16(b, x.id)
		b = binary.BigEndian.AppendUint16(b, x.length)
	}
	e.message = b
}

// close ends the open data set.
func (e *Exporter) close() {
	if e.set != 0 {
		binary.BigEndian.PutUint16(e.message[e.set+2:], uint16(len(e.message)-e.set))
		e.set = 0
	}
}

// Flush writes what was added and not yet written.
func (e *Exporter) Flush() error {
	if len(e.message) == 0 {
		return nil
	}
	e.close()
	h := e.message[:headerLength]
	binary.BigEndian.PutUint16(h, ipfixVersion)
	binary.BigEndian.PutUint16(h[2:], uint16(len(e.message)))
	binary.BigEndian.PutUint32(h[4:], uint32(max(0, e.now)/1e9))
	binary.BigEndian.PutUint32(h[8:], uint32(e.written)) // the sequence number (RFC 7011 section 3.1)
	binary.BigEndian.PutUint32(h[12:], e.domain)
	_, err := e.out.Write(e.message)
	e.written += uint64(e.count)
	e.messages++
	e.message, e.count = e.message[:0], 0
	return err
}
