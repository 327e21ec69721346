package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// grants hangs on what an engine would be granted: the tables, by what they are.
const (
	grants = `
resource "terraform_data" "grant" {
  triggers_replace = { for key, t in skypoint_dataflow.customers.table_details : key => ["${t.database}.${t.table_name}", t.purpose, t.file_name, t.uuid] }
}
`
	grant = "terraform_data.grant"
)

func planned(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: checks}
}

func TestPlan_OfAnImportKnowsWhatItLeavesAsItIs(t *testing.T) {
	w := newWorld(t, 10)
	build := func(n int, tables string) string {
		return w.dataflow(fmt.Sprintf("  tables = { %s }\n  refresh_triggers = { build = \"%d\" }", tables, n)) + grants
	}
	users := func(name string, value knownvalue.Check) plancheck.PlanCheck {
		return plancheck.ExpectKnownValue(customers, at("table_details", "users", name), value)
	}
	w.run(
		resource.TestStep{Config: build(1, "users = {}, groups = {}"), ConfigPlanChecks: planned(
			users("database", knownvalue.StringExact("customers")), users("table_name", knownvalue.StringExact("users")), users("purpose", knownvalue.StringExact("All")),
			users("file_name", knownvalue.StringExact("Users")), plancheck.ExpectUnknownValue(customers, at("table_details", "users", "uuid")),
			plancheck.ExpectKnownValue(customers, at("table_count"), knownvalue.Int64Exact(2)),
			plancheck.ExpectKnownValue(customers, at("status"), knownvalue.StringExact("Completed")), plancheck.ExpectKnownValue(customers, at("run_pending"), knownvalue.Bool(false)),
		)},
		resource.TestStep{PreConfig: w.evolve(1, 1, 0), Config: build(2, "users = {}, groups = {}"), ConfigPlanChecks: planned(
			plancheck.ExpectResourceAction(customers, plancheck.ResourceActionUpdate),
			plancheck.ExpectResourceAction(grant, plancheck.ResourceActionNoop),
			users("uuid", knownvalue.NotNull()), plancheck.ExpectUnknownValue(customers, at("table_details", "users", "total_records")),
		)},
		resource.TestStep{Config: build(2, `users = { table_name = "people" }, groups = {}`), ConfigPlanChecks: planned(
			users("table_name", knownvalue.StringExact("people")), plancheck.ExpectUnknownValue(customers, at("table_details", "users", "uuid")),
			plancheck.ExpectResourceAction(grant, plancheck.ResourceActionReplace),
		)},
		resource.TestStep{PreConfig: func() { w.dropTable("people") }, Config: build(2, `users = { table_name = "people" }, groups = {}`), ConfigPlanChecks: planned(
			plancheck.ExpectUnknownValue(customers, at("table_details", "users", "uuid")), // it will be another table
		)},
	)
}

func TestPlan_OfAPinKnowsTheTablesOfTheRun(t *testing.T) {
	w := newWorld(t, 10)
	config := func(arguments string) string {
		return w.dataflow("  refresh_triggers = { build = \"2\" }\n"+arguments) + grants
	}
	const two = "  tables = { users = {}, groups = {} }"
	users := func(name string, value knownvalue.Check) plancheck.PlanCheck {
		return plancheck.ExpectKnownValue(customers, at("table_details", "users", name), value)
	}
	w.run(
		resource.TestStep{Config: w.dataflow("  refresh_triggers = { build = \"1\" }\n  tables = { users = {} }")},
		resource.TestStep{PreConfig: w.evolve(0, 5, 0), Config: config(two)},
		resource.TestStep{Config: config(two + "\n  pinned_run = 1"), ConfigPlanChecks: planned(
			users("total_records", knownvalue.Int64Exact(10)), users("uuid", knownvalue.NotNull()),
			plancheck.ExpectKnownValue(customers, at("table_count"), knownvalue.Int64Exact(1)), plancheck.ExpectKnownValue(customers, at("current_run"), knownvalue.Int64Exact(1)),
			plancheck.ExpectResourceAction(grant, plancheck.ResourceActionReplace), // without groups
		)},
		resource.TestStep{Config: config(two), ConfigPlanChecks: planned(
			users("table_name", knownvalue.StringExact("users")), users("uuid", knownvalue.NotNull()),
			plancheck.ExpectKnownValue(customers, at("table_details", "groups", "table_name"), knownvalue.StringExact("groups")),
		)},
	)
}

func TestPlan_TakesTheTablesInForEachWhateverRunIsPlanned(t *testing.T) {
	w := newWorld(t, 10)
	config := func(arguments string) string {
		return requires + w.dataflow(arguments) + `
resource "terraform_data" "grant" {
  for_each         = skypoint_dataflow.customers.table_details
  triggers_replace = [each.value.table_name, each.value.uuid]
}
`
	}
	const one, two = "  tables = { users = {} }", "  tables = { users = {}, groups = {} }\n  refresh_triggers = { build = \"2\" }"
	r := newRoot(t, config(one))
	delete(r.env, "TF_LOG")
	for _, step := range []struct{ what, arguments, changes string }{
		{"create", one, "3 added, 0 changed, 0 destroyed"},
		{"import", two, "1 added, 1 changed, 0 destroyed"},
		{"pin", two + "\n  pinned_run = 1", "0 added, 1 changed, 1 destroyed"},
		{"unpin", two, "1 added, 1 changed, 0 destroyed"},
		{"import again", strings.Replace(two, `"2"`, `"3"`, 1), "0 added, 1 changed, 0 destroyed"},
	} {
		r.write(config(step.arguments))
		if out := r.succeed("apply", "-auto-approve"); !strings.Contains(out, step.changes) {
			t.Errorf("%s, want %s:\n%s", step.what, step.changes, out)
		}
	}
}

