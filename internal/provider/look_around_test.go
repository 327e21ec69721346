package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

// shows expects a value of a data source.
func shows(object string, value knownvalue.Check, path tfjsonpath.Path) statecheck.StateCheck {
	return statecheck.ExpectKnownValue("data."+object, path, value)
}

func TestConnectorTypes_AreFoundByCategoryAndText(t *testing.T) {
	w := newWorld(t, 0)
	filters := map[string]int{
		``: 1, `category = "SERVICES and apps"`: 1, `category = "Databases"`: 0, `search = "cognito"`: 1, `search = "GROUPS"`: 1, `search = "salesforce"`: 0,
		"category = \"Services and apps\"\nsearch = \"salesforce\"": 0,
	}
	config, n := w.provider(), 0
	var checks []statecheck.StateCheck
	for filter, found := range filters {
		config += fmt.Sprintf("data \"skypoint_connector_types\" \"t%d\" {\n%s\n}\n", n, filter)
		checks = append(checks, shows(fmt.Sprintf("skypoint_connector_types.t%d", n), knownvalue.ListSizeExact(found), at("types")))
		if found > 0 {
			checks = append(checks, shows(fmt.Sprintf("skypoint_connector_types.t%d", n), knownvalue.ObjectExact(map[string]knownvalue.Check{
				"name": knownvalue.StringExact("AWS Cognito"), "category": knownvalue.StringExact("Services and apps"), "resource": knownvalue.StringExact("skypoint_cognito_connector"),
				"description": knownvalue.StringExact("Users, groups, memberships and the settings of an AWS Cognito user pool."),
			}), at("types").AtSliceIndex(0)))
		}
		n++
	}
	w.run(resource.TestStep{Config: config, ConfigStateChecks: checks})
	if w.exists() {
		t.Error("a workspace was made")
	}
}

func TestCognitoConnectorData_ShowsAnotherRootModuleWhatADataflowNeeds(t *testing.T) {
	w := newWorld(t, 10)
	w.must(w.connectElsewhere())
	look := func(name string) string {
		return w.provider() + fmt.Sprintf("data \"skypoint_cognito_connector\" \"app\" {\n  name = %q\n}\n", name)
	}
	const app = "skypoint_cognito_connector.app"
	w.run(
		resource.TestStep{
			Config: look("App") + `
resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = data.skypoint_cognito_connector.app.id
  tables       = { for t in data.skypoint_cognito_connector.app.available_tables : t.key => {} if contains(["users", "groups"], t.key) && t.readable }
}`,
			ConfigStateChecks: []statecheck.StateCheck{
				shows(app, knownvalue.StringExact("App"), at("id")), shows(app, knownvalue.StringExact(testPoolID), at("user_pool_id")),
				shows(app, knownvalue.StringExact("us-east-1"), at("region")), shows(app, knownvalue.StringExact("customers"), at("user_pool_name")),
				shows(app, knownvalue.Int64Exact(10), at("estimated_users")), shows(app, knownvalue.Int64Exact(10_000), at("max_requests_per_second")),
				shows(app, knownvalue.ListSizeExact(13), at("available_tables")), shows(app, knownvalue.Null(), at("display_name")),
				is(knownvalue.Int64Exact(2), "table_count"),
			},
		},
		resource.TestStep{Config: look("Partners"), ExpectError: said(`connector "Partners": it is not in the workspace`)},
		resource.TestStep{Config: look("APP"), ExpectError: said(`App`)},
	)
}

// connectElsewhere makes the connector as another root module does.
func (w *world) connectElsewhere() error {
	c := newCore(w.t, w, allTables)
	c.config = c.config[:1]
	if r := c.apply(); len(r.errors) > 0 {
		return fmt.Errorf("%s", r.errors)
	}
	return nil
}

