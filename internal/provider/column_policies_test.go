package provider_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

const (
	oneKey     = "one key of a person's, of more than 32 bytes"
	anotherKey = "another key of a person's, of more than 32 bytes"
)

func hashWithOneKey(text string) string {
	mac := hmac.New(sha256.New, []byte(oneKey))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func withKey(key string, version int) string {
	return fmt.Sprintf("hash_key_wo = %q\nhash_key_wo_version = %d\n", key, version)
}

func (c *core) description() string {
	c.t.Helper()
	return c.attribute("last_run", "description")
}

// says expects that one of these texts begins with this.
func (c *core) says(what string, said []string, want string) {
	c.t.Helper()
	if !slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, want) }) {
		c.t.Errorf("%s: nobody says %q, but\n%s", what, want, strings.Join(said, "\n"))
	}
}

const hiddenUsers = `tables = {
  users = { columns = {
    sub          = { policy = "hash" }
    username     = { policy = "drop" }
    email        = { policy = "hash" }
    phone_number = { policy = "mask", keep_last = 4 }
    enabled      = { policy = "load" }
  } }
  user_attributes   = {}
  group_memberships = { columns = { sub = { policy = "hash" }, username = { policy = "mask" } } }
}
`

func TestColumns_AreHashedMaskedAndDropped(t *testing.T) {
	w := newWorld(t, 30)
	w.give("phone_number", "+4917012345678")
	w.pool.PutGroup(cognitotest.Group{Name: "All"})
	for user := range w.pool.All() {
		w.pool.Join("All", user.Sub)
	}
	c := newCore(t, w, hiddenUsers+withKey(oneKey, 1))
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	c.succeeds("plan", c.plan())
	for column, want := range map[string]string{"sub": "sub_hashed", "username": "null", "phone_number": "phone_number", "enabled": "enabled"} {
		if got := c.attribute("tables", "users", "columns", column, "loaded_as"); got != want {
			t.Errorf("column %s is loaded as %s, want %s", column, got, want)
		}
	}

	byHash := map[string]map[string]any{}
	for _, row := range w.rowsOf("users") {
		byHash[row["sub_hashed"].(string)] = row
	}
	if len(byHash) != w.pool.Len() {
		t.Fatalf("there are %d rows", len(byHash))
	}
	members := map[string]any{}
	for _, row := range w.rowsOf("group_memberships") {
		members[row["sub_hashed"].(string)] = row["username"]
	}
	for user := range w.pool.All() {
		row := byHash[hashWithOneKey(user.Sub)]
		var hashed any
		if email, has := user.Attribute("email"); has {
			hashed = hashWithOneKey(email)
		}
		if row["email_hashed"] != hashed || row["phone_number"] != "********5678" || row["enabled"] != user.Enabled {
			t.Errorf("user %s has the row %v", user.Sub, row)
		}
		for _, gone := range []string{"sub", "username", "email"} {
			if _, there := row[gone]; there {
				t.Errorf("user %s has a column %s", user.Sub, gone)
			}
		}
		if members[hashWithOneKey(user.Sub)] != "********" {
			t.Errorf("user %s is a member as %v", user.Sub, members[hashWithOneKey(user.Sub)])
		}
	}
	if diff := cmp.Diff(map[string]any{"sub": "sub_hashed", "email": "email_hashed", "phone_number": "phone_number"}, w.usersColumns("sub", "email", "phone_number")); diff != "" {
		t.Errorf("the columns of attributes (-want +got):\n%s", diff)
	}

	c.declare(hiddenUsers + withKey(oneKey, 1) + `refresh_triggers = { build = "2" }`)
	c.succeeds("a second apply", c.apply(), dataflowType)
	if got := c.description(); !strings.Contains(got, "users 30 rows (unchanged)") {
		t.Errorf("a run without changes says %q", got)
	}
}

