package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/process"
)

// data reads a data source.
func (c *core) data(kind, arguments string) reported {
	c.begin()
	schema, err := c.wire.server.GetProviderSchema(c.t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	c.must(err)
	c.wire.types["data"] = ctyType(c.t, schema.DataSourceSchemas[kind].ValueType())
	response, err := c.wire.server.ReadDataSource(c.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: kind, Config: c.wire.config(c.t, "data", arguments, nil)})
	c.must(err)
	var r reported
	r.note(response.Diagnostics)
	return r
}

// threeRuns gives a dataflow after three imports, of 10, 11 and 12 users.
func threeRuns(t *testing.T) (*core, *world) {
	t.Helper()
	c, w := twoRuns(t)
	w.evolve(0, 1, 0)()
	c.declare(build(3))
	c.succeeds("the third apply", c.apply(), dataflowType)
	return c, w
}

// lose removes something of the dataflow's folder.
func (w *world) lose(path string) {
	w.t.Helper()
	path = filepath.Join(w.folder(), "dataflows", "customers", path)
	_, err := os.Stat(path)
	w.must(err)
	w.must(os.RemoveAll(path))
}

func (w *world) countUsers(want int) {
	w.t.Helper()
	if got := len(w.users()); got != want {
		w.t.Errorf("%d users, want %d", got, want)
	}
}

const noStarted = "started.json: read record: run %d of dataflow \"Customers\" has no started record. " + hintRestoreRecord

func TestHistoryWithAGap_StopsOnlyWhoReadsTheHistory(t *testing.T) {
	for _, lost := range []string{"runs/00000002", "runs/00000002/started.json"} {
		t.Run(filepath.Base(lost), func(t *testing.T) {
			c, w := threeRuns(t)
			w.lose(lost)
			c.succeeds("refresh", c.refresh())
			c.succeeds("plan", c.plan())
			want := "Run history can't be read: " + filepath.Join(w.folder(), "dataflows", "customers", "runs", "00000002", fmt.Sprintf(noStarted, 2))
			c.fails("the history", c.data("skypoint_dataflow_runs", `dataflow_id = "Customers"`), want)
			c.succeeds("the newest of the history", c.data("skypoint_dataflow_runs", "dataflow_id = \"Customers\"\nlimit = 1"))

			w.evolve(0, 1, 0)()
			c.declare(build(4))
			c.succeeds("apply", c.apply(), dataflowType)
			if run := c.attribute("current_run"); run != "4" {
				t.Errorf("run %s, want 4", run)
			}
			w.countUsers(13)
			c.declare(build(4) + "\npinned_run = 1")
			c.succeeds("a rollback over the gap", c.apply(), dataflowType)
			w.countUsers(10)
		})
	}
}

func TestHistoryWithoutAFinishedRecord_IsFinishedAgain(t *testing.T) {
	c, w := threeRuns(t)
	w.lose("runs/00000003/finished.json")
	w.lose("runs/00000003/heartbeat.json")
	w.evolve(0, 1, 0)()
	c.declare(build(4))
	c.succeeds("apply", c.apply(), dataflowType)
	w.countUsers(13)
	if run := c.attribute("current_run"); run != "4" {
		t.Errorf("run %s, want 4", run)
	}
	c.succeeds("the history", c.data("skypoint_dataflow_runs", `dataflow_id = "Customers"`))
	run, err := w.ledger().Finished(t.Context(), "Customers", 3)
	w.must(err)
	if want := "Imported 2 tables: groups 3 rows (unchanged); users 12 rows (1 added)."; run.Status != dataflow.StatusCompleted || run.Description != want {
		t.Errorf("run 3 is %s: %s", run.Status, run.Description)
	}
}

