// Package oui says who made the interface with a MAC address: from the registries of the IEEE, and from blocks that software uses by
// convention although nobody registered them.
package oui

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

//go:generate ./generate.sh

// registered is a line a block in order: 6, 7 or 9 hexadecimal digits, and the name.
//
//go:embed vendors.txt.zst
var registered []byte

// blocks are those of the registry, by the first address of a block; those of one address are in the order of their lengths.
var blocks = sync.OnceValue(func() (all []block) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	defer decoder.Close()
	text, err := decoder.DecodeAll(registered, nil)
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(text)) {
		prefix, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		all = append(all, newBlock(prefix, name))
	}
	return all
})

type block struct {
	first uint64 // address
	bits  uint8
	name  string
}

func newBlock(prefix, name string) block {
	n, err := strconv.ParseUint(prefix, 16, 64)
	if err != nil {
		panic(err)
	}
	bits := uint8(4 * len(prefix))
	return block{n << (48 - bits), bits, name}
}

func (b *block) has(mac uint64) bool { return (mac^b.first)>>(48-b.bits) == 0 }

// conventions are blocks that say more than their registration, and locally administered ones that software is known to use.
var conventions = []struct {
	block
	numbered bool // the last byte is a group's number
}{
	{newBlock("00005e0001", "VRRP"), true},          // RFC 9568 §7.3, IPv4
	{newBlock("00005e0002", "VRRP for IPv6"), true}, // the same, IPv6
	{newBlock("00005e0000", "IANA"), false},         // RFC 7042 §2.1
	{newBlock("00000c07ac", "HSRP"), true},          // RFC 2281 §5
	{newBlock("0007b400", "GLBP"), false},           // Cisco
	{newBlock("525400", "QEMU/KVM"), false},         // libvirt's virMacAddrGenerate
	{newBlock("fa163e", "OpenStack"), false},        // neutron's base_mac
	{newBlock("0242", "Docker"), false},             // libnetwork's netutils
	{newBlock("0a58", "OVN-Kubernetes"), false},     // its IPAddrToHWAddr
	{newBlock("eeeeeeeeeeee", "Calico"), false},     // of its interfaces on the host
	{newBlock("02bf", "Microsoft NLB"), false},      // unicast mode; the rest is the cluster's address
	{newBlock("aac1ab", "containerlab"), false},     // its links
}

// Local is what Vendor says of a locally administered address that no convention explains: nobody knows who uses it.
const Local = "locally administered"

// Vendor is who made the interface with that address, 48 bits. It is empty where nobody has registered it.
func Vendor(mac uint64) string {
	for i := range conventions {
		if c := &conventions[i]; c.has(mac) {
			if c.numbered {
				return c.name + " " + strconv.FormatUint(mac&0xff, 10)
			}
			return c.name
		}
	}
	all := blocks()
	for _, bits := range []uint8{36, 28, 24} { // the smallest block is right
		first := mac >> (48 - bits) << (48 - bits)
		i, found := slices.BinarySearchFunc(all, block{first: first, bits: bits}, func(b, target block) int {
			switch {
			case b.first != target.first:
				if b.first < target.first {
					return -1
				}
				return 1
			}
			return int(b.bits) - int(target.bits)
		})
		if found {
			return all[i].name
		}
	}
	if mac>>41&1 != 0 {
		return Local
	}
	return ""
}
