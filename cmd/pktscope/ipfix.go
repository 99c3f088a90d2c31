package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"pktscope/flows"
	"pktscope/ipfix"
)

// ipfixPort is that of IPFIX over UDP (RFC 7011 section 10.3.3).
const ipfixPort = "4739"

// dialCollector returns a socket to the collector at HOST:PORT, or HOST alone.
func dialCollector(address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.Trim(address, "[]"), ipfixPort
	}
	conn, err := net.Dial("udp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("--ipfix %s: %w", address, err)
	}
	return conn, nil
}

// collector is a socket that is not written to faster than a collector reads: there is nothing in UDP that would tell.
type collector struct {
	net.Conn
	burst int
}

// A burst is what the usual buffer of a receiver holds, twice over; the pause behind it makes about 16,000 messages a second at most.
const (
	burstMessages = 32
	burstPause    = 2 * time.Millisecond
)

func (c *collector) Write(b []byte) (int, error) {
	if c.burst++; c.burst == burstMessages {
		c.burst = 0
		time.Sleep(burstPause)
	}
	return c.Conn.Write(b)
}

// flowExport is a [flowPrinter] that sends flows to a collector.
type flowExport struct {
	chosen
	exporter *ipfix.Exporter
	conn     net.Conn
	quiet    bool
	alone    flows.Connection
}

func newFlowExport(address string, quiet bool) (*flowExport, error) {
	conn, err := dialCollector(address)
	if err != nil {
		return nil, err
	}
	return &flowExport{exporter: ipfix.NewExporter(&collector{Conn: conn}, 0), conn: conn, quiet: quiet}, nil
}

func (p *flowExport) takesFlow(f *flows.Flow) bool {
	p.alone.Alone(f)
	return p.takes(&p.alone)
}

func (p *flowExport) left(f *flows.Flow) error {
	if !p.takesFlow(f) {
		return nil
	}
	return p.failed(p.exporter.Flow(f, ipfix.Behind{}, ipfix.NoRoom))
}

func (p *flowExport) end(tracker *flows.Tracker) error {
	err := p.failed(errors.Join(p.exporter.Tracker(tracker, p.takesFlow), p.exporter.Flush()))
	p.conn.Close()
	if err == nil && !p.quiet {
		notice(fmt.Sprintf("%s in %s went to %s", count(p.exporter.Records(), "record"), count(p.exporter.Messages(), "message"), p.conn.RemoteAddr()))
	}
	return err
}

// failed says of an error which collector it is about. That nobody listens there an ICMP error says, to a later message.
func (p *flowExport) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("--ipfix: %w", err)
}

// count is "1 message", "2 messages".
func count(n uint64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
