//go:build linux

// Load sends frames at an interface of Linux, at a rate: traffic for measuring what captures it. Each frame is a UDP datagram in Ethernet
// and IPv4; their ports make flows. It says how many were sent, and how fast that was.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"pktscope/internal/craft"
)

func main() {
	device := flag.String("dev", "", "the interface; it has to cut what is too long itself: ethtool -K DEV tx-udp-segmentation off")
	frames := flag.Int("n", 100_000, "how many frames")
	rate := flag.Int("rate", 50_000, "frames a second; 0 for as many as go")
	size := flag.Int("size", 200, "bytes of payload, up to 1400")
	flows := flag.Int("flows", 1000, "different source ports, up to 60000")
	flag.Parse()
	if err := send(*device, *frames, *rate, max(1, min(*size, 1400)), max(1, min(*flows, 60_000))); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// The kernel is given so many frames at a time, as one datagram that it cuts into theirs (UDP segmentation offload, done in software): so each
// costs what the interface and the receiver cost, and no system call.
const together = 32

// Before a frame stands a header as <linux/virtio_net.h> has it: flags, kind of segmentation, length of the headers, length of a segment, where
// the checksum begins, and where in that it is stored.
const (
	offloadLen   = 10
	needsSum     = 1 // VIRTIO_NET_HDR_F_NEEDS_CSUM
	cutAsUDP     = 5 // VIRTIO_NET_HDR_GSO_UDP_L4
	headersLen   = ipAt + 20 + 8
	ipAt, udpAt  = 14, 14 + 20
	sumInUDP     = 6
	firstFlowsAt = 1024
)

func send(device string, frames, rate, size, flows int) error {
	link, err := net.InterfaceByName(device)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1); err != nil {
		return os.NewSyscallError("PACKET_VNET_HDR", err)
	}
	to := &unix.SockaddrLinklayer{Ifindex: link.Index, Protocol: binary.NativeEndian.Uint16([]byte{8, 0})} // IPv4
	buffers := [2][]byte{datagram(together, size), nil}
	if rest := frames % together; rest > 0 {
		buffers[1] = datagram(rest, size)
	}
	start, refused := time.Now(), 0
	for sent := 0; sent < frames; {
		if rate > 0 {
			time.Sleep(time.Until(start.Add(time.Duration(sent) * time.Second / time.Duration(rate))))
		}
		n, buffer := together, buffers[0]
		if frames-sent < together {
			n, buffer = frames-sent, buffers[1]
		}
		binary.BigEndian.PutUint16(buffer[offloadLen+udpAt:], uint16(firstFlowsAt+sent/together%flows))
		for unix.Sendto(fd, buffer, 0, to) != nil {
			if refused++; refused > 10*frames {
				return fmt.Errorf("%s takes no frames", device)
			}
		}
		sent += n
	}
	elapsed := time.Since(start).Seconds()
	fmt.Printf("%d %.0f\n", frames, float64(frames)/elapsed)
	return nil
}

// datagram returns n frames in one, behind the header that says so.
func datagram(n, size int) []byte {
	frame := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 1, Dst: 4242, Sum: craft.Partial}, craft.Payload(make([]byte, n*size)))
	b := make([]byte, offloadLen, offloadLen+len(frame))
	ne := binary.NativeEndian
	b[0] = needsSum
	if n > 1 {
		b[1] = cutAsUDP
	}
	ne.PutUint16(b[2:], headersLen)
	ne.PutUint16(b[4:], uint16(size))
	ne.PutUint16(b[6:], udpAt)
	ne.PutUint16(b[8:], sumInUDP)
	return append(b, frame...)
}
