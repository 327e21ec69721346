package provider_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"github.com/zclconf/go-cty/cty/msgpack"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

const (
	connectorType = "skypoint_cognito_connector"
	dataflowType  = "skypoint_dataflow"

	dataflowRunType = "skypoint_dataflow_run"
)

// What the names of ephemeral resources and actions begin with here: a data source or a resource may have the same name.
const (
	ephemeralOf = "ephemeral."
	actionOf    = "action."
)

// badInput is an object that must be refused at plan.
type badInput struct {
	name      string
	object    string // its type; "provider": the provider's own configuration
	arguments string // HCL; arguments that are required and not here get a value that is good
	at        string // the attribute that the error is at, as HCL writes it
	says      string // words of the error; white space is one space
}

// required gives each object the arguments that it can't be without.
var required = map[string]map[string]string{
	connectorType:            {"name": `"Good"`, "user_pool_id": `"us-east-1_Good12345"`},
	dataflowType:             {"name": `"Good"`, "connector_id": `"App"`, "tables": `{ users = {} }`},
	"skypoint_dataflow_runs": {"dataflow_id": `"Good"`},

	"skypoint_connector_types":   {},
	"skypoint_cognito_user_pool": {},
	"skypoint_dataflows":         {},
	dataOf + connectorType:       {"name": `"Good"`},
	dataOf + dataflowType:        {"dataflow_id": `"Good"`},

	"skypoint_tables":      {},
	"skypoint_table":       {"dataflow_id": `"Good"`, "key": `"users"`},
	"skypoint_table_rows":  {"dataflow_id": `"Good"`, "key": `"users"`},
	listOf + dataflowType:  {},
	listOf + connectorType: {},

	dataflowRunType:                         {"dataflow_id": `"Good"`},
	ephemeralOf + "skypoint_table_rows":     {"dataflow_id": `"Good"`, "key": `"users"`},
	actionOf + dataflowRunType:              {"dataflow_id": `"Good"`},
	actionOf + "skypoint_dataflow_rollback": {"dataflow_id": `"Good"`},

	"provider": {},
}

// listOf begins the name of a list resource here: it has the name of what it lists. dataOf begins that of a data source with the name of a resource.
const (
	listOf = "list."
	dataOf = "data."
)

const (
	sayName       = `a name has 1 to 64 letters and digits (A-Z, a-z, 0-9), starting with a letter`
	sayReference  = `can't be a name: a name has 1 to 64 characters without white space, slashes and control characters`
	sayIdentifier = `it has 1 to 255 lower-case letters, digits and underscores (a-z, 0-9, _), starting with a letter`
	sayPool       = `must be a user pool id: letters, digits, "_" and "-", then "_", then letters and digits, such as "us-east-1_AbCdEf123"`
	sayURL        = `is not an http or https URL, such as "https://vpce-1a2b.cognito-idp.us-east-1.vpce.amazonaws.com"`
	sayKeys       = `the tables of a user pool are users, groups, group_memberships`
	sayNothing    = `would load neither data nor metadata. Set one of them to true, or leave the table out.`
	sayDuration   = `is not a duration: write a number and a unit, such as "30m" or "24h" (units: s, m, h)`
	sayDatabase   = `a database can't be called "skypoint": the catalog has this name, and readers such as Spark need the two to differ`
	keyAndSecret  = "access_key_id = \"AKIAGOOD\"\nsecret_access_key_wo = \"good\"\nsecret_access_key_wo_version = 1\n"
	readerRole    = `assume_role = { role_arn = "arn:aws:iam::123456789012:role/reader" }`
)

