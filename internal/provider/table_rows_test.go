package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/echoprovider"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/zclconf/go-cty/cty/msgpack"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

const ephemeralRows = ephemeralOf + "skypoint_table_rows"

// rowsOf reads rows of a table of dataflow Customers through the data source or the ephemeral resource: each as its value of the column.
// An error is "at: detail".
func (c *core) rowsOf(object, arguments, column string) (values []string, failed string) {
	c.t.Helper()
	config := c.wire.config(c.t, object, "dataflow_id = \"Customers\"\n"+arguments, nil)
	var result *tfprotov6.DynamicValue
	var diagnostics []*tfprotov6.Diagnostic
	if name, ok := strings.CutPrefix(object, ephemeralOf); ok {
		response, err := c.wire.server.OpenEphemeralResource(c.t.Context(), &tfprotov6.OpenEphemeralResourceRequest{TypeName: name, Config: config})
		c.must(err)
		result, diagnostics = response.Result, response.Diagnostics
	} else {
		response, err := c.wire.server.ReadDataSource(c.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: object, Config: config})
		c.must(err)
		result, diagnostics = response.State, response.Diagnostics
	}
	for _, d := range diagnostics {
		return nil, hclPath(d.Attribute) + ": " + d.Detail
	}
	value, err := msgpack.Unmarshal(result.MsgPack, c.wire.types[object])
	c.must(err)
	for _, row := range value.GetAttr("rows").AsValueSlice() {
		values = append(values, row.AsValueMap()[column].AsString())
	}
	slices.Sort(values)
	return values, ""
}

func TestTableRows_GivesTheSameAsDataSourceAndAsEphemeralResource(t *testing.T) {
	w := newWorld(t, 20)
	c := newCore(t, w, allTables)
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	const columns = "the table has no column \"shoe_size\": it has sub, username, "
	for _, object := range []string{"skypoint_table_rows", ephemeralRows} {
		c.begin()
		for _, tc := range []struct {
			arguments string
			rows      int
			says      string
		}{
			{`key = "users"`, 20, ""},
			{"key = \"users\"\nlimit = 7", 7, ""},
			{"key = \"groups\"\nequals = { group_name = \"nobody\" }", 0, ""},
			{"key = \"users\"\ncolumns = [\"sub\", \"shoe_size\"]", 0, "columns[1]: table customers.users: read rows: " + columns},
			{"key = \"users\"\nequals = { shoe_size = \"44\" }", 0, "equals[\"shoe_size\"]: table customers.users: read rows: " + columns},
			{"key = \"users\"\nequals = { enabled = \"hunter2\" }", 0, "equals[\"enabled\"]: table customers.users: read rows: the value for the column \"enabled\" is no boolean."},
			{"key = \"users\"\nequals = { created_at = \"hunter2\" }", 0, "equals[\"created_at\"]: table customers.users: read rows: the value for the column \"created_at\" is no timestamptz."},
			{"key = \"users\"\nequals = { other_attributes = \"{}\" }", 0, "equals[\"other_attributes\"]: table customers.users: read rows: rows can't be chosen by the column \"other_attributes\": it is a map<string,string>."},
			{"key = \"users\"\nat_run = 9", 0, "at_run: table customers.users: read rows: run 9 is not kept."},
			{"key = \"devices\"", 0, "key: Dataflow \"Customers\" does not import table \"devices\": its tables are "},
		} {
			column := "sub"
			if strings.Contains(tc.arguments, `"groups"`) {
				column = "group_name"
			}
			rows, failed := c.rowsOf(object, tc.arguments, column)
			if len(rows) != tc.rows || (tc.says == "") != (failed == "") || !strings.HasPrefix(failed, tc.says) {
				t.Errorf("%s %q: %d rows, error %q; want %d, %q", object, tc.arguments, len(rows), failed, tc.rows, tc.says)
			}
		}
	}
}

func TestTableRowsEphemeral_ReachesAProviderAndNoState(t *testing.T) {
	w := newWorld(t, 20)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"skypoint": providerserver.NewProtocol6WithError(provider.New("test")()), "echo": echoprovider.NewProviderServer(),
		},
		Steps: []resource.TestStep{{
			Config: w.dataflow(allTables) + `
ephemeral "skypoint_table_rows" "groups" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "groups"
  at_run      = skypoint_dataflow.customers.current_run
  columns     = ["group_name"]
}
provider "echo" {
  data = length(ephemeral.skypoint_table_rows.groups.rows)
}
resource "echo" "rows" {}
`,
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue("echo.rows", at("data"), knownvalue.Int64Exact(3))},
		}},
	})
}