func TestNewestRunLost_IsNamedAndItsNumberNeverHidesRows(t *testing.T) {
	t.Run("its started record", func(t *testing.T) {
		c, w := threeRuns(t)
		w.lose("runs/00000003/started.json")
		before := w.tree()
		want := "Dataflow can't be read: " + filepath.Join(w.folder(), "dataflows", "customers", "runs", "00000003", fmt.Sprintf(noStarted, 3))
		c.declare(build(4))
		c.fails("refresh", c.refresh(), want)
		c.fails("plan", c.plan(), want)
		c.fails("apply", c.apply(), want)
		c.fails("destroy", c.destroy(), want)
		w.unchanged(before, "a run without its started record")
	})
	for _, lost := range [][]string{{"runs/00000003"}, {"runs/00000003", "runs/00000002", "runs/latest.json"}} {
		t.Run(fmt.Sprintf("the folders of %d", len(lost)), func(t *testing.T) {
			c, w := threeRuns(t)
			for _, path := range lost {
				w.lose(path)
			}
			w.evolve(0, 1, 0)()
			c.declare(build(4))
			r := c.apply()
			c.plans("apply", r, dataflowType)
			if len(r.errors) > 0 {
				t.Fatalf("apply said %q", r.errors)
			}
			w.countUsers(13)
			c.succeeds("the plan after it", c.plan())
			runs, err := w.ledger().Runs(t.Context(), "Customers", 0, 0)
			w.must(err)
			if runs[0].Run != 4 || runs[0].Status != dataflow.StatusCompleted || runs[1].Run != 3 || runs[1].Status != dataflow.StatusFailed ||
				!strings.HasPrefix(runs[1].Description, "the workspace has lost the records of run 3: the tables have traces of runs up to 3. Numbering goes on after them.") {
				t.Errorf("the history: %d %s, %d %s: %s", runs[0].Run, runs[0].Status, runs[1].Run, runs[1].Status, runs[1].Description)
			}
			if len(lost) == 1 {
				w.equalKept(1, 2, 4) // what the lost run had is let go
			} else {
				w.equalKept(1, 4)
			}
			c.succeeds("destroy", c.destroy())
			w.equalTables()
		})
	}
}

func TestHistoryLost_BeginsAnewOnTheSameTables(t *testing.T) {
	for _, lost := range []string{"runs", "."} {
		t.Run(lost, func(t *testing.T) {
			c, w := threeRuns(t)
			w.lose(lost)
			w.evolve(0, 1, 0)()
			c.declare(build(4))
			c.succeeds("apply", c.apply(), dataflowType)
			w.countUsers(13)
			c.succeeds("the plan after it", c.plan())
			runs, err := w.ledger().Runs(t.Context(), "Customers", 0, 0)
			w.must(err)
			if want := "Imported 2 tables: groups 3 rows (unchanged); users 13 rows (1 added)."; len(runs) != 1 || !strings.HasPrefix(runs[0].Description, want) {
				t.Errorf("the history: %+v", runs)
			}
			w.equalKept(1)
			for i := range 3 {
				w.evolve(0, 1, 0)()
				c.declare(build(5 + i))
				c.succeeds("a later apply", c.apply(), dataflowType)
				w.countUsers(14 + i)
			}
			c.declare(build(7) + "\npinned_run = 2")
			c.succeeds("a rollback", c.apply(), dataflowType)
			w.countUsers(14)
			c.succeeds("destroy", c.destroy())
			w.equalTables()
		})
	}
}