func badInputs() []badInput {
	long := func(n int) string { return `"` + strings.Repeat("a", n) + `"` }
	var cases []badInput
	connector := func(name, arguments, at, says string) {
		cases = append(cases, badInput{"connector: " + name, connectorType, arguments, at, says})
	}
	flow := func(name, arguments, at, says string) {
		cases = append(cases, badInput{"dataflow: " + name, dataflowType, arguments, at, says})
	}
	other := func(name, object, arguments, at, says string) {
		cases = append(cases, badInput{object + ": " + name, object, arguments, at, says})
	}

	for what, name := range map[string]string{
		"that begins with a digit": `"1App"`, "that is empty": `""`, "with a space": `"My App"`, "with a hyphen": `"my-app"`,
		"that ends with a line break": `"App\n"`, "with NUL": `"Ap\u0000p"`, "with a letter of another alphabet": `"Café"`, "of 65 letters": long(65),
	} {
		connector("a name "+what, "name = "+name, "name", sayName)
		flow("a name "+what, "name = "+name, "name", sayName)
	}
	references := map[string]string{
		"that is empty": `""`, "with a space": `"My App"`, "that ends with a line break": `"App\n"`, "with NUL": `"Ap\u0000p"`, "of 65 letters": long(65), "of a run": `"Customers/1"`,
	}

	connector("a pool id without a Region", `user_pool_id = "AbCdEf123"`, "user_pool_id", sayPool)
	connector("a pool id without the pool", `user_pool_id = "us-east-1_"`, "user_pool_id", sayPool)
	connector("a pool's ARN", `user_pool_id = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_x"`, "user_pool_id", sayPool)
	connector("a pool id that ends with a line break", `user_pool_id = "us-east-1_AbCdEf123\n"`, "user_pool_id", sayPool)
	connector("a pool id that is empty", `user_pool_id = ""`, "user_pool_id", sayPool)
	connector("a pool id of 56 characters", `user_pool_id = "us-east-1_`+strings.Repeat("a", 46)+`"`, "user_pool_id", "string length must be between 1 and 55")
	connector("a Region in capitals", `region = "US-EAST-1"`, "region", `must be an AWS Region, such as "us-east-1"`)
	connector("a Region that is empty", `region = ""`, "region", `must be an AWS Region, such as "us-east-1"`)

	connector("a secret without its key", "secret_access_key_wo = \"good\"\nsecret_access_key_wo_version = 1", "secret_access_key_wo", `Attribute "access_key_id" must be specified when "secret_access_key_wo" is specified`)
	connector("a secret without its version", "access_key_id = \"AKIAGOOD\"\nsecret_access_key_wo = \"good\"", "secret_access_key_wo", `Attribute "secret_access_key_wo_version" must be specified when "secret_access_key_wo" is specified`)
	connector("a secret's version alone", `secret_access_key_wo_version = 1`, "secret_access_key_wo_version", `Attribute "access_key_id" must be specified when "secret_access_key_wo_version" is specified`)
	connector("a key that is empty", strings.Replace(keyAndSecret, "AKIAGOOD", "", 1), "access_key_id", "string length must be between 1 and 128")
	connector("a secret that is empty", strings.Replace(keyAndSecret, `"good"`, `""`, 1), "secret_access_key_wo", "string length must be between 1 and 1024")
	connector("a key that ends with a line break", strings.Replace(keyAndSecret, "AKIAGOOD", `AKIAGOOD\n`, 1), "access_key_id", "must have no white space or control characters")
	connector("a secret that ends with a line break", strings.Replace(keyAndSecret, `"good"`, `"good\n"`, 1), "secret_access_key_wo", "must have no white space or control characters")
	connector("a key and a profile", keyAndSecret+`profile = "good"`, "access_key_id", `Attribute "profile" cannot be specified when "access_key_id" is specified`)
	connector("a key and a role", keyAndSecret+readerRole, "access_key_id", `Attribute "assume_role" cannot be specified when "access_key_id" is specified`)
	connector("a profile and a key", keyAndSecret+`profile = "good"`, "profile", `Attribute "access_key_id" cannot be specified when "profile" is specified`)
	connector("a profile and a role", `profile = "good"`+"\n"+readerRole, "profile", `Attribute "assume_role" cannot be specified when "profile" is specified`)
	connector("a profile that is empty", `profile = ""`, "profile", "string length must be between 1 and 256")
	connector("a user's ARN for a role", `assume_role = { role_arn = "arn:aws:iam::123456789012:user/reader" }`, "assume_role.role_arn", `Attribute assume_role.role_arn must be the ARN of an IAM role, such as "arn:aws:iam::123456789012:role/reader"`)

	for what, endpoint := range map[string]string{
		"of another scheme": "ftp://localhost", "without a scheme": "localhost:4566", "without a host": "https://", "that is empty": "",
		"with a space in its host": "http://local host", "with a line break": `http://localhost:4566\n`, "with a port that is none": "http://localhost:port",
	} {
		connector("an endpoint "+what, `endpoint = "`+endpoint+`"`, "endpoint", sayURL)
	}
	connector("an endpoint with a password", `endpoint = "https://me:hunter2@localhost"`, "endpoint", "an endpoint takes no user and password: sign in with access_key_id, profile or assume_role")
	connector("no requests", `max_requests_per_second = 0`, "max_requests_per_second", "value must be between 1 and 10000, got: 0")
	connector("requests below zero", `max_requests_per_second = -1`, "max_requests_per_second", "value must be between 1 and 10000, got: -1")
	connector("too many requests", `max_requests_per_second = 10001`, "max_requests_per_second", "value must be between 1 and 10000, got: 10001")
	connector("half a request", `max_requests_per_second = 1.5`, "max_requests_per_second", "1.5")
	connector("a display name that is too long", `display_name = `+long(2049), "display_name", "at most 2048")
	connector("a description that is too long", `description = `+long(2049), "description", "at most 2048")

	flow("a display name that is too long", `display_name = `+long(2049), "display_name", "at most 2048")
	flow("a description that is too long", `description = `+long(2049), "description", "at most 2048")
	flow("a database called skypoint", `database = "skypoint"`, "database", sayDatabase)
	flow("a database called skypoint by the dataflow's name", `name = "Skypoint"`, "database", "Without a database the dataflow's name in lower case is taken: "+sayDatabase+". Set database.")
	for what, name := range map[string]string{
		"in capitals": `"Customers"`, "that begins with a digit": `"1st"`, "with a hyphen": `"my-customers"`, "with a dot": `"a.b"`,
		"that is empty": `""`, "that climbs": `"../up"`, "of 256 letters": long(256), "that ends with a line break": `"users\n"`,
	} {
		flow("a database "+what, `database = `+name, "database", sayIdentifier)
		flow("a table name "+what, `tables = { users = { table_name = `+name+` } }`, `tables["users"].table_name`, `Attribute tables["users"].table_name: `+name+` is not a valid table name: `+sayIdentifier)
	}
	flow("no tables", `tables = {}`, "tables", "map must contain at least 1 elements, got: 0")
	flow("a table that is not known", `tables = { user = {} }`, `tables["user"]`, `there is no table "user": `+sayKeys)
	flow("a table in capitals", `tables = { Users = {} }`, `tables["Users"]`, `there is no table "Users": `+sayKeys)
	flow("a table that is null", `tables = { users = null }`, `tables["users"]`, "A table can't be null: give {} to take its defaults, or leave the key out.")
	flow("a table that is null beside others", `tables = { groups = {}, users = null }`, `tables["users"]`, "A table can't be null: give {} to take its defaults, or leave the key out.")
	flow("a purpose that is not known", `tables = { users = { purpose = "Marketing" } }`, `tables["users"].purpose`, `Attribute tables["users"].purpose value must be one of: ["All" "Customer 360" "Privacy-Metadata"], got: "Marketing"`)
	flow("a purpose in lower case", `tables = { users = { purpose = "all" } }`, `tables["users"].purpose`, `Attribute tables["users"].purpose value must be one of: ["All" "Customer 360" "Privacy-Metadata"], got: "all"`)
	flow("a purpose that is empty", `tables = { users = { purpose = "" } }`, `tables["users"].purpose`, `Attribute tables["users"].purpose value must be one of: ["All" "Customer 360" "Privacy-Metadata"], got: ""`)
	flow("two tables of one name", `tables = { groups = { table_name = "people" }, users = { table_name = "people" } }`, `tables["users"].table_name`, `Tables "groups" and "users" would both be called "people". Give each a table_name of its own.`)
	flow("a table with another one's default name", `tables = { groups = { table_name = "users" }, users = {} }`, `tables["users"].table_name`, `Tables "groups" and "users" would both be called "users". Give each a table_name of its own.`)
	flow("neither data nor metadata", `tables = { users = { data = false, metadata = false } }`, `tables["users"].metadata`, `Table "users" `+sayNothing)
	flow("no metadata for a purpose that loads no data", `tables = { users = { purpose = "Privacy-Metadata", metadata = false } }`, `tables["users"].metadata`, `Table "users" `+sayNothing)
	flow("triggers that run nothing", "run_on_apply = false\nrefresh_triggers = { build = \"1\" }", "refresh_triggers", "refresh_triggers runs the dataflow on apply, and run_on_apply = false forbids that. Leave one of them out.")
	flow("an age that runs nothing", "run_on_apply = false\nmax_age = \"24h\"", "max_age", "max_age runs the dataflow on apply, and run_on_apply = false forbids that. Leave one of them out.")
	flow("a trigger that is null", `refresh_triggers = { build = null }`, `refresh_triggers`, "null")
	for what, age := range map[string]string{"in words": "soon", "in days": "1d", "without a unit": "24", "that is empty": ""} {
		flow("an age "+what, `max_age = "`+age+`"`, "max_age", `"`+age+`" `+sayDuration)
	}
	flow("an age below a minute", `max_age = "59s"`, "max_age", `"59s" is too short: the shortest is "1m0s"`)
	flow("parts of a time that is none", `resume_within = "a day"`, "resume_within", `"a day" `+sayDuration)
	flow("parts of a time below zero", `resume_within = "-1h"`, "resume_within", `"-1h" is too short: the shortest is "0s"`)
	flow("an age below zero", `max_age = "-24h"`, "max_age", `"-24h" is too short: the shortest is "1m0s"`)
	for _, timeout := range []string{"create", "update", "delete"} {
		for what, length := range map[string]string{"in words": "soon", "in days": "1d", "that is empty": ""} {
			flow("a "+timeout+" timeout "+what, `timeouts = { `+timeout+` = "`+length+`" }`, "timeouts."+timeout, `Attribute timeouts.`+timeout+`: "`+length+`" `+sayDuration)
		}
		for _, length := range []string{"0s", "-1h"} {
			flow("a "+timeout+" timeout of "+length, `timeouts = { `+timeout+` = "`+length+`" }`, "timeouts."+timeout, `Attribute timeouts.`+timeout+`: "`+length+`" is too short: the shortest is "1s"`)
		}
	}
	column := func(name, columns, at, says string) {
		flow(name, "tables = { users = { columns = { "+columns+" } }, group_memberships = {} }", `tables["users"].columns`+at, says)
	}
	column("an unknown policy", `email = { policy = "hide" }`, `["email"].policy`, `value must be one of: ["load" "hash" "mask" "drop"], got: "hide"`)
	column("no policy", `email = {}`, `["email"].policy`, "A column that is named takes a policy: load, hash, mask, drop.")
	column("a policy that is null", `email = null`, `["email"]`, `A policy can't be null: leave the column out, or give { policy = "load" }.`)
	column("a key that is dropped", `sub = { policy = "drop" }`, `["sub"]`, "It is the table's key, without which no row could be told from another: it can be loaded or hashed.")
	column("a key that is masked", `sub = { policy = "mask" }`, `["sub"]`, "It is the table's key")
	column("the time that tells rows apart hashed", `updated_at = { policy = "hash" }`, `["updated_at"]`, "It tells which of two rows of one key is the newer: it can only be loaded.")
	column("characters kept without a mask", `email = { policy = "hash", keep_last = 4 }`, `["email"].keep_last`, `Keep_last is for policy = "mask" alone.`)
	column("fewer than no characters kept", `email = { policy = "mask", keep_last = -1 }`, `["email"].keep_last`, "value must be between 0 and 16, got: -1")
	column("too many characters kept", `email = { policy = "mask", keep_last = 17 }`, `["email"].keep_last`, "value must be between 0 and 16, got: 17")
	column("a mask of what is no text", `enabled = { policy = "mask" }`, `["enabled"]`, "Its type is boolean, and only text can be masked: drop or hash it.")
	column("a map that is hashed", `other_attributes = { policy = "hash" }`, `["other_attributes"]`, `It is a map: drop it, or name what is in it: "other_attributes.NAME".`)
	column("something inside a column that has nothing inside", `"username.first" = { policy = "drop" }`, `["username.first"]`, "Column username is neither JSON text nor a map: there is nothing in it to reach.")
	column("a column twice", `email = { policy = "drop" }, Email = { policy = "hash" }`, `["email"]`, `It is the same column as "Email".`)
	column("a column in other letters", `Username = { policy = "drop" }`, `["Username"]`, `The column is called "username".`)
	flow("a column that no pool has", `tables = { groups = { columns = { owner = { policy = "drop" } } } }`, `tables["groups"].columns["owner"]`, "The table has no such column: it has group_name, description,")
	flow("an unknown way with new columns", `tables = { users = { new_columns = "keep" } }`, `tables["users"].new_columns`, `value must be one of: ["load" "drop" "fail"], got: "keep"`)
	flow("a short key", "hash_key_wo = \"short\"\nhash_key_wo_version = 1", "hash_key_wo", "string length must be between 32 and 1024, got: 5")
	flow("a key without a version", `hash_key_wo = "`+strings.Repeat("k", 32)+`"`, "hash_key_wo", `Attribute "hash_key_wo_version" must be specified when "hash_key_wo" is specified`)
	flow("a version below one", `hash_key_wo_version = 0`, "hash_key_wo_version", "value must be at least 1, got: 0")
	flow("a share below zero", `max_removed_percent = -1`, "max_removed_percent", "value must be between 0 and 100, got: -1")
	flow("a share above all", `max_removed_percent = 101`, "max_removed_percent", "value must be between 0 and 100, got: 101")
	flow("an unknown end", `on_destroy = "keep"`, "on_destroy", `value must be one of: ["delete" "retain"], got: "keep"`)

	other("a database in capitals", "skypoint_tables", `database = "Customers"`, "database", sayIdentifier)
	other("no runs", "skypoint_dataflow_runs", `limit = 0`, "limit", "value must be between 1 and 10000, got: 0")
	other("too many runs", "skypoint_dataflow_runs", `limit = 10001`, "limit", "value must be between 1 and 10000, got: 10001")
	other("a table that is not known", "skypoint_table", `key = "user"`, "key", `there is no table "user": `+sayKeys)
	for _, rows := range []string{"skypoint_table_rows", ephemeralOf + "skypoint_table_rows"} {
		other("a table that is not known", rows, `key = "user"`, "key", `there is no table "user": `+sayKeys)
		other("a run that never is", rows, `at_run = 0`, "at_run", "value must be at least 1, got: 0")
		other("no rows", rows, `limit = 0`, "limit", "value must be between 1 and 1000, got: 0")
		other("too many rows", rows, `limit = 1001`, "limit", "value must be between 1 and 1000, got: 1001")
		other("no columns", rows, `columns = []`, "columns", "list must contain at least 1 elements, got: 0")
		other("a column twice", rows, `columns = ["sub", "sub"]`, "columns", `sub`)
		other("a column that is null", rows, `columns = ["sub", null]`, "columns", `null`)
		other("a value that is null", rows, `equals = { sub = null }`, "equals", `null`)
	}

	for what, id := range references {
		flow("a connector's id "+what, "connector_id = "+id, "connector_id", sayReference)
		other("a connector's name "+what, dataOf+connectorType, `name = `+id, "name", sayName)
		for _, object := range []string{dataOf + dataflowType, "skypoint_dataflow_runs", "skypoint_table", "skypoint_table_rows", ephemeralOf + "skypoint_table_rows", dataflowRunType, runAction, rollbackAction} {
			other("a dataflow's id "+what, object, `dataflow_id = `+id, "dataflow_id", sayReference)
		}
		for _, object := range []string{"skypoint_cognito_user_pool", "skypoint_dataflows", listOf + dataflowType} {
			other("a connector's id "+what, object, `connector_id = `+id, "connector_id", sayReference)
		}
	}
	other("a category that is empty", "skypoint_connector_types", `category = ""`, "category", "must be between 1 and 2048")
	other("a search for nothing", "skypoint_connector_types", `search = ""`, "search", "must be between 1 and 2048")
	other("a search that is too long", "skypoint_connector_types", `search = `+long(2049), "search", "must be between 1 and 2048")

	pool := func(name, arguments, at, says string) { other(name, "skypoint_cognito_user_pool", arguments, at, says) }
	const aPool = "user_pool_id = \"us-east-1_Good12345\"\n"
	pool("neither a connector nor a pool", ``, "connector_id", `No attribute specified when one (and only one) of [connector_id,user_pool_id] is required`)
	pool("a connector and a pool", `connector_id = "App"`+"\n"+aPool, "connector_id", `2 attributes specified when one (and only one) of [connector_id,user_pool_id] is required`)
	pool("a pool id without a Region", `user_pool_id = "AbCdEf123"`, "user_pool_id", sayPool)
	pool("a pool id that ends with a line break", `user_pool_id = "us-east-1_AbCdEf123\n"`, "user_pool_id", sayPool)
	pool("a Region in capitals", aPool+`region = "US-EAST-1"`, "region", `must be an AWS Region, such as "us-east-1"`)
	pool("a Region and a connector", `connector_id = "App"`+"\n"+`region = "us-east-1"`, "region", `Attribute "connector_id" cannot be specified when "region" is specified`)
	pool("a profile that is empty", aPool+`profile = ""`, "profile", "string length must be between 1 and 256")
	pool("a profile and a connector", `connector_id = "App"`+"\n"+`profile = "good"`, "profile", `Attribute "connector_id" cannot be specified when "profile" is specified`)
	pool("a profile and a role", aPool+`profile = "good"`+"\n"+readerRole, "profile", `Attribute "assume_role" cannot be specified when "profile" is specified`)
	pool("a role and a connector", `connector_id = "App"`+"\n"+readerRole, "assume_role", `Attribute "connector_id" cannot be specified when "assume_role" is specified`)
	pool("a user's ARN for a role", aPool+`assume_role = { role_arn = "arn:aws:iam::123456789012:user/reader" }`, "assume_role.role_arn", `must be the ARN of an IAM role`)
	pool("an external id of one letter", aPool+`assume_role = { role_arn = "arn:aws:iam::123456789012:role/reader", external_id = "x" }`, "assume_role.external_id", `string length must be between 2 and 1224`)
	pool("an endpoint that is none", aPool+`endpoint = "localhost:4566"`, "endpoint", sayURL)
	pool("an endpoint with a password", aPool+`endpoint = "https://me:hunter2@localhost"`, "endpoint", "an endpoint takes no user and password")
	pool("an endpoint and a connector", `connector_id = "App"`+"\n"+`endpoint = "https://localhost"`, "endpoint", `Attribute "connector_id" cannot be specified when "endpoint" is specified`)
	pool("no requests", aPool+`max_requests_per_second = 0`, "max_requests_per_second", "value must be between 1 and 10000, got: 0")
	pool("no tables", aPool+`tables = []`, "tables", "list must contain at least 1 elements, got: 0")
	pool("a table that is not known", aPool+`tables = ["users", "people"]`, "tables[1]", `there is no table "people": `+sayKeys)
	pool("a table twice", aPool+`tables = ["users", "users"]`, "tables", `users`)
	pool("a table that is null", aPool+`tables = ["users", null]`, "tables", `null`)

	other("a name_regex that is not closed", "skypoint_dataflows", `name_regex = "(App"`, "name_regex", "error parsing regexp: missing closing ): `(App`")
	other("a status in lower case", "skypoint_dataflows", `status = "failed"`, "status", `value must be one of: ["New" "Processing" "Completed" "Failed"], got: "failed"`)
	other("a type that there is not", "skypoint_dataflows", `type = "Auth0"`, "type", `value must be one of: ["AWS Cognito"], got: "Auth0"`)
	other("a group by what there is not", "skypoint_dataflows", `group_by = "database"`, "group_by", `value must be one of: ["name" "type" "status"], got: "database"`)
	connector("an external id of one letter", `assume_role = { role_arn = "arn:aws:iam::123456789012:role/reader", external_id = "x" }`, "assume_role.external_id", `string length must be between 2 and 1224`)
	connector("half a version", "access_key_id = \"AKIAGOOD\"\nsecret_access_key_wo_version = 1.5", "secret_access_key_wo_version", "1.5")
	flow("a run that never is", `pinned_run = 0`, "pinned_run", "value must be at least 1, got: 0")
	flow("no runs", `retain_runs = 0`, "retain_runs", "value must be between 1 and 10000, got: 0")
	flow("too many runs", `retain_runs = 10001`, "retain_runs", "value must be between 1 and 10000, got: 10001")

	for what, length := range map[string]string{"in words": "soon", "in days": "1d", "that is empty": ""} {
		other("a timeout "+what, dataflowRunType, `timeouts = { create = "`+length+`" }`, "timeouts.create", `Attribute timeouts.create: "`+length+`" `+sayDuration)
		other("a timeout "+what, runAction, `timeout = "`+length+`"`, "timeout", `"`+length+`" `+sayDuration)
		other("a timeout "+what, rollbackAction, `timeout = "`+length+`"`, "timeout", `"`+length+`" `+sayDuration)
	}
	other("a timeout of nothing", dataflowRunType, `timeouts = { create = "0s" }`, "timeouts.create", `"0s" is too short: the shortest is "1s"`)
	other("a timeout of nothing", runAction, `timeout = "0s"`, "timeout", `"0s" is too short: the shortest is "1s"`)
	other("a trigger that is null", dataflowRunType, `triggers = { build = null }`, "triggers", "null")
	other("a run that never is", rollbackAction, `to_run = 0`, "to_run", "value must be at least 1, got: 0")
	other("a run below zero", rollbackAction, `to_run = -1`, "to_run", "value must be at least 1, got: -1")
	other("half a run", rollbackAction, `to_run = 1.5`, "to_run", "1.5")

	other("a workspace that is empty", "provider", `workspace = ""`, "workspace", "the workspace can't be empty: leave it out for the default")
	for what, workspace := range map[string][2]string{
		"in a bucket of no kind":      {"ftp://bucket/skypoint", "nothing here opens ftp:// buckets"},
		"in a bucket with a password": {"s3://me:hunter2@bucket/skypoint", "a bucket's URL takes no user and password"},
		"in no bucket":                {"s3:///skypoint", "it does not name a bucket"},
		"with its prefix twice":       {"s3://bucket/a?prefix=b", "the prefix follows the bucket; it is no parameter"},
	} {
		other("a workspace "+what, "provider", `workspace = "`+workspace[0]+`"`, "workspace", workspace[1])
	}
	other("a warehouse that is empty", "provider", `warehouse = ""`, "warehouse", "the warehouse can't be empty: leave it out for the default")
	for _, warehouse := range []string{"gs://bucket/warehouse", "s3://bucket/warehouse?region=eu-west-1", "s3://bucket/my warehouse", "s3://bucket/a//b", "s3://bucket/../b", "s3://me:hunter2@bucket/b", "s3://"} {
		other("a warehouse at "+strings.ReplaceAll(warehouse, "hunter2", "…"), "provider", `warehouse = "`+warehouse+`"`, "warehouse", "it is not the location of tables in a bucket. Set warehouse to s3://BUCKET/PREFIX")
	}
	other("a scratch folder that is empty", "provider", `scratch = ""`, "scratch", "the scratch folder can't be empty: leave it out for the default")
	other("a scratch folder in a bucket", "provider", `scratch = "s3://bucket/scratch"`, "scratch", "a scratch folder at s3:// is not supported: give the path of a folder")
	other("a property that there is not", "provider", `catalog = { type = "sqlite", properties = { "s3.regoin" = "hunter2" } }`, "catalog.properties", `a sqlite catalog has no property "s3.regoin". The properties are: s3.endpoint, s3.region,`)
	other("half a key", "provider", `catalog = { type = "sqlite", properties = { "s3.secret-access-key" = "hunter2" } }`, "catalog.properties", "s3.access-key-id and s3.secret-access-key go together")
	other("a property that is null", "provider", `catalog = { type = "sqlite", properties = { "s3.region" = null } }`, "catalog.properties", "null")
	other("a catalog type that there is not", "provider", `catalog = { type = "oracle" }`, "catalog.type", `value must be one of: ["sqlite" "postgres" "rest" "glue"], got: "oracle"`)
	other("a postgres catalog without an address", "provider", `catalog = { type = "postgres" }`, "catalog.uri", "A postgres catalog needs its address")
	other("a postgres catalog at another address", "provider", `catalog = { type = "postgres", uri = "mysql://host/db" }`, "catalog.uri", "its uri is not the address of a PostgreSQL database")
	other("a sqlite catalog with an address", "provider", `catalog = { type = "sqlite", uri = "x.db" }`, "catalog.uri", "leave catalog.uri out")
	other("a rest catalog without an address", "provider", `catalog = { type = "rest" }`, "catalog.uri", "A rest catalog needs its address: set catalog.uri to https://HOST/PATH.")
	other("a rest catalog with a user in its address", "provider", `catalog = { type = "rest", uri = "https://me:hunter2@host" }`, "catalog.uri", "its uri is not the address of an Iceberg REST catalog")
	other("a rest catalog with two ways to sign in", "provider", `catalog = { type = "rest", uri = "https://host", properties = { token = "hunter2", credential = "me:hunter2" } }`, "catalog.properties", "it has a token and a credential")
	other("a rest catalog with a property that there is not", "provider", `catalog = { type = "rest", uri = "https://host", properties = { tokn = "hunter2" } }`, "catalog.properties", `a rest catalog has no property "tokn". The properties are: token, credential,`)
	other("a postgres catalog with a token", "provider", `catalog = { type = "postgres", uri = "postgres://me@host/db", properties = { token = "hunter2" } }`, "catalog.properties", `a postgres catalog has no property "token"`)
	other("a glue catalog with an address", "provider", `catalog = { type = "glue", uri = "https://glue.eu-west-1.amazonaws.com" }`, "catalog.uri", "leave catalog.uri out, and set glue.region in catalog.properties")
	other("half of Glue's key", "provider", `catalog = { type = "glue", properties = { "glue.access-key-id" = "hunter2" } }`, "catalog.properties", "glue.access-key-id and glue.secret-access-key go together")
	other("an address that is empty", "provider", `catalog = { type = "postgres", uri = "" }`, "catalog.uri", "string length must be at least 1")
	other("a secrets key that is no URL", "provider", `secrets_key = "c2VjcmV0"`, "secrets_key", "it is not a URL. Set secrets_key to one of: base64key://")
	other("a secrets key of another kind", "provider", `secrets_key = "pkcs11://hunter2"`, "secrets_key", "nothing here opens pkcs11:// keys")
	other("a secrets key that is too short", "provider", `secrets_key = "base64key://c2VjcmV0"`, "secrets_key", "a base64key:// URL holds 32 bytes in URL-safe base64, and nothing else")

	slices.SortFunc(cases, func(a, b badInput) int { return strings.Compare(a.name, b.name) })
	for _, listed := range []string{dataflowType, connectorType} {
		other("a name_regex that is not closed", listOf+listed, `name_regex = "(App"`, "name_regex", "error parsing regexp: missing closing ): `(App`")
		other("a name_regex with a look-ahead", listOf+listed, `name_regex = "a(?=b)"`, "name_regex", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`")
	}
	other("a status in lower case", listOf+dataflowType, `status = "failed"`, "status", `value must be one of: ["New" "Processing" "Completed" "Failed"], got: "failed"`)
	other("a type that there is not", listOf+dataflowType, `type = "Auth0"`, "type", `value must be one of: ["AWS Cognito"], got: "Auth0"`)
	other("a pool id without the pool", listOf+connectorType, `user_pool_id = "us-east-1_"`, "user_pool_id", sayPool)

	return cases
}

// complete gives the arguments with those that the object can't be without.
func (b badInput) complete() string {
	text := b.arguments + "\n"
	for _, name := range slices.Sorted(maps.Keys(required[b.object])) {
		if !b.gives(name) {
			text += name + " = " + required[b.object][name] + "\n"
		}
	}
	return text
}

// gives says whether the case has this argument.
func (b badInput) gives(argument string) bool {
	return regexp.MustCompile(`(?m)^\s*` + argument + `\s*=`).MatchString(b.arguments)
}

// root is the argument that the error is in.
func (b badInput) root() string { return regexp.MustCompile(`^\w+`).FindString(b.at) }

// spaced makes every run of white space one space: the CLI breaks its lines where it likes.
func spaced(text string) string { return strings.Join(strings.Fields(text), " ") }

func TestPlan_RefusesBadInputAtItsAttribute(t *testing.T) {
	p := newProtocol(t)
	for _, c := range badInputs() {
		t.Run(c.name, func(t *testing.T) {
			found := false
			for _, d := range p.diagnose(t, c.object, c.complete(), nil) {
				at, words := hclPath(d.Attribute), spaced(d.Summary+": "+d.Detail)
				if strings.Contains(words, "hunter2") || strings.Contains(words, "c2VjcmV0") {
					t.Errorf("the error repeats a secret: %s", words)
				}
				found = found || (d.Severity == tfprotov6.DiagnosticSeverityError && at == c.at && strings.Contains(words, c.says))
				t.Logf("%s: %s", at, words)
			}
			if !found {
				t.Errorf("no error at %s that says %q", c.at, c.says)
			}
		})
	}
}

// withoutACase gives the arguments, at any depth, of all objects that has says it has no case for.
func withoutACase(t *testing.T, has func(object, argument string) bool) []string {
	t.Helper()
	s := providerSchema(t)
	objects := map[string]*tfprotov6.Schema{"provider": s.Provider}
	maps.Copy(objects, s.ResourceSchemas)
	for name, schema := range s.DataSourceSchemas {
		if s.ResourceSchemas[name] != nil {
			name = dataOf + name
		}
		objects[name] = schema
	}
	for name, schema := range s.EphemeralResourceSchemas {
		objects[ephemeralOf+name] = schema
	}
	for name, schema := range s.ListResourceSchemas {
		objects[listOf+name] = schema
	}
	for name, schema := range s.ActionSchemas {
		objects[actionOf+name] = schema.Schema
	}
	var missing []string
	for object, schema := range objects {
		var look func(attributes []*tfprotov6.SchemaAttribute)
		look = func(attributes []*tfprotov6.SchemaAttribute) {
			for _, a := range attributes {
				if !a.Required && !a.Optional {
					continue
				}
				if !has(object, a.Name) {
					missing = append(missing, object+"."+a.Name)
				}
				if a.NestedType != nil {
					look(a.NestedType.Attributes)
				}
			}
		}
		look(schema.Block.Attributes)
	}
	slices.Sort(missing)
	return missing
}

// takeAnything are arguments that no value of their type is bad for: a boolean, and the run that a data source waits for.
var takeAnything = regexp.MustCompile(`^(run_on_apply|deletion_protection|data|metadata|report|at_run)$`)

func TestPlan_HasACaseOfBadInputForEveryArgument(t *testing.T) {
	cases := badInputs()
	for _, missing := range withoutACase(t, func(object, argument string) bool {
		return takeAnything.MatchString(argument) || slices.ContainsFunc(cases, func(c badInput) bool {
			return c.object == object && slices.Contains(regexp.MustCompile(`\w+`).FindAllString(c.at, -1), argument)
		})
	}) {
		t.Errorf("%s: no case of bad input", missing)
	}
}

// All of them in one configuration: the CLI validates every object before it plans any.
func TestPlan_ShowsWhereBadInputIs(t *testing.T) {
	w := newWorld(t, 0)
	// What has a dot in its name here is of a kind that not every CLI has or validates.
	cases := slices.DeleteFunc(badInputs(), func(c badInput) bool { return strings.Contains(c.object, ".") })
	var config strings.Builder
	config.WriteString(w.provider())
	for i, c := range cases {
		label := fmt.Sprintf("c%03d", i)
		switch {
		case c.object == "provider":
			fmt.Fprintf(&config, "provider \"skypoint\" {\nalias = %q\n%s}\ndata \"skypoint_tables\" %q {\nprovider = skypoint.%s\n}\n", label, c.complete(), label, label)
		case slices.Contains([]string{connectorType, dataflowType, dataflowRunType}, c.object):
			fmt.Fprintf(&config, "resource %q %q {\n%s}\n", c.object, label, c.complete())
		default:
			fmt.Fprintf(&config, "data %q %q {\n%s}\n", c.object, label, c.complete())
		}
	}
	var output string
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		ErrorCheck:               func(err error) error { output = err.Error(); return nil },
		Steps:                    []resource.TestStep{{Config: config.String(), PlanOnly: true}},
	})
	blocks := strings.Split(output, "Error: ")
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			address := fmt.Sprintf(`with %s\.c%03d,`, regexp.QuoteMeta(c.object), i)
			switch {
			case c.object == "provider":
				address = fmt.Sprintf(`with provider\["[^"]+/skypointcloud/skypoint"\]\.c%03d,`, i)
			case !slices.Contains([]string{connectorType, dataflowType, dataflowRunType}, c.object):
				address = strings.Replace(address, "with ", `with data\.`, 1)
			}
			shown := `(?:resource|data) "` // an argument that is not there is shown at its resource, as older CLIs do with what is nested in one
			switch given := c.gives(c.root()) || required[c.object][c.root()] != ""; {
			case given && strings.Contains(c.at, "."):
				shown = `(?:(?:resource|data|provider) "|` + c.root() + ` = )`
			case given:
				shown = c.root() + " = "
			}
			where := regexp.MustCompile(address + ` on \S+ line \d+, in (?:resource|data|provider) (?:"[^"]+" ?)+: \d+: ` + shown)
			found := false
			var about []string
			for _, block := range blocks {
				if block = spaced(block); regexp.MustCompile(address).MatchString(block) {
					about = append(about, block)
					found = found || (where.MatchString(block) && strings.Contains(block, c.says))
				}
			}
			if !found {
				t.Errorf("no error at %q that says %q, but:\n%s", shown, c.says, strings.Join(about, "\n"))
			}
		})
	}
}

