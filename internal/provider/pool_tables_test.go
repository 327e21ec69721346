package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
)

// wholePool is every table of a user pool.
const wholePool = `  tables = {
    users = {}, groups = {}, group_memberships = {}, user_pool = {}, user_attributes = {}, app_clients = {}, identity_providers = {},
    resource_servers = {}, domains = {}, signing_keys = {}, import_jobs = {}, devices = {}, auth_events = {}
  }`

// The secrets that a pool's answers hold.
const (
	plantedClient   = "planted-client-secret-0123456789"
	plantedProvider = "planted-provider-secret-0123456789"
	plantedKey      = "planted-private-key-0123456789"
	plantedURL      = "planted-pre-signed-signature-0123456789"
	plantedLater    = "planted-detail-of-tomorrow-0123456789"
)

// furnishedWorld is a world whose pool has something in every table.
func furnishedWorld(t *testing.T) *world {
	w := newWorld(t, 20)
	const poolID = "us-east-1_Furnished"
	w.pool = w.server.AddPool(cognitotest.Pool{
		ID: poolID, Name: "furnished", Users: cognitotest.Generate(cognitotest.Spec{Seed: 1, Users: 20, Groups: 3}), ThreatProtection: "ENFORCED",
		Settings: cognitotest.Fields{"EmailConfigurationFailure": "EmailSending"}, // a setting without a column of its own
	})
	w.poolID = poolID
	day := time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)
	w.pool.AddAppClient("webclient", cognitotest.Fields{"ClientName": "Web", "ClientSecret": plantedClient, "CreationDate": day, "LastModifiedDate": day,
		"CallbackURLs": []string{"https://b.example.com", "https://a.example.com"}, "ExplicitAuthFlows": []string{"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}})
	w.pool.AddIdentityProvider("Login", cognitotest.Fields{"CreationDate": day, "LastModifiedDate": day, "AttributeMapping": map[string]string{"email": "email"},
		"ProviderDetails": map[string]string{"client_id": "login", "client_secret": plantedProvider, "private_key": plantedKey, "tomorrow": plantedLater}})
	w.pool.AddResourceServer("https://api.example.com", cognitotest.Fields{"Name": "API", "Scopes": []cognitotest.Fields{{"ScopeName": "read", "ScopeDescription": "Look"}}})
	w.pool.AddDomain("furnished", cognitotest.Fields{"ManagedLoginVersion": 2})
	w.pool.SetSigningKeys(cognitotest.Fields{"kid": "one", "kty": "RSA", "alg": "RS256", "use": "sig", "n": "sXch", "e": "AQAB"})
	w.pool.AddImportJob("import-1", cognitotest.Fields{"JobName": "first", "Status": "Succeeded", "CreationDate": day, "ImportedUsers": 7, "PreSignedUrl": "https://bucket/?X-Amz-Signature=" + plantedURL})
	for u := range w.pool.All() {
		w.pool.AddDevice(u.Sub, "phone", cognitotest.Fields{"DeviceCreateDate": day, "DeviceLastModifiedDate": day, "DeviceAttributes": []cognitotest.Fields{{"Name": "device_name", "Value": "Phone"}}})
		w.pool.AddAuthEvent(u.Sub, "event", cognitotest.Fields{"EventType": "SignIn", "EventResponse": "Pass", "CreationDate": day, "EventContextData": map[string]any{"Country": "Belgium"}})
	}
	return w
}

// rowsOf reads a table, each row as its columns' values without the absent ones, in the order of their text.
func (w *world) rowsOf(name string) []map[string]any {
	lake := w.lakehouse()
	columns, rows, err := lake.Rows(context.Background(), dataflow.TableID{Database: "customers", Name: name}, lakehouse.RowsRequest{})
	w.must(err)
	var all []map[string]any
	for _, row := range rows {
		values := map[string]any{}
		for i, column := range columns {
			if row[i] != nil {
				values[column] = row[i]
			}
		}
		all = append(all, values)
	}
	slices.SortFunc(all, func(a, b map[string]any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return all
}

func TestDataflow_ImportsEveryTableOfAPool(t *testing.T) {
	w := furnishedWorld(t)
	day := time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)
	born := time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
	var files []string
	w.run(
		resource.TestStep{
			Config:           w.dataflow(wholePool + "\n  refresh_triggers = { build = \"1\" }"),
			ConfigPlanChecks: planned(plancheck.ExpectKnownValue(customers, at("table_details", "user_pool", "table_name"), knownvalue.StringExact("user_pool"))),
			ConfigStateChecks: []statecheck.StateCheck{
				is(knownvalue.Int64Exact(13), "table_count"),
				is(knownvalue.StringExact("AuthEvents"), "table_details", "auth_events", "file_name"),
				is(knownvalue.Int64Exact(20), "table_details", "devices", "total_records"),
				is(knownvalue.Int64Exact(int64(len(cognitotest.DefaultSchema()))), "table_details", "user_attributes", "total_records"),
			},
		},
		resource.TestStep{ // the server gives its lists in another order each time: nothing has changed
			PreConfig: func() { files = w.dataFiles() },
			Config:    w.dataflow(wholePool + "\n  refresh_triggers = { build = \"2\" }"),
			ConfigStateChecks: []statecheck.StateCheck{
				is(knownvalue.Int64Exact(2), "current_run"),
				w.did("app_clients", dataflow.Counts{Read: 1, Unchanged: 1}),
				w.did("auth_events", dataflow.Counts{Read: 20, Unchanged: 20}),
			},
		},
		resource.TestStep{
			PreConfig: func() {
				w.equalFiles(files, "an unchanged pool writes no data file")
				for table, want := range map[string][]map[string]any{
					"user_pool": {{
						"id": "us-east-1_Furnished", "name": "furnished", "arn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Furnished", "tier": "ESSENTIALS",
						"deletion_protection": "ACTIVE", "created_at": born, "updated_at": born.Add(time.Hour), "domain": "furnished", "username_attributes": `["email"]`,
						"mfa": "OFF", "sms_mfa_enabled": false, "email_mfa_enabled": false, "threat_protection": "ENFORCED", "lambda_triggers": `{}`, "tags": `{}`,
						"other_settings": `{"EmailConfigurationFailure":"EmailSending"}`,
					}},
					"app_clients": {{
						"client_id": "webclient", "client_name": "Web", "has_secret": true, "created_at": day, "updated_at": day, "refresh_token_validity": int64(30), "oauth_enabled": false,
						"callback_urls": `["https://a.example.com","https://b.example.com"]`, "explicit_auth_flows": `["ALLOW_REFRESH_TOKEN_AUTH","ALLOW_USER_SRP_AUTH"]`,
					}},
					"identity_providers": {{
						"provider_name": "Login", "provider_type": "OIDC", "attribute_mapping": `{"email":"email"}`, "provider_details": `{"client_id":"login"}`, "created_at": day, "updated_at": day,
					}},
					"resource_servers": {{"identifier": "https://api.example.com", "name": "API", "scopes": `[{"description":"Look","name":"read"}]`}},
					"domains":          {{"domain": "furnished", "custom": false, "status": "ACTIVE", "version": "20210101000000", "managed_login_version": int64(2), "account_id": "123456789012"}},
					"signing_keys":     {{"key_id": "one", "key_type": "RSA", "algorithm": "RS256", "public_key_use": "sig", "modulus": "sXch", "exponent": "AQAB"}},
					"import_jobs":      {{"job_id": "import-1", "job_name": "first", "status": "Succeeded", "imported_users": int64(7), "skipped_users": int64(0), "failed_users": int64(0), "created_at": day}},
				} {
					if diff := cmp.Diff(want, w.rowsOf(table)); diff != "" {
						t.Errorf("%s (-want +got):\n%s", table, diff)
					}
				}
				devices, events := []map[string]any{}, []map[string]any{}
				for u := range w.pool.All() {
					devices = append(devices, map[string]any{"sub": u.Sub, "username": u.Username, "device_key": "phone", "device_name": "Phone", "created_at": day, "updated_at": day})
					events = append(events, map[string]any{"sub": u.Sub, "username": u.Username, "event_id": "event", "event_type": "SignIn", "event_response": "Pass", "created_at": day, "country": "Belgium"})
				}
				for table, want := range map[string][]map[string]any{"devices": devices, "auth_events": events} {
					slices.SortFunc(want, func(a, b map[string]any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
					if diff := cmp.Diff(want, w.rowsOf(table)); diff != "" {
						t.Errorf("%s (-want +got):\n%s", table, diff)
					}
				}
				attributes := w.rowsOf("user_attributes")
				if !slices.ContainsFunc(attributes, func(row map[string]any) bool {
					return cmp.Equal(row, map[string]any{"name": "custom:score", "users_column": "custom_score", "data_type": "Number", "required": false, "mutable": true, "developer_only": false})
				}) {
					t.Errorf("no custom:score in %v", attributes)
				}
			},
			Config: w.dataflow(wholePool + "\n  refresh_triggers = { build = \"2\" }"),
		},
	)
}

func TestDataflow_NoSecretOfThePoolIsInItsTables(t *testing.T) {
	w := furnishedWorld(t)
	r := newRoot(t, strings.Replace(strings.NewReplacer(w.provider(), "").Replace(w.dataflow(wholePool+"\n  refresh_triggers = { build = var.build }")),
		"\n", "\nterraform {\n  required_providers {\n    skypoint = { source = \"skypointcloud/skypoint\" }\n  }\n}\nvariable \"build\" {}\n", 1))
	r.env["TF_VAR_build"] = "1"
	r.succeed("apply", "-auto-approve")
	// What AWS says when it refuses is in errors, and in the log.
	w.deny("DescribeUserPoolClient", "DescribeIdentityProvider", "ListUserImportJobs")
	r.env["TF_VAR_build"] = "2"
	if code, out := r.run("apply", "-auto-approve"); code != 1 || !strings.Contains(out, "lack 3 permissions") {
		t.Errorf("apply ended with %d:\n%s", code, out)
	}
	w.deny()
	r.succeed("apply", "-auto-approve")
	r.succeed("show", "-json")

	_ = w.folder() // this one is beside the root module
	w.workspace = r.dir + "/.skypoint"
	files := r.files()
	for _, table := range []string{"app_clients", "identity_providers", "import_jobs", "signing_keys"} {
		rows := w.rowsOf(table)
		if len(rows) != 1 {
			t.Errorf("%s has %d rows: this test would see no secret there", table, len(rows))
		}
		text, err := json.Marshal(rows) // Parquet is compressed: its pages don't show what they hold
		r.must(err)
		files["(rows of "+table+")"] = text
	}
	if !bytes.Contains(files["(rows of app_clients)"], []byte("webclient")) || !bytes.Contains(files["trace.log"], []byte("run finished")) {
		t.Error("what is not secret is not found, so a secret would not be")
	}
	r.noSecrets(files, map[string]string{
		"client's secret": plantedClient, "provider's secret": plantedProvider, "private key": plantedKey, "signature of a URL": plantedURL, "detail of tomorrow": plantedLater,
	})
}

func TestDataflow_AnImportListsEveryPermissionThatItLacks(t *testing.T) {
	w := newWorld(t, 5)
	w.deny("ListGroups", "ListUsersInGroup", "DescribeUserPoolDomain")
	scans := func() int64 { return w.server.Stats().Users }
	w.run(resource.TestStep{
		Config: w.dataflow(`  tables = { users = {}, groups = {}, group_memberships = {}, domains = {} }`),
		ExpectError: said(`user pool us-east-1_Test12345: check: the credentials lack 3 permissions: cognito-idp:ListGroups \(groups, group_memberships\), ` +
			`cognito-idp:ListUsersInGroup \(group_memberships\), cognito-idp:DescribeUserPoolDomain \(domains\)\. ` +
			`Allow cognito-idp:ListGroups, cognito-idp:ListUsersInGroup on arn:aws:cognito-idp:us-east-1:\*:userpool/us-east-1_Test12345\. Allow cognito-idp:DescribeUserPoolDomain on \*\. Nothing was published`),
	})
	if n := scans(); n > 2 { // the connector's check and the run's ask for one user each
		t.Errorf("%d users were read", n)
	}
}

func TestDataflow_APlanSaysWhatAPerUserTableCosts(t *testing.T) {
	w := newWorld(t, 5)
	c := newCore(t, w, `tables = { users = {}, devices = {} }`)
	const summary = "Table costs a call per user: "
	const unknown = summary + "Each run asks AWS once for every user of the pool, at 50 requests a second at most. Leave the table out where it is not worth that."
	const known = summary + "The pool has about 1,200,000 users, and each run asks AWS once for every one of them: 1,200,000 calls, which take about 1 min at max_requests_per_second = 10000. " +
		"Leave the table out where it is not worth that."
	estimated := 1_200_000
	w.pool = w.server.AddPool(cognitotest.Pool{ID: "us-east-1_Estimated", EstimatedUsers: &estimated, ThreatProtection: "AUDIT"})
	c.poolID = "us-east-1_Estimated"
	c.declare(`tables = { users = {}, devices = {} }`)
	warned := func(what string, r reported, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, r.warnings); diff != "" || len(r.errors) > 0 {
			t.Errorf("%s said %q (-want +got):\n%s", what, r.errors, diff)
		}
	}
	warned("a plan without a connector", c.plan(), unknown)
	requests := func() int64 { return w.server.Stats().Requests }
	if n := requests(); n != 0 {
		t.Errorf("a plan sent %d requests", n)
	}
	warned("the first apply", c.apply(), known) // the connector is there when the dataflow is planned again
	before := requests()
	warned("a plan that runs nothing", c.plan())
	c.declare("tables = { users = {}, devices = {}, auth_events = { data = false } }")
	warned("a plan to run both", c.plan(), known, known)
	c.declare("tables = { users = {}, auth_events = {} }")
	warned("a plan to run another one", c.plan(), known)
	c.declare("tables = { users = {} }")
	warned("a plan to run neither", c.plan())
	if n := requests(); n != before {
		t.Errorf("plans sent %d requests", n-before)
	}
}
