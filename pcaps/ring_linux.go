package pcaps

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// A ring is an AF_PACKET socket with a ring of blocks in memory that the kernel fills: TPACKET_V3, as
// Documentation/networking/packet_mmap.rst and include/uapi/linux/if_packet.h describe it. A block is ours while its status says so, and
// holds frames one behind the other:
//
//	block:  version  offset_to_priv | status  num_pkts  offset_to_first_pkt  blk_len  seq_num  ts_first_pkt  ts_last_pkt
//	frame:  next_offset  sec  nsec  snaplen  len  status  mac:16  net:16 | rxhash  vlan_tci  vlan_tpid:16 … | sockaddr_ll
//
// Everything is in the byte order of the machine, but for the protocol in sockaddr_ll.
type ring struct {
	fd     int
	memory []byte
	size   int // of a block, in bytes
	block  int // whose turn it is
	left   int // frames of that block that were not taken; -1 if it was not looked at
	at     int // offset in memory of the next of them
}

// Offsets in a block and in a frame.
const (
	blockStatus     = 8
	blockFrameCount = 12
	blockFirstFrame = 16

	frameHeaderLen = 48 // and sockaddr_ll behind it
	frameLinkLen   = 20
)

// retireAfter is how long the kernel keeps a block that is not full, once there are frames in it.
const retireAfter = 50 * time.Millisecond

// ringFrame is a frame as it lies in a ring.
type ringFrame struct {
	time     int64 // ns since the Unix epoch
	status   uint32
	wire     uint32
	tci      uint16 // of a VLAN tag that was taken off, if status says so
	tpid     uint16
	protocol uint16
	index    int32  // of the interface
	hardware uint16 // ARPHRD_
	kind     uint8  // PACKET_
	link     []byte // sockaddr_ll: the interface's address of the sender at its end
	data     []byte
	network  int // where in data the network layer starts
}

// newRing makes a ring of about so many bytes. Nothing comes before bind.
func newRing(bytes int) (*ring, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	r := &ring{fd: fd, left: -1}
	if err := r.open(bytes); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *ring) open(bytes int) error {
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return os.NewSyscallError("PACKET_VERSION", err)
	}
	// A block has to hold the longest frame, or the kernel cuts it. Many blocks are better than few: what is read is free again one block
	// at a time.
	r.size = 1 << 20
	for r.size > 4096 && bytes/r.size < 8 {
		r.size /= 2
	}
	r.size = max(r.size, unix.Getpagesize())
	request := unix.TpacketReq3{
		Block_size:     uint32(r.size),
		Block_nr:       uint32(max(2, bytes/r.size)),
		Frame_size:     uint32(r.size), // only what has to divide a block: frames take what they need
		Retire_blk_tov: uint32(retireAfter / time.Millisecond),
	}
	request.Frame_nr = request.Block_nr
	if err := unix.SetsockoptTpacketReq3(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &request); err != nil {
		return fmt.Errorf("a ring of %d bytes: %w", bytes, err)
	}
	var err error
	r.memory, err = unix.Mmap(r.fd, 0, r.size*int(request.Block_nr), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return os.NewSyscallError("mmap", err)
}

func (r *ring) close() {
	if r.memory != nil {
		unix.Munmap(r.memory)
		r.memory = nil
	}
	unix.Close(r.fd)
}

// bind takes the frames of the interface with that number from now on, 0 for all. It needs no privilege, also when it is done again.
func (r *ring) bind(index int) error {
	return os.NewSyscallError("bind", unix.Bind(r.fd, &unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL), Ifindex: index}))
}

func htons(n uint16) uint16 { return binary.NativeEndian.Uint16([]byte{byte(n >> 8), byte(n)}) }

// filter lets the kernel keep what the program says.
func (r *ring) filter(program []bpf.RawInstruction) error {
	p := unix.SockFprog{Len: uint16(len(program)), Filter: (*unix.SockFilter)(unsafe.Pointer(&program[0]))}
	return os.NewSyscallError("SO_ATTACH_FILTER", unix.SetsockoptSockFprog(r.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &p))
}

func (r *ring) promiscuous(index int) error {
	m := unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}
	return os.NewSyscallError("PACKET_ADD_MEMBERSHIP", unix.SetsockoptPacketMreq(r.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &m))
}

// fault is why the kernel woke us without a frame, such as an interface that went down; nil for nothing.
func (r *ring) fault() error {
	if n, err := unix.GetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && n != 0 {
		return unix.Errno(n)
	}
	return nil
}

// statistics is what the kernel counted since the last call: frames for us, those dropped included; those dropped; and how often the ring
// was full.
func (r *ring) statistics() (received, dropped, freezes uint64) {
	s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0, 0, 0
	}
	return uint64(s.Packets), uint64(s.Drops), uint64(s.Freeze_q_cnt)
}

// status is that of a block, which the kernel changes meanwhile.
func (r *ring) status(block int) *uint32 {
	return (*uint32)(unsafe.Pointer(&r.memory[block*r.size+blockStatus]))
}

// next makes f the next frame of the ring, without taking it. It returns false if there is none.
func (r *ring) next(f *ringFrame) bool {
	for r.left <= 0 {
		if r.left == 0 {
			r.free()
		}
		if atomic.LoadUint32(r.status(r.block))&unix.TP_STATUS_USER == 0 {
			return false
		}
		start := r.block * r.size
		r.left = int(binary.NativeEndian.Uint32(r.memory[start+blockFrameCount:]))
		r.at = start + int(binary.NativeEndian.Uint32(r.memory[start+blockFirstFrame:]))
	}
	ne := binary.NativeEndian
	h := r.memory[r.at:]
	f.time = int64(ne.Uint32(h[4:]))*nsPerSecond + int64(ne.Uint32(h[8:]))
	captured := int(ne.Uint32(h[12:]))
	f.wire, f.status = ne.Uint32(h[16:]), ne.Uint32(h[20:])
	mac, network := int(ne.Uint16(h[24:])), int(ne.Uint16(h[26:]))
	f.tci, f.tpid = uint16(ne.Uint32(h[32:])), ne.Uint16(h[36:])
	f.link = h[frameHeaderLen : frameHeaderLen+frameLinkLen]
	f.protocol, f.index = binary.BigEndian.Uint16(f.link[2:]), int32(ne.Uint32(f.link[4:]))
	f.hardware, f.kind = ne.Uint16(f.link[8:]), f.link[10]
	f.data = h[mac : mac+captured : mac+captured]
	f.network = max(0, min(network-mac, captured))
	return true
}

// take leaves the frame that next returned behind. Its bytes are there until next is called again.
func (r *ring) take() {
	if r.left--; r.left > 0 {
		r.at += int(binary.NativeEndian.Uint32(r.memory[r.at:]))
	}
}

// free gives the block back to the kernel.
func (r *ring) free() {
	atomic.StoreUint32(r.status(r.block), unix.TP_STATUS_KERNEL)
	if r.block++; (r.block+1)*r.size > len(r.memory) {
		r.block = 0
	}
	r.left = -1
}

// pressed tells whether the ring is so full that nothing should wait.
func (r *ring) pressed() bool {
	blocks := len(r.memory) / r.size
	return atomic.LoadUint32(r.status((r.block+blocks/2)%blocks))&unix.TP_STATUS_USER != 0
}