// located matches an error that a CLI shows at an argument of an object. White space is whatever it is.
func located(address, argument, words string) *regexp.Regexp {
	resource, _, _ := strings.Cut(address, ".")
	text := regexp.QuoteMeta("with "+address+", on ") + `\S+` + regexp.QuoteMeta(" line ") + `\d+` +
		regexp.QuoteMeta(`, in resource "`+resource+`" "`) + `\w+": \d+: ` + regexp.QuoteMeta(argument) + `\s*=[^\n]* ` + regexp.QuoteMeta(words)
	return regexp.MustCompile(strings.ReplaceAll(text, " ", `\s+`))
}

func TestPlan_RefusesNamesThatDifferOnlyInCase(t *testing.T) {
	another := func(object, name string) string {
		return fmt.Sprintf("resource %q \"another\" {\n%s}\n", object, badInput{object: object, arguments: "name = \"" + name + "\""}.complete())
	}
	w := newWorld(t, 1)
	w.run(
		resource.TestStep{ // of the two the one that is planned later is refused
			Config: w.connector() + another(connectorType, "aPP"), PlanOnly: true,
			ExpectError: said(`with skypoint_cognito_connector\.(app|another), .* name = .* the name differs only in case from "(App|aPP)", which this configuration has too\. Names are unique without regard to case: choose another one\.`),
		},
		resource.TestStep{
			Config: w.dataflow(allTables) + another(dataflowType, "CUSTOMERS"), PlanOnly: true,
			ExpectError: said(`with skypoint_dataflow\.(customers|another), .* name = .* the name differs only in case from "(Customers|CUSTOMERS)", which this configuration has too\. Names are unique without regard to case: choose another one\.`),
		},
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{ // the records stand, and the configuration has only the other spelling
			Config: w.provider() + another(connectorType, "aPP"), PlanOnly: true,
			ExpectError: located(connectorType+".another", "name", `check name: connector "aPP" differs only in case from the existing connector "App". Names are unique without regard to case: write it as it is, or choose another one.`),
		},
		resource.TestStep{
			Config: w.connector() + another(dataflowType, "CUSTOMERS"), PlanOnly: true,
			ExpectError: located(dataflowType+".another", "name", `check name: dataflow "CUSTOMERS" differs only in case from the existing dataflow "Customers". Names are unique without regard to case: write it as it is, or choose another one.`),
		},
		resource.TestStep{ // a dataflow can't change the case of its name either: its history bears the old one
			Config: strings.Replace(w.dataflow(allTables), `"Customers"`, `"customers"`, 1), PlanOnly: true,
			ExpectError: located(customers, "name", `check name: dataflow "customers" differs only in case from the existing dataflow "Customers". Names are unique without regard to case: write it as it is, or choose another one.`),
		},
		resource.TestStep{Config: w.dataflow(allTables), PlanOnly: true},
	)
}

