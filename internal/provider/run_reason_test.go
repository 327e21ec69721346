package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

func TestPlan_SaysInOneLineWhyItRuns(t *testing.T) {
	w := newWorld(t, 10)
	config := func(arguments string) string { return w.dataflow(arguments) }
	step := func(reason, arguments string) resource.TestStep {
		return resource.TestStep{
			Config:            config(arguments),
			ConfigPlanChecks:  planned(plancheck.ExpectKnownValue(customers, at("run_reason"), knownvalue.StringExact(reason))),
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.StringExact(reason), "run_reason")},
		}
	}
	failed := step("The newest import failed: run 4.", "tables = { users = {}, user_pool = {} }\nrefresh_triggers = { build = \"2\" }")
	failed.PreConfig = func() { w.deny() }
	lost := step("The tables are not as the last import left them, or an earlier change was not imported.", "tables = { users = {}, user_pool = {} }\nrefresh_triggers = { build = \"2\" }")
	lost.PreConfig = func() { w.dropTable("user_pool") }
	later := config("tables = { users = {} }\nrefresh_triggers = { build = terraform_data.later.output }") + "resource \"terraform_data\" \"later\" {\n  input = \"4\"\n}\n"
	w.run(
		step("It is created.", "tables = { users = {}, groups = {} }\nrefresh_triggers = { build = \"1\", other = \"1\" }"),
		resource.TestStep{ // nothing runs: the reason stays
			Config:           config("tables = { users = {}, groups = {} }\nrefresh_triggers = { build = \"1\", other = \"1\" }\ndescription = \"ours\""),
			ConfigPlanChecks: planned(plancheck.ExpectKnownValue(customers, at("run_reason"), knownvalue.StringExact("It is created."))),
		},
		step("refresh_triggers changed: build, other.", "tables = { users = {}, groups = {} }\nrefresh_triggers = { build = \"2\" }"),
		step("Another import is asked for: tables (groups, user_pool).", "tables = { users = {}, user_pool = {} }\nrefresh_triggers = { build = \"2\" }"),
		resource.TestStep{
			PreConfig: func() { w.deny("ListUsers") },
			Config:    config("tables = { users = {}, user_pool = {} }\nrefresh_triggers = { build = \"3\" }"), ExpectError: said(`cognito-idp:ListUsers`),
		},
		failed,
		step("pinned_run: the tables go to run 2.", "tables = { users = {}, user_pool = {} }\nrefresh_triggers = { build = \"2\" }\npinned_run = 2"),
		step("pinned_run was removed: the tables go to the newest import, or there is one where that is due.", "tables = { users = {}, user_pool = {} }\nrefresh_triggers = { build = \"2\" }"),
		lost,
		resource.TestStep{
			Config:            later,
			ConfigPlanChecks:  planned(plancheck.ExpectUnknownValue(customers, at("run_reason"))),
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.StringExact("Another import is asked for: tables (user_pool)."), "run_reason")},
		},
	)
}
