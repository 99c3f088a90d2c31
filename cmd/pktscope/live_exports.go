package main

import (
	"errors"
	"fmt"
	"net"

	"github.com/spf13/pflag"

	"pktscope/flows"
	"pktscope/ipfix"
	"pktscope/live"
	"pktscope/metrics"
)

// liveExports are where live sends what it finds beside printing it.
type liveExports struct {
	metrics string
	ipfix   string

	collector *metrics.Collector
	server    *metrics.Server
	meter     *ipfix.Meter
	conn      net.Conn
	exporter  *ipfix.Exporter
	failures  uint64       // messages that could not be sent
	log       func(string) // what happens meanwhile
}

func (x *liveExports) flags(set *pflag.FlagSet) {
	set.StringVar(&x.metrics, "metrics", "", "serve metrics for Prometheus at `ADDRESS`, PORT for this machine only or HOST:PORT")
	set.StringVar(&x.ipfix, "ipfix", "", "send flows to the collector at `HOST:PORT` as IPFIX over UDP; the port is "+ipfixPort+" if it is left out")
}

// open opens the sockets, while there may still be privileges for them.
func (x *liveExports) open(o *live.Options) (err error) {
	x.log = o.Log
	if o.Span != live.Both && o.Span != live.OnlyStart && x.metrics+x.ipfix != "" {
		return errors.New("--metrics and --ipfix are about all since the start; they need --tables both or start")
	}
	if x.metrics != "" {
		x.collector = metrics.NewCollector()
		if x.server, err = metrics.Listen(x.metrics, x.collector); err != nil {
			return err
		}
	}
	if x.ipfix != "" {
		if x.conn, err = dialCollector(x.ipfix); err != nil {
			x.close()
			return err
		}
		x.exporter = ipfix.NewExporter(&collector{Conn: x.conn}, 0)
		x.meter = ipfix.NewMeter(x.exporter)
		o.Flows = func(t *flows.Tracker, now int64, last bool) { x.note(x.meter.Interval(t, now, last)) }
		o.Left = func(f *flows.Flow) { x.note(x.meter.Left(f)) }
		o.Read.Follow = true
	}
	return nil
}

// start begins to serve, and shows intervals of e to whoever asks.
func (x *liveExports) start(e *live.Engine) {
	if x.server == nil {
		return
	}
	e.Subscribe(x.collector.Update)
	go func() {
		if err := x.server.Serve(); err != nil {
			x.log(fmt.Sprintf("--metrics: %v", err))
		}
	}()
	x.log(fmt.Sprintf("metrics are at http://%s/metrics", x.server.Address()))
}

// note says once that a collector does not take messages. Analysis goes on: it may come back.
func (x *liveExports) note(err error) {
	if err == nil {
		return
	}
	if x.failures++; x.failures == 1 {
		x.log(fmt.Sprintf("--ipfix: %v; flows are sent all the same", err))
	}
}

// close ends all of it, and says what went to the collector.
func (x *liveExports) close() {
	if x.server != nil {
		x.server.Close()
	}
	if x.conn != nil {
		notice(fmt.Sprintf("%s in %s went to %s, %s failed",
			count(x.exporter.Records(), "flow record"), count(x.exporter.Messages(), "message"), x.conn.RemoteAddr(), count(x.failures, "message")))
		x.conn.Close()
	}
}
