package postgrestest

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// Fate is what becomes of a request to the server.
type Fate int

const (
	// Answered requests are passed on, and so are their answers.
	Answered Fate = iota
	// Refused requests never reach the server, as if the password had been changed: they are answered with that error, and the connection ends.
	Refused
	// Lost are the answers of requests that the server has carried out: the connection ends then.
	Lost
)

// Proxy stands before a server. It decides the fate of each request, a statement or a batch of the extended protocol.
type Proxy struct {
	decide   func(statement string) Fate
	listener net.Listener
	server   string
	mu       sync.Mutex
	open     map[net.Conn]bool
}

// NewProxy starts a proxy before the server until the test ends. decide may be called concurrently.
func (s *Server) NewProxy(t testing.TB, decide func(statement string) Fate) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed with the test
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s.URI("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{decide: decide, listener: listener, server: u.Host, open: map[net.Conn]bool{}}
	go p.serve()
	t.Cleanup(p.close)
	return p
}

// URI is the address of a database of the server's through the proxy.
func (p *Proxy) URI(direct string) string {
	u, err := url.Parse(direct)
	if err != nil {
		return direct
	}
	u.Host = p.listener.Addr().String()
	return u.String()
}

func (p *Proxy) close() {
	_ = p.listener.Close() // no more connections
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		_ = conn.Close() // the test is over
	}
}

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server) //nolint:noctx // it is closed with the client's
		if err != nil {
			_ = client.Close() // as the server itself would
			continue
		}
		p.mu.Lock()
		p.open[client], p.open[server] = true, true
		p.mu.Unlock()
		go p.pass(client, server)
	}
}

// pass passes on what one connection's two sides say: https://www.postgresql.org/docs/current/protocol-message-formats.html
func (p *Proxy) pass(client, server net.Conn) {
	end := func() {
		_, _ = client.Close(), server.Close() // whoever notices first
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, client)
		delete(p.open, server)
	}
	defer end()
	if _, err := relay(server, client, false); err != nil { // the startup message, which has no type
		return
	}
	var swallow atomic.Bool
	go func() {
		defer end()
		for {
			kind, message, err := read(server, true)
			if err != nil {
				return
			}
			if swallow.Load() {
				if kind == 'Z' { // ReadyForQuery: it was carried out
					return
				}
				continue
			}
			if _, err := client.Write(message); err != nil {
				return
			}
		}
	}()
	var request []byte
	statement := ""
	for {
		kind, message, err := read(client, true)
		if err != nil {
			return
		}
		request = append(request, message...)
		switch kind {
		case 'Q':
			statement = text(message[5:])
		case 'P': // Parse: the name of the statement, then its text
			_, query, _ := bytes.Cut(message[5:], []byte{0})
			statement = text(query)
		}
		if kind == 'Q' || kind == 'S' { // a statement, or the end of a batch
			switch p.decide(statement) {
			case Refused:
				_, _ = client.Write(refusal) // it may be gone
				return
			case Lost:
				swallow.Store(true)
			case Answered:
			}
			statement = ""
		} else if kind != 'X' && kind != 'p' { // Terminate and the password are no requests
			continue
		}
		if _, err := server.Write(request); err != nil {
			return
		}
		request = nil
	}
}

// refusal is ErrorResponse: its length, then its fields, each with a letter before it.
var refusal = func() []byte {
	fields := "SFATAL\x00VFATAL\x00C28P01\x00Mpassword authentication failed\x00\x00"
	return append(binary.BigEndian.AppendUint32([]byte{'E'}, uint32(len(fields)+4)), fields...)
}()

func text(field []byte) string {
	before, _, _ := bytes.Cut(field, []byte{0})
	return string(before)
}

func relay(to io.Writer, from io.Reader, typed bool) (byte, error) {
	kind, message, err := read(from, typed)
	if err == nil {
		_, err = to.Write(message)
	}
	return kind, err
}

// read reads one message: its type, where it has one, and all of its bytes.
func read(from io.Reader, typed bool) (byte, []byte, error) {
	header := make([]byte, 4)
	if typed {
		header = make([]byte, 5)
	}
	if _, err := io.ReadFull(from, header); err != nil {
		return 0, nil, err
	}
	length := int(binary.BigEndian.Uint32(header[len(header)-4:])) - 4
	message := make([]byte, len(header)+max(length, 0))
	copy(message, header)
	_, err := io.ReadFull(from, message[len(header):])
	return header[0], message, err
}
