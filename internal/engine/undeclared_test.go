package engine_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// undeclared orders a run of dataflow Customers by somebody who knows its name alone.
func undeclared() engine.Order {
	return engine.Order{Definition: dataflow.Definition{Name: "Customers"}, Trigger: dataflow.TriggerAction}
}

func TestImport_ThatDeclaresNothingTakesTheDefinitionThatTheRecordHasWhenItsTurnComes(t *testing.T) {
	w, p, order := imported(t, "users")
	wider := order
	wider.Definition, wider.Trigger = definition("users", "groups"), dataflow.TriggerDefinition
	waits := make(chan error)
	w.source.Before(func(ctx context.Context, at enginetest.Point) error {
		if at.Call == "Scan" && w.source.Open() == 1 { // run 2 is under way: whoever comes now waits for it
			w.source.Before(nil)
			other := w.process("second")
			go func() {
				_, err := other.Import(context.WithoutCancel(ctx), undeclared())
				waits <- err
			}()
		}
		return nil
	})
	p.completes(wider)
	if err := <-waits; err != nil {
		t.Fatal(err)
	}
	run := p.run(3)
	want(t, "tables", 2, len(run.Tables))
	want(t, "uid", order.UID, run.UID)
	want(t, "trigger", dataflow.TriggerAction, run.Trigger)
	if diff := cmp.Diff(wider.Definition, w.record().Definition); diff != "" {
		t.Errorf("the record's definition (-want +got):\n%s", diff)
	}
}

func TestImport_ThatDeclaresNothingLeavesADefinitionThatSomebodyGivesMeanwhile(t *testing.T) {
	w, p, order := imported(t, "users")
	later := definition("users", "groups")
	w.source.Before(func(ctx context.Context, at enginetest.Point) error {
		if at.Call != "Scan" {
			return nil
		}
		return w.process("second").Define(ctx, order.UID, later)
	})
	run := p.completes(undeclared())
	want(t, "tables", 1, len(run.Tables))
	if diff := cmp.Diff(later, w.record().Definition); diff != "" {
		t.Errorf("the record's definition (-want +got):\n%s", diff)
	}
	state, err := p.State(t.Context(), "Customers")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "pending", true, state.Pending())
}

func TestRun_ThatDeclaresNothingIsRefusedWhileTheDataflowIsPinned(t *testing.T) {
	w, p, order, _ := twoImports(t)
	pinned := order.Definition
	pinned.PinnedRun = new(int64)
	*pinned.PinnedRun = 2
	if err := p.Define(t.Context(), order.UID, pinned); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		run  func(context.Context, engine.Order) (dataflow.Run, error)
		says string
	}{
		{p.Import, `start a run of dataflow "Customers": pinned_run holds it at run 2. Remove pinned_run to allow the import.`},
		{p.Rollback, `start a run of dataflow "Customers": pinned_run holds it at run 2. Remove pinned_run to allow the rollback.`},
	} {
		_, err := tc.run(t.Context(), undeclared())
		want(t, "code", dataflow.CodePinned, dataflow.CodeOf(err))
		want(t, "error", tc.says, err.Error())
	}
	want(t, "history", "1 Completed, 2 Completed", w.history())
}

func TestRun_BearsTheTriggersThatItWasOrderedWith(t *testing.T) {
	_, p, _ := imported(t, "users")
	for _, triggers := range []dataflow.Triggers{nil, {}, {"build": "7"}} {
		order := undeclared()
		order.Trigger, order.Triggers = dataflow.TriggerResource, triggers
		want(t, "triggers", triggers, p.completes(order).Triggers)
	}
}
