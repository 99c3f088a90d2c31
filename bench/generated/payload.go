package main

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"pktscope/internal/craft"
)

const request = "GET /index.html HTTP/1.1\r\nHost: www.example.net\r\n\r\n"

// response is that of a web server, with so many bytes of content.
func response(size int) string {
	return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + strconv.Itoa(size) + "\r\n\r\n" +
		strings.Repeat("0123456789abcdef", size/16+1)[:size]
}

// upload is the beginning of a long request, so many bytes of it.
func upload(size int) string {
	return ("POST /upload HTTP/1.1\r\nHost: www.example.net\r\nContent-Length: 65536\r\n\r\n" +
		strings.Repeat("0123456789abcdef", size/16+1))[:size]
}

// pattern is a payload that counts, as ping sends it.
func pattern(size int) craft.Payload {
	b := make(craft.Payload, size)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// query is a DNS query for the address of a name (RFC 1035, section 4).
func query(id uint16, name string) []byte {
	b := binary.BigEndian.AppendUint16(nil, id)
	b = append(b, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0) // recursion desired, one question
	for label := range strings.SplitSeq(name, ".") {
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0, 0, 1, 0, 1) // the root, A, IN
}

// answer is the response to a query.
func answer(query []byte, address string) []byte {
	b := append([]byte(nil), query...)
	b[2], b[3], b[7] = 0x81, 0x80, 1                            // a response, recursion available, one answer
	b = append(b, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0x0e, 0x10, 0, 4) // the name of the question, A, IN, an hour, 4 bytes
	return append(b, netip.MustParseAddr(address).AsSlice()...)
}

// voice is an RTP packet with 20 ms of silence in G.711 A-law (RFC 3550, section 5.1; RFC 3551).
func voice(sequence uint16, source uint32) []byte {
	b := []byte{0x80, 8}
	b = binary.BigEndian.AppendUint16(b, sequence)
	b = binary.BigEndian.AppendUint32(b, 160*uint32(sequence))
	b = binary.BigEndian.AppendUint32(b, source)
	return append(b, strings.Repeat("\xd5", 160)...)
}
