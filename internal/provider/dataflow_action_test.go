package provider_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

const (
	runAction      = actionOf + dataflowRunType
	rollbackAction = actionOf + "skypoint_dataflow_rollback"
)

// invoke does what a CLI does with an action, over the protocol. push takes each line of progress; false: the CLI has gone.
func (c *core) invoke(ctx context.Context, action, arguments string, push func(line string) bool) reported {
	c.t.Helper()
	c.begin() //nolint:contextcheck // starts a provider, which outlives the invocation
	var r reported
	name := strings.TrimPrefix(action, actionOf)
	config := c.wire.config(c.t, action, badInput{object: action, arguments: arguments}.complete(), nil)
	server := c.wire.server.(tfprotov6.ActionServer)
	planned, err := server.PlanAction(ctx, &tfprotov6.PlanActionRequest{ActionType: name, Config: config})
	c.must(err)
	if r.note(planned.Diagnostics) {
		return r
	}
	stream, err := server.InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: name, Config: config})
	c.must(err)
	for event := range stream.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			if !push(e.Message) {
				return r
			}
		case tfprotov6.CompletedInvokeActionEventType:
			r.note(e.Diagnostics)
		}
	}
	return r
}

// acts invokes an action on dataflow Customers to its end, and gives its lines of progress.
func (c *core) acts(action, arguments string) ([]string, reported) {
	c.t.Helper()
	var lines []string
	r := c.invoke(c.t.Context(), action, "dataflow_id = \"Customers\"\n"+arguments, func(line string) bool {
		lines = append(lines, line)
		return true
	})
	return lines, r
}

// twice gives a core whose dataflow has imported 20 users, and then 25.
func twice(t *testing.T) *core {
	t.Helper()
	w := newWorld(t, 20)
	c := newCore(t, w, allTables)
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	w.evolve(0, 5, 0)()
	c.declare(allTables + "\nrefresh_triggers = { build = \"2\" }")
	c.succeeds("apply", c.apply(), dataflowType)
	return c
}

func TestActions_RunAndRollBackWithProgressAndPlanNothing(t *testing.T) {
	c := twice(t)
	for _, tc := range []struct {
		action, arguments, last string
	}{
		{runAction, `timeout = "1h"`, "run 3 has completed: Imported 3 tables: group_memberships 17 rows (unchanged); groups 3 rows (unchanged); users 25 rows (unchanged)."},
		{rollbackAction, "to_run = 1", "run 4 has completed: Rolled back to run 1: group_memberships 17 → 14 rows; groups 3 → 3 rows; users 25 → 20 rows."},
		{rollbackAction, "to_run = 3", "run 5 has completed: Went forward to run 3: group_memberships 14 → 17 rows; groups 3 → 3 rows; users 20 → 25 rows."},
		{rollbackAction, "", "run 6 has completed: Rolled back to run 2: group_memberships 17 → 17 rows; groups 3 → 3 rows; users 25 → 25 rows."},
	} {
		lines, r := c.acts(tc.action, tc.arguments)
		c.succeeds(tc.action, r)
		if len(lines) == 0 || lines[len(lines)-1] != tc.last {
			t.Errorf("%s %s: progress %q, want at last %q", tc.action, tc.arguments, lines, tc.last)
		}
		c.succeeds("plan", c.plan())
	}
	if current, last, why := c.attribute("current_run"), c.attribute("last_run", "run"), c.attribute("last_run", "trigger"); current != "2" || last != "6" || why != "action" {
		t.Errorf("current run %s, last run %s by %s", current, last, why)
	}
	c.equalHistory("1 import create Completed", "2 import refresh_triggers Completed", "3 import action Completed",
		"4 rollback action Completed", "5 rollback action Completed", "6 rollback action Completed")
}

func TestActions_AreRefused(t *testing.T) {
	c := twice(t)
	kept := "The runs that are kept: 1, 2."
	nobody := func(action string) reported {
		return c.invoke(t.Context(), action, `dataflow_id = "Nobody"`, func(string) bool { return true })
	}
	for _, action := range []string{runAction, rollbackAction} {
		c.fails(action, nobody(action), `Dataflow can't be read: dataflow "Nobody": it is not in the workspace. Create it, or give the id of one that exists.`)
	}
	_, r := c.acts(rollbackAction, "to_run = 9")
	c.fails("rollback", r, `Rollback failed: dataflow "Customers": roll back: run 9 is not a completed import whose data is kept. `+kept)
	_, r = c.acts(rollbackAction, "to_run = 1")
	c.succeeds("rollback", r)
	_, r = c.acts(rollbackAction, "")
	c.fails("rollback", r, `Rollback failed: dataflow "Customers": roll back: there is no import before the current one. `+kept)

	c.declare(allTables + "\nrefresh_triggers = { build = \"2\" }\npinned_run = 2")
	c.succeeds("apply", c.apply(), dataflowType)
	for action, kind := range map[string]string{runAction: "import", rollbackAction: "rollback"} {
		_, r := c.acts(action, "")
		c.fails(action, r, map[string]string{
			"import":   `Dataflow is pinned: Dataflow "Customers" is held at a run by pinned_run, so nothing is imported. Remove its pinned_run, or this run.`,
			"rollback": `Rollback failed: start a run of dataflow "Customers": pinned_run holds it at run 2. Remove pinned_run to allow the rollback.`,
		}[kind])
	}
	c.remove(&reported{}, dataflowType)
	for _, action := range []string{runAction, rollbackAction} {
		_, r := c.acts(action, "")
		c.fails(action, r, `Dataflow can't be read: dataflow "Customers": read: it was destroyed; only its run history is left.`)
	}
	c.equalHistory("1 import create Completed", "2 import refresh_triggers Completed", "3 rollback action Completed", "4 rollback pin Completed", "5 removal destroy Completed")
}

