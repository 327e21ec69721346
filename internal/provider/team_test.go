package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/postgrestest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/s3test"
)

// homeEnv says where the worlds keep things: "team": in a bucket and a PostgreSQL database; "rest": in a folder and a REST catalog; else in a folder.
const homeEnv = "SKYPOINT_TEST_HOME"

// speaksOfFolders is why a test is left out where the worlds are teams.
const speaksOfFolders = "A folder has files that this test speaks of, and a bucket has none"

// speaksOfSQL is why a test is left out where the catalog is behind the REST protocol.
const speaksOfSQL = "A SQL catalog has rows that this test speaks of, and a REST catalog has none"

const (
	teamBucket = "team"
	teamKeyID  = "AKIALAKEHOUSETEST001"
	teamSecret = "bucketSecret/K7MDENG+bPxRfiCYACCEPTANCE"
)

// team is what machines share: a bucket with the records and the tables' files, and a PostgreSQL database with the catalog.
type team struct {
	bucket     *s3test.Server
	endpoint   string
	catalogURI string
	scratch    string // of this machine
	prefix     string // of the workspace

	through func(s3 http.Handler) http.Handler // nil: none

	calls
}

// sharedPostgres is the server of all worlds; each has a database of its own. TestMain closes it.
var (
	sharedPostgres = sync.OnceValues(func() (*postgrestest.Server, error) {
		postgresUsed.Store(true)
		return postgrestest.New()
	})
	postgresUsed atomic.Bool
)

func closePostgres() {
	if !postgresUsed.Load() {
		return
	}
	if server, err := sharedPostgres(); err == nil {
		_ = server.Close() // the tests are over: nobody is left to tell
	}
}

func postgres(t testing.TB) *postgrestest.Server {
	t.Helper()
	server, err := sharedPostgres()
	if err != nil && err.Error() == postgrestest.Missing {
		t.Skip(postgrestest.Missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// joinTeam moves the world from its folder to a bucket and a database.
func (w *world) joinTeam() {
	w.t.Helper()
	w.team = newTeam(w.t)
	w.workspace = w.team.workspace()
}

func newTeam(t testing.TB) *team {
	t.Helper()
	m := &team{bucket: s3test.New(teamBucket), prefix: "skypoint", scratch: filepath.Join(t.TempDir(), "scratch")}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		var s3 http.Handler = m.bucket
		if m.through != nil {
			s3 = m.through(s3)
		}
		switch m.next(r.Method + " " + r.URL.Path) {
		case postgrestest.Answered:
			s3.ServeHTTP(out, r)
		case postgrestest.Refused:
			s3test.Refuse(out, r, http.StatusForbidden, "ExpiredToken")
		case postgrestest.Lost:
			s3.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // net/http's way to end a connection without an answer
		}
	}))
	t.Cleanup(server.Close)
	database := postgres(t)
	m.endpoint, m.catalogURI = server.URL, database.NewProxy(t, m.next).URI(database.NewDatabase(t))
	return m
}

func (m *team) workspace() string {
	return "s3://" + teamBucket + "/" + m.prefix + "?region=us-east-1&use_path_style=true&anonymous=true&endpoint=" + m.endpoint
}

// teamSecretsKey is a key that the team has; here it is in the configuration.
var teamSecretsKey = "base64key://" + base64.URLEncoding.EncodeToString([]byte("thirty-two bytes of a team's key"))

func (m *team) properties() map[string]string {
	return map[string]string{"s3.endpoint": m.endpoint, "s3.region": "us-east-1", "s3.access-key-id": teamKeyID, "s3.secret-access-key": teamSecret}
}

// settings gives the arguments of the provider's block.
func (m *team) settings() string {
	return fmt.Sprintf(`  workspace   = %q
  scratch     = %q
  secrets_key = %q
  catalog = {
    type       = "postgres"
    uri        = %q
    properties = { "s3.access-key-id" = %q, "s3.secret-access-key" = %q }
  }
`, m.workspace(), m.scratch, teamSecretsKey, m.catalogURI, teamKeyID, teamSecret)
}

func (m *team) home() provider.Home {
	return provider.TeamHome(m.workspace(), m.scratch, teamSecretsKey, m.catalogURI, m.properties())
}

// teamPlace says to another process of a test where a team keeps things.
type teamPlace struct {
	Workspace, Scratch, SecretsKey, CatalogURI string
	Properties                                 map[string]string
}

func (m *team) place(t testing.TB) string {
	t.Helper()
	text, err := json.Marshal(teamPlace{m.workspace(), m.scratch, teamSecretsKey, m.catalogURI, m.properties()})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// dataFiles gives the tables' data files with their sizes.
func (m *team) dataFiles() map[string]int64 {
	sizes := map[string]int64{}
	for _, key := range m.keys(".parquet") {
		sizes[key] = int64(len(m.bucket.Content(teamBucket, key)))
	}
	return sizes
}

// keys gives the bucket's keys with this end.
func (m *team) keys(suffix string) []string {
	var found []string
	for _, key := range m.bucket.Keys(teamBucket) {
		if strings.HasSuffix(key, suffix) {
			found = append(found, key)
		}
	}
	return found
}

func newTeamWorld(t *testing.T, users int) *world {
	t.Helper()
	w := newWorld(t, users)
	if w.team == nil {
		w.joinTeam()
	}
	return w
}

// livesAndIsDestroyed imports a pool of 20 users, imports what has changed, goes back, and destroys the dataflow. settled completes a configuration.
func (w *world) livesAndIsDestroyed(settled func(config string) string) {
	w.t.Helper()
	config := func(arguments string) string {
		return settled(w.dataflow("tables = { users = {}, groups = {} }\n"+arguments)) + `
data "skypoint_table_rows" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  at_run      = skypoint_dataflow.customers.current_run
  key         = "users"
}
`
	}
	const customers = "skypoint_dataflow.customers"
	w.run(
		resource.TestStep{Config: config(""), Check: resource.ComposeTestCheckFunc(
			resource.TestCheckResourceAttr(customers, "table_details.users.total_records", "20"),
			resource.TestCheckResourceAttr("data.skypoint_table_rows.users", "rows.#", "20"),
		)},
		resource.TestStep{PreConfig: w.evolve(1, 2, 3), Config: config(`refresh_triggers = { build = "2" }`),
			Check: resource.TestCheckResourceAttr(customers, "table_details.users.total_records", "19")},
		resource.TestStep{Config: config(`refresh_triggers = { build = "2" }` + "\npinned_run = 1"),
			Check: resource.TestCheckResourceAttr("data.skypoint_table_rows.users", "rows.#", "20")},
		resource.TestStep{Config: settled(w.connector())},
	)
}

func TestTeam_ImportsRollsBackAndLeavesNothingOfTheTablesAfterADestroy(t *testing.T) {
	w := newTeamWorld(t, 20)
	w.livesAndIsDestroyed(func(config string) string { return config })
	for _, key := range w.team.bucket.Keys(teamBucket) {
		if strings.HasPrefix(key, "skypoint/warehouse/") {
			t.Errorf("%s is left of the tables", key)
		}
	}
	err := filepath.WalkDir(w.team.scratch, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			t.Errorf("%s is left of the work of the runs", path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
