package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// Each is refused by the plan: nothing of it is applied, and the history has no run of it.
func TestPlan_RefusesWhatCouldNotBegin(t *testing.T) {
	tests := map[string]struct{ attribute, more, says string }{
		"a database of another dataflow": {
			"database", `  database = "customers"`,
			`Database is another dataflow's.*database customers belongs to dataflow "Customers". A database belongs to one dataflow: choose another one.`,
		},
		"a connector that is not there": {
			"connector_id", `  connector_id = "Nobody"`,
			`Connector is missing.*connector "Nobody": it is not in the workspace. Create it, or give connector_id the id of one that exists.`,
		},
		"the name of another block": {
			"name", `  name = "Third"`, `Name is taken.*dataflow "Third": two blocks of this configuration make it. Give each a name of its own`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 10)
			first := w.dataflow("  tables = { users = {} }")
			block := func(label string, more string) string {
				given := map[string]string{"name": `  name = "Second"`, "connector_id": `  connector_id = skypoint_cognito_connector.app.id`, "database": `  database = "second"`}
				given[tc.attribute] = more
				return "\nresource \"skypoint_dataflow\" \"" + label + "\" {\n" + given["name"] + "\n" + given["connector_id"] + "\n" + given["database"] + "\n  description = \"" + label + "\"\n  tables = { users = {} }\n}\n"
			}
			config := first + block("second", tc.more)
			if tc.attribute == "name" {
				config += block("third", tc.more)
			}
			w.run(
				resource.TestStep{Config: first},
				resource.TestStep{Config: config, PlanOnly: true, ExpectError: said(tc.says)},
				resource.TestStep{Config: config, ExpectError: said(tc.says)},
				resource.TestStep{Config: first, Check: func(*terraform.State) error { w.history("Second"); w.history("Third"); return nil }},
			)
		})
	}
}

func TestPlan_RefusesOneDatabaseForTwoNewDataflows(t *testing.T) {
	w := newWorld(t, 10)
	w.run(resource.TestStep{
		Config: w.dataflow("  database = \"shared\"\n  tables = { users = {} }") + second(`  database = "shared"`), PlanOnly: true,
		ExpectError: said(`this configuration gives database shared to dataflow "(Customers|Second)" too. A database belongs to one dataflow: choose another one.`),
	})
}

// A database that nobody's import made is open to all.
func TestPlan_LetsTwoNewDataflowsIntoADatabaseThatIsNobodys(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow("  tables = { users = {} }\n  on_destroy = \"retain\"")},
		resource.TestStep{
			PreConfig: func() { w.unmark("customers") },
			Config: w.dataflow("  tables = { users = {} }\n  on_destroy = \"retain\"") + second("  database = \"customers\"\n  run_on_apply = false") +
				strings.NewReplacer(`"second"`, `"third"`, `"Second"`, `"Third"`).Replace(second("  database = \"customers\"\n  run_on_apply = false")),
		},
	)
}

// A dataflow that is given another name takes its database along.
func TestPlan_ARenamedDataflowMayKeepItsDatabase(t *testing.T) {
	w := newWorld(t, 10)
	named := func(name string) string {
		return w.connector() + "\nresource \"skypoint_dataflow\" \"customers\" {\n  name = \"" + name + "\"\n  connector_id = \"App\"\n  database = \"people\"\n  tables = { users = {} }\n  depends_on = [skypoint_cognito_connector.app]\n}\n"
	}
	w.run(
		resource.TestStep{Config: named("Customers")},
		resource.TestStep{Config: named("Clients"), ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.StringExact("people"), "table_details", "users", "database")}},
	)
}

func TestPlan_RefusesARunOfADataflowThatIsPinned(t *testing.T) {
	w := newWorld(t, 10)
	run := "\nresource \"skypoint_dataflow_run\" \"now\" {\n  dataflow_id = skypoint_dataflow.customers.id\n}\n"
	pinned, free := w.dataflow("  tables = { users = {} }\n  pinned_run = 1"), w.dataflow("  tables = { users = {} }")
	const refused = `Dataflow is pinned.*Dataflow "Customers" is held at a run by pinned_run, so nothing is imported. Remove its pinned_run, or this run.`
	w.run(
		resource.TestStep{Config: free},
		resource.TestStep{Config: pinned + run, PlanOnly: true, ExpectError: said(refused)}, // pinned by the same plan
		resource.TestStep{Config: pinned},
		resource.TestStep{Config: pinned + run, PlanOnly: true, ExpectError: said(refused)},
		resource.TestStep{Config: pinned + "\nresource \"skypoint_dataflow_run\" \"now\" {\n  dataflow_id = \"Customers\"\n}\n", PlanOnly: true, ExpectError: said(refused)},
		resource.TestStep{Config: free + run, Check: func(*terraform.State) error { // freed by the same plan
			w.equalHistory("1 import create Completed", "2 rollback pin Completed", "3 import resource Completed")
			return nil
		}},
	)
}

