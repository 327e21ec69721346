package provider_test

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

const (
	customers = "skypoint_dataflow.customers"
	allTables = `  tables = { users = {}, groups = {}, group_memberships = {} }`
)

func at(attributes ...string) tfjsonpath.Path {
	p := tfjsonpath.New(attributes[0])
	for _, a := range attributes[1:] {
		p = p.AtMapKey(a)
	}
	return p
}

func is(value knownvalue.Check, attributes ...string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(customers, at(attributes...), value)
}

// runs expects the plan to run the dataflow: last_run is unknown, and what depends on the run with it.
func runs() []plancheck.PlanCheck {
	return []plancheck.PlanCheck{
		plancheck.ExpectUnknownValue(customers, at("last_run")),
		plancheck.ExpectUnknownValue(customers, at("current_run")),
		plancheck.ExpectUnknownValue(customers, at("table_details", "users", "total_records")),
	}
}

// runsNothing expects an update that runs nothing: what comes from runs is known.
func runsNothing(run int64) []plancheck.PlanCheck {
	return []plancheck.PlanCheck{
		plancheck.ExpectResourceAction(customers, plancheck.ResourceActionUpdate),
		plancheck.ExpectKnownValue(customers, at("last_run", "run"), knownvalue.Int64Exact(run)),
		plancheck.ExpectKnownValue(customers, at("current_run"), knownvalue.Int64Exact(run)),
	}
}

func TestDataflow_ImportsItsTablesWhenCreated(t *testing.T) {
	w := newWorld(t, 200)
	w.run(resource.TestStep{
		Config:           w.dataflow(allTables),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: runs()},
		ConfigStateChecks: []statecheck.StateCheck{
			is(knownvalue.StringExact("Customers"), "id"),
			is(knownvalue.StringExact("AWS Cognito"), "type"),
			is(knownvalue.StringExact("Completed"), "status"),
			is(knownvalue.StringExact("customers"), "database"),
			is(knownvalue.Int64Exact(1), "current_run"),
			is(knownvalue.Int64Exact(3), "table_count"),
			is(knownvalue.Bool(false), "run_pending"),
			is(knownvalue.StringExact("create"), "last_run", "trigger"),
			is(knownvalue.StringExact("import"), "last_run", "kind"),
			is(knownvalue.Int64Exact(200), "table_details", "users", "total_records"),
			w.did("users", dataflow.Counts{Read: 200, Added: 200}),
			is(knownvalue.StringExact("Users"), "table_details", "users", "file_name"),
			is(knownvalue.Int64Exact(3), "table_details", "groups", "total_records"),
			is(knownvalue.StringExact("GroupMemberships"), "table_details", "group_memberships", "file_name"),
		},
	})
}

func TestDataflow_RunsWhenATriggerChangesAndCountsWhatChanged(t *testing.T) {
	w := newWorld(t, 200)
	var files []string
	w.run(
		resource.TestStep{Config: w.dataflow(allTables + "\n  refresh_triggers = { build = \"1\" }")},
		resource.TestStep{
			PreConfig: func() {
				if _, err := w.pool.Evolve(cognitotest.Evolution{Changed: 3, Added: 5, Removed: 2}); err != nil {
					t.Fatal(err)
				}
			},
			Config:           w.dataflow(allTables + "\n  refresh_triggers = { build = \"2\" }"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: runs()},
			ConfigStateChecks: []statecheck.StateCheck{
				is(knownvalue.StringExact("refresh_triggers"), "last_run", "trigger"),
				is(knownvalue.Int64Exact(2), "current_run"),
				is(knownvalue.Int64Exact(203), "table_details", "users", "total_records"),
				w.did("users", dataflow.Counts{Read: 203, Added: 5, Changed: 3, Removed: 2, Unchanged: 195}),
				w.did("groups", dataflow.Counts{Read: 3, Unchanged: 3}),
			},
		},
		resource.TestStep{
			PreConfig: func() { files = w.dataFiles() },
			Config:    w.dataflow(allTables + "\n  refresh_triggers = { build = \"3\" }"),
			ConfigStateChecks: []statecheck.StateCheck{
				is(knownvalue.Int64Exact(3), "current_run"),
				w.did("users", dataflow.Counts{Read: 203, Unchanged: 203}),
			},
			Check: func(*terraform.State) error { w.equalFiles(files, "an unchanged pool writes no data file"); return nil },
		},
	)
}

