package metrics

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Server answers at /metrics.
type Server struct {
	listener net.Listener
	server   *http.Server
}

// Listen begins to listen at HOST:PORT; PORT or :PORT is the loopback interface only. All interfaces are 0.0.0.0:PORT or [::]:PORT.
func Listen(address string, c *Collector) (*Server, error) {
	at := address
	if !strings.Contains(at, ":") {
		at = ":" + at
	}
	if strings.HasPrefix(at, ":") {
		at = "127.0.0.1" + at
	}
	listener, err := net.Listen("tcp", at)
	if err != nil {
		return nil, fmt.Errorf("--metrics %s: %w", address, err)
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	// Whoever asks slowly must not hold a connection for long, nor send much.
	return &Server{listener: listener, server: &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10}}, nil
}

// Address is where it listens.
func (s *Server) Address() net.Addr { return s.listener.Addr() }

// Serve answers until Close.
func (s *Server) Serve() error {
	if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close ends Serve, and whatever is being answered.
func (s *Server) Close() error { return errors.Join(s.server.Close(), s.closeListener()) }

// closeListener closes what Serve has not been called for.
func (s *Server) closeListener() error {
	if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
