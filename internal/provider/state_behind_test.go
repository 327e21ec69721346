package provider_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// A CLI that is killed, or interrupted twice, does not write its state, and the provider has gone on without it.
func TestStateLost_IsMadeAnewWhereItWasAndImportedElsewhere(t *testing.T) {
	w := newWorld(t, 10)
	r := w.newRootOf(t)
	rows := w.users()
	w.must(os.Remove(filepath.Join(r.dir, "terraform.tfstate")))
	r.succeed("apply", "-auto-approve")
	r.succeed("plan", "-detailed-exitcode")
	w.equalRows(rows, w.users())

	other := newRoot(t, w.module(1))
	delete(other.env, "TF_LOG")
	other.refuses(`connector "App": create: `+w.workspace+`/connectors/app.json: create: it exists already. To manage it from here: terraform import skypoint_cognito_connector.ADDRESS App`, []string{"apply", "-auto-approve"})
	other.succeed("import", app, "App")
	other.refuses(`dataflow "Customers": create: a dataflow of this name exists in the workspace and has tables at run 2. `+
		`To manage it from here: terraform import skypoint_dataflow.ADDRESS Customers`, []string{"apply", "-auto-approve"})
	other.succeed("import", customers, "Customers")
	other.succeed("plan", "-detailed-exitcode")
	w.equalRows(rows, w.users())
	w.history("Customers",
		line{2, "Completed", "create", "Imported 2 tables: groups 3 rows (unchanged); users 10 rows (unchanged)."},
		line{1, "Completed", "create", "Imported 2 tables: groups 3 rows (3 added); users 10 rows (10 added)."})
}

func TestStateBehind_IsRefreshedAndRunsNothingTwice(t *testing.T) {
	w := newWorld(t, 10)
	c := newCore(t, w, build(1))
	c.succeeds("the first apply", c.apply(), connectorType, dataflowType)
	before := maps.Clone(c.objects)
	w.evolve(0, 1, 0)()
	c.declare(build(2))
	c.succeeds("the second apply", c.apply(), dataflowType)

	c.objects = before // what it came to was not written
	c.succeeds("plan", c.plan())
	c.succeeds("apply", c.apply())
	if run := c.attribute("current_run"); run != "2" {
		t.Errorf("run %s, want 2", run)
	}
	w.countUsers(11)

	before = maps.Clone(c.objects)
	c.succeeds("destroy", c.destroy())
	c.objects = before
	c.succeeds("destroy again", c.destroy())
	w.equalTables()
	runs, err := w.ledger().Runs(t.Context(), "Customers", 0, 0)
	w.must(err)
	if len(runs) != 3 || runs[0].Kind != dataflow.KindRemoval {
		t.Errorf("the history has %d runs, the newest a %s", len(runs), runs[0].Kind)
	}
}

func TestStateWithoutACreateThatWasUnderWay_TakesItOver(t *testing.T) {
	for _, decided := range []bool{false, true} {
		t.Run(fmt.Sprintf("decided %v", decided), func(t *testing.T) {
			w := newWorld(t, 10)
			c := newCore(t, w, build(1))
			config := c.config
			c.config = config[:1]
			c.succeeds("the connector", c.apply(), connectorType)
			c.config = config
			w.record(dataflow.PhaseCreating)
			w.killedRun(decided)
			c.succeeds("apply", c.apply(), dataflowType)
			w.countUsers(10)
			c.succeeds("the plan after it", c.plan())
			runs, err := w.ledger().Runs(t.Context(), "Customers", 0, 0)
			w.must(err)
			if len(runs) != 2 || runs[0].Status != dataflow.StatusCompleted || runs[1].EndedAt == nil {
				t.Errorf("history: %+v", runs)
			}
		})
	}
}