func TestRunAction_CompletesItsRunWhenTheReaderOfProgressNeverComesBack(t *testing.T) {
	c := twice(t)
	gone, stuck := make(chan struct{}), make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		first := true
		c.invoke(context.Background(), runAction, `dataflow_id = "Customers"`, func(string) bool {
			if first {
				close(stuck)
				first = false
			}
			<-gone
			return true
		})
	}()
	<-stuck
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for range 6000 {
		<-look.C
		if run, err := c.ledger().Finished(t.Context(), "Customers", 3); err == nil {
			if run.Status != dataflow.StatusCompleted {
				t.Errorf("run 3 is %s: %s", run.Status, run.Description)
			}
			close(gone)
			<-ended
			return
		}
	}
	t.Fatal("the run waits for its reader")
}

func TestRunAction_ThatIsCancelledOrTakesTooLongLeavesAFailedRun(t *testing.T) {
	c := twice(t)
	reached, release := c.stall() // after the check of the changed connector and that of the run
	defer release()
	c.declare(allTables + "\nrefresh_triggers = { build = \"2\" }")
	c.succeeds("apply", c.apply(), connectorType)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	r := c.invoke(ctx, runAction, `dataflow_id = "Customers"`, func(string) bool { return true })
	c.fails("a cancelled action", r, `Import failed: Run 3 of dataflow "Customers" failed: interrupted: the run was cancelled. Nothing was published; the tables are at run 2.`)
	_, r = c.acts(runAction, `timeout = "1s"`)
	c.fails("an action with a timeout", r, `Import failed: Run 4 of dataflow "Customers" failed: timed out: timeout = "1s" is over. Nothing was published; the tables are at run 2. Give timeout more time.`)
}

func TestActions_AreTriggeredByWhatOtherResourcesDo(t *testing.T) {
	needsTerraform(t, "actions")
	w := newWorld(t, 10)
	config := func(input, triggered string) string {
		return w.dataflow(allTables) + `
resource "terraform_data" "it" {
  input      = "` + input + `"
  depends_on = [skypoint_dataflow.customers]
  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.` + triggered + `.it]
    }
  }
}
action "skypoint_dataflow_run" "it" {
  config { dataflow_id = skypoint_dataflow.customers.id }
}
action "skypoint_dataflow_rollback" "it" {
  config {
    dataflow_id = skypoint_dataflow.customers.id
    to_run      = 1
  }
}
`
	}
	w.run(
		resource.TestStep{Config: config("1", "skypoint_dataflow_run"), PostApplyFunc: func() {
			w.equalHistory("1 import create Completed", "2 import action Completed")
		}},
		resource.TestStep{PreConfig: w.evolve(0, 5, 0), Config: config("2", "skypoint_dataflow_run"), PostApplyFunc: func() {
			if users := len(w.users()); users != 15 {
				t.Errorf("%d users", users)
			}
		}},
		resource.TestStep{Config: config("3", "skypoint_dataflow_rollback"), PostApplyFunc: func() {
			w.equalHistory("1 import create Completed", "2 import action Completed", "3 import action Completed", "4 rollback action Completed")
		}},
		resource.TestStep{
			PreConfig: func() { w.deny("ListUsers") }, Config: config("4", "skypoint_dataflow_run"), ExpectError: said(`Run 5 of dataflow "Customers" failed`),
		},
	)
}

func TestActions_AreInvokedByHandWithProgressLines(t *testing.T) {
	needsTerraform(t, "actions")
	w := newWorld(t, 10)
	config := `terraform {
  required_providers {
    skypoint = { source = "skypointcloud/skypoint" }
  }
}
` + w.dataflow(allTables) + `
action "skypoint_dataflow_run" "now" {
  config { dataflow_id = "Customers" }
}
action "skypoint_dataflow_rollback" "undo" {
  config { dataflow_id = "Customers" }
}
`
	r := newRoot(t, config)
	delete(r.env, "TF_LOG")
	r.succeed("apply", "-auto-approve")
	w.evolve(0, 5, 0)()
	out := r.succeed("apply", "-auto-approve", "-invoke=action.skypoint_dataflow_run.now")
	for _, line := range []string{"action.skypoint_dataflow_run.now (triggered by CLI)", "run 2 has completed: Imported 3 tables: ", "users 15 rows (5 added)."} {
		if !strings.Contains(out, line) {
			t.Errorf("%q is not in:\n%s", line, out)
		}
	}
	out = r.succeed("apply", "-auto-approve", "-invoke=action.skypoint_dataflow_rollback.undo")
	if line := "users 15 → 10 rows."; !strings.Contains(out, line) {
		t.Errorf("%q is not in:\n%s", line, out)
	}
	if code, plan := r.run("plan", "-detailed-exitcode"); code != 0 {
		t.Errorf("the plan after it is not empty:\n%s", plan)
	}
	w.equalHistory("1 import create Completed", "2 import action Completed", "3 rollback action Completed")
}