func TestImport_RefusesAnIDThatIsNoName(t *testing.T) {
	w := newWorld(t, 1)
	steps := []resource.TestStep{{Config: w.dataflow(allTables)}}
	for _, id := range []string{"no id", "../Customers", "Customers/1"} {
		for _, address := range []string{customers, app} {
			steps = append(steps, resource.TestStep{
				ResourceName: address, ImportState: true, ImportStateId: id,
				ExpectError: said(`Invalid import id .*` + regexp.QuoteMeta(id) + `" is not a valid name: ` + regexp.QuoteMeta(sayName)),
			})
		}
	}
	for _, address := range []string{customers, app} { // what is not there, and what is there in another case
		steps = append(steps,
			resource.TestStep{ResourceName: address, ImportState: true, ImportStateId: "Nobody", ExpectError: said(`Cannot import non-existent remote object`)},
			resource.TestStep{ResourceName: address, ImportState: true, ImportStateId: map[string]string{customers: "customers", app: "app"}[address], ExpectError: said(`differs only in case from the existing (connector "App"|dataflow "Customers")`)},
		)
	}
	w.run(steps...)
}

// later is what an argument gets whose value is known only after apply.
type later struct {
	object   string
	argument string // HCL with LATER where the value stands
	value    string // HCL
}