func TestUnfinishedRun_WithDamagedRecordsIsNamedUntilTheyAreBack(t *testing.T) {
	for _, record := range []string{"started", "decision"} {
		for _, damage := range damages {
			if damage.do == nil {
				continue
			}
			t.Run(record+" "+damage.name, func(t *testing.T) {
				w := newWorld(t, 10)
				c := newCore(t, w, build(1)+"\nrun_on_apply = true")
				c.succeeds("the first apply", c.apply(), connectorType, dataflowType)
				c.declare(build(2) + "\nrun_on_apply = true")
				w.deny("ListUsers")
				if r := c.apply(); len(r.errors) != 1 || !strings.Contains(r.errors[0], "cognito-idp:ListUsers (users)") {
					t.Fatalf("the second apply said %q", r.errors)
				}
				w.deny()
				c.succeeds("the third apply", c.apply(), dataflowType)
				w.killedRunOf(4)
				path := filepath.Join(w.folder(), "dataflows", "customers", "runs", "00000004", record+".json")
				good, err := os.ReadFile(path)
				w.must(err)
				w.must(os.WriteFile(path, []byte(damage.do(string(good))), 0o600))

				hint := hintRestoreRecord
				if damage.name == "newer" {
					hint = hintUpgrade
				}
				want := fmt.Sprintf("Dataflow can't be read: %s: read record: %s. %s", path, damage.cause(recordKind{name: record}), hint)
				before := w.tree()
				c.fails("refresh", c.refresh(), want)
				c.fails("apply", c.apply(), want)
				c.fails("destroy", c.destroy(), want)
				w.unchanged(before, damage.name)

				w.must(os.WriteFile(path, good, 0o600))
				c.succeeds("apply when the record is back", c.apply(), dataflowType)
				c.succeeds("the plan after it", c.plan())
				w.countUsers(10)
			})
		}
	}
}

// killedRunOf leaves the records of an import as a process leaves them that was killed after it had decided to abandon the run.
func (w *world) killedRunOf(run int64) {
	w.t.Helper()
	w.leaveRun(dataflow.KindImport, run)
	_, err := w.ledger().Decide(w.t.Context(), dataflow.Decision{
		Dataflow: "Customers", Run: run, Outcome: dataflow.OutcomeAbandon, By: "somebody", Reason: "interrupted: the run was cancelled. Nothing was published; the tables are at run 2.",
	})
	w.must(err)
}

// A heartbeat is a hint: one that can't be understood is one that was never beaten, and the time of the run's start counts.
func TestUnfinishedRunOfAnotherHost_WithADamagedHeartbeatIsJudgedByItsStart(t *testing.T) {
	for _, damage := range damages {
		if damage.do == nil || damage.name == "newer" {
			continue
		}
		for _, age := range []time.Duration{time.Minute, 2 * time.Hour} {
			t.Run(fmt.Sprintf("%s after %s", damage.name, age), func(t *testing.T) {
				w := newWorld(t, 10)
				c := newCore(t, w, build(1)+"\ntimeouts = { update = \"1s\" }")
				c.succeeds("the first apply", c.apply(), connectorType, dataflowType)
				elsewhere := process.Current()
				elsewhere.Host, elsewhere.PID = "another-host", 4711
				record, err := w.ledger().Dataflow(t.Context(), "Customers")
				w.must(err)
				began := time.Now().UTC().Add(-age).Truncate(time.Second)
				w.must(w.ledger().Start(t.Context(), dataflow.Started{
					Dataflow: "Customers", UID: record.UID, Run: 2, Kind: dataflow.KindImport, Trigger: dataflow.TriggerResource,
					StartedAt: began, Owner: elsewhere, Definition: record.Definition,
				}))
				beat := damage.do("{\n  \"format\": 1,\n  \"owner\": \"somebody\",\n  \"beat\": 1\n}\n")
				w.must(os.WriteFile(filepath.Join(w.folder(), "dataflows", "customers", "runs", "00000002", "heartbeat.json"), []byte(beat), 0o600))

				planned, status := []string(nil), "Processing"
				if age > time.Hour {
					planned, status = []string{dataflowType}, "Failed" // the apply brings it to its end
				}
				c.succeeds("plan", c.plan(), planned...)
				if got := c.attribute("status"); got != status {
					t.Errorf("the run is shown as %s, want %s", got, status)
				}
				c.declare(build(2) + "\ntimeouts = { update = \"1s\" }")
				c.fails("apply", c.apply(), fmt.Sprintf("Import failed: dataflow \"Customers\": run 2 is under way on host another-host, process 4711, since %s. "+
					`Wait for it to end and apply again, or wait longer: timeouts.update = "1s" is over.`, began.Format(time.RFC3339)))
			})
		}
	}
}