func TestColumns_AnotherPolicyOrKeyIsAnotherImportThatSaysSo(t *testing.T) {
	w := newWorld(t, 30)
	plain := "tables = { users = {} }\nmax_removed_percent = 0\n"
	const noKey = "Missing key: A hash_key_wo_version takes its key: set hash_key_wo. It may be left out only while hash_key_wo_version stays what it was for a dataflow that is there."
	c := newCore(t, w, plain+"hash_key_wo_version = 1\n")
	c.fails("plan of a version without a key", c.plan(), noKey)
	c.declare(plain)
	c.succeeds("apply", c.apply(), connectorType, dataflowType)

	hidden := "max_removed_percent = 0\ntables = { users = { columns = { email = { policy = \"hash\" }, name = { policy = \"drop\" } } } }\n"
	c.declare(hidden + withKey(oneKey, 1))
	planned := c.plan()
	c.plans("plan", planned, dataflowType)
	const held = `Earlier runs hold the values: email, name of table "users": the runs that are kept, up to run 1, hold the values as they were loaded.`
	c.says("the plan", planned.warnings, held)
	c.plans("apply", c.apply(), dataflowType)
	if got, want := c.description(), "Policies of table users changed: email hash (before: load), name drop (before: load). Runs up to 1 hold the values as they were, until retain_runs lets them go."; !strings.Contains(got, want) {
		t.Errorf("the run says %q, want %q in it", got, want)
	}
	if got := c.attribute("run_reason"); got != "Another import is asked for: tables (users), hash_key_wo_version." {
		t.Errorf("its reason is %q", got)
	}
	hashes := 0
	for _, row := range w.rowsOf("users") {
		if row["email"] != nil || row["name"] != nil {
			t.Fatalf("a row is %v", row)
		}
		if row["email_hashed"] != nil {
			hashes++
		}
	}
	if hashes < 20 {
		t.Errorf("%d users have a hashed address", hashes)
	}

	c.declare(hidden + "hash_key_wo_version = 1\n") // the key is sealed
	c.succeeds("plan without the key", c.plan())
	c.declare(hidden + "hash_key_wo_version = 2\n")
	c.fails("plan of a new version without a key", c.plan(), noKey)
	c.declare(hidden + withKey(anotherKey, 2))
	c.succeeds("another key", c.apply(), dataflowType)
	if got := c.description(); !strings.Contains(got, "Columns of table users are hashed with another key (") {
		t.Errorf("the run says %q", got)
	}

	// Every row gets another key then: max_removed_percent = 0 does not take that for removals.
	keyed := "max_removed_percent = 0\ntables = { users = { columns = { sub = { policy = \"hash\" }, email = { policy = \"hash\" }, name = { policy = \"drop\" } } } }\n"
	c.declare(keyed + withKey(anotherKey, 2))
	c.plans("a hashed key", c.apply(), dataflowType)
	if got := c.description(); !strings.Contains(got, "users 30 rows (30 added, 30 removed, under other keys)") {
		t.Errorf("the run says %q", got)
	}
	c.declare(keyed + withKey(oneKey, 3))
	c.succeeds("another key for the key", c.apply(), dataflowType)
	for user := range w.pool.All() {
		w.pool.Delete(user.Sub)
		break
	}
	c.declare(keyed + withKey(anotherKey, 4))
	c.says("a user that is gone beside another key", c.apply().errors, `Import failed: Run 6 of dataflow "Customers" failed: the run would remove 1 of 30 rows of table users, more than max_removed_percent = 0 allows`)

	c.declare(plain)
	c.config[1].arguments = strings.Replace(c.config[1].arguments, "max_removed_percent = 0", "", 1)
	c.succeeds("no policy any more", c.apply(), dataflowType)
	if addresses, hashes := len(w.valuesOf("email")), len(w.valuesOf("email_hashed")); addresses < 20 || hashes != 0 {
		t.Errorf("there are %d addresses and %d hashes", addresses, hashes)
	}
}

func TestColumns_NewOnesAreStopped(t *testing.T) {
	w := newWorld(t, 5)
	arguments := func(build, columns, what string) string {
		return fmt.Sprintf("tables = { users = { %s, new_columns = %q } }\nrefresh_triggers = { build = %q }\n", columns, what, build)
	}
	c := newCore(t, w, arguments("1", "columns = { custom_later = { policy = \"hash\" } }", "drop"))
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	for _, name := range []string{"custom:later", "custom:new"} {
		w.pool.AddCustomAttribute(cognitotest.Attribute{Name: name, Type: "String"})
		w.give(name, "value of "+name)
	}
	for _, build := range []string{"2", "3"} { // what was left out once stays new
		c.declare(arguments(build, "columns = { custom_later = { policy = \"hash\" } }", "drop"))
		c.succeeds("apply", c.apply(), dataflowType)
		for _, row := range w.rowsOf("users") {
			if row["custom_later_hashed"] == nil || row["custom_new"] != nil || row["custom_later"] != nil {
				t.Fatalf("a row is %v", row)
			}
		}
	}
	c.declare(arguments("4", "columns = {}", "fail"))
	c.says("an apply that is to fail", c.apply().errors, `Import failed: Run 4 of dataflow "Customers" failed: table users: apply new_columns: the source has got custom_new since, which columns does not name. Name them in columns`)
	c.declare(arguments("5", "columns = { custom_new = { policy = \"load\" } }", "fail"))
	c.succeeds("a name for it", c.apply(), dataflowType)
	if row := w.rowsOf("users")[0]; row["custom_new"] != "value of custom:new" {
		t.Errorf("a row is %v", row)
	}
}