func laterConnectors(w *world) []later {
	return []later{
		{argument: `name = LATER`, value: `"Later"`},
		{argument: `display_name = LATER`, value: `"Later"`},
		{argument: `description = LATER`, value: `null`},
		{argument: `user_pool_id = LATER`, value: `"` + testPoolID + `"`},
		{argument: `region = LATER`, value: `"us-east-1"`},
		{argument: `region = LATER`, value: `null`},
		{argument: `access_key_id = LATER`, value: `"` + testKeyID + `"`},
		{argument: `secret_access_key_wo = LATER`, value: `"` + testSecret + `"`},
		{argument: `secret_access_key_wo_version = LATER`, value: `7`},
		{argument: `profile = LATER`, value: `null`},
		{argument: `assume_role = LATER`, value: `null`},
		{argument: `endpoint = LATER`, value: `"` + w.endpoint + `"`},
		{argument: `max_requests_per_second = LATER`, value: `5000`},
		{argument: `max_requests_per_second = LATER`, value: `null`},
	}
}

func laterDataflows() []later {
	return []later{
		{argument: `name = LATER`, value: `"LaterFlow"`},
		{argument: `display_name = LATER`, value: `"Later"`},
		{argument: `description = LATER`, value: `null`},
		{argument: `connector_id = LATER`, value: `"App"`},
		{argument: `database = LATER`, value: `"later_database"`},
		{argument: `database = LATER`, value: `null`},
		{argument: `tables = LATER`, value: `{ users = {}, groups = { purpose = "Customer 360" } }`},
		{argument: `tables = { users = LATER }`, value: `{ purpose = "Customer 360" }`},
		{argument: `tables = { users = { purpose = LATER } }`, value: `"Privacy-Metadata"`},
		{argument: `tables = { users = { purpose = LATER } }`, value: `null`},
		{argument: `tables = { users = { data = LATER } }`, value: `false`},
		{argument: `tables = { users = { data = LATER, metadata = false } }`, value: `true`},
		{argument: `tables = { users = { purpose = LATER, metadata = false } }`, value: `"All"`},
		{argument: `tables = { users = { metadata = LATER } }`, value: `false`},
		{argument: `tables = { users = { table_name = LATER } }`, value: `"people"`},
		{argument: `tables = { users = { table_name = LATER }, groups = { table_name = "users" } }`, value: `"people"`},
		{argument: `tables = { users = { columns = LATER } }`, value: `{ email = { policy = "hash" }, sub = { policy = "load" } }`},
		{argument: `tables = { users = { columns = LATER } }`, value: `null`},
		{argument: `tables = { users = { columns = { email = LATER } } }`, value: `{ policy = "mask", keep_last = 2 }`},
		{argument: `tables = { users = { columns = { email = { policy = LATER } } } }`, value: `"drop"`},
		{argument: `tables = { users = { columns = { email = { policy = LATER } } } }`, value: `"hash"`},
		{argument: `tables = { users = { columns = { email = { policy = "mask", keep_last = LATER } } } }`, value: `4`},
		{argument: `tables = { users = { new_columns = LATER } }`, value: `"drop"`},
		{argument: "hash_key_wo = LATER\nhash_key_wo_version = 1", value: `"` + strings.Repeat("k", 32) + `"`},
		{argument: `hash_key_wo = "` + strings.Repeat("k", 32) + "\"\nhash_key_wo_version = LATER", value: `2`},
		{argument: `run_on_apply = LATER`, value: `true`},
		{argument: `run_on_apply = LATER`, value: `false`},
		{argument: "run_on_apply = false\nrefresh_triggers = LATER", value: `null`},
		{argument: "run_on_apply = false\nmax_age = LATER", value: `null`},
		{argument: `refresh_triggers = LATER`, value: `{ build = "1" }`},
		{argument: `refresh_triggers = { build = LATER }`, value: `"1"`},
		{argument: `max_age = LATER`, value: `"24h"`},
		{argument: `resume_within = LATER`, value: `"0s"`},
		{argument: `max_removed_percent = LATER`, value: `10`},
		{argument: `pinned_run = LATER`, value: `null`},
		{argument: `retain_runs = LATER`, value: `5`},
		{argument: `on_destroy = LATER`, value: `"delete"`},
		{argument: `deletion_protection = LATER`, value: `false`},
		{argument: `timeouts = { create = LATER }`, value: `"1h"`},
		{argument: `timeouts = { update = LATER, delete = LATER }`, value: `"1h"`},
		{argument: `timeouts = LATER`, value: `{ create = "1h", update = "2h" }`},
	}
}