// What has become of a dataflow that is there is a warning: `terraform destroy` plans it too, before it plans to destroy it.
func TestPlan_ADataflowWhoseConnectorIsGoneCanBeDestroyed(t *testing.T) {
	w := newWorld(t, 10)
	connectors, dataflows := w.twoRoots(t)
	w.must(w.ledger().DeleteConnector(t.Context(), "App"))
	const missing = `connector "App": it is not in the workspace. Create it, or give connector_id the id of one that exists.`
	dataflows.write(requires + w.provider() + `
resource "skypoint_dataflow" "customers" {
  name             = "Customers"
  connector_id     = "App"
  tables           = { users = {} }
  refresh_triggers = { build = "2" }
}
`)
	dataflows.succeed("plan")
	dataflows.refuses(missing, []string{"apply", "-auto-approve"})
	w.equalHistory("1 import create Completed")
	dataflows.succeed("destroy", "-auto-approve")
	connectors.succeed("apply", "-auto-approve")
}

// A run that somebody orders beside the dataflow is no run either when it could not begin.
func TestDataflowRun_ThatCouldNotBeginIsNoRun(t *testing.T) {
	w := newWorld(t, 10)
	_, dataflows := w.twoRoots(t)
	w.must(w.ledger().DeleteConnector(t.Context(), "App"))
	dataflows.write(requires + w.provider() + `
resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = "App"
  tables       = { users = {} }
}
resource "skypoint_dataflow_run" "now" {
  dataflow_id = skypoint_dataflow.customers.id
}
`)
	dataflows.refuses(`connector "App": it is not in the workspace. Create it, or give connector_id the id of one that exists.`, []string{"apply", "-auto-approve"})
	w.equalHistory("1 import create Completed")
}

func TestPlan_WarnsOfTablesThatTheLastCheckCouldNotRead(t *testing.T) {
	w := newWorld(t, 10)
	w.deny("ListGroups", "ListUsersInGroup")
	r := newRoot(t, requires+w.connector())
	delete(r.env, "TF_LOG")
	r.succeed("apply", "-auto-approve")
	r.write(requires + w.dataflow("  tables = { users = {}, groups = {}, group_memberships = {} }"))
	output := r.succeed("plan")
	const warned = `When connector "App" was last checked, on .* it could not read: - group_memberships: The credentials may not call .*- groups: The credentials may not call cognito-idp:ListGroups.*Leave these tables out to import the others.`
	if !said(warned).MatchString(unframed(output)) {
		t.Errorf("the plan does not warn of what can't be read:\n%s", output)
	}
	w.deny()
	r.succeed("apply", "-auto-approve")
}

func TestPlan_OfADestroySaysWhatItTakesAlong(t *testing.T) {
	w := newWorld(t, 10)
	config := func(more string) string {
		return requires + w.dataflow("  tables = { users = {}, groups = {} }\n"+more)
	}
	r := newRoot(t, config(""))
	delete(r.env, "TF_LOG")
	r.succeed("apply", "-auto-approve")
	r.write(config("  refresh_triggers = { build = \"2\" }"))
	r.succeed("apply", "-auto-approve")
	const lost = `Of dataflow "Customers": 2 tables in database customers: groups (3 rows), users (10 rows). With them goes the data of 2 runs that a rollback could go to. ` +
		`The run history stays. To keep the tables, set on_destroy = "retain" and apply that first.`
	warns := func(want bool, args ...string) {
		t.Helper()
		if out := r.succeed(args...); fails(lost).MatchString(unframed(out)) != want {
			t.Errorf("%v says\n%s\nwhether it is to say what is lost: %v", args, unframed(out), want)
		}
	}
	warns(true, "plan", "-destroy")
	warns(false, "plan")
	r.write(strings.Replace(config("  refresh_triggers = { build = \"2\" }"), `name         = "Customers"`, `name         = "Clients"`, 1))
	warns(true, "plan") // it is replaced
	r.write(config("  refresh_triggers = { build = \"2\" }\n  on_destroy = \"retain\""))
	r.succeed("apply", "-auto-approve")
	warns(false, "plan", "-destroy")
}

// A run beside the dataflow comes after the dataflow's own attributes: who reads what it made waits for it by its run.
func TestDataflowRun_WhatReadsAtItsRunIsReadAfterIt(t *testing.T) {
	w := newWorld(t, 10)
	config := func(build string) string {
		return w.dataflow("  tables = { users = {} }") + `
resource "skypoint_dataflow_run" "now" {
  dataflow_id = skypoint_dataflow.customers.id
  triggers    = { build = "` + build + `" }
}
data "skypoint_dataflow_runs" "it" {
  dataflow_id = skypoint_dataflow.customers.id
  at_run      = skypoint_dataflow_run.now.run
}
output "newest" {
  value = data.skypoint_dataflow_runs.it.runs[0].run
}
`
	}
	newest := func(run int64) []statecheck.StateCheck {
		return []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("newest", knownvalue.Int64Exact(run))}
	}
	w.run( // after each step the plan is empty
		resource.TestStep{Config: config("1"), ConfigStateChecks: newest(2)},
		resource.TestStep{
			Config: config("2"), ConfigStateChecks: newest(3),
			ConfigPlanChecks: planned(
				plancheck.ExpectResourceAction("skypoint_dataflow_run.now", plancheck.ResourceActionReplace),
				plancheck.ExpectResourceAction(customers, plancheck.ResourceActionNoop),
				plancheck.ExpectUnknownOutputValue("newest"), // read after the run
			),
		},
	)
}
