package pcaps

import (
	"errors"
	"slices"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// What the kernel asks about each frame, before it takes room in a ring.

// program is what the kernel asks about each frame: the direction, and the user's filter.
func (c *capture) program(any bool, hardware uint16) ([]bpf.RawInstruction, error) {
	program, err := directionProgram(c.options.Direction)
	if err != nil {
		return nil, err
	}
	user := c.options.Filter
	if user == nil || c.options.FilterText == "" {
		all, err := bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: uint32(c.snap)}})
		return append(program, all...), err
	}
	if !any {
		link := linkTypeOf(hardware)
		if link == LinkTypeLinuxSLL2 {
			return nil, errors.New("capture filters are for interfaces with Ethernet or IP")
		}
		own, err := user(link)
		return append(program, own...), err
	}
	// At all interfaces a frame is asked about as what its interface is. Of a kind that the filter cannot ask about there is none that it
	// means.
	ethernet, err := user(LinkTypeEthernet)
	if err != nil {
		return nil, err
	}
	nothing := []bpf.RawInstruction{{Op: retConstant}}
	raw, err := user(LinkTypeRaw)
	if err != nil {
		raw = nothing
	}
	choice := []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtLinkLayerType}}
	for i, kind := range rawKinds {
		choice = append(choice, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(kind), SkipTrue: uint8(len(rawKinds) - i + 2)})
	}
	choice = append(choice,
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.ARPHRD_ETHER, SkipTrue: 3},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.ARPHRD_LOOPBACK, SkipTrue: 2},
		bpf.RetConstant{Val: 0},
		bpf.Jump{Skip: uint32(len(ethernet))}, // to raw
	)
	chosen, err := bpf.Assemble(choice)
	return slices.Concat(program, chosen, ethernet, raw), err
}

// retConstant is the operation of an instruction that returns its constant: BPF_RET | BPF_K.
const retConstant = 0x06

// directionProgram lets through what goes the right way. At the loopback interface each frame goes out and comes in: as everywhere, it is
// shown once.
func directionProgram(d Direction) ([]bpf.RawInstruction, error) {
	kind := bpf.LoadExtension{Num: bpf.ExtType}
	outgoing := bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.PACKET_OUTGOING}
	drop := bpf.RetConstant{Val: 0}
	switch d {
	case Inbound:
		outgoing.SkipFalse = 1
		return bpf.Assemble([]bpf.Instruction{kind, outgoing, drop})
	case Outbound:
		outgoing.SkipTrue = 1
		return bpf.Assemble([]bpf.Instruction{kind, outgoing, drop})
	}
	outgoing.SkipFalse = 1
	return bpf.Assemble([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtLinkLayerType},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.ARPHRD_LOOPBACK, SkipFalse: 3},
		kind, outgoing, drop,
	})
}
