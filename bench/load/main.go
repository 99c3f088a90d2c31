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
	device := flag.String("dev", "", "the interface")
	frames := flag.Int("n", 100_000, "how many frames")
	rate := flag.Int("rate", 50_000, "frames a second; 0 for as many as go")
	size := flag.Int("size", 200, "bytes of payload")
	flows := flag.Int("flows", 1000, "different source ports, up to 60000")
	flag.Parse()
	if err := send(*device, *frames, *rate, *size, max(1, min(*flows, 60_000))); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func send(device string, frames, rate, size, flows int) error {
	link, err := net.InterfaceByName(device)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	to := &unix.SockaddrLinklayer{Ifindex: link.Index}
	const sourcePort, checksum = 14 + 20, 14 + 20 + 6
	frame := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 1, Dst: 4242}, craft.Payload(make([]byte, size)))
	clear(frame[checksum : checksum+2]) // none, so that ports can change
	start, refused := time.Now(), 0
	for i := range frames {
		if rate > 0 && i%64 == 0 {
			time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		}
		binary.BigEndian.PutUint16(frame[sourcePort:], uint16(1024+i%flows))
		for unix.Sendto(fd, frame, 0, to) != nil { // the queue of the interface is full
			if refused++; refused > 10*frames {
				return fmt.Errorf("%s takes no frames", device)
			}
		}
	}
	elapsed := time.Since(start).Seconds()
	fmt.Printf("%d %.0f\n", frames, float64(frames)/elapsed)
	return nil
}