func TestPlan_NeverFailsForAnUnknownValue(t *testing.T) {
	p := newProtocol(t)
	cases := laterDataflows()
	for i := range cases {
		cases[i].object = dataflowType
	}
	for _, c := range laterConnectors(&world{}) {
		c.object = connectorType
		cases = append(cases, c)
	}
	cases = append(cases,
		later{object: connectorType, argument: "access_key_id = LATER\nprofile = LATER\nassume_role = LATER"},
		later{object: connectorType, argument: "access_key_id = \"AKIAGOOD\"\nsecret_access_key_wo = LATER\nsecret_access_key_wo_version = LATER\nprofile = LATER"},
		later{object: connectorType, argument: `assume_role = { role_arn = LATER, external_id = LATER }`},
		later{object: "skypoint_connector_types", argument: "category = LATER\nsearch = LATER"},
		later{object: dataOf + connectorType, argument: "name = LATER"},
		later{object: dataOf + dataflowType, argument: "dataflow_id = LATER\nat_run = LATER"},
		later{object: "skypoint_cognito_user_pool", argument: "connector_id = LATER\nmax_requests_per_second = LATER\ntables = LATER"},
		later{object: "skypoint_cognito_user_pool", argument: "connector_id = LATER\nuser_pool_id = LATER\nprofile = LATER\nassume_role = LATER"},
		later{object: "skypoint_cognito_user_pool", argument: "user_pool_id = LATER\nregion = LATER\nendpoint = LATER\nassume_role = { role_arn = LATER, external_id = LATER }\ntables = [LATER, \"users\"]"},
		later{object: "skypoint_dataflows", argument: "name_regex = LATER\ntype = LATER\nstatus = LATER\nconnector_id = LATER\ngroup_by = LATER\nat_run = LATER"},
		later{object: listOf + dataflowType, argument: "name_regex = LATER\ntype = LATER\nstatus = LATER\nconnector_id = LATER"},
		later{object: listOf + connectorType, argument: "name_regex = LATER\nuser_pool_id = LATER"},
		later{object: "skypoint_tables", argument: "database = LATER\nat_run = LATER"},
		later{object: "skypoint_dataflow_runs", argument: "dataflow_id = LATER\nat_run = LATER\nlimit = LATER"},
		later{object: "skypoint_table", argument: "dataflow_id = LATER\nkey = LATER\nat_run = LATER"},
		later{object: "skypoint_table_rows", argument: "dataflow_id = LATER\nkey = LATER\nat_run = LATER\ncolumns = LATER\nequals = LATER\nlimit = LATER"},
		later{object: "skypoint_table_rows", argument: "columns = [LATER, LATER]\nequals = { sub = LATER }"},
		later{object: ephemeralOf + "skypoint_table_rows", argument: "dataflow_id = LATER\nkey = LATER\nat_run = LATER\ncolumns = LATER\nequals = LATER\nlimit = LATER"},
		later{object: ephemeralOf + "skypoint_table_rows", argument: "columns = [LATER, LATER]\nequals = { sub = LATER }"},
		later{object: dataflowRunType, argument: "dataflow_id = LATER\ntriggers = LATER\ntimeouts = LATER"},
		later{object: dataflowRunType, argument: "triggers = { build = LATER }\ntimeouts = { create = LATER }"},
		later{object: runAction, argument: "dataflow_id = LATER\ntimeout = LATER"},
		later{object: rollbackAction, argument: "dataflow_id = LATER\nto_run = LATER\ntimeout = LATER"},
		later{object: "provider", argument: "workspace = LATER\nwarehouse = LATER\nscratch = LATER\nsecrets_key = LATER\ncatalog = LATER\nreport = LATER"},
		later{object: "provider", argument: "catalog = { type = LATER, uri = LATER, properties = LATER }"},
		later{object: "provider", argument: "catalog = { type = \"sqlite\", properties = { \"s3.region\" = LATER } }"},
	)
	for _, missing := range withoutACase(t, func(object, argument string) bool {
		return slices.ContainsFunc(cases, func(c later) bool {
			return c.object == object && regexp.MustCompile(`\b`+argument+` = (?:LATER|[\[{][^}]*LATER)`).MatchString(c.argument)
		})
	}) {
		t.Errorf("%s: no case where its value is unknown", missing)
	}
	for _, c := range cases {
		t.Run(c.object+": "+c.argument, func(t *testing.T) {
			complete := badInput{object: c.object, arguments: c.argument}.complete()
			for _, d := range p.diagnose(t, c.object, complete, map[string]cty.Value{"LATER": cty.DynamicVal}) {
				t.Errorf("%s: %s: %s", hclPath(d.Attribute), d.Summary, d.Detail)
			}
		})
	}
}

