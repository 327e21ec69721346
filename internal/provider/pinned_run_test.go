package provider_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// evolve changes the pool by exactly so many users.
func (w *world) evolve(changed, added, removed int) func() {
	return func() {
		if _, err := w.pool.Evolve(cognitotest.Evolution{Changed: changed, Added: added, Removed: removed}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// pinned gives the dataflow's arguments at build n, held at a run; 0: held at none.
func (w *world) pinned(build string, run int) string {
	arguments := allTables + "\n  refresh_triggers = { build = \"" + build + "\" }"
	if run != 0 {
		arguments += fmt.Sprintf("\n  pinned_run = %d", run)
	}
	return w.dataflow(arguments)
}

// totals expects the tables at a run, with so many users.
func totals(run, last int64, users int64) []statecheck.StateCheck {
	return []statecheck.StateCheck{
		is(knownvalue.Int64Exact(run), "current_run"),
		is(knownvalue.Int64Exact(last), "last_run", "run"),
		is(knownvalue.Int64Exact(users), "table_details", "users", "total_records"),
	}
}

func TestPinnedRun_HoldsTheTablesAtARunUntilItIsRemoved(t *testing.T) {
	w := newWorld(t, 100)
	var first, second, files []string
	users := func(rows *[]string) resource.TestCheckFunc {
		return func(*terraform.State) error { *rows = w.users(); return nil }
	}
	equal := func(rows *[]string) resource.TestCheckFunc {
		return func(*terraform.State) error { w.equalRows(*rows, w.users()); return nil }
	}
	rollsBackTo := func(run int64) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectUnknownValue(customers, at("last_run")),
			plancheck.ExpectKnownValue(customers, at("current_run"), knownvalue.Int64Exact(run)),
		}}
	}
	w.run(
		resource.TestStep{Config: w.pinned("1", 0), ConfigStateChecks: totals(1, 1, 100), Check: users(&first)},
		resource.TestStep{PreConfig: w.evolve(10, 7, 2), Config: w.pinned("2", 0), ConfigStateChecks: totals(2, 2, 105), Check: users(&second)},
		resource.TestStep{ // back
			PreConfig: func() { files = w.dataFiles() },
			Config:    w.pinned("2", 1), ConfigPlanChecks: rollsBackTo(1),
			ConfigStateChecks: append(totals(1, 3, 100),
				is(knownvalue.StringExact("rollback"), "last_run", "kind"), is(knownvalue.StringExact("pin"), "last_run", "trigger"),
				is(knownvalue.StringRegexp(regexp.MustCompile(`^Rolled back to run 1: group_memberships \d+ → \d+ rows; groups 3 → 3 rows; users 105 → 100 rows\.$`)), "last_run", "description"),
				is(knownvalue.StringExact("Completed"), "status")),
			Check: resource.ComposeAggregateTestCheckFunc(equal(&first), func(*terraform.State) error {
				w.equalFiles(files, "a rollback writes no data file")
				return nil
			}),
		},
		resource.TestStep{ // while pinned nothing imports
			PreConfig: w.evolve(1, 0, 0), Config: w.pinned("3", 1),
			ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectKnownValue(customers, at("last_run", "run"), knownvalue.Int64Exact(3))}},
			ConfigStateChecks: totals(1, 3, 100),
		},
		resource.TestStep{Config: w.pinned("3", 2), ConfigPlanChecks: rollsBackTo(2), ConfigStateChecks: totals(2, 4, 105), Check: equal(&second)},
		resource.TestStep{Config: w.pinned("3", 1), ConfigStateChecks: append(totals(1, 5, 100), is(knownvalue.Bool(true), "run_pending")), Check: equal(&first)},
		resource.TestStep{Config: w.pinned("2", 1), ConfigStateChecks: append(totals(1, 5, 100), is(knownvalue.Bool(false), "run_pending"))},
		resource.TestStep{ // forward to the newest import, without one: it was run for these triggers
			Config: w.pinned("2", 0), ConfigStateChecks: totals(2, 6, 105), Check: equal(&second),
		},
		resource.TestStep{Config: w.pinned("2", 1), ConfigStateChecks: totals(1, 7, 100)},
		resource.TestStep{Config: w.pinned("3", 1), ConfigStateChecks: append(totals(1, 7, 100), is(knownvalue.Bool(true), "run_pending"))},
		resource.TestStep{ // what the triggers asked for meanwhile is due
			Config: w.pinned("3", 0), ConfigStateChecks: append(totals(8, 8, 105), w.did("users", dataflow.Counts{Read: 105, Added: 7, Changed: 11, Removed: 2, Unchanged: 87}),
				is(knownvalue.StringExact("refresh_triggers"), "last_run", "trigger"), is(knownvalue.Bool(false), "run_pending")),
		},
		resource.TestStep{Config: w.pinned("4", 0), ConfigStateChecks: append(totals(9, 9, 105), w.did("users", dataflow.Counts{Read: 105, Unchanged: 105}))},
		resource.TestStep{Config: w.connector(), Check: func(*terraform.State) error { w.equalTables(); w.equalFiles(nil, "destroyed"); return nil }},
	)
}

