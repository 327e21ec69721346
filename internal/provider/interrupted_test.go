package provider_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/process"
)

// leaveRun starts a run that nobody finishes: its process is gone.
func (w *world) leaveRun(kind dataflow.Kind, run int64) {
	ctx := w.t.Context()
	record, err := w.ledger().Dataflow(ctx, "Customers")
	w.must(err)
	dead := process.Current()
	dead.ID, dead.PID, dead.StartTime = uuid.NewString(), 1<<22+1, "1" // above the largest PID that Linux gives
	started := dataflow.Started{
		Dataflow: "Customers", UID: record.UID, Run: run, Kind: kind, Trigger: dataflow.TriggerPin,
		StartedAt: time.Now().UTC(), Owner: dead, Definition: record.Definition,
	}
	if kind == dataflow.KindRollback {
		started.Target = new(int64(1))
	}
	w.must(w.ledger().Start(ctx, started))
}

func TestDataflow_InterruptedRunIsPlannedAndRecovered(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{
			PreConfig:        func() { w.leaveRun(dataflow.KindImport, 2) },
			Config:           w.dataflow(allTables),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: runs()},
			ConfigStateChecks: []statecheck.StateCheck{
				is(knownvalue.Int64Exact(3), "current_run"), is(knownvalue.StringExact("failed"), "last_run", "trigger"), is(knownvalue.StringExact("Completed"), "status"),
			},
		},
	)
	run, err := w.ledger().Finished(t.Context(), "Customers", 2)
	w.must(err)
	if run.Status != dataflow.StatusFailed {
		t.Errorf("the interrupted run is %s", run.Status)
	}
}

func TestPinnedRun_InterruptedRollbackIsPlannedAndRecovered(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.pinned("1", 0)},
		resource.TestStep{Config: w.pinned("1", 1), ConfigStateChecks: totals(1, 1, 10)},
		resource.TestStep{
			PreConfig:         func() { w.leaveRun(dataflow.KindRollback, 2) },
			Config:            w.pinned("1", 1),
			ConfigStateChecks: append(totals(1, 3, 10), is(knownvalue.StringExact("Completed"), "status")),
		},
	)
}

func TestPinnedRun_InterruptedWayForwardGoesOnWithoutAnImport(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.pinned("1", 0)},
		resource.TestStep{PreConfig: w.evolve(1, 2, 0), Config: w.pinned("2", 0), ConfigStateChecks: totals(2, 2, 12)},
		resource.TestStep{Config: w.pinned("2", 1), ConfigStateChecks: totals(1, 3, 10)},
		resource.TestStep{
			PreConfig: func() { w.evolve(1, 5, 0)(); w.leaveRun(dataflow.KindRollback, 4) },
			Config:    w.pinned("2", 0),
			ConfigStateChecks: append(totals(2, 5, 12),
				is(knownvalue.StringExact("rollback"), "last_run", "kind"), is(knownvalue.StringExact("Completed"), "status")),
		},
	)
}