// Each argument of its own in an object of its own, all fed by a resource that is made in the same apply.
func TestApply_TakesValuesThatWereUnknownAtPlan(t *testing.T) {
	w := newWorld(t, 3)
	signIn := map[string]string{
		"user_pool_id": `"` + testPoolID + `"`, "access_key_id": `"` + testKeyID + `"`, "secret_access_key_wo": `"` + testSecret + `"`,
		"secret_access_key_wo_version": "1", "endpoint": `"` + w.endpoint + `"`, "max_requests_per_second": "10000",
	}
	var values, objects strings.Builder
	add := func(object, label string, c later, others map[string]string) {
		arguments := strings.ReplaceAll(c.argument, "LATER", "terraform_data.later.output."+label)
		given := badInput{object: object, arguments: arguments}
		for _, name := range slices.Sorted(maps.Keys(others)) {
			if !given.gives(name) {
				arguments += "\n" + name + " = " + others[name]
			}
		}
		fmt.Fprintf(&values, "    %s = %s\n", label, c.value)
		fmt.Fprintf(&objects, "resource %q %q {\n%s\n}\n", object, label, arguments)
	}
	for i, c := range laterConnectors(w) {
		others := maps.Clone(signIn)
		others["name"] = fmt.Sprintf(`"Connector%d"`, i)
		add(connectorType, fmt.Sprintf("connector%d", i), c, others)
	}
	for i, c := range laterDataflows() {
		add(dataflowType, fmt.Sprintf("dataflow%d", i), c, map[string]string{
			"name": fmt.Sprintf(`"Dataflow%d"`, i), "connector_id": connectorType + ".app.id", "tables": "{ users = {} }",
		})
	}
	config := func(build string) string {
		return w.connector() + "resource \"terraform_data\" \"later\" {\n  input = {\n    build = " + build + "\n" + values.String() + "  }\n}\n" +
			strings.ReplaceAll(objects.String(), `connector_id = terraform_data`, "depends_on = ["+connectorType+".app]\nconnector_id = terraform_data")
	}
	w.run(
		resource.TestStep{Config: config("1")},
		resource.TestStep{Config: config("2")}, // unknown once more, for objects that are there, and then what they were
	)
}