func TestPinnedRun_RemovedAfterTheDefinitionChangedImports(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(`  tables = { users = {} }`)},
		resource.TestStep{Config: w.dataflow("  tables = { users = {}, groups = {} }\n  pinned_run = 1"), ConfigStateChecks: []statecheck.StateCheck{
			is(knownvalue.Int64Exact(1), "last_run", "run"), is(knownvalue.Bool(true), "run_pending"), is(knownvalue.MapSizeExact(1), "table_details"),
		}},
		resource.TestStep{Config: w.dataflow(`  tables = { users = {}, groups = {} }`), ConfigStateChecks: []statecheck.StateCheck{
			is(knownvalue.Int64Exact(2), "current_run"), is(knownvalue.StringExact("import"), "last_run", "kind"), is(knownvalue.Bool(false), "run_pending"),
		}},
		resource.TestStep{ // the table that run 1 did not have is hidden, and comes back
			Config: w.dataflow("  tables = { users = {}, groups = {} }\n  pinned_run = 1"),
			Check:  func(*terraform.State) error { w.equalTables("groups hidden", "users"); return nil },
		},
		resource.TestStep{
			Config:            w.dataflow(`  tables = { users = {}, groups = {} }`),
			Check:             func(*terraform.State) error { w.equalTables("groups", "users"); return nil },
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(2), "current_run"), is(knownvalue.StringExact("rollback"), "last_run", "kind")},
		},
	)
}

func TestPinnedRun_ThatIsNotKeptFailsThePlanAndListsTheOnesThatAre(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.pinned("1", 0)},
		resource.TestStep{PreConfig: func() { w.deny("ListUsers") }, Config: w.pinned("2", 0), ExpectError: said(`Run 2 .* failed`)},
		resource.TestStep{PreConfig: func() { w.deny() }, Config: w.pinned("2", 0)},
		resource.TestStep{Config: w.pinned("2", 2), PlanOnly: true, ExpectError: said(`run 2 is not a completed import whose data is kept\. The runs that are kept: 1, 3\.`)},
		resource.TestStep{Config: w.pinned("2", 9), PlanOnly: true, ExpectError: said(`run 9 is not a completed import whose data is kept\. The runs that are kept: 1, 3\.`)},
	)
}

func TestPinnedRun_OfANewDataflowFailsThePlan(t *testing.T) {
	w := newWorld(t, 10)
	w.run(resource.TestStep{Config: w.pinned("1", 1), PlanOnly: true, ExpectError: said(`No import is kept: run the dataflow first\.`)})
}

func TestPinnedRun_ImportsIntoStateAndPlansNothing(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.pinned("1", 0)},
		resource.TestStep{Config: w.pinned("1", 1)},
		resource.TestStep{ResourceName: customers, ImportState: true, ImportStateId: "Customers", ImportStateVerify: true, ImportStateVerifyIgnore: []string{"run_reason"}},
		resource.TestStep{PreConfig: func() { w.refusesElsewhere() }, Config: w.pinned("1", 1), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
	)
}
