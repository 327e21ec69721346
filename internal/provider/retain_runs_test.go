package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

func TestRetainRuns_KeepsTheNewestRunsReadable(t *testing.T) {
	w := newWorld(t, 20)
	build := func(n int) string {
		return w.dataflow(allTables + fmt.Sprintf("\n  retain_runs = 2\n  refresh_triggers = { build = \"%d\" }", n))
	}
	rows := func(run int) string {
		return fmt.Sprintf(`
data "skypoint_table_rows" "old" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
  columns     = ["sub"]
  at_run      = %d
}`, run)
	}
	w.run(
		resource.TestStep{Config: build(1)},
		resource.TestStep{PreConfig: w.evolve(1, 1, 0), Config: build(2)},
		resource.TestStep{PreConfig: w.evolve(1, 1, 0), Config: build(3)},
		resource.TestStep{
			Config: build(3) + rows(2),
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr("data.skypoint_table_rows.old", "rows.#", "21"),
				func(*terraform.State) error { w.equalKept(2, 3); return nil },
			),
		},
		resource.TestStep{Config: build(3) + rows(1), ExpectError: said(`run 1 is not kept`)},
		resource.TestStep{Config: w.pinned("3", 1), PlanOnly: true, ExpectError: said(`The runs that are kept: 2, 3\.`)},
	)
}
