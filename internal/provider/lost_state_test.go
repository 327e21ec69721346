package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestLostState_IsMadeAnewByTheNextApplyOfTheSameRootModule(t *testing.T) {
	w := newWorld(t, 10)
	config := `terraform {
  required_providers {
    skypoint = { source = "skypointcloud/skypoint" }
  }
}
` + w.dataflow(allTables)
	r := newRoot(t, config)
	delete(r.env, "TF_LOG")
	r.succeed("apply", "-auto-approve")
	r.must(os.Remove(filepath.Join(r.dir, "terraform.tfstate"))) // as a CLI leaves it that was killed before it wrote it
	r.succeed("apply", "-auto-approve")
	if code, plan := r.run("plan", "-detailed-exitcode"); code != 0 {
		t.Errorf("the plan after it is not empty:\n%s", plan)
	}
	run, err := w.ledger().Finished(t.Context(), "Customers", 2)
	w.must(err)
	if run.Status != dataflow.StatusCompleted {
		t.Errorf("run 2 is %s: %s", run.Status, run.Description)
	}

	other := newRoot(t, config)
	delete(other.env, "TF_LOG")
	if code, out := other.run("apply", "-auto-approve"); code != 1 || !strings.Contains(out, "terraform import") {
		t.Errorf("the apply of another root module ended with %d:\n%s", code, out)
	}
}

func TestDataflow_WhoseRemovalWasInterruptedIsRemovedAndMadeAnew(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{
			PreConfig: func() {
				w.leaveRun(dataflow.KindRemoval, 2)
				w.decideRemoval(2)
			},
			Config:            w.dataflow(allTables),
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(3), "current_run"), is(knownvalue.StringExact("Completed"), "status")},
		},
	)
	w.completed(2)
}

func TestPinnedRun_OfADataflowWhoseRemovalWasInterruptedCanBeDestroyed(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.pinned("1", 0)},
		resource.TestStep{Config: w.pinned("1", 1)},
		resource.TestStep{
			PreConfig: func() {
				w.leaveRun(dataflow.KindRemoval, 2)
				w.decideRemoval(2)
				w.dropTable("users")
			},
			Config: w.pinned("1", 1), Destroy: true,
		},
	)
	w.completed(2)
}

func TestDataflow_WhoseRemovalLacksItsLastRecordAloneIsStillDestroyed(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{
			PreConfig: func() {
				w.leaveRun(dataflow.KindRemoval, 2)
				w.decideRemoval(2)
				record, err := w.ledger().Dataflow(t.Context(), "Customers")
				w.must(err)
				record.Version++
				record.Phase = dataflow.PhaseRemoved
				w.must(w.ledger().PutDataflow(t.Context(), record))
			},
			Config: w.dataflow(allTables), Destroy: true,
		},
	)
	w.completed(2)
}

func TestPinnedRun_DestroyThatEndedHalfWayGoesOn(t *testing.T) {
	w := newWorld(t, 10)
	config := func(pin string) string {
		return `terraform {
  required_providers {
    skypoint = { source = "skypointcloud/skypoint" }
  }
}
` + w.dataflow("  tables = { users = {} }\n"+pin)
	}
	r := newRoot(t, config(""))
	delete(r.env, "TF_LOG")
	r.succeed("apply", "-auto-approve")
	r.must(os.WriteFile(filepath.Join(r.dir, "main.tf"), []byte(config("  pinned_run = 1\n")), 0o600))
	r.succeed("apply", "-auto-approve")
	r.succeed("destroy", "-auto-approve", "-target=skypoint_dataflow.customers") // as one that was killed before it came to the connector
	if out := r.succeed("destroy", "-auto-approve"); !strings.Contains(out, "1 destroyed") {
		t.Errorf("the second destroy:\n%s", out)
	}
	if code, out := r.run("apply", "-auto-approve"); code != 1 || !strings.Contains(out, "No import is kept") {
		t.Errorf("an apply with the pin ended with %d:\n%s", code, out)
	}
}

// completed checks that a run has come to its end, and to which.
func (w *world) completed(run int64) {
	w.t.Helper()
	finished, err := w.ledger().Finished(w.t.Context(), "Customers", run)
	w.must(err)
	if finished.Status != dataflow.StatusCompleted {
		w.t.Errorf("run %d is %s: %s", run, finished.Status, finished.Description)
	}
}

// decideRemoval leaves the decision of a removal that has nothing to drop.
func (w *world) decideRemoval(run int64) {
	started, err := w.ledger().Started(w.t.Context(), "Customers", run)
	w.must(err)
	_, err = w.ledger().Decide(w.t.Context(), dataflow.Decision{
		Dataflow: "Customers", Run: run, Outcome: dataflow.OutcomePublish, By: started.Owner.ID, DecidedAt: started.StartedAt,
	})
	w.must(err)
}
