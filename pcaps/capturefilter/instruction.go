package capturefilter

import "golang.org/x/net/bpf"

// Operation codes of classic BPF: a class, and what it works with. A and X are the registers, M is the scratch memory of 16 words.
const (
	loadWord       = 0x20 // A = packet[k:4], big-endian
	loadHalf       = 0x28
	loadByte       = 0x30
	loadWordX      = 0x40 // A = packet[X+k:4]
	loadHalfX      = 0x48
	loadByteX      = 0x50
	loadConstant   = 0x00 // A = k
	loadMemory     = 0x60 // A = M[k]
	loadLength     = 0x80 // A = length of the frame on the wire
	loadXConstant  = 0x01
	loadXMemory    = 0x61
	loadXIPv4      = 0xb1 // X = 4 * (packet[k:1] & 0xf)
	store          = 0x02 // M[k] = A
	storeX         = 0x03
	add            = 0x04 // A += k
	subtract       = 0x14
	multiply       = 0x24
	divide         = 0x34
	or             = 0x44
	and            = 0x54
	shiftLeft      = 0x64
	shiftRight     = 0x74
	negate         = 0x84
	modulo         = 0x94
	xor            = 0xa4
	withX          = 0x08 // of an operation or a jump: X in place of k
	jump           = 0x05
	jumpEqual      = 0x15
	jumpGreater    = 0x25
	jumpAtLeast    = 0x35
	jumpAnyBit     = 0x45
	returnConstant = 0x06
	returnA        = 0x16
	aToX           = 0x07
	xToA           = 0x87
)

// What Linux shows of a frame beside its bytes, at offsets that no frame has (linux/filter.h, SKF_AD_OFF).
const (
	networkHeader       = 0xfff00000 // the network header starts here, wherever it is in the frame (SKF_NET_OFF)
	ancillary           = 0xfffff000
	ancillaryProtocol   = ancillary + 0 // the EtherType, or what stands in its place in a cooked header
	ancillaryPacketType = ancillary + 4 // 4 is outgoing
	ancillaryInterface  = ancillary + 8
	ancillaryTag        = ancillary + 44 // the TCI of the VLAN tag that is not among the bytes
	ancillaryTagPresent = ancillary + 48
)

// kernelInstructions is how many instructions a socket takes (linux/bpf_common.h, BPF_MAXINSNS).
const kernelInstructions = 4096

// scratchWords is the size of M.
const scratchWords = 16

func instruction(op uint16, k uint32) bpf.RawInstruction { return bpf.RawInstruction{Op: op, K: k} }
