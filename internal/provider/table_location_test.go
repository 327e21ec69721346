package provider_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// A reader that opens metadata files finds the table at each kept run as it was, for as long as the file is there.
func TestTable_SaysWhereItsMetadataWasAfterEachRun(t *testing.T) {
	w := newWorld(t, 10)
	_ = w.folder() // the files are there
	config := func(build int) string {
		return w.dataflow(fmt.Sprintf("tables = { users = {} }\nrefresh_triggers = { build = \"%d\" }", build)) + `
data "skypoint_table" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  at_run      = skypoint_dataflow.customers.current_run
  key         = "users"
}
`
	}
	isAsItWas := func(s *terraform.State) error {
		table := s.RootModule().Resources["data.skypoint_table.users"].Primary.Attributes
		if table["snapshots.#"] != "3" || table["snapshots.0.metadata_location"] != table["metadata_location"] {
			return fmt.Errorf("%s snapshots, the newest at %s and the table at %s", table["snapshots.#"], table["snapshots.0.metadata_location"], table["metadata_location"])
		}
		for i := range 3 {
			snapshot := fmt.Sprintf("snapshots.%d.", i)
			text, err := os.ReadFile(strings.TrimPrefix(table[snapshot+"metadata_location"], "file://"))
			if err != nil {
				return err
			}
			var metadata struct {
				Current json.Number `json:"current-snapshot-id"`
			}
			if err := json.Unmarshal(text, &metadata); err != nil {
				return err
			}
			if metadata.Current.String() != table[snapshot+"snapshot_id"] {
				return fmt.Errorf("after run %s the table was at snapshot %s, and the file says %s", table[snapshot+"run"], table[snapshot+"snapshot_id"], metadata.Current)
			}
		}
		return nil
	}
	w.run(
		resource.TestStep{Config: config(1)},
		resource.TestStep{PreConfig: w.evolve(1, 1, 1), Config: config(2)},
		resource.TestStep{PreConfig: w.evolve(1, 1, 1), Config: config(3), Check: isAsItWas},
	)
}
