package provider_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/postgrestest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/s3test"
)

// fault is what befalls the calls to a team's bucket and database.
type fault struct {
	name string
	of   func(at int) func(n int) postgrestest.Fate // which calls, when it begins with the at-th
}

var faults = []fault{
	{"everything is refused from then on", func(at int) func(int) postgrestest.Fate { // as with credentials that have expired
		return func(n int) postgrestest.Fate {
			if n >= at {
				return postgrestest.Refused
			}
			return postgrestest.Answered
		}
	}},
	{"one call is carried out and its answer is lost", func(at int) func(int) postgrestest.Fate {
		return func(n int) postgrestest.Fate {
			if n == at {
				return postgrestest.Lost
			}
			return postgrestest.Answered
		}
	}},
}

// teamMachine is a machine of a team's, whose dataflow has run once; the pool has changed since.
type teamMachine struct {
	*machine
	world  *world
	record dataflow.Record
}

func newTeamMachine(t *testing.T) teamMachine {
	t.Helper()
	w := newTeamWorld(t, 40)
	m := &machine{pool: w.pool, key: cognitotest.Credential{AccessKeyID: testKeyID, SecretAccessKey: testSecret}, endpoint: w.endpoint, home: w.home()}
	e, err := m.home.Engine(t.Context(), dataflow.Process{})
	w.must(err)
	record, err := m.declare(t.Context(), e)
	w.must(err)
	w.must(m.imports(t, record))
	w.evolve(5, 10, 3)()
	return teamMachine{m, w, record}
}

// imports runs the dataflow once, as a process that is dead for whoever comes next, and keeps what it was told.
func (m *machine) imports(t *testing.T, record dataflow.Record) error {
	t.Helper()
	e, err := m.home.Engine(t.Context(), deadProcess())
	if err != nil {
		return err
	}
	run, err := e.Import(t.Context(), engine.Order{UID: record.UID, Definition: record.Definition, Trigger: dataflow.TriggerResource})
	if err == nil {
		m.completed = append(m.completed, run)
	}
	return err
}

// A fault at any call of a run, and at a call of the run that recovers from it, loses no run that was completed and no row.
//
// With SKYPOINT_TORTURE=all each call is one that fails; without, every few, which a new seed moves.
func TestTeam_AFaultAtAnyCallIsPutRightByTheNextRun(t *testing.T) {
	stride := 16
	if os.Getenv("SKYPOINT_TORTURE") == "all" {
		stride = 1
	}
	whole := newTeamMachine(t)
	w, record := whole.world, whole.record
	w.team.count(nil)
	w.must(whole.imports(t, record))
	bucket, database := w.team.counted()
	calls := len(bucket) + len(database)
	if calls < 150 {
		t.Fatalf("an import made %d calls: some go past the test", calls)
	}
	first := int(time.Now().UnixNano()%int64(stride)) + 1
	for i, f := range faults {
		for at := first; at <= calls; at += stride {
			t.Run(fmt.Sprintf("%s, call %d", f.name, at), func(t *testing.T) {
				m := newTeamMachine(t)
				w, record := m.world, m.record
				numbers := rand.New(rand.NewPCG(uint64(at), uint64(i)))
				w.team.count(f.of(at))
				err := m.imports(t, record)
				if bucket, database := w.team.counted(); len(bucket)+len(database) < at && err != nil {
					t.Errorf("no call failed, and the import did: %v", err)
				}
				if err != nil {
					if text := err.Error(); strings.Contains(text, postgrestest.Password) || strings.Contains(text, teamSecret) {
						t.Errorf("a secret is in the error: %s", text)
					}
					w.team.count(f.of(numbers.IntN(80) + 1))
					_ = m.imports(t, record) // it may fail, too
				}
				w.team.count(nil)
				if err := m.startsAgain(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// The database is restarted while a run reads and again while it publishes: the run goes on.
func TestTeam_ARestartOfTheDatabaseFailsNoRun(t *testing.T) {
	w := newTeamWorld(t, 40)
	server := postgrestest.Start(t) // one of its own: others need theirs
	var at, restarts atomic.Int64
	at.Store(-1000) // not in the first apply
	w.team.catalogURI = server.NewProxy(t, func(string) postgrestest.Fate {
		if n := at.Add(1); n == 60 || n == 95 {
			server.Stop(t)
			restarts.Add(1)
			time.AfterFunc(300*time.Millisecond, func() { server.Run(t) })
		}
		return postgrestest.Answered
	}).URI(server.NewDatabase(t))
	c := newCore(t, w, build(1))
	c.succeeds("the first apply", c.apply(), connectorType, dataflowType)
	w.evolve(2, 5, 1)()
	c.declare(build(2))
	at.Store(0)
	c.succeeds("an apply with two restarts", c.apply(), dataflowType)
	if got := restarts.Load(); got != 2 {
		t.Errorf("it was restarted %d times", got)
	}
	w.countUsers(44)
}

// S3 asks to slow down, and answers late: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func TestTeam_ABucketThatAsksToSlowDownFailsNoRun(t *testing.T) {
	w := newTeamWorld(t, 40)
	var n atomic.Int64
	w.team.through = func(s3 http.Handler) http.Handler {
		return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			if n.Add(1)%25 == 0 {
				s3test.Refuse(out, r, http.StatusServiceUnavailable, "SlowDown")
				return
			}
			_ = dataflow.Sleep(r.Context(), 10*time.Millisecond) // a client that is gone gets its answer in vain
			s3.ServeHTTP(out, r)
		})
	}
	c := newCore(t, w, build(1))
	c.succeeds("the first apply", c.apply(), connectorType, dataflowType)
	w.evolve(2, 5, 1)()
	c.declare(build(2))
	c.succeeds("the second apply", c.apply(), dataflowType)
	w.countUsers(44)
}

func TestTeam_CredentialsThatExpireHalfWayAreNamedAndTheNextApplyGoesOn(t *testing.T) {
	w := newTeamWorld(t, 40)
	c := newCore(t, w, build(1))
	c.succeeds("the first apply", c.apply(), connectorType, dataflowType)
	w.evolve(2, 5, 1)()
	c.declare(build(2))
	var n atomic.Int64
	for _, half := range []struct {
		below string
		says  string
	}{
		{"/team/skypoint/warehouse/", "Sign in to the warehouse's bucket anew, and apply again: its credentials, those of catalog.properties or of the environment, are wrong or have expired."},
		{"/team/skypoint/dataflows/", "Sign in to the workspace's bucket anew, and apply again: its credentials are those of the environment, and are wrong or have expired."},
	} {
		n.Store(0)
		w.team.through = func(s3 http.Handler) http.Handler {
			return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, half.below) && n.Add(1) > 15 {
					s3test.Refuse(out, r, http.StatusBadRequest, "ExpiredToken")
					return
				}
				s3.ServeHTTP(out, r)
			})
		}
		r := c.apply()
		if len(r.errors) == 0 || slices.ContainsFunc(r.errors, func(text string) bool { return !strings.Contains(text, half.says) }) {
			t.Errorf("%s: it says %q", half.below, r.errors)
		}
		for _, text := range r.errors {
			if strings.Contains(text, teamSecret) || strings.Contains(text, teamKeyID) {
				t.Errorf("a key is in %s", text)
			}
		}
	}
	w.team.through = nil
	c.succeeds("the next apply", c.apply(), dataflowType)
	w.countUsers(44)
}