func TestDataflow_RunsNothingWhenOnlyWordsForPeopleChange(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{
			Config:           w.dataflow(allTables + "\n  display_name = \"Our customers\"\n  max_removed_percent = 20"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: runsNothing(1)},
			ConfigStateChecks: []statecheck.StateCheck{
				is(knownvalue.StringExact("Our customers"), "display_name"),
				is(knownvalue.Int64Exact(1), "last_run", "run"),
			},
		},
		resource.TestStep{ // empty is not absent
			Config:            w.dataflow(allTables + "\n  display_name = \"\"\n  max_removed_percent = 20"),
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.StringExact(""), "display_name")},
		},
	)
}

func TestDataflow_RunsWhenItsTablesChangeAndHidesTheOnesTakenOut(t *testing.T) {
	w := newWorld(t, 10)
	const users, groups = "One row per user, with a column per attribute of the pool's schema.", "One row per group."
	hidden := func(run int) string { // a reader that shows comments says why such a table is empty
		return fmt.Sprintf("Hidden by run %d: it looks empty, and the rows of its kept runs are at their tags. ", run)
	}
	w.run(
		resource.TestStep{Config: w.dataflow(`  tables = { users = {}, groups = {} }`)},
		resource.TestStep{
			Config:           w.dataflow(`  tables = { users = { purpose = "Customer 360", table_name = "people" } }`),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: runs()},
			ConfigStateChecks: []statecheck.StateCheck{
				is(knownvalue.StringExact("definition"), "last_run", "trigger"),
				is(knownvalue.Int64Exact(1), "table_count"),
				is(knownvalue.MapSizeExact(1), "table_details"),
				is(knownvalue.StringExact("people"), "table_details", "users", "table_name"),
				is(knownvalue.StringExact("Customer 360"), "table_details", "users", "purpose"),
			},
			Check: func(*terraform.State) error {
				w.equalTables("groups hidden", "people", "users hidden")
				w.equalComments(map[string]string{"people": users, "users": hidden(2) + users, "groups": hidden(2) + groups})
				return nil
			},
		},
		resource.TestStep{
			Config:            w.dataflow(`  tables = { users = {}, groups = {} }`),
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(10), "table_details", "users", "total_records")},
			Check: func(*terraform.State) error {
				w.equalTables("groups", "people hidden", "users")
				w.equalComments(map[string]string{"people": hidden(3) + users, "users": users, "groups": groups})
				return nil
			},
		},
	)
}

func TestDataflow_ATableNameStaysWithTheKeyItWasMadeFor(t *testing.T) {
	w := newWorld(t, 10)
	const first = `  tables = { users = { table_name = "a" }, groups = { table_name = "b" } }`
	w.run(
		resource.TestStep{Config: w.dataflow(first)},
		resource.TestStep{
			Config:      w.dataflow(`  tables = { users = { table_name = "b" }, groups = { table_name = "a" } }`),
			PlanOnly:    true,
			ExpectError: said(`Table "b" was made for "groups" and keeps the rows of earlier runs, also while it is hidden\. Give "users" another table_name\.`),
		},
		resource.TestStep{Config: w.dataflow(`  tables = { users = { table_name = "c" }, groups = { table_name = "b" } }`)},
		resource.TestStep{ // a is hidden now, and only the catalog knows of it
			Config:      w.dataflow(`  tables = { users = { table_name = "c" }, groups = { table_name = "a" } }`),
			ExpectError: said(`Run 3 of dataflow "Customers" failed: table groups: stage: table customers.a: it was made for "users" and keeps the rows of earlier runs, .*Give "groups" another table_name\.`),
		},
		resource.TestStep{Config: w.dataflow(first), ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(10), "table_details", "users", "total_records")}},
	)
}

