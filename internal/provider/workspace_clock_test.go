package provider_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/process"
)

var timestamp = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"`)

// shift makes all records of the dataflow what they would be if the clock had been ahead by so much.
func (w *world) shift(ahead time.Duration) {
	w.t.Helper()
	w.must(filepath.WalkDir(filepath.Join(w.folder(), "dataflows"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		shifted := timestamp.ReplaceAllStringFunc(string(content), func(text string) string {
			at, err := time.Parse(time.RFC3339Nano, strings.Trim(text, `"`))
			w.must(err)
			return `"` + at.Add(ahead).Format(time.RFC3339Nano) + `"`
		})
		return os.WriteFile(path, []byte(shifted), 0o600)
	}))
}

func TestClockThatJumped_BetweenRunsStopsNobodyAndKeepsNothingStale(t *testing.T) {
	for name, c := range map[string]struct {
		ahead time.Duration
		runs  bool // max_age makes it run, without another trigger
	}{
		"a day ahead": {24 * time.Hour, true}, "a day behind": {-24 * time.Hour, true},
		"a little ahead": {20 * time.Minute, false}, "a little behind": {-20 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			const aged = "\nmax_age = \"1h\""
			w := newWorld(t, 10)
			k := newCore(t, w, build(1)+aged)
			k.succeeds("the first apply", k.apply(), connectorType, dataflowType)
			w.shift(c.ahead)
			w.evolve(0, 1, 0)()
			if c.runs {
				k.succeeds("plan", k.plan(), dataflowType)
				k.succeeds("apply", k.apply(), dataflowType)
				if why := k.attribute("last_run", "trigger"); why != "max_age" {
					t.Errorf("it ran for %s", why)
				}
				w.countUsers(11)
			}
			k.succeeds("the plan after it", k.plan())
			k.declare(build(2) + aged)
			k.succeeds("apply with a trigger", k.apply(), dataflowType)
			w.countUsers(11)
			k.succeeds("the plan after that", k.plan())
			at, err := time.Parse(time.RFC3339Nano, k.attribute("last_refresh_at"))
			w.must(err)
			if age := time.Since(at); age < 0 || age > 10*time.Minute {
				t.Errorf("the last refresh was %s ago", age)
			}
			k.succeeds("destroy", k.destroy())
			w.equalTables()
		})
	}
}

func TestClockThatJumped_DuringARunGivesNoNegativeDuration(t *testing.T) {
	w := newWorld(t, 10)
	k := newCore(t, w, build(1))
	k.succeeds("apply", k.apply(), connectorType, dataflowType)
	path := w.find("dataflows/customers/runs/RUN/finished.json")
	content, err := os.ReadFile(path)
	w.must(err)
	run, err := w.ledger().Finished(t.Context(), "Customers", 1)
	w.must(err)
	earlier := run.StartedAt.Add(-24 * time.Hour).Format(time.RFC3339Nano)
	w.must(os.WriteFile(path, regexp.MustCompile(`"ended_at": "[^"]*"`).ReplaceAll(content, []byte(`"ended_at": "`+earlier+`"`)), 0o600))

	r := newRoot(t, requires+w.provider()+`
data "skypoint_dataflow_runs" "all" {
  dataflow_id = "Customers"
}
output "seconds" {
  value = data.skypoint_dataflow_runs.all.runs[0].duration_seconds
}
`)
	if out := r.succeed("apply", "-auto-approve"); !fails("seconds = 0").MatchString(out) {
		t.Errorf("%s", out)
	}
}

// A run of another host, whose clock is a day ahead or behind, is under way: nobody takes it for dead by its clock alone.
func TestClockOfAnotherHost_ADayAheadDoesNotHideALivingRun(t *testing.T) {
	w := newWorld(t, 10)
	k := newCore(t, w, build(1))
	k.succeeds("apply", k.apply(), connectorType, dataflowType)
	elsewhere := process.Current()
	elsewhere.Host, elsewhere.PID = "another-host", 4711
	record, err := w.ledger().Dataflow(t.Context(), "Customers")
	w.must(err)
	at := time.Now().UTC().Add(24 * time.Hour).Truncate(time.Second)
	w.must(w.ledger().Start(t.Context(), dataflow.Started{
		Dataflow: "Customers", UID: record.UID, Run: 2, Kind: dataflow.KindImport, Trigger: dataflow.TriggerResource, StartedAt: at, Owner: elsewhere, Definition: record.Definition,
	}))
	w.must(w.ledger().Beat(t.Context(), "Customers", 2, dataflow.Heartbeat{Owner: elsewhere.ID, Beat: 1, At: at}))
	k.succeeds("plan", k.plan())
	k.succeeds("refresh", k.refresh())
	if status := k.attribute("status"); status != "Processing" {
		t.Errorf("the run under way is shown as %s", status)
	}
	k.declare(build(2) + "\ntimeouts = { update = \"1s\" }")
	k.fails("apply", k.apply(), fmt.Sprintf("Import failed: dataflow \"Customers\": run 2 is under way on host another-host, process 4711, since %s. "+
		`Wait for it to end and apply again, or wait longer: timeouts.update = "1s" is over.`, at.Format(time.RFC3339)))
	w.countUsers(10)
}
