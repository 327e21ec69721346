// Package postgrestest starts a PostgreSQL of the test's own, from the system's programs.
package postgrestest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Missing is why a test that needs PostgreSQL is skipped where it is not installed.
const Missing = "PostgreSQL is not installed"

// Server is a running PostgreSQL. Its methods may be called concurrently.
type Server struct {
	bin, data string
	port      int
	databases atomic.Int64
}

// User and Password are whom the server lets in.
const (
	User     = "skypoint"
	Password = "correct horse battery"
)

// Start runs a server on a port of its own until the test ends. Nothing of it is synced to the disk: it is not for power cuts.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := New()
	if errors.Is(err, errMissing) {
		t.Skip(Missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var errMissing = errors.New(Missing)

// New is Start for many tests. The caller closes what it gets.
func New() (*Server, error) {
	bin, found := programs()
	if !found {
		return nil, errMissing
	}
	// The path of the server's socket has a hundred characters at most, and the server's user must be able to reach it: not below t.TempDir.
	data, err := os.MkdirTemp("", "skypoint-postgres-*")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, data: data}
	if err := s.begin(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) begin() error {
	password := filepath.Join(s.data, "password")
	if err := os.WriteFile(password, []byte(Password), 0o600); err != nil {
		return err
	}
	for _, path := range []string{s.data, password} {
		if err := own(path); err != nil {
			return err
		}
	}
	if err := s.run("initdb", "-D", s.cluster(), "-U", User, "-A", "scram-sha-256", "--pwfile", password, "-N", "-E", "UTF8", "--locale=C"); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	return s.start()
}

// Close ends the server and removes what it has.
func (s *Server) Close() error {
	return errors.Join(s.stop(), os.RemoveAll(s.data))
}

func (s *Server) cluster() string { return filepath.Join(s.data, "cluster") }

// Run starts the server again where it was stopped, on the port that it had.
func (s *Server) Run(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) start() error {
	for attempt := 1; ; attempt++ {
		if s.port == 0 {
			var err error
			if s.port, err = freePort(); err != nil {
				return err
			}
		}
		options := fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=500", s.port, s.data)
		err := s.run("pg_ctl", "-D", s.cluster(), "-w", "-l", filepath.Join(s.data, "log"), "-o", options, "start")
		if err == nil {
			return nil
		}
		if attempt == 3 {
			log, _ := os.ReadFile(filepath.Join(s.data, "log")) // what there is of it
			return fmt.Errorf("start PostgreSQL: %w\n%s", err, log)
		}
		if s.databases.Load() == 0 {
			s.port = 0 // somebody else took it
		}
	}
}

// Stop ends the server, and every connection with it. It may be called twice.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

func (s *Server) stop() error {
	err := s.run("pg_ctl", "-D", s.cluster(), "-w", "-m", "immediate", "stop")
	if err != nil && s.run("pg_ctl", "-D", s.cluster(), "status") == nil {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	return nil
}

// NewDatabase makes an empty database, and gives its address with the password.
func (s *Server) NewDatabase(t testing.TB) string {
	t.Helper()
	uri, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	return uri
}

// Create is NewDatabase where there is no test.
func (s *Server) Create() (string, error) {
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	db, err := sql.Open("pgx", s.URI("postgres"))
	if err == nil {
		_, err = db.ExecContext(context.Background(), "CREATE DATABASE "+name)
		err = errors.Join(err, db.Close())
	}
	return s.URI(name), err
}

// URI is the address of a database, with the password.
func (s *Server) URI(database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword(User, Password), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path: "/" + database, RawQuery: "sslmode=disable",
	}).String()
}

// Open opens a database until the test ends.
func (s *Server) Open(t testing.TB, uri string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // nothing of it is needed any more
	return db
}

var _ = stdlib.GetDefaultDriver // registers the driver

func (s *Server) run(program string, arguments ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, program), arguments...) //nolint:gosec // PostgreSQL's own programs
	cmd.Dir = s.data
	asOther(cmd)
	// To a file, not a pipe: the server keeps what it inherits open, and whoever reads a pipe of it waits for its end.
	output, err := os.CreateTemp(s.data, "output-*")
	if err != nil {
		return err
	}
	defer func() { _ = output.Close() }() // it was only written to be read here
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(output.Name()) // what there is of it
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(said)))
	}
	return nil
}

// programs finds the folder of PostgreSQL's programs: Debian puts them outside of the PATH.
func programs() (string, bool) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), true
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", false
	}
	return filepath.Dir(found[len(found)-1]), true
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }() // the server takes the port
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.New("no TCP address")
	}
	return address.Port, nil
}