func TestDataflow_WithoutRunOnApplyWaitsUntilItIsSet(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{
			Config: w.dataflow(allTables + "\n  run_on_apply = false"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectKnownValue(customers, at("last_run"), knownvalue.Null()),
				plancheck.ExpectKnownValue(customers, at("run_pending"), knownvalue.Bool(true)),
			}},
			ConfigStateChecks: []statecheck.StateCheck{
				is(knownvalue.StringExact("New"), "status"),
				is(knownvalue.Null(), "current_run"), is(knownvalue.Null(), "last_run"), is(knownvalue.Null(), "last_refresh_at"),
				is(knownvalue.Bool(true), "run_pending"), is(knownvalue.MapSizeExact(0), "table_details"),
			},
		},
		resource.TestStep{
			Config:           w.dataflow(allTables),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: runs()},
			ConfigStateChecks: []statecheck.StateCheck{
				is(knownvalue.StringExact("Completed"), "status"), is(knownvalue.Int64Exact(1), "current_run"), is(knownvalue.Bool(false), "run_pending"),
			},
		},
		resource.TestStep{ // a changed definition is due, not run
			Config:            w.dataflow("  tables = { users = {} }\n  run_on_apply = false"),
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Bool(true), "run_pending"), is(knownvalue.Int64Exact(1), "last_run", "run"), is(knownvalue.Int64Exact(3), "table_count")},
		},
		resource.TestStep{ // and no longer due once it is what was imported
			Config:            w.dataflow(allTables + "\n  run_on_apply = false"),
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Bool(false), "run_pending"), is(knownvalue.Int64Exact(1), "last_run", "run")},
		},
	)
}

func TestDataflow_TableDetailsCanBeIteratedBeforeTheFirstRun(t *testing.T) {
	w := newWorld(t, 10)
	each := func(key, output string) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(`terraform_data.each["`+key+`"]`, at("output"), knownvalue.StringExact(output))
	}
	w.run(
		resource.TestStep{
			Config: w.dataflow(allTables) + `
resource "terraform_data" "each" {
  for_each = skypoint_dataflow.customers.table_details
  input    = "${each.key}: ${each.value.total_records}"
}`,
			ConfigStateChecks: []statecheck.StateCheck{each("users", "users: 10"), each("groups", "groups: 3")},
		},
		resource.TestStep{Config: w.connector()}, // the test framework can't read a state with for_each when it cleans up
	)
}

func TestDataflow_FailedCreateIsPlannedAsACreateAgainAndGoesOnNumbering(t *testing.T) {
	w := newWorld(t, 10)
	config := w.dataflow(allTables + "\n  lifecycle {\n    prevent_destroy = true\n  }")
	w.run(
		resource.TestStep{
			PreConfig:   func() { w.deny("ListGroups") },
			Config:      config,
			ExpectError: said(`Run 1 of dataflow "Customers" failed: .*lack 1 permission: cognito-idp:ListGroups \(groups, group_memberships\)\. .*Nothing was published; there are no tables yet\.`),
		},
		resource.TestStep{
			PreConfig: func() { w.deny() },
			Config:    config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: append(runs(),
				plancheck.ExpectResourceAction(customers, plancheck.ResourceActionCreate))},
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(2), "current_run"), is(knownvalue.StringExact("create"), "last_run", "trigger")},
		},
		resource.TestStep{Config: w.dataflow(allTables)}, // so that the test may clean up
	)
}

func TestDataflow_FailedUpdateKeepsItsArgumentsAndIsPlannedAgain(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(`  tables = { users = {} }`)},
		resource.TestStep{
			PreConfig:   func() { w.deny("ListGroups") },
			Config:      w.dataflow("  display_name = \"New\"\n  tables = { users = {}, groups = {} }"),
			ExpectError: said(`Run 2 of dataflow "Customers" failed: .*cognito-idp:ListGroups \(groups\)\. .*Nothing was published; the tables are at run 1\.`),
		},
		resource.TestStep{
			RefreshState:       true,
			ExpectNonEmptyPlan: true,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckNoResourceAttr(customers, "display_name"),
				resource.TestCheckResourceAttr(customers, "tables.%", "1"),
				resource.TestCheckResourceAttr(customers, "status", "Failed"),
				resource.TestCheckResourceAttr(customers, "current_run", "1"),
				resource.TestCheckResourceAttr(customers, "last_run.run", "2"),
			),
		},
		resource.TestStep{ // the definition that works is a difference too: the newest import failed
			Config:           w.dataflow(`  tables = { users = {} }`),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: runs()},
			ConfigStateChecks: []statecheck.StateCheck{
				is(knownvalue.StringExact("failed"), "last_run", "trigger"), is(knownvalue.StringExact("Completed"), "status"), is(knownvalue.Int64Exact(3), "current_run"),
			},
		},
		resource.TestStep{
			PreConfig: func() { w.deny() },
			Config:    w.dataflow("  display_name = \"New\"\n  tables = { users = {}, groups = {} }"),
			ConfigStateChecks: []statecheck.StateCheck{
				is(knownvalue.StringExact("definition"), "last_run", "trigger"), is(knownvalue.Int64Exact(4), "current_run"), is(knownvalue.StringExact("New"), "display_name"),
			},
		},
	)
}