func TestDataflows_AreListedFilteredAndGroupedAndNoneIsHidden(t *testing.T) {
	w := newWorld(t, 10)
	config := w.dataflow(allTables) + `
resource "skypoint_dataflow" "partners" {
  name         = "Partners"
  display_name = "Partners of ours"
  connector_id = skypoint_cognito_connector.app.id
  run_on_apply = false
  tables       = { users = {} }
}
`
	looks := ""
	for name, arguments := range map[string]string{
		"all": "", "named": `name_regex = "^Cust"`, "new": `status = "New"`, "app": `connector_id = "App"`, "none": `connector_id = "Other"`, "typed": `type = "AWS Cognito"`,
		"by_status": `group_by = "status"`, "by_name": "group_by = \"name\"\nstatus = \"New\"", "by_type": `group_by = "type"`,
	} {
		looks += fmt.Sprintf("data \"skypoint_dataflows\" %q {\n%s\nat_run = skypoint_dataflow.customers.current_run\ndepends_on = [skypoint_dataflow.partners]\n}\n", name, arguments)
	}
	first := func(name, attribute string, value knownvalue.Check) statecheck.StateCheck {
		return shows("skypoint_dataflows."+name, value, at("dataflows").AtSliceIndex(0).AtMapKey(attribute))
	}
	count := func(name string, n int) statecheck.StateCheck {
		return shows("skypoint_dataflows."+name, knownvalue.ListSizeExact(n), at("dataflows"))
	}
	group := func(name, value string, n int) statecheck.StateCheck {
		return shows("skypoint_dataflows."+name, knownvalue.ListSizeExact(n), at("groups", value, "dataflows"))
	}
	w.run(
		resource.TestStep{Config: config},
		resource.TestStep{Config: config + looks, ConfigStateChecks: []statecheck.StateCheck{
			count("all", 2), count("named", 1), count("new", 1), count("app", 2), count("none", 0), count("typed", 2),
			first("all", "name", knownvalue.StringExact("Customers")), first("all", "id", knownvalue.StringExact("Customers")), first("all", "type", knownvalue.StringExact("AWS Cognito")),
			first("all", "status", knownvalue.StringExact("Completed")), first("all", "table_count", knownvalue.Int64Exact(3)), first("all", "current_run", knownvalue.Int64Exact(1)),
			first("all", "database", knownvalue.StringExact("customers")), first("all", "connector_id", knownvalue.StringExact("App")), first("all", "last_refresh_at", knownvalue.NotNull()),
			first("new", "name", knownvalue.StringExact("Partners")), first("new", "display_name", knownvalue.StringExact("Partners of ours")),
			first("new", "last_refresh_at", knownvalue.Null()), first("new", "current_run", knownvalue.Null()), first("new", "table_count", knownvalue.Int64Exact(0)),
			shows("skypoint_dataflows.all", knownvalue.Null(), at("groups")), shows("skypoint_dataflows.all", knownvalue.ListSizeExact(0), at("unreadable")),
			group("by_status", "Completed", 1), group("by_status", "New", 1), group("by_type", "AWS Cognito", 2), group("by_name", "Partners", 1),
			shows("skypoint_dataflows.by_name", knownvalue.MapSizeExact(1), at("groups")),
		}},
	)
}

func TestDataflows_NameARecordThatCantBeReadAndListTheOthers(t *testing.T) {
	for what, damage := range map[string]func(w *world) string{
		"the first record": func(w *world) string {
			return filepath.Join(w.folder(), "dataflows", "damaged", "definitions", "00000001.json")
		},
		"the newest record": func(w *world) string {
			files, err := filepath.Glob(filepath.Join(w.folder(), "dataflows", "damaged", "definitions", "*.json"))
			w.must(err)
			return files[len(files)-1]
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, 10)
			look := w.provider() + "data \"skypoint_dataflows\" \"all\" {\n  status = \"Completed\"\n}\n"
			c := newCore(t, w, allTables)
			for _, name := range []string{"Damaged", "Customers"} {
				c.config = append(c.config[:1], declared{dataflowType, fmt.Sprintf("name = %q\nconnector_id = \"App\"\n%s\n", name, allTables)})
				if r := c.apply(); len(r.errors) > 0 {
					t.Fatal(r.errors)
				}
				delete(c.objects, dataflowType)
			}
			w.must(os.WriteFile(damage(w), []byte("{"), 0o600))
			w.run(resource.TestStep{Config: look, ConfigStateChecks: []statecheck.StateCheck{
				shows("skypoint_dataflows.all", knownvalue.ListSizeExact(1), at("dataflows")),
				shows("skypoint_dataflows.all", knownvalue.StringExact("Customers"), at("dataflows").AtSliceIndex(0).AtMapKey("name")),
				shows("skypoint_dataflows.all", knownvalue.ListSizeExact(1), at("unreadable")),
				shows("skypoint_dataflows.all", knownvalue.StringRegexp(said(`(?i)^damaged$`)), at("unreadable").AtSliceIndex(0).AtMapKey("name")),
				shows("skypoint_dataflows.all", knownvalue.StringRegexp(said(`\S`)), at("unreadable").AtSliceIndex(0).AtMapKey("reason")),
			}})
		})
	}
}

