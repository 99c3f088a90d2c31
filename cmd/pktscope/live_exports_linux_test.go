package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// metrics is what the program tells Prometheus.
func (p *pair) metrics() (body string) {
	p.t.Helper()
	p.inside(p.rx, func() error {
		conn, err := net.Dial("tcp", "127.0.0.1:9099") // in this thread, as a client of HTTP would not
		if err != nil {
			return err
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.WriteString(conn, "GET /metrics HTTP/1.0\r\n\r\n"); err != nil {
			return err
		}
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return err
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		body = string(b)
		return err
	})
	return body
}

// Prometheus and a collector of IPFIX get what was sent, no more and no less, and a collector that is not there ends nothing.
func TestLiveExports(t *testing.T) {
	const n = 3000
	p := newPair(t)
	if _, err := exec.LookPath("nfcapd"); err != nil {
		t.Skip("nfcapd is not installed")
	}
	p.run(p.rx, "ip", "link", "set", "lo", "up")
	arguments := []string{"--report", "summary,tenants,tunnels", "--interval", "500ms", "--direction", "in", "-f", "udp port 4242", "--metrics", "9099",
		"--ipfix", "127.0.0.1:9995"}
	r := p.live(arguments...)
	p.send("10.0.0.2", 100, 100, time.Millisecond)
	until(t, "nobody takes flows", func() bool {
		p.send("10.0.0.2", 1, 100, 0)
		return strings.Contains(p.metrics(), "\npktscope_packets_total 1")
	})
	r.stop()
	if said := r.said(); !strings.Contains(said, "metrics are at http://127.0.0.1:9099/metrics\n") {
		t.Errorf("it says %s", said)
	}

	dir := t.TempDir()
	collector := exec.Command("ip", "netns", "exec", p.rx, "nfcapd", "-b", "127.0.0.1", "-p", "9995", "-w", dir)
	if err := collector.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { collector.Process.Kill(); collector.Wait() })
	until(t, "nfcapd listens", func() bool {
		sockets, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/udp", collector.Process.Pid))
		return strings.Contains(string(sockets), fmt.Sprintf(":%04X ", 9995))
	})
	r = p.live(arguments...)
	p.send("10.0.0.2", n, 100, time.Millisecond)
	want := fmt.Sprintf("\npktscope_tenant_packets_total{tenant=\"untagged\"} %d\n", n)
	until(t, "the packets are in the metrics", func() bool { return strings.Contains(p.metrics(), want) })
	if got := p.metrics(); !strings.Contains(got, fmt.Sprintf("\npktscope_interface_packets_total{interface=\"rx0\"} %d\n", n)) {
		t.Errorf("metrics are\n%s", got)
	}
	r.stop()
	if said := r.said(); !strings.Contains(said, "1 flow record in 1 message went to 127.0.0.1:9995, 0 messages failed") {
		t.Errorf("it says %s", said)
	}
	time.Sleep(500 * time.Millisecond) // for what is in the collector's socket
	collector.Process.Signal(os.Interrupt)
	collector.Wait()
	summary, err := exec.Command("nfdump", "-R", dir, "-I").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"Flows: 1\n", fmt.Sprintf("Packets: %d\n", n), fmt.Sprintf("Bytes: %d\n", n*(100+28))} {
		if !strings.Contains(string(summary), line) {
			t.Errorf("nfdump lacks %q:\n%s", line, summary)
		}
	}
}
