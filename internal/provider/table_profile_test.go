package provider_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

// profiled are the columns whose profile the output of showProfile has, and what they are of a user.
var profiled = map[string]func(cognitotest.User) (string, bool){
	"sub":      func(u cognitotest.User) (string, bool) { return u.Sub, true },
	"username": func(u cognitotest.User) (string, bool) { return u.Username, true },
	"status":   func(u cognitotest.User) (string, bool) { return u.Status, true },
	"email":    func(u cognitotest.User) (string, bool) { return u.Attribute("email") },
	"name":     func(u cognitotest.User) (string, bool) { return u.Attribute("name") },
}

const showProfile = `
data "skypoint_table" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
  at_run      = skypoint_dataflow.customers.current_run
}
output "profile" {
  value = { for c in data.skypoint_table.users.columns :
    c.name => "${coalesce(c.filled, -1)} ${coalesce(c.empty, -1)} ${coalesce(c.distinct, -1)} ${coalesce(c.longest, -1)}"
    if contains(["sub", "username", "status", "email", "name", "enabled", "created_at"], c.name) }
}
`

// profileOfPool gives the profile of the pool as it is now: filled, empty, distinct and longest, by column; -1 is null.
func (w *world) profileOfPool() map[string]knownvalue.Check {
	checks := map[string]knownvalue.Check{}
	for column, of := range profiled {
		filled, empty, longest, distinct := 0, 0, 0, map[string]bool{}
		for u := range w.pool.All() {
			value, ok := of(u)
			if !ok {
				continue
			}
			filled++
			if value == "" {
				empty++
			}
			longest = max(longest, utf8.RuneCountInString(value))
			distinct[value] = true
		}
		checks[column] = knownvalue.StringExact(fmt.Sprint(filled, empty, len(distinct), longest))
	}
	enabled, created := map[bool]bool{}, map[string]bool{}
	for u := range w.pool.All() {
		enabled[u.Enabled], created[u.CreatedAt.String()] = true, true
	}
	users := w.pool.Len()
	checks["enabled"] = knownvalue.StringExact(fmt.Sprint(users, 0, len(enabled), -1))
	checks["created_at"] = knownvalue.StringExact(fmt.Sprint(users, 0, len(created), -1))
	return checks
}

func TestTable_ShowsWhatIsKnownOfItsValuesAtTheRunItIsAt(t *testing.T) {
	w := newWorld(t, 200)
	known, unknown := w.profileOfPool(), map[string]knownvalue.Check{}
	for column := range known {
		unknown[column] = knownvalue.StringExact("-1 -1 -1 -1")
	}
	step := func(arguments string, purpose string, records, read int64, profile map[string]knownvalue.Check) resource.TestStep {
		table := func(name string, value knownvalue.Check) statecheck.StateCheck {
			return statecheck.ExpectKnownValue("data.skypoint_table.users", at(name), value)
		}
		var profiledRecords knownvalue.Check = knownvalue.Null()
		if read >= 0 {
			profiledRecords = knownvalue.Int64Exact(read)
		}
		return resource.TestStep{
			Config: w.dataflow(arguments) + showProfile,
			ConfigStateChecks: []statecheck.StateCheck{
				table("purpose", knownvalue.StringExact(purpose)), table("total_records", knownvalue.Int64Exact(records)),
				table("profiled_records", profiledRecords),
				statecheck.ExpectKnownOutputValue("profile", knownvalue.MapExact(profile)),
				statecheck.ExpectKnownValue("skypoint_dataflow.customers", at("table_details", "users", "total_records"), knownvalue.Int64Exact(records)),
			},
		}
	}
	w.run(
		step(`  tables = { users = {} }`, "All", 200, 200, known),
		step(`  tables = { users = { purpose = "Customer 360" } }`, "Customer 360", 200, 200, known),
		step(`  tables = { users = { purpose = "Privacy-Metadata" } }`, "Privacy-Metadata", 0, 200, known),
		step(`  tables = { users = { metadata = false } }`, "All", 200, -1, unknown),
		step("  tables = { users = { metadata = false } }\n  pinned_run = 3", "Privacy-Metadata", 0, 200, known),
		step("  tables = { users = { metadata = false } }\n  pinned_run = 2", "Customer 360", 200, 200, known),
		step("  tables = { users = { metadata = false } }\n  pinned_run = 4", "All", 200, -1, unknown),
		step(`  tables = { users = { purpose = "Privacy-Metadata", data = true } }`, "Privacy-Metadata", 200, 200, known),
	)
}

