// Package mototest starts moto, a simulator of AWS that nobody here wrote, for interop tests. `make interop` installs it and says where it is (MOTO).
package mototest

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// program is moto's server with conditional writes that are one step, as they are in S3. moto 5.2.5 looks for the object first and
// stores it then (put_object in moto/s3/responses.py), so under load two writes of one object both succeed; ledger.Bucket finds that out and refuses.
const program = `
import threading
from moto.s3.responses import S3Response
from moto.server import main

one_at_a_time = threading.Lock()
put_object = S3Response.put_object

def put_object_in_one_step(self):
    with one_at_a_time:
        return put_object(self)

S3Response.put_object = put_object_in_one_step
main()
`

// Start runs moto until the test ends, and gives its endpoint. It has an empty S3, and what else moto simulates.
func Start(t testing.TB) string {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	folder := os.Getenv("MOTO")
	if folder == "" {
		t.Fatal("MOTO is not set: run `make interop`")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	must(err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	must(err)
	must(listener.Close())
	server := exec.CommandContext(t.Context(), filepath.Join(folder, "bin", "python"), "-c", program, "-H", "127.0.0.1", "-p", port) //nolint:gosec // moto's own
	var said bytes.Buffer
	server.Stdout, server.Stderr = &said, &said
	must(server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // killed: its status says nothing
	})
	endpoint := fmt.Sprintf("http://127.0.0.1:%s", port)
	for begun := time.Now(); ; {
		answer, err := http.Get(endpoint + "/moto-api/") //nolint:noctx // this machine's, until the deadline below
		if err == nil {
			must(answer.Body.Close())
			return endpoint
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("moto does not answer: %v\n%s", err, said.String())
		}
		must(dataflow.Sleep(t.Context(), 50*time.Millisecond))
	}
}
