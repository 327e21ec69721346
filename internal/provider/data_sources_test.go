package provider_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

const reads = `
data "skypoint_dataflow" "it" {
  dataflow_id = skypoint_dataflow.customers.id
  at_run      = skypoint_dataflow.customers.current_run
}
data "skypoint_dataflow_runs" "it" {
  dataflow_id = skypoint_dataflow.customers.id
  at_run      = skypoint_dataflow.customers.current_run
}
data "skypoint_tables" "it" {
  database = skypoint_dataflow.customers.database
  at_run   = skypoint_dataflow.customers.current_run
}
data "skypoint_table" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
  at_run      = skypoint_dataflow.customers.current_run
}
data "skypoint_table_rows" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
  at_run      = skypoint_dataflow.customers.current_run
  columns     = ["sub", "username", "status", "enabled"]
  limit       = 1000
}
`

func TestDataSources_ShowWhatTheSameApplyImported(t *testing.T) {
	w := newWorld(t, 20)
	data := func(object string, value knownvalue.Check, path tfjsonpath.Path) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data."+object, path, value)
	}
	runs := func(i int, name string, value knownvalue.Check) statecheck.StateCheck {
		return data("skypoint_dataflow_runs.it", value, at("runs").AtSliceIndex(i).AtMapKey(name))
	}
	w.run(
		resource.TestStep{
			Config: w.dataflow(allTables+"\n  refresh_triggers = { build = \"1\" }") + reads,
			ConfigStateChecks: []statecheck.StateCheck{
				data("skypoint_dataflow.it", knownvalue.StringExact("Completed"), at("status")),
				data("skypoint_dataflow.it", knownvalue.Int64Exact(20), at("table_details", "users", "total_records")),
				data("skypoint_dataflow_runs.it", knownvalue.ListSizeExact(1), at("runs")),
				data("skypoint_dataflow_runs.it", knownvalue.StringExact(thisHost(t)), at("runs").AtSliceIndex(0).AtMapKey("started_by").AtMapKey("host")),
				data("skypoint_dataflow_runs.it", knownvalue.NotNull(), at("runs").AtSliceIndex(0).AtMapKey("started_by").AtMapKey("user")),
				data("skypoint_table_rows.users", knownvalue.ListSizeExact(20), at("rows")),
			},
		},
		resource.TestStep{
			PreConfig: func() {
				if _, err := w.pool.Evolve(cognitotest.Evolution{Changed: 1, Added: 2}); err != nil {
					t.Fatal(err)
				}
			},
			Config: w.dataflow(allTables+"\n  refresh_triggers = { build = \"2\" }") + reads,
			ConfigStateChecks: []statecheck.StateCheck{
				runs(0, "run", knownvalue.Int64Exact(2)), runs(0, "kind", knownvalue.StringExact("import")),
				runs(0, "status", knownvalue.StringExact("Completed")), runs(0, "trigger", knownvalue.StringExact("refresh_triggers")),
				runs(1, "run", knownvalue.Int64Exact(1)), runs(1, "trigger", knownvalue.StringExact("create")),
				data("skypoint_dataflow_runs.it", knownvalue.Int64Exact(2), at("runs").AtSliceIndex(0).AtMapKey("tables").AtMapKey("users").AtMapKey("added")),
				statecheck.CompareValuePairs("data.skypoint_dataflow_runs.it", at("runs").AtSliceIndex(0).AtMapKey("data_as_of"),
					"data.skypoint_dataflow_runs.it", at("runs").AtSliceIndex(0).AtMapKey("started_at"), compare.ValuesSame()),
				statecheck.CompareValuePairs("data.skypoint_dataflow_runs.it", at("runs").AtSliceIndex(0).AtMapKey("data_as_of"),
					"data.skypoint_table.users", at("data_as_of"), compare.ValuesSame()),
				data("skypoint_tables.it", knownvalue.ListSizeExact(3), at("tables")),
				data("skypoint_tables.it", knownvalue.StringExact("users"), at("tables").AtSliceIndex(2).AtMapKey("table_name")),
				data("skypoint_tables.it", knownvalue.Int64Exact(22), at("tables").AtSliceIndex(2).AtMapKey("total_records")),
				data("skypoint_tables.it", knownvalue.StringExact("Customers"), at("tables").AtSliceIndex(2).AtMapKey("dataflow_id")),
				data("skypoint_table.users", knownvalue.Int64Exact(22), at("total_records")),
				data("skypoint_table.users", knownvalue.StringExact("sub"), at("columns").AtSliceIndex(0).AtMapKey("name")),
				data("skypoint_table.users", knownvalue.Bool(true), at("columns").AtSliceIndex(0).AtMapKey("required")),
				data("skypoint_table.users", knownvalue.Int64Exact(20), at("snapshots").AtSliceIndex(1).AtMapKey("total_records")),
				data("skypoint_table.users", knownvalue.StringExact("run_1"), at("snapshots").AtSliceIndex(1).AtMapKey("tag")),
				data("skypoint_table.users", knownvalue.StringExact("customers.users"), at("identifier")),
				data("skypoint_table.users", catalogName(w), at("catalog_name")),
				data("skypoint_table.users", knownvalue.StringExact(w.catalogType()), at("catalog_type")),
				data("skypoint_table_rows.users", knownvalue.ListSizeExact(22), at("rows")),
			},
		},
		resource.TestStep{ // an older run stays readable
			Config: w.dataflow(allTables+"\n  refresh_triggers = { build = \"2\" }") + `
data "skypoint_table_rows" "first" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
  at_run      = 1
}`,
			ConfigStateChecks: []statecheck.StateCheck{data("skypoint_table_rows.first", knownvalue.ListSizeExact(20), at("rows"))},
		},
	)
}

