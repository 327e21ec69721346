package provider_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// runs gives the configuration a run resource with these arguments beside the dataflow.
func (c *core) runs(arguments string) {
	c.declare(allTables)
	c.config = append(c.config, declared{dataflowRunType, "dataflow_id = \"Customers\"\n" + arguments})
}

// equalHistory compares the runs of dataflow Customers: "1 import create Completed".
func (w *world) equalHistory(want ...string) {
	w.t.Helper()
	runs, err := w.ledger().Runs(context.Background(), "Customers", 0, 0)
	w.must(err)
	var got []string
	for _, run := range slices.Backward(runs) {
		got = append(got, fmt.Sprintf("%d %s %s %s", run.Run, run.Kind, run.Trigger, run.Status))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("the history (-want +got):\n%s", diff)
	}
}

func TestDataflowRun_RunsTheDataflowOnceAndAgainWhenATriggerChanges(t *testing.T) {
	w := newWorld(t, 20)
	c := newCore(t, w, allTables)
	c.runs(`triggers = { build = "1" }`)
	c.succeeds("apply", c.apply(), connectorType, dataflowType, dataflowRunType)
	for name, want := range map[string]string{
		"id": "Customers/2", "run": "2", "kind": "import", "status": "Completed", "trigger": "resource",
		"description": "Imported 3 tables: group_memberships 14 rows (unchanged); groups 3 rows (unchanged); users 20 rows (unchanged).",
	} {
		if got := c.attributeOf(dataflowRunType, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	c.succeeds("plan", c.plan())
	if run := c.attribute("current_run"); run != "2" {
		t.Errorf("the dataflow is at run %s", run)
	}
	c.runs("triggers = { build = \"1\" }\ntimeouts = { create = \"1h\" }")
	c.succeeds("apply of a timeout", c.apply(), dataflowRunType)
	w.equalHistory("1 import create Completed", "2 import resource Completed")

	c.runs(`triggers = { build = "2" }`)
	c.succeeds("apply", c.apply(), dataflowRunType)
	c.succeeds("plan", c.plan())
	w.equalHistory("1 import create Completed", "2 import resource Completed", "3 import resource Completed")

	c.remove(&reported{}, dataflowRunType) // is forgotten, and stays in the history
	if run := c.attributeOf(dataflowRunType, "run"); run != "no skypoint_dataflow_run" {
		t.Errorf("the state has run %s", run)
	}
	w.equalHistory("1 import create Completed", "2 import resource Completed", "3 import resource Completed")
}

func TestDataflowRun_ThatFailsLeavesNothingInTheStateAndIsPlannedAgain(t *testing.T) {
	w := newWorld(t, 20)
	c := newCore(t, w, allTables)
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	w.deny("ListGroups")
	c.runs("")
	if r := c.apply(); len(r.errors) != 1 || !strings.HasPrefix(r.errors[0], `Import failed: Run 2 of dataflow "Customers" failed: user pool us-east-1_Test12345: check: the credentials lack `) {
		t.Errorf("apply said %q", r.errors)
	}
	if run := c.attributeOf(dataflowRunType, "run"); run != "no skypoint_dataflow_run" {
		t.Errorf("the state has run %s", run)
	}
	w.deny()
	c.succeeds("apply", c.apply(), dataflowType, dataflowRunType) // a dataflow whose newest import failed runs as well
	c.succeeds("plan", c.plan())
	w.equalHistory("1 import create Completed", "2 import resource Failed", "3 import failed Completed", "4 import resource Completed")
}

func TestDataflowRun_IsRefused(t *testing.T) {
	for name, tc := range map[string]struct{ dataflow, run, says string }{
		"while the dataflow is pinned": {
			allTables + "\npinned_run = 1", `dataflow_id = "Customers"`,
			`Dataflow is pinned: Dataflow "Customers" is held at a run by pinned_run, so nothing is imported. Remove its pinned_run, or this run.`,
		},
		"where there is no dataflow": {
			allTables, `dataflow_id = "Nobody"`,
			`Dataflow can't be read: dataflow "Nobody": it is not in the workspace. Create it, or give the id of one that exists.`,
		},
		"when it takes longer than its timeout": {
			allTables, "dataflow_id = \"Customers\"\ntimeouts = { create = \"1s\" }",
			`Import failed: Run 2 of dataflow "Customers" failed: timed out: timeouts.create = "1s" is over. It was at table users and had read 0 rows of it; of 3 tables 2 had been read. Nothing was published; the tables are at run 1. Give timeouts.create more time.`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			c := newCore(t, w, allTables)
			c.succeeds("apply", c.apply(), connectorType, dataflowType)
			if strings.Contains(name, "timeout") {
				_, release := w.stall()
				defer release()
			}
			c.declare(tc.dataflow)
			c.config = append(c.config, declared{dataflowRunType, tc.run})
			c.fails("apply", c.apply(), tc.says)
		})
	}
}

func TestDataflowRun_StaysInTheStateAsLongAsItIsInTheHistory(t *testing.T) {
	w := newWorld(t, 2)
	c := newCore(t, w, allTables)
	c.runs("")
	c.succeeds("apply", c.apply(), connectorType, dataflowType, dataflowRunType)
	c.remove(&reported{}, dataflowType)
	c.succeeds("refresh", c.refresh())
	if run := c.attributeOf(dataflowRunType, "run"); run != "2" {
		t.Errorf("run %s of a dataflow that was destroyed", run)
	}
	c.succeeds("apply", c.apply(), dataflowType)
	c.succeeds("plan", c.plan())
	w.equalHistory("1 import create Completed", "2 import resource Completed", "3 removal destroy Completed", "4 import create Completed")

	// The records go, and the numbers are given again.
	c.remove(&reported{}, dataflowType)
	c.remove(&reported{}, connectorType)
	w.loseAll("dataflows/customers")
	other := newCore(t, w, allTables)
	other.runs("")
	other.succeeds("apply", other.apply(), connectorType, dataflowType, dataflowRunType)
	c.succeeds("refresh", c.refresh())
	if run := c.attributeOf(dataflowRunType, "run"); run != "no skypoint_dataflow_run" {
		t.Errorf("run %s is another one", run)
	}
}

// imports is `terraform import` of a run.
func (c *core) imports(id string) reported {
	c.begin()
	var r reported
	response, err := c.wire.server.ImportResourceState(c.t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: dataflowRunType, ID: id})
	c.must(err)
	if !r.note(response.Diagnostics) {
		c.keep(dataflowRunType, response.ImportedResources[0].State, response.ImportedResources[0].Private, false)
		c.read(&r)
	}
	return r
}