const privacyConfig = `
terraform {
  required_providers {
    skypoint = { source = "skypointcloud/skypoint" }
  }
}

variable "endpoint" {
  type = string
}

variable "build" {
  type = number
}

provider "skypoint" {}

resource "skypoint_cognito_connector" "app" {
  name                         = "App"
  user_pool_id                 = "us-east-1_Test12345"
  access_key_id                = "` + testKeyID + `"
  secret_access_key_wo         = "` + testSecret + `"
  secret_access_key_wo_version = 1
  endpoint                     = var.endpoint
  max_requests_per_second      = 10000
}

resource "skypoint_dataflow" "customers" {
  name             = "Customers"
  connector_id     = skypoint_cognito_connector.app.id
  tables           = { for key in ["users", "groups", "group_memberships"] : key => { purpose = "Privacy-Metadata" } }
  refresh_triggers = { build = var.build }
}

data "skypoint_table" "tables" {
  for_each    = skypoint_dataflow.customers.tables
  dataflow_id = skypoint_dataflow.customers.id
  key         = each.key
  at_run      = skypoint_dataflow.customers.current_run
}

output "profiled" {
  value = join(" ", [for key, table in data.skypoint_table.tables : "${key}=${table.profiled_records}"])
}
`

func TestPrivacyMetadata_KeepsNoValueOfTheSource(t *testing.T) {
	w := newWorld(t, 50)
	r := newRoot(t, privacyConfig)
	r.env["TF_VAR_endpoint"], r.env["TF_VAR_build"] = w.endpoint, "1"
	r.succeed("apply", "-auto-approve")
	values := w.values()
	w.evolve(5, 5, 5)()
	r.env["TF_VAR_build"] = "2"
	r.succeed("apply", "-auto-approve")
	maps.Copy(values, w.values())

	memberships := 0
	for range w.pool.Memberships() {
		memberships++
	}
	if out, want := r.succeed("output", "-raw", "profiled"), fmt.Sprintf("group_memberships=%d groups=3 users=50", memberships); out != want {
		t.Errorf("the profiles are of %q, want %q", out, want)
	}
	files := r.files()
	for _, kind := range []string{".skypoint/catalog.db", ".skypoint/dataflows/customers/runs/00000002/finished.json", ".metadata.json", ".avro", "trace.log"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(files)), func(name string) bool { return strings.HasSuffix(name, kind) }) {
			t.Errorf("there is no file %s: this test would see no value there", kind)
		}
	}
	for name, content := range files {
		if strings.HasSuffix(name, ".parquet") {
			t.Errorf("%s is a data file", name)
		}
		for value := range values {
			if bytes.Contains(content, []byte(value)) {
				t.Errorf("%s holds %q", name, value)
			}
		}
	}
}

// values gives what the pool knows of people and groups. Short ones are left out: they may be a part of anything.
func (w *world) values() map[string]bool {
	const short = 8
	values := map[string]bool{}
	add := func(value string) {
		if len(value) >= short {
			values[value] = true
		}
	}
	for u := range w.pool.All() {
		add(u.Sub)
		add(u.Username)
		for _, a := range u.Attributes {
			add(a.Value)
		}
	}
	for g := range w.pool.Groups() {
		add(g.Name)
		if g.Description != nil {
			add(*g.Description)
		}
	}
	return values
}
