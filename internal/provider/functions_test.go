package provider_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
)

const policyARN = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEf123"

// output is a configuration that shows what an expression gives.
func output(expression string) string {
	return "terraform {\n  required_providers {\n    skypoint = { source = \"registry.terraform.io/skypointcloud/skypoint\" }\n  }\n}\noutput \"it\" {\n  value = " + expression + "\n}\n"
}

func TestDataflowName_MakesAValidNameOfAnyText(t *testing.T) {
	w := newWorld(t, 0)
	w.run(
		resource.TestStep{
			Config:            output(`[for text in ["EU Customers, 2024", "2024", "Köln"] : provider::skypoint::dataflow_name(text)]`),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("it", tuple("EUCustomers2024", "D2024", "Koln"))},
		},
		resource.TestStep{Config: output(`provider::skypoint::dataflow_name(" -")`), ExpectError: said(`"text" parameter: no name can be made of a text without a letter or a digit`)},
		resource.TestStep{Config: output(`provider::skypoint::dataflow_name(null)`), ExpectError: said(`argument must not be null`)},
	)
}

func tuple(texts ...string) knownvalue.Check {
	var checks []knownvalue.Check
	for _, text := range texts {
		checks = append(checks, knownvalue.StringExact(text))
	}
	return knownvalue.TupleExact(checks)
}

func TestCognitoPolicy_IsRefusedAtTheArgumentThatIsWrong(t *testing.T) {
	w := newWorld(t, 0)
	policy := func(arn, tables string) string {
		return output(fmt.Sprintf("provider::skypoint::cognito_policy(%s, %s)", arn, tables))
	}
	good := fmt.Sprintf("%q", policyARN)
	want, err := cognito.Policy(policyARN, []string{"users", "groups"})
	w.must(err)
	w.run(
		resource.TestStep{
			Config:            policy(good, `keys({ users = {}, groups = {} })`),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("it", knownvalue.StringExact(want))},
		},
		resource.TestStep{Config: policy(`"us-east-1_AbCdEf123"`, `["users"]`), ExpectError: said(`"user_pool_arn" parameter: .*is not the ARN of a user pool`)},
		resource.TestStep{Config: policy(good, `["users", "people"]`), ExpectError: said(`"tables" parameter: .*no table "people"; the tables are users, groups,`)},
		resource.TestStep{Config: policy(good, `["users", null]`), ExpectError: said(`"tables" parameter: .*no table <null>`)},
		resource.TestStep{Config: policy(good, `[]`), ExpectError: said(`"tables" parameter: there is no table to import`)},
	)
}

// What the policy of a table allows is what an import of it alone asks for, and the policy of all tables what an import of all does: the test
// Cognito counts what it is asked.
func TestCognitoPolicy_AllowsExactlyWhatAnImportCalls(t *testing.T) {
	w := furnishedWorld(t)
	c := newCore(t, w, "tables = { users = {} }")
	c.succeeds("the first apply", c.apply(), connectorType, dataflowType)
	imports := map[string][]string{"all": tableKeys()}
	for _, key := range tableKeys() {
		imports[key] = []string{key}
	}
	for name, keys := range imports {
		tables := ""
		for _, key := range keys {
			tables += key + " = {}\n"
		}
		before := w.server.Stats().Calls
		c.declare("tables = {\n" + tables + "}\nrefresh_triggers = { import = \"" + name + "\" }\nmax_removed_percent = 100")
		if r := c.apply(); len(r.errors) > 0 {
			t.Fatalf("import %s: %s", name, r.errors)
		}
		called := []string{"cognito-idp:DescribeUserPool"} // by the connector's check
		for operation, n := range w.server.Stats().Calls {
			if n > before[operation] && operation != "jwks.json" {
				called = append(called, "cognito-idp:"+operation)
			}
		}
		slices.Sort(called)
		if diff := cmp.Diff(slices.Compact(called), allowed(t, keys)); diff != "" {
			t.Errorf("%s: (-called +allowed):\n%s", name, diff)
		}
	}
}

// allowed gives the actions that a policy allows, each on the resource that AWS looks at.
func allowed(t *testing.T, tables []string) []string {
	t.Helper()
	text, err := cognito.Policy(policyARN, tables)
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Statement []struct {
			Action   []string
			Resource string
		}
	}
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, s := range policy.Statement {
		for _, action := range s.Action {
			if want := map[bool]string{true: "*", false: policyARN}[action == "cognito-idp:DescribeUserPoolDomain"]; s.Resource != want {
				t.Errorf("%s is allowed on %s, want %s", action, s.Resource, want)
			}
		}
		actions = append(actions, s.Action...)
	}
	slices.Sort(actions)
	return actions
}

func tableKeys() []string {
	var keys []string
	for _, table := range (cognito.Type{}).Tables() {
		keys = append(keys, table.Key)
	}
	return keys
}