func TestDataflowRun_ImportsIntoStateWithItsTriggersAndPlansNothing(t *testing.T) {
	w := newWorld(t, 2)
	c := newCore(t, w, allTables)
	for _, triggers := range []string{"", "triggers = {}", `triggers = { build = "1" }`} {
		delete(c.objects, dataflowRunType)
		c.runs(triggers)
		if r := c.apply(); len(r.errors) > 0 {
			t.Fatal(r.errors)
		}
		made := c.objects[dataflowRunType].value
		delete(c.objects, dataflowRunType)
		c.succeeds("import", c.imports(made.GetAttr("id").AsString()))
		if imported := c.objects[dataflowRunType].value; !imported.RawEquals(made) {
			t.Errorf("imported %#v, made %#v", imported, made)
		}
		c.succeeds("plan", c.plan())
	}
}

func TestDataflowRun_ImportRefusesWhatIsNoCompletedImport(t *testing.T) {
	w := newWorld(t, 2)
	c := newCore(t, w, allTables)
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	c.declare(allTables + "\nrefresh_triggers = { build = \"2\" }")
	w.deny("ListUsers")
	c.apply()
	w.deny()
	c.succeeds("apply", c.apply(), dataflowType)
	c.declare(allTables + "\nrefresh_triggers = { build = \"2\" }\npinned_run = 1")
	c.succeeds("apply", c.apply(), dataflowType)
	w.equalHistory("1 import create Completed", "2 import refresh_triggers Failed", "3 import refresh_triggers Completed", "4 rollback pin Completed")
	c.runs("")
	form := `Invalid import id: %q: it is not the id of a run. Write the dataflow's id and the run's number, such as "Customers/13".`
	for id, says := range map[string]string{
		"Customers/2":   `Run can't be imported: Run 2 of dataflow "Customers" is no completed import: import, Failed. Only what this resource could have made can be imported.`,
		"Customers/4":   `Run can't be imported: Run 4 of dataflow "Customers" is no completed import: rollback, Completed. Only what this resource could have made can be imported.`,
		"Customers":     fmt.Sprintf(form, "Customers"),
		"Customers/":    fmt.Sprintf(form, "Customers/"),
		"Customers/0":   fmt.Sprintf(form, "Customers/0"),
		"Customers/-1":  fmt.Sprintf(form, "Customers/-1"),
		"Customers/01":  fmt.Sprintf(form, "Customers/01"),
		"Customers/1/2": fmt.Sprintf(form, "Customers/1/2"),
		"Customers/one": fmt.Sprintf(form, "Customers/one"),
	} {
		delete(c.objects, dataflowRunType)
		c.fails("import of "+id, c.imports(id), says)
	}
	delete(c.objects, dataflowRunType)
	c.imports("Customers/9") // the CLI says that there is no such object
	if run := c.attributeOf(dataflowRunType, "run"); run != "no skypoint_dataflow_run" {
		t.Errorf("imported run %s", run)
	}
}

func TestDataflowRun_OfTheSameApplyEndsInAnEmptyPlan(t *testing.T) {
	w := newWorld(t, 10)
	const run = "skypoint_dataflow_run.again"
	config := func(build string) string {
		return w.dataflow(allTables) + `
resource "skypoint_dataflow_run" "again" {
  dataflow_id = skypoint_dataflow.customers.id
  triggers    = { build = "` + build + `" }
}
data "skypoint_table" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
  at_run      = skypoint_dataflow_run.again.run
}
`
	}
	users := func(n int64) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data.skypoint_table.users", at("total_records"), knownvalue.Int64Exact(n))
	}
	w.run(
		resource.TestStep{Config: config("1"), ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue(run, at("run"), knownvalue.Int64Exact(2)), users(10),
		}},
		resource.TestStep{
			PreConfig: w.evolve(0, 5, 0), Config: config("2"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(run, plancheck.ResourceActionReplace), plancheck.ExpectResourceAction(customers, plancheck.ResourceActionNoop),
			}},
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(run, at("id"), knownvalue.StringExact("Customers/3")), users(15)},
		},
		resource.TestStep{ResourceName: run, ImportState: true, ImportStateId: "Customers/3", ImportStateVerify: true},
		resource.TestStep{
			PreConfig: func() { w.deny("ListUsers") }, Config: config("3"), ExpectError: said(`Run 4 of dataflow "Customers" failed`),
		},
		resource.TestStep{
			PreConfig: func() { w.deny() }, Config: config("3"),
			Check: func(*terraform.State) error {
				w.equalHistory("1 import create Completed", "2 import resource Completed", "3 import resource Completed", "4 import resource Failed", "5 import failed Completed", "6 import resource Completed")
				return nil
			},
		},
	)
	if _, err := w.ledger().Finished(t.Context(), "Customers", 6); dataflow.IsCode(err, dataflow.CodeNotFound) {
		t.Error("destroying the run took it out of the history")
	}
}