// A bare mock makes up ids such as "8moxhqs2": of many runs none may fail for them.
func TestMocks_NeedNoValuesForIDs(t *testing.T) {
	r := newRoot(t, `
terraform {
  required_providers {
    skypoint = { source = "skypointcloud/skypoint" }
  }
}

resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {} }
}

resource "skypoint_dataflow_run" "again" {
  dataflow_id = skypoint_dataflow.customers.id
}

data "skypoint_table" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
}

data "skypoint_dataflow_runs" "customers" {
  dataflow_id = skypoint_dataflow.customers.id
}

data "skypoint_dataflows" "app" {
  connector_id = skypoint_cognito_connector.app.id
}

data "skypoint_cognito_user_pool" "app" {
  connector_id = skypoint_cognito_connector.app.id
}
`)
	delete(r.env, "TF_LOG")
	runs := ""
	for i := range 20 {
		runs += fmt.Sprintf("run \"r%d\" {\n  providers = {\n    skypoint = skypoint.mock%d\n  }\n}\n", i, i)
	}
	mocks := ""
	for i := range 20 { // each has a state of its own, and so ids of its own
		mocks += fmt.Sprintf("mock_provider \"skypoint\" {\n  alias = \"mock%d\"\n}\n", i)
	}
	r.must(os.WriteFile(filepath.Join(r.dir, "mock.tftest.hcl"), []byte(mocks+runs), 0o600))
	r.succeed("test")
	if _, err := os.Stat(filepath.Join(r.dir, ".skypoint")); !os.IsNotExist(err) {
		t.Errorf("a workspace was made: %v", err)
	}
}

// Nothing is imported when the pin goes: the tables go to the newest import, whose record the plan reads.
func TestPlan_OfAnUnpinThatImportsNothingKnowsTheTables(t *testing.T) {
	w := newWorld(t, 10)
	each := `
resource "terraform_data" "each" {
  for_each = skypoint_dataflow.customers.table_details
  input    = each.value.total_records
}
`
	r := newRoot(t, requires+w.dataflow("  tables = { users = {}, groups = {} }"))
	delete(r.env, "TF_LOG")
	r.succeed("apply", "-auto-approve")
	w.evolve(0, 2, 0)()
	r.write(requires + w.dataflow("  tables = { users = {}, groups = {} }\n  refresh_triggers = { build = \"2\" }"))
	r.succeed("apply", "-auto-approve")
	r.write(requires + w.dataflow("  tables = { users = {}, groups = {} }\n  run_on_apply = false\n  pinned_run = 1") + each)
	r.succeed("apply", "-auto-approve")
	r.write(requires + w.dataflow("  tables = { users = {}, groups = {} }\n  run_on_apply = false") + each)
	if out := r.succeed("plan"); !regexp.MustCompile(`total_records += 10 -> 12`).MatchString(out) {
		t.Errorf("the plan does not know the counts:\n%s", out)
	}
	r.succeed("apply", "-auto-approve")
	r.succeed("plan", "-detailed-exitcode")
}

// What a team reads every morning: three pools, three tables each, a grant on what each is called.
func TestPlan_OfANightlyImportFitsAScreen(t *testing.T) {
	w := newWorld(t, 10)
	config := func(night int) string {
		module := requires + w.connector()
		for _, name := range []string{"shop", "support", "partners"} {
			module += fmt.Sprintf(`
resource "skypoint_dataflow" %[1]q {
  name             = %[1]q
  connector_id     = skypoint_cognito_connector.app.id
  tables           = { users = {}, groups = {}, group_memberships = {} }
  refresh_triggers = { night = "%[2]d" }
}

resource "terraform_data" %[1]q {
  triggers_replace = skypoint_dataflow.%[1]s.table_details["users"].table_name
}
`, name, night)
		}
		return module
	}
	r := newRoot(t, config(1))
	delete(r.env, "TF_LOG")
	r.succeed("apply", "-auto-approve")
	r.write(config(2))
	out := r.succeed("plan")
	if !strings.Contains(out, "Plan: 0 to add, 3 to change, 0 to destroy.") {
		t.Errorf("not three imports alone:\n%s", out)
	}
	_, changes, _ := strings.Cut(out, "will perform the following actions:")
	lines, unknown := strings.Count(changes, "\n"), strings.Count(changes, "(known after apply)")
	if lines > 121 || unknown != 45 { // of each pool: 7 of last_run and the run itself, 4 of the dataflow, a count per table
		t.Errorf("%d lines and %d times (known after apply):\n%s", lines, unknown, changes)
	}
}