func TestDataflow_FailedRefreshIsPlannedAgainWithTheSameTrigger(t *testing.T) {
	w := newWorld(t, 10)
	build := func(n string) string {
		return w.dataflow(allTables + "\n  refresh_triggers = { build = \"" + n + "\" }")
	}
	w.run(
		resource.TestStep{Config: build("1")},
		resource.TestStep{PreConfig: func() { w.deny("ListUsers") }, Config: build("2"), ExpectError: said(`Run 2 of dataflow "Customers" failed: .*cognito-idp:ListUsers \(users\)`)},
		resource.TestStep{
			PreConfig: func() { w.deny() }, Config: build("2"),
			ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: runs()},
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(3), "current_run"), is(knownvalue.StringExact("refresh_triggers"), "last_run", "trigger")},
		},
	)
}

func TestDataflow_ImportEndsInAnEmptyPlan(t *testing.T) {
	w := newWorld(t, 10)
	arguments := allTables + "\n  display_name = \"\"\n  description = \"All of them\"\n  refresh_triggers = {}\n  max_age = \"24h\"\n  max_removed_percent = 7\n  on_destroy = \"retain\"\n  database = \"people\""
	w.run(
		resource.TestStep{Config: w.dataflow(arguments)},
		resource.TestStep{ResourceName: customers, ImportState: true, ImportStateId: "Customers", ImportStateVerify: true, ImportStateVerifyIgnore: []string{"run_reason"}},
		resource.TestStep{ResourceName: customers, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: "Customers"},
		resource.TestStep{
			ResourceName: "skypoint_cognito_connector.app", ImportState: true, ImportStateId: "App",
			ImportStateVerify: true, ImportStateVerifyIgnore: []string{"secret_access_key_wo"},
		},
	)
}

func TestDataflow_DestroyDropsItsTablesAndKeepsTheHistory(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{
			Config: w.connector() + `
data "skypoint_dataflow_runs" "history" { dataflow_id = "Customers" }
data "skypoint_tables" "all" {}`,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr("data.skypoint_tables.all", "tables.#", "3"), // read before the destroy
				func(*terraform.State) error {
					w.equalTables()
					w.equalFiles(nil, "a destroyed dataflow leaves no data file")
					return nil
				},
			),
		},
		resource.TestStep{
			Config: w.connector() + `
data "skypoint_dataflow_runs" "history" { dataflow_id = "Customers" }
data "skypoint_tables" "all" {}`,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr("data.skypoint_tables.all", "tables.#", "0"),
				resource.TestCheckResourceAttr("data.skypoint_dataflow_runs.history", "runs.#", "2"),
				resource.TestCheckResourceAttr("data.skypoint_dataflow_runs.history", "runs.0.kind", "removal"),
				resource.TestCheckResourceAttr("data.skypoint_dataflow_runs.history", "runs.0.trigger", "destroy"),
				resource.TestCheckResourceAttr("data.skypoint_dataflow_runs.history", "runs.0.status", "Completed"),
				resource.TestCheckResourceAttr("data.skypoint_dataflow_runs.history", "runs.1.kind", "import"),
			),
		},
		resource.TestStep{
			Config:            w.dataflow(allTables),
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(3), "current_run"), w.did("users", dataflow.Counts{Read: 10, Added: 10})},
		},
	)
}