func TestUserPoolData_ShowsThePoolAndWhatImportingItTakes(t *testing.T) {
	w := newWorld(t, 1_200)
	w.pool.AddDomain("customers", cognitotest.Fields{})
	const pool = "skypoint_cognito_user_pool.app"
	attribute := func(name string) tfjsonpath.Path { return at("attributes").AtSliceIndex(0).AtMapKey(name) }
	look := w.connector() + `
data "skypoint_cognito_user_pool" "app" {
  connector_id            = skypoint_cognito_connector.app.id
  max_requests_per_second = 20
  tables                  = ["users", "devices"]
}
data "skypoint_cognito_user_pool" "all" {
  connector_id = skypoint_cognito_connector.app.id
}`
	w.run(
		resource.TestStep{Config: look, ConfigStateChecks: []statecheck.StateCheck{
			shows(pool, knownvalue.StringExact("customers"), at("name")), shows(pool, knownvalue.StringExact(testPoolID), at("user_pool_id")),
			shows(pool, knownvalue.StringExact("arn:aws:cognito-idp:us-east-1:123456789012:userpool/"+testPoolID), at("arn")), shows(pool, knownvalue.StringExact("us-east-1"), at("region")),
			shows(pool, knownvalue.StringExact("ESSENTIALS"), at("tier")), shows(pool, knownvalue.StringExact("OFF"), at("mfa")), shows(pool, knownvalue.Int64Exact(1_200), at("estimated_users")),
			shows(pool, knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("customers")}), at("domains")),
			shows(pool, knownvalue.StringExact("sub"), attribute("name")), shows(pool, knownvalue.StringExact("sub"), attribute("column")), shows(pool, knownvalue.StringExact("string"), attribute("column_type")),
			shows(pool, knownvalue.Int64Exact(23), at("forecast", "tables").AtSliceIndex(0).AtMapKey("calls")), shows(pool, knownvalue.Float64Exact(0.1), at("forecast", "tables").AtSliceIndex(0).AtMapKey("minutes")),
			shows(pool, knownvalue.Int64Exact(1_223), at("forecast", "tables").AtSliceIndex(1).AtMapKey("calls")), shows(pool, knownvalue.Float64Exact(0.7), at("forecast", "tables").AtSliceIndex(1).AtMapKey("minutes")),
			shows(pool, knownvalue.Int64Exact(1_246), at("forecast", "calls")), shows(pool, knownvalue.Float64Exact(0.7), at("forecast", "minutes")),
			shows(pool, knownvalue.ListSizeExact(6), at("forecast", "assumes")),
			shows("skypoint_cognito_user_pool.all", knownvalue.ListSizeExact(11), at("forecast", "tables")), shows("skypoint_cognito_user_pool.all", knownvalue.Int64Exact(10_000), at("max_requests_per_second")),
		}},
		resource.TestStep{Config: strings.Replace(look, "skypoint_cognito_connector.app.id", `"Other"`, 1), ExpectError: said(`connector "Other": it is not in the workspace`)},
	)
}

func TestUserPoolData_NeedsNoConnector(t *testing.T) {
	w := newWorld(t, 10)
	r := newRoot(t, fmt.Sprintf(`
terraform {
  required_providers {
    skypoint = { source = "skypointcloud/skypoint" }
  }
}
data "skypoint_cognito_user_pool" "app" {
  user_pool_id = %q
  endpoint     = %q
}
output "pool" {
  value = "${data.skypoint_cognito_user_pool.app.name} in ${data.skypoint_cognito_user_pool.app.region}: ${data.skypoint_cognito_user_pool.app.max_requests_per_second}"
}`, testPoolID, w.endpoint))
	r.env["AWS_ACCESS_KEY_ID"], r.env["AWS_SECRET_ACCESS_KEY"] = testKeyID, testSecret
	r.succeed("apply", "-auto-approve")
	if out := r.succeed("output", "-raw", "pool"); out != "customers in us-east-1: 20" {
		t.Errorf("output %q", out)
	}
	if _, err := os.Stat(filepath.Join(r.dir, ".skypoint")); !os.IsNotExist(err) {
		t.Errorf("a workspace was made: %v", err)
	}
	w.deny("DescribeUserPool")
	if code, out := r.run("plan"); code != 1 || !fails("is not authorized to perform: cognito-idp:DescribeUserPool").MatchString(unframed(out)) {
		t.Errorf("a plan without the permission ended with %d:\n%s", code, out)
	}
}
