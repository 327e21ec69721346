// Package mototest starts moto, a simulator of AWS that nobody here wrote, for interop tests. `make interop` installs it and says where it is (MOTO).
package mototest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/servertest"
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
	folder := os.Getenv("MOTO")
	if folder == "" {
		t.Fatal("MOTO is not set: run `make interop`")
	}
	return servertest.Start(t, "/moto-api/", func(port string) *exec.Cmd {
		return exec.CommandContext(t.Context(), filepath.Join(folder, "bin", "python"), "-c", program, "-H", "127.0.0.1", "-p", port) //nolint:gosec // moto's own
	})
}
