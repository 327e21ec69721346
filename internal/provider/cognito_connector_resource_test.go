package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

const app = "skypoint_cognito_connector.app"

func ofApp(value knownvalue.Check, attributes ...string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(app, at(attributes...), value)
}

func TestConnector_ChecksTheConnectionWhenCreated(t *testing.T) {
	w := newWorld(t, 42)
	w.run(resource.TestStep{
		Config: w.connector(),
		ConfigStateChecks: []statecheck.StateCheck{
			ofApp(knownvalue.StringExact("App"), "id"),
			ofApp(knownvalue.StringExact("us-east-1"), "region"),
			ofApp(knownvalue.StringExact("customers"), "user_pool_name"),
			ofApp(knownvalue.Int64Exact(42), "estimated_users"),
			ofApp(knownvalue.Null(), "secret_access_key_wo"),
			ofApp(knownvalue.MapExact(map[string]knownvalue.Check{"auth_events": knownvalue.StringRegexp(said("threat protection"))}), "unreadable_tables"),
		},
	})
}

func TestConnector_SaysWhichTablesItCantRead(t *testing.T) {
	w := newWorld(t, 1)
	w.deny("ListGroups")
	w.run(resource.TestStep{
		Config: w.connector(),
		ConfigStateChecks: []statecheck.StateCheck{
			ofApp(knownvalue.MapSizeExact(3), "unreadable_tables"),
			ofApp(knownvalue.StringRegexp(said(`ListGroups`)), "unreadable_tables", "groups"),
			ofApp(knownvalue.StringRegexp(said(`ListGroups`)), "unreadable_tables", "group_memberships"),
		},
	})
}

func TestConnector_ChecksAgainOnlyWhenTheSignInChanges(t *testing.T) {
	w := newWorld(t, 1)
	described := func() int64 { return w.server.Stats().Calls["DescribeUserPool"] }
	var before int64
	w.run(
		resource.TestStep{Config: w.connector()},
		resource.TestStep{
			PreConfig: func() { before = described() },
			Config:    strings.Replace(w.connector(), `name  `, "display_name = \"Our app\"\n  name", 1),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectKnownValue(app, at("user_pool_name"), knownvalue.StringExact("customers")),
			}},
			ConfigStateChecks: []statecheck.StateCheck{ofApp(knownvalue.StringExact("Our app"), "display_name")},
		},
		resource.TestStep{
			PreConfig: func() {
				if after := described(); after != before {
					t.Errorf("a new display_name asked AWS %d times", after-before)
				}
			},
			Config: strings.Replace(w.connector(), `user_pool_id `, "region = \"us-east-1\"\n  user_pool_id", 1),
		},
	)
}

func TestConnector_TakesANewSecretOnlyWithANewVersion(t *testing.T) {
	const rotated = "anotherSecretThatIsRightFromNowOn0123456"
	w := newWorld(t, 10)
	other := strings.Replace(w.dataflow(allTables), testSecret, rotated, 1)
	newer := strings.Replace(other, "secret_access_key_wo_version = 1", "secret_access_key_wo_version = 2", 1)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{Config: other, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
		resource.TestStep{
			Config: newer,
			PreConfig: func() {
				w.server.SetCredentials(cognitotest.Credential{AccessKeyID: testKeyID, SecretAccessKey: rotated})
			},
			ConfigStateChecks: []statecheck.StateCheck{ofApp(knownvalue.Int64Exact(2), "secret_access_key_wo_version")},
		},
		resource.TestStep{ // and the dataflow signs in with it
			Config:            strings.Replace(newer, "tables =", "refresh_triggers = { again = 1 }\n  tables =", 1),
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(2), "current_run")},
		},
	)
}

func TestConnector_AppliesWhatWasPlannedThoughSomebodyElseHasCheckedTheConnection(t *testing.T) {
	w := newWorld(t, 42)
	w.run(
		resource.TestStep{Config: w.connector()},
		resource.TestStep{
			Config: strings.Replace(w.connector(), `name  `, "display_name = \"Our app\"\n  name", 1),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{afterPlan(func() {
				connector, err := w.ledger().Connector(t.Context(), "App")
				w.must(err)
				connector.Check.Source = cognito.Seen{UserPoolName: "customers", EstimatedUsers: 43}.Raw()
				w.must(w.ledger().PutConnector(t.Context(), connector, nil))
			})}},
			ConfigStateChecks: []statecheck.StateCheck{ofApp(knownvalue.StringExact("Our app"), "display_name")},
		},
		resource.TestStep{RefreshState: true, Check: resource.TestCheckResourceAttr(app, "estimated_users", "43")},
	)
}

func TestConnector_DeletedBehindTerraformIsCreatedAgain(t *testing.T) {
	w := newWorld(t, 1)
	w.run(
		resource.TestStep{Config: w.connector()},
		resource.TestStep{
			PreConfig: func() { w.must(w.ledger().DeleteConnector(t.Context(), "App")) },
			Config:    w.connector(),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(app, plancheck.ResourceActionCreate)}},
		},
	)
}

func TestConnector_RenamedInCaseIsReplaced(t *testing.T) {
	w := newWorld(t, 1)
	w.run(
		resource.TestStep{Config: w.connector()},
		resource.TestStep{
			Config: strings.Replace(w.connector(), `"App"`, `"APP"`, 1),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(app, plancheck.ResourceActionDestroyBeforeCreate)}},
			ConfigStateChecks: []statecheck.StateCheck{ofApp(knownvalue.StringExact("APP"), "id")},
		},
	)
}