func TestDataflow_DestroyBringsAnUnfinishedRunToItsEndFirst(t *testing.T) {
	for name, c := range map[string]struct {
		decided bool
		history []line
	}{
		"Undecided": {false, []line{ // nothing was published, so there is nothing to remove
			{1, dataflow.StatusFailed, dataflow.TriggerCreate, "interrupted: the process that ran it ended before the run had decided. Nothing was published."},
		}},
		"Decided": {true, []line{
			{2, dataflow.StatusCompleted, dataflow.TriggerDestroy, "Removed no table."},
			{1, dataflow.StatusCompleted, dataflow.TriggerCreate, "Imported no table."},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 10)
			w.run(
				resource.TestStep{Config: w.dataflow(allTables + "\n  run_on_apply = false")},
				resource.TestStep{
					PreConfig: func() { w.killedRun(c.decided) },
					Config:    w.connector(),
					Check:     func(*terraform.State) error { w.history("Customers", c.history...); return nil },
				},
			)
		})
	}
}

func TestDataflow_DestroyWithRetainLeavesTheTables(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables + "\n  on_destroy = \"retain\"")},
		resource.TestStep{
			Config: w.connector(),
			Check:  func(*terraform.State) error { w.equalTables("group_memberships", "groups", "users"); return nil },
		},
		resource.TestStep{ // created again it takes its tables over: nothing is added
			Config:            w.dataflow(allTables),
			ConfigStateChecks: []statecheck.StateCheck{w.did("users", dataflow.Counts{Read: 10, Unchanged: 10})},
		},
	)
}

func TestDataflow_MadeAgainInVainLeavesTheTablesItWasToTakeOver(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables + "\n  on_destroy = \"retain\"")},
		resource.TestStep{Config: w.connector()},
		resource.TestStep{
			PreConfig:   func() { w.deny("ListGroups") },
			Config:      w.dataflow(allTables + "\n  deletion_protection = true"),
			ExpectError: said(`Run 2 of dataflow "Customers" failed: .*Nothing was published; the tables are at run 1\.`),
		},
		resource.TestStep{ // it published nothing: no protection holds, and nothing is dropped
			Config: w.connector(),
			Check:  func(*terraform.State) error { w.equalTables("group_memberships", "groups", "users"); return nil },
		},
	)
}

func TestDataflow_DeletionProtectionFailsPlansThatWouldDropTables(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables + "\n  deletion_protection = true")},
		resource.TestStep{Config: w.connector(), ExpectError: said(`Dataflow "Customers" has deletion_protection = true`), PlanOnly: true},
		resource.TestStep{Config: w.dataflow(allTables), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: runsNothing(1)}},
	)
}

func TestDataflow_ThatPublishedNothingIsNotProtected(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables + "\n  deletion_protection = true\n  run_on_apply = false")},
		resource.TestStep{Config: w.connector()},
	)
}

func TestDataflow_CreateTakesOverWhatPublishedNothing(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{
			PreConfig:         func() { w.record(dataflow.PhaseCreating) },
			Config:            w.dataflow(allTables),
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(1), "current_run")},
		},
	)
}

func TestDataflow_CreateRefusesAPublishedOneAndSaysHowToImportIt(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{
			Config:      w.dataflow(allTables) + "resource \"skypoint_dataflow\" \"again\" {\n  name = \"Customers\"\n  connector_id = \"App\"\n  tables = { users = {} }\n}",
			ExpectError: said(`the workspace has a dataflow of this name, which was created on [-:0-9TZ]+ and holds 3 tables with .* at run 1\. .* terraform import skypoint_dataflow.ADDRESS Customers`),
		},
	)
}

func TestDataflow_ReadAndDeleteLeaveAnotherDataflowOfTheNameAlone(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{ // somebody destroyed it and made another one of the name
			PreConfig:        func() { w.record(dataflow.PhaseRemoved); w.record(dataflow.PhaseCreating) },
			Config:           w.connector(),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check: func(*terraform.State) error {
				w.equalTables("group_memberships", "groups", "users")
				w.record(dataflow.PhaseRemoved) // so that nothing imports through the connector, which is destroyed now
				return nil
			},
		},
	)
}