func TestTableRows_GivesTheRowsThatThePoolHas(t *testing.T) {
	w := newWorld(t, 1)
	var user cognitotest.User
	for u := range w.pool.All() {
		user = u
	}
	equals, err := json.Marshal(user.Username)
	if err != nil {
		t.Fatal(err)
	}
	rows := func(name, arguments string) string {
		return `
data "skypoint_table_rows" "` + name + `" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
  at_run      = skypoint_dataflow.customers.current_run
  columns     = ["sub", "username", "enabled"]
` + arguments + "\n}"
	}
	enabled := "false"
	if user.Enabled {
		enabled = "true"
	}
	w.run(resource.TestStep{
		Config: w.dataflow(allTables) + rows("hit", "  equals = { username = "+string(equals)+" }") + rows("miss", `  equals = { username = "nobody" }`),
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue("data.skypoint_table_rows.hit", at("rows"), knownvalue.ListExact([]knownvalue.Check{
				knownvalue.MapExact(map[string]knownvalue.Check{
					"sub": knownvalue.StringExact(user.Sub), "username": knownvalue.StringExact(user.Username), "enabled": knownvalue.StringExact(enabled),
				}),
			})),
			statecheck.ExpectKnownValue("data.skypoint_table_rows.miss", at("rows"), knownvalue.ListSizeExact(0)),
			statecheck.ExpectSensitiveValue("data.skypoint_table_rows.hit", at("rows")),
		},
	})
}

func TestDataSources_SayWhatIsNotThere(t *testing.T) {
	read := func(object, key, more string) string {
		return "data \"" + object + "\" \"x\" {\n  dataflow_id = skypoint_dataflow.customers.id\n  key = \"" + key + "\"\n" + more + "\n}\n"
	}
	const wait = "  at_run = skypoint_dataflow.customers.current_run"
	for _, tc := range []struct{ name, config, words string }{
		{"a dataflow", `data "skypoint_dataflow" "x" { dataflow_id = "Nobody" }`, `dataflow "Nobody"`},
		{"a table that is not imported", read("skypoint_table", "groups", wait), `Dataflow "Customers" does not import table "groups": its tables are users\. Add it to them`},
		{"a column", read("skypoint_table_rows", "users", wait+"\n  columns = [\"shoe_size\"]"), `shoe_size`},
		{"a run", read("skypoint_table_rows", "users", wait+" + 7"), `run 8 is not kept`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.run(resource.TestStep{Config: w.dataflow(`  tables = { users = {} }`) + tc.config, ExpectError: said(tc.words)})
		})
	}
}

func TestDataSources_OfAWorkspaceThatIsNotThereLeaveNoTrace(t *testing.T) {
	w := newWorld(t, 1)
	w.run(resource.TestStep{
		Config: w.provider() + `
data "skypoint_tables" "all" {}
data "skypoint_dataflow_runs" "none" { dataflow_id = "Customers" }`,
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue("data.skypoint_tables.all", at("tables"), knownvalue.ListSizeExact(0)),
			statecheck.ExpectKnownValue("data.skypoint_dataflow_runs.none", at("runs"), knownvalue.ListSizeExact(0)),
		},
	})
	if w.exists() {
		t.Error("reading made the workspace")
	}
}

func thisHost(t *testing.T) string {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return host
}

// catalogName is what a reader opens a SQL catalog under.
func catalogName(w *world) knownvalue.Check {
	if w.rest != "" {
		return knownvalue.Null()
	}
	return knownvalue.StringExact("skypoint")
}