func TestApply_RefusesWhatTurnsOutToBeBad(t *testing.T) {
	w := newWorld(t, 3)
	for _, c := range []struct{ argument, value, at, words string }{
		{`database = LATER`, `"Customers"`, "database", `"Customers" is not a valid database name: ` + sayIdentifier},
		{`resume_within = LATER`, `"soon"`, "resume_within", `"soon" ` + sayDuration},
		{`max_age = LATER`, `"soon"`, "max_age", `"soon" ` + sayDuration},
		{`tables = LATER`, `{}`, "tables", `Attribute tables map must contain at least 1 elements, got: 0`},
		{`tables = LATER`, `{ user = {} }`, "tables", `Attribute tables["user"]: there is no table "user": ` + sayKeys},
		{"run_on_apply = LATER\nmax_age = \"24h\"", `false`, "max_age", `max_age runs the dataflow on apply, and run_on_apply = false forbids that`},
	} {
		t.Run(c.argument+" "+c.value, func(t *testing.T) {
			config := func(value string) string {
				arguments := strings.ReplaceAll(c.argument, "LATER", "terraform_data.later.output.value")
				if !strings.Contains(arguments, "tables") {
					arguments += "\n" + allTables
				}
				return w.dataflow(arguments) + "resource \"terraform_data\" \"later\" {\n  input = { value = " + value + " }\n}\n"
			}
			w := *w
			w.t = t
			w.run(resource.TestStep{Config: config(c.value), ExpectError: located(customers, c.at, c.words)})
			if w.exists() {
				if runs, err := w.ledger().Runs(t.Context(), "Customers", 0, 10); err != nil || len(runs) > 0 {
					t.Errorf("the history has %d runs: %v", len(runs), err)
				}
			}
		})
	}
}

// protocol speaks to the provider as a CLI does, without one.
type protocol struct {
	server    tfprotov6.ProviderServer
	types     map[string]cty.Type
	workspace string // which has connector "App" and dataflow "Good"
}

func newProtocol(t *testing.T) protocol {
	t.Helper()
	p := protocol{server: providerserver.NewProtocol6(provider.New("test")())(), types: map[string]cty.Type{}, workspace: t.TempDir()}
	l, err := ledger.Open(t.Context(), ledger.Config{Workspace: p.workspace})
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(l.CreateConnector(t.Context(), dataflow.Connector{Type: cognito.TypeName, Name: "App"}, nil),
		l.PutDataflow(t.Context(), dataflow.Record{Version: 1, UID: "1", Phase: dataflow.PhaseCreated, Definition: dataflow.Definition{Name: "Good"}}))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := p.server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	p.types["provider"] = ctyType(t, schema.Provider.ValueType())
	for name, s := range schema.ListResourceSchemas {
		p.types[listOf+name] = ctyType(t, s.ValueType())
	}
	for _, schemas := range []map[string]*tfprotov6.Schema{schema.DataSourceSchemas, schema.ResourceSchemas} {
		for name, s := range schemas {
			p.types[name] = ctyType(t, s.ValueType())
		}
	}
	for name, s := range schema.EphemeralResourceSchemas {
		p.types[ephemeralOf+name] = ctyType(t, s.ValueType())
	}
	for name, s := range schema.ActionSchemas {
		p.types[actionOf+name] = ctyType(t, s.Schema.ValueType())
	}
	for name, s := range schema.DataSourceSchemas {
		p.types[dataOf+name] = ctyType(t, s.ValueType())
	}
	p.configure(t)
	return p
}

// configure begins a plan of its own: a provider remembers what one plan has given.
func (p protocol) configure(t *testing.T) {
	t.Helper()
	config := p.config(t, "provider", fmt.Sprintf("workspace = %q", p.workspace), nil)
	response, err := p.server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.11.0", Config: config})
	if err != nil || len(response.Diagnostics) > 0 {
		t.Fatal(err, response)
	}
}

// diagnose validates an object and, when it is a resource that is valid, plans its creation.
func (p protocol) diagnose(t *testing.T, object, arguments string, variables map[string]cty.Value) []*tfprotov6.Diagnostic {
	t.Helper()
	config := p.config(t, object, arguments, variables)
	if listed, ok := strings.CutPrefix(object, listOf); ok {
		response, err := p.server.(tfprotov6.ListResourceServer).ValidateListResourceConfig(t.Context(), &tfprotov6.ValidateListResourceConfigRequest{TypeName: listed, Config: config})
		if err != nil {
			t.Fatal(err)
		}
		return response.Diagnostics
	}
	if name, ok := strings.CutPrefix(object, ephemeralOf); ok {
		response, err := p.server.ValidateEphemeralResourceConfig(t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: name, Config: config})
		if err != nil {
			t.Fatal(err)
		}
		return response.Diagnostics
	}
	if name, ok := strings.CutPrefix(object, actionOf); ok {
		response, err := p.server.(tfprotov6.ActionServer).ValidateActionConfig(t.Context(), &tfprotov6.ValidateActionConfigRequest{ActionType: name, Config: config})
		if err != nil {
			t.Fatal(err)
		}
		return response.Diagnostics
	}
	switch object {
	case "provider":
		response, err := p.server.ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: config})
		if err != nil {
			t.Fatal(err)
		}
		return response.Diagnostics
	case connectorType, dataflowType, dataflowRunType:
		validated, err := p.server.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{
			TypeName: object, Config: config, ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(validated.Diagnostics) > 0 {
			return validated.Diagnostics
		}
		p.configure(t)
		planned, err := p.server.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
			TypeName: object, PriorState: dynamic(t, cty.NullVal(p.types[object]), p.types[object]), ProposedNewState: config, Config: config,
		})
		if err != nil {
			t.Fatal(err)
		}
		return planned.Diagnostics
	default:
		response, err := p.server.ValidateDataResourceConfig(t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: strings.TrimPrefix(object, dataOf), Config: config})
		if err != nil {
			t.Fatal(err)
		}
		return response.Diagnostics
	}
}

// config turns HCL into what a CLI would send.
func (p protocol) config(t *testing.T, object, arguments string, variables map[string]cty.Value) *tfprotov6.DynamicValue {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(arguments), object, hcl.InitialPos)
	attributes, more := file.Body.JustAttributes()
	if diags = append(diags, more...); diags.HasErrors() {
		t.Fatal(diags)
	}
	values := map[string]cty.Value{}
	for name, attribute := range attributes {
		value, diags := attribute.Expr.Value(&hcl.EvalContext{Variables: variables})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		values[name] = value
	}
	value, err := convert.Convert(cty.ObjectVal(values), lenient(p.types[object]))
	if err != nil {
		t.Fatal(err)
	}
	return dynamic(t, value, p.types[object])
}

// lenient lets every attribute be left out, at any depth: it is null then, as it is in a CLI.
func lenient(kind cty.Type) cty.Type {
	switch {
	case kind.IsObjectType():
		attributes := map[string]cty.Type{}
		for name, inner := range kind.AttributeTypes() {
			attributes[name] = lenient(inner)
		}
		return cty.ObjectWithOptionalAttrs(attributes, slices.Collect(maps.Keys(attributes)))
	case kind.IsMapType():
		return cty.Map(lenient(kind.ElementType()))
	case kind.IsListType():
		return cty.List(lenient(kind.ElementType()))
	default:
		return kind
	}
}

func dynamic(t *testing.T, value cty.Value, kind cty.Type) *tfprotov6.DynamicValue {
	t.Helper()
	encoded, err := msgpack.Marshal(value, kind)
	if err != nil {
		t.Fatal(err)
	}
	return &tfprotov6.DynamicValue{MsgPack: encoded}
}

func ctyType(t *testing.T, kind tftypes.Type) cty.Type {
	t.Helper()
	encoded, err := json.Marshal(kind)
	if err != nil {
		t.Fatal(err)
	}
	converted, err := ctyjson.UnmarshalType(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return converted
}

// hclPath writes a path as HCL does: tables["users"].purpose.
func hclPath(path *tftypes.AttributePath) string {
	if path == nil {
		return ""
	}
	var text strings.Builder
	for _, step := range path.Steps() {
		switch s := step.(type) {
		case tftypes.AttributeName:
			if text.Len() > 0 {
				text.WriteString(".")
			}
			text.WriteString(string(s))
		case tftypes.ElementKeyString:
			fmt.Fprintf(&text, "[%q]", string(s))
		case tftypes.ElementKeyInt:
			fmt.Fprintf(&text, "[%d]", int64(s))
		}
	}
	return text.String()
}
