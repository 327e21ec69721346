//go:build torture && linux

package torture

import (
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/postgrestest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/s3test"
)

// team is what two hosts share: a bucket with the records and the tables' files, and a PostgreSQL database with the catalog. `make torture OVER=team`.
type team struct {
	endpoint string
	catalog  string // the database's address
	objects  string // a folder that has every object of the bucket as a file
	scratch  string
}

const (
	teamBucket = "team"
	prefix     = "skypoint"
)

// hosts are the names of the machines that the commands run on, by turns. They are one machine with two names: a process of the other one can't be
// told to be dead or alive, so who recovers waits for the lease.
var hosts = []string{"host-a", "host-b"}

var (
	databases = sync.OnceValues(func() (*postgrestest.Server, error) {
		databasesUsed.Store(true)
		return postgrestest.New()
	})
	databasesUsed atomic.Bool
)

func TestMain(m *testing.M) {
	code := m.Run()
	if databasesUsed.Load() {
		if server, err := databases(); err == nil {
			_ = server.Close() // the tests are over: nobody is left to tell
		}
	}
	os.Exit(code)
}

// overTeam says whether the worlds are teams.
func overTeam() bool { return os.Getenv("OVER") == "team" }

func newTeam(t *testing.T, dir string) *team {
	t.Helper()
	server, err := databases()
	if err != nil {
		t.Fatal(err)
	}
	m := &team{catalog: server.NewDatabase(t), objects: filepath.Join(dir, "objects"), scratch: filepath.Join(dir, "scratch")}
	s3 := s3test.New(teamBucket)
	s3.Mirror(m.objects)
	listener := httptest.NewServer(s3)
	t.Cleanup(listener.Close)
	m.endpoint = listener.URL
	return m
}

// workspace is the folder that has what is in the workspace.
func (m *team) workspace() string { return filepath.Join(m.objects, teamBucket, prefix) }

// block gives the provider's block.
func (m *team) block() string {
	return fmt.Sprintf(`
variable "scratch" { type = string }

provider "skypoint" {
  workspace   = "s3://%s/%s?region=us-east-1&use_path_style=true&anonymous=true&endpoint=%s"
  scratch     = var.scratch
  secrets_key = "base64key://%s"
  catalog = {
    type       = "postgres"
    uri        = %q
    properties = { "s3.access-key-id" = "AKIATORTURE", "s3.secret-access-key" = "any" }
  }
}
`, teamBucket, prefix, m.endpoint, base64.URLEncoding.EncodeToString([]byte("thirty-two bytes of a team's key")), m.catalog)
}

// namespace is how unshare gives a process a host name of its own.
func namespace() []string {
	if os.Geteuid() == 0 {
		return []string{"--uts"}
	}
	return []string{"--uts", "--map-root-user"}
}

// command runs a command on a host: in a namespace of its own with that host's name.
func (m *team) command(host, cli string, args []string) (program string, arguments, env []string) {
	return "unshare", append(append(namespace(), "sh", "-c", `hostname "$0" && exec "$@"`, host, cli), args...), []string{"TF_VAR_scratch=" + filepath.Join(m.scratch, host)}
}
