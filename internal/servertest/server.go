// Package servertest runs a server that nobody here wrote, for interop tests.
package servertest

import (
	"bytes"
	"net"
	"net/http"
	"os/exec"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Start runs a command on a free port of this machine until the test ends, and gives its address once it answers at path, with whatever status.
// The command's output is shown where it does not.
func Start(t testing.TB, path string, command func(port string) *exec.Cmd) string {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	must(err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	must(err)
	must(listener.Close())
	server := command(port)
	var said bytes.Buffer
	server.Stdout, server.Stderr = &said, &said
	must(server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // killed: its status says nothing
	})
	address := "http://127.0.0.1:" + port
	for begun := time.Now(); ; {
		answer, err := http.Get(address + path) //nolint:noctx // this machine's, until the deadline below
		if err == nil {
			must(answer.Body.Close())
			return address
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("%s does not answer: %v\n%s", server.Path, err, said.String())
		}
		must(dataflow.Sleep(t.Context(), 50*time.Millisecond))
	}
}
