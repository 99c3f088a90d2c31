package capturefilter

import (
	"encoding/binary"

	"golang.org/x/net/bpf"
)

// Match tells whether the filter means a frame of which data was captured, and which had wireLen bytes. It is for filters that are not Live.
func (f *Filter) Match(data []byte, wireLen int) bool {
	return run(f.program, data, uint32(wireLen)) != 0
}

// run is the machine that Linux has at its sockets. It returns what the program returns; 0, too, where it looks past the end of the data or
// divides by zero. The program has been assembled here: its jumps are inside it and go forward, its words are in the memory.
//
// golang.org/x/net/bpf has such a machine, which does not know the length on the wire, and calls a function for each instruction.
func run(program []bpf.RawInstruction, data []byte, wireLen uint32) uint32 {
	var a, x uint32
	var memory [scratchWords]uint32
	length := uint64(len(data))
	for pc := 0; pc < len(program); pc++ {
		i := &program[pc]
		k := i.K
		var taken bool
		switch i.Op {
		case loadWord:
			if uint64(k)+4 > length {
				return 0
			}
			a = binary.BigEndian.Uint32(data[k:])
			continue
		case loadHalf:
			if uint64(k)+2 > length {
				return 0
			}
			a = uint32(binary.BigEndian.Uint16(data[k:]))
			continue
		case loadByte:
			if uint64(k) >= length {
				return 0
			}
			a = uint32(data[k])
			continue
		case jumpEqual:
			taken = a == k
		case jumpGreater:
			taken = a > k
		case jumpAtLeast:
			taken = a >= k
		case jumpAnyBit:
			taken = a&k != 0
		case jumpEqual | withX:
			taken = a == x
		case jumpGreater | withX:
			taken = a > x
		case jumpAtLeast | withX:
			taken = a >= x
		case jumpAnyBit | withX:
			taken = a&x != 0
		case jump:
			pc += int(k)
			continue
		case returnConstant:
			return k
		case returnA:
			return a
		case loadWordX:
			if k += x; uint64(k)+4 > length { // the sum has 32 bits: a negative offset in X counts back
				return 0
			}
			a = binary.BigEndian.Uint32(data[k:])
			continue
		case loadHalfX:
			if k += x; uint64(k)+2 > length {
				return 0
			}
			a = uint32(binary.BigEndian.Uint16(data[k:]))
			continue
		case loadByteX:
			if k += x; uint64(k) >= length {
				return 0
			}
			a = uint32(data[k])
			continue
		case loadXIPv4:
			if uint64(k) >= length {
				return 0
			}
			x = uint32(data[k]&0xf) * 4
			continue
		case loadConstant:
			a = k
			continue
		case loadLength:
			a = wireLen
			continue
		case loadMemory:
			a = memory[k%scratchWords]
			continue
		case loadXConstant:
			x = k
			continue
		case loadXMemory:
			x = memory[k%scratchWords]
			continue
		case store:
			memory[k%scratchWords] = a
			continue
		case storeX:
			memory[k%scratchWords] = x
			continue
		case aToX:
			x = a
			continue
		case xToA:
			a = x
			continue
		case negate:
			a = -a
			continue
		default: // arithmetic
			operand := k
			if i.Op&withX != 0 {
				operand = x
			}
			if op := i.Op &^ withX; operand != 0 || op != divide && op != modulo {
				a = calculate(op, a, operand)
				continue
			}
			return 0
		}
		if taken {
			pc += int(i.Jt)
		} else {
			pc += int(i.Jf)
		}
	}
	return 0
}