func TestColumns_ThatAreNotThereFailAtTheirNameAndListTheOnesThatAre(t *testing.T) {
	w := newWorld(t, 5)
	c := newCore(t, w, `tables = { users = { columns = { emial = { policy = "drop" } } } }`)
	c.says("apply", c.apply().errors, `Import failed: Run 1 of dataflow "Customers" failed: table users: column "emial" of table users: apply its policy: the table has no such column: it has sub, username, status, enabled, created_at, updated_at, `)
}

func TestColumns_OfWhichOtherTablesHaveACopyAreWarnedOf(t *testing.T) {
	w := newWorld(t, 5)
	c := newCore(t, w, `tables = { users = { columns = { username = { policy = "hash" } } }, group_memberships = {}, devices = { columns = { username = { policy = "drop" } } } }`)
	c.says("plan", c.plan().warnings, `Other tables have the value: Column "username" has policy "hash" in table "users", and is loaded as it is in group_memberships. Give it a policy there too`)
}

// showPolicies gives the policy of each column of users, as skypoint_table says.
const showPolicies = `
data "skypoint_table" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
  at_run      = skypoint_dataflow.customers.current_run
}
data "skypoint_cognito_user_pool" "app" {
  connector_id = skypoint_cognito_connector.app.id
}
locals {
  shown = ["email", "email_hashed", "name", "phone_number", "sub"]
}
output "policies" {
  value = { for c in data.skypoint_table.users.columns : c.name => coalesce(c.policy, "nothing") if contains(local.shown, c.name) }
}
output "allowed" {
  value = { for c in data.skypoint_cognito_user_pool.app.columns["users"] : c.name => "${join(" ", c.policies)} ${c.has_inner}"
    if contains(["sub", "email", "updated_at", "custom_score", "identities", "other_attributes"], c.name) }
}
`

func TestColumns_ShowTheirPolicyAndWhichOnesTheyMayHave(t *testing.T) {
	w := newWorld(t, 5)
	texts := func(of map[string]string) knownvalue.Check {
		checks := map[string]knownvalue.Check{}
		for name, text := range of {
			checks[name] = knownvalue.StringExact(text)
		}
		return knownvalue.MapExact(checks)
	}
	allowed := statecheck.ExpectKnownOutputValue("allowed", texts(map[string]string{
		"sub": "load hash false", "email": "load hash mask drop false", "updated_at": "load false", "custom_score": "load hash drop false",
		"identities": "load hash mask drop true", "other_attributes": "load drop true",
	}))
	step := func(columns string, policies map[string]string) resource.TestStep {
		return resource.TestStep{
			Config:            w.dataflow("tables = { users = { "+columns+" } }") + showPolicies,
			ConfigStateChecks: []statecheck.StateCheck{allowed, statecheck.ExpectKnownOutputValue("policies", texts(policies))},
		}
	}
	w.run(
		step(`columns = { email = { policy = "hash" }, phone_number = { policy = "mask" }, name = { policy = "drop" } }`,
			map[string]string{"sub": "load", "email_hashed": "hash", "phone_number": "mask"}),
		step("", map[string]string{"sub": "load", "email_hashed": "nothing", "phone_number": "load", "email": "load", "name": "load"}),
		step(`columns = { email = { policy = "hash" }, name = { policy = "drop" } }`,
			map[string]string{"sub": "load", "email_hashed": "hash", "phone_number": "load", "email": "hash", "name": "drop"}),
	)
}

func TestColumns_ThatTurnOutToBeBadStartNoRun(t *testing.T) {
	for argument, value := range map[string]string{"columns = LATER": `{ sub = { policy = "drop" } }`, "columns = { sub = { policy = LATER } }": `"drop"`} {
		t.Run(argument, func(t *testing.T) {
			w := newWorld(t, 5)
			config := w.dataflow("tables = { users = { " + strings.ReplaceAll(argument, "LATER", "terraform_data.later.output.value") + " } }")
			w.run(resource.TestStep{
				Config:      config + "resource \"terraform_data\" \"later\" {\n  input = { value = " + value + " }\n}\n",
				ExpectError: said("Invalid policy.*It is the table's key, without which no row could be told from another: it can be loaded or hashed."),
			})
			if runs, err := w.ledger().Runs(t.Context(), "Customers", 0, 10); err != nil || len(runs) > 0 {
				t.Errorf("the history has %d runs: %v", len(runs), err)
			}
		})
	}
}