func TestDataflow_TableDroppedBehindTerraformIsImportedAgain(t *testing.T) {
	w := newWorld(t, 10)
	w.needsSQL() // a REST catalog gets it back: TestRESTCatalog_TablesThatWereDroppedComeBackWithTheirRuns
	w.run(
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{
			PreConfig:        func() { w.dropTable("groups") },
			Config:           w.dataflow(allTables),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: runs()},
			ConfigStateChecks: []statecheck.StateCheck{
				is(knownvalue.Int64Exact(2), "current_run"), w.did("groups", dataflow.Counts{Read: 3, Added: 3}),
				w.did("users", dataflow.Counts{Read: 10, Unchanged: 10}),
			},
		},
	)
}

func TestDataflow_RecordDeletedBehindTerraformIsCreatedAgain(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{
			PreConfig: func() { w.loseAll("dataflows/customers") },
			Config:    w.dataflow(allTables),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(customers, plancheck.ResourceActionCreate)}},
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(10), "table_details", "users", "total_records")},
		},
	)
}

func TestDataflow_RunMadeElsewhereIsShownAndPlansNothing(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{
			PreConfig:        func() { w.importElsewhere() },
			Config:           w.dataflow(allTables),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
		resource.TestStep{
			RefreshState: true,
			Check:        resource.ComposeAggregateTestCheckFunc(resource.TestCheckResourceAttr(customers, "current_run", "2")),
		},
	)
}

func TestDataflow_PlansWithAnUnknownWorkspace(t *testing.T) {
	w := newWorld(t, 10)
	config := func() string {
		return regexp.MustCompile(`workspace = .*`).ReplaceAllString(w.dataflow(allTables), "workspace = terraform_data.place.output") +
			"\nresource \"terraform_data\" \"place\" {\n  input = \"" + filepath.ToSlash(w.folder()) + "\"\n}\n"
	}()
	w.run(resource.TestStep{Config: config, ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(1), "current_run")}})
}

func TestDataflow_AppliesWhatWasPlannedThoughTheTablesAreNotWhatTheyWere(t *testing.T) {
	w := newWorld(t, 10)
	waiting := allTables + "\n  run_on_apply = false"
	w.run(
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{Config: w.dataflow(waiting)},
		resource.TestStep{ // the refresh sees that a table is gone, and nothing is to bring it back
			PreConfig: func() { w.dropTable("groups") },
			Config:    w.dataflow(waiting + "\n  display_name = \"Ours\""),
			ConfigStateChecks: []statecheck.StateCheck{
				is(knownvalue.Int64Exact(2), "table_count"), is(knownvalue.Bool(true), "run_pending"), is(knownvalue.StringExact("Ours"), "display_name"),
			},
		},
		resource.TestStep{ // somebody runs it between the plan and its apply
			Config: w.dataflow(waiting + "\n  display_name = \"All of ours\""),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				afterPlan(func() { w.importElsewhere() }),
			}},
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.StringExact("All of ours"), "display_name")},
		},
		resource.TestStep{RefreshState: true, Check: resource.TestCheckResourceAttr(customers, "current_run", "2")},
	)
}

// afterPlan does something between a plan and its apply.
type afterPlan func()

func (do afterPlan) CheckPlan(context.Context, plancheck.CheckPlanRequest, *plancheck.CheckPlanResponse) {
	do()
}

func TestDataflow_TwoInOneApplyRunSideBySide(t *testing.T) {
	w := newWorld(t, 50)
	second := "\nresource \"skypoint_dataflow\" \"second\" {\n  name = \"Second\"\n  connector_id = skypoint_cognito_connector.app.id\n  tables = { users = {} }\n}\n"
	w.run(resource.TestStep{
		Config: w.dataflow(allTables) + second,
		Check: resource.ComposeAggregateTestCheckFunc(
			resource.TestCheckResourceAttr(customers, "table_details.users.total_records", "50"),
			resource.TestCheckResourceAttr("skypoint_dataflow.second", "table_details.users.total_records", "50"),
			resource.TestCheckResourceAttr("skypoint_dataflow.second", "database", "second"),
		),
	})
}
