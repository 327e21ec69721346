package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

// TestSecondConnectorType_IsImportedListedAndPlannedAsTheFirstIs shows that a connector type is a package, a file with its resource, and a line in the
// registry: internal/foldertest, folder_connector_test.go, and the variant "with folders".
func TestSecondConnectorType_IsImportedListedAndPlannedAsTheFirstIs(t *testing.T) {
	needsCLI(t)
	w := newWorld(t, 1)
	folder, other := t.TempDir(), t.TempDir()
	people := func(folder, text string) {
		w.must(os.WriteFile(filepath.Join(folder, "people.csv"), []byte(text), 0o600))
	}
	people(folder, "id,name\na,Ann\nb,Ben\n")
	people(other, "id,name\na,Ann\nb,Bo\nc,Cy\n")
	config := func(folder, table string) string {
		return w.provider() + fmt.Sprintf(`
resource "skypoint_folder_connector" "lists" {
  name = "Lists"
  path = %q
}

resource "skypoint_dataflow" "lists" {
  name         = "Lists"
  connector_id = skypoint_folder_connector.lists.id
  tables       = { %s = {} }
}

data "skypoint_connector_types" "files" {
  category = "files"
}

data "skypoint_table_rows" "people" {
  dataflow_id = skypoint_dataflow.lists.id
  at_run      = skypoint_dataflow.lists.current_run
  key         = "people"
}
`, folder, table)
	}
	const lists = "skypoint_dataflow.lists"
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"skypoint": providerserver.NewProtocol6WithError(provider.Variants["with folders"]()),
		},
		Steps: []resource.TestStep{
			{
				Config: config(folder, "orders"),
				ExpectError: fails(`there is no table "orders": the tables of a user pool are users, groups, group_memberships, user_pool, user_attributes, app_clients, identity_providers, ` +
					`resource_servers, domains, signing_keys, import_jobs, devices, auth_events; the tables of a folder are people, visits.`),
			},
			{
				Config: config(folder, "people"),
				Check: resource.ComposeTestCheckFunc(
					resource.TestCheckResourceAttr(lists, "type", "Folder"),
					resource.TestCheckResourceAttr(lists, "table_details.people.file_name", "people.csv"),
					resource.TestCheckResourceAttr(lists, "table_details.people.total_records", "2"),
					resource.TestCheckResourceAttr("data.skypoint_table_rows.people", "rows.1.name", "Ben"),
					resource.TestCheckResourceAttr("data.skypoint_connector_types.files", "types.#", "1"),
					resource.TestCheckResourceAttr("data.skypoint_connector_types.files", "types.0.resource", "skypoint_folder_connector"),
				),
			},
			{ // the connector leads elsewhere: the dataflow is due for a run, and the one after that changes nothing
				Config:             config(other, "people"),
				Check:              resource.TestCheckResourceAttr("skypoint_folder_connector.lists", "path", other),
				ExpectNonEmptyPlan: true,
			},
			{
				Config: config(other, "people"),
				Check:  resource.TestCheckResourceAttr(lists, "table_details.people.total_records", "3"),
			},
			{
				Config:      config(other, "users"),
				ExpectError: fails(`Connector "Lists": there is no table "users": the tables of a folder are people, visits.`),
			},
		},
	})
}
