package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

const anotherPoolID = "us-east-1_Other12345"

// anotherPool makes a second pool, with four users, for the connector to lead to from now on.
func (w *world) anotherPool() {
	w.server.AddPool(cognitotest.Pool{ID: anotherPoolID, Name: "others", Users: cognitotest.Generate(cognitotest.Spec{Seed: 2, Users: 4})})
	w.poolID = anotherPoolID
}

func TestPlan_AConnectorThatIsGivenAnotherPoolRunsItsDataflows(t *testing.T) {
	w := newWorld(t, 10)
	const arguments = "tables = { users = {} }\nmax_removed_percent = 100"
	before := w.dataflow(arguments)
	w.anotherPool()
	after := w.dataflow(arguments)
	const reason = `Another import is asked for: connector "App" leads to another user pool.`
	w.run(
		resource.TestStep{Config: before},
		resource.TestStep{
			Config: after,
			ConfigPlanChecks: planned(append(runs(),
				plancheck.ExpectResourceAction(app, plancheck.ResourceActionUpdate),
				plancheck.ExpectUnknownValue(app, at("id")),
				plancheck.ExpectResourceAction(customers, plancheck.ResourceActionUpdate),
				plancheck.ExpectUnknownValue(customers, at("connector_id")),
				plancheck.ExpectKnownValue(customers, at("id"), knownvalue.StringExact("Customers")),
			)...),
			ConfigStateChecks: []statecheck.StateCheck{
				is(knownvalue.Int64Exact(2), "current_run"), is(knownvalue.StringExact("App"), "connector_id"), is(knownvalue.StringExact(reason), "run_reason"),
				is(knownvalue.Int64Exact(4), "table_details", "users", "total_records"),
			},
		},
	)
}

func TestPlan_ADataflowThatIsNotToRunIsPendingForAnotherPool(t *testing.T) {
	w := newWorld(t, 10)
	config := func(more string) string {
		return w.dataflow("tables = { users = {} }\nmax_removed_percent = 100\n" + more)
	}
	before := config("run_on_apply = false")
	create := config("")
	w.anotherPool()
	w.run(
		resource.TestStep{Config: create},
		resource.TestStep{Config: before, ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Bool(false), "run_pending")}},
		resource.TestStep{
			Config:            config("run_on_apply = false"),
			ConfigPlanChecks:  planned(plancheck.ExpectKnownValue(customers, at("current_run"), knownvalue.Int64Exact(1)), plancheck.ExpectUnknownValue(customers, at("run_pending"))),
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Bool(true), "run_pending"), is(knownvalue.Int64Exact(1), "current_run")},
		},
		resource.TestStep{
			Config:            config(""),
			ConfigPlanChecks:  planned(runs()...),
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(2), "current_run"), is(knownvalue.Int64Exact(4), "table_details", "users", "total_records")},
		},
	)
}

// Held at a run of one pool, the connector is given another; without the pin the other one is imported.
func TestPlan_AnUnpinnedDataflowImportsTheOtherPool(t *testing.T) {
	w := newWorld(t, 10)
	config := func(more string) string {
		return w.dataflow("tables = { users = {} }\nmax_removed_percent = 100\n" + more)
	}
	pinned := config("pinned_run = 1")
	create := config("")
	w.anotherPool()
	w.run(
		resource.TestStep{Config: create},
		resource.TestStep{Config: pinned},
		resource.TestStep{Config: config("pinned_run = 1"), ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(1), "current_run"), is(knownvalue.Bool(true), "run_pending")}},
		resource.TestStep{Config: config(""), ConfigPlanChecks: planned(runs()...), ConfigStateChecks: []statecheck.StateCheck{
			is(knownvalue.Int64Exact(2), "current_run"), is(knownvalue.Int64Exact(4), "table_details", "users", "total_records"),
			is(knownvalue.StringExact("definition"), "last_run", "trigger"),
		}},
	)
}

func TestImport_SaysThatTheRowsAreOfAnotherPoolWhenItWouldRemoveThem(t *testing.T) {
	w := newWorld(t, 10)
	before := w.dataflow("tables = { users = {}, groups = {} }\nmax_removed_percent = 50")
	w.anotherPool()
	w.run(
		resource.TestStep{Config: before},
		resource.TestStep{
			Config: w.dataflow("tables = { users = {}, groups = {} }\nmax_removed_percent = 50"),
			ExpectError: located(customers, "max_removed_percent", `Run 2 of dataflow "Customers" failed: the run would remove 10 of 10 rows of table users, 3 of 3 rows of table groups, `+
				`more than max_removed_percent = 50 allows. The tables have the rows of user pool us-east-1_Test12345 in us-east-1, and connector "App" leads to user pool us-east-1_Other12345 in us-east-1. `+
				`If that is meant, set max_removed_percent = 100 for one apply, or keep both with a dataflow for each. Nothing was published; the tables are at run 1.`),
		},
	)
}
