package provider_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

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
