package engine_test

import (
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// elsewhere gives the same records and the same source with another catalog, as a provider has them whose catalog was changed.
func (w *world) elsewhere() *world {
	there := &world{
		t: w.t, catalog: enginetest.NewCatalog(), records: w.records, source: w.source, checkpoints: w.checkpoints, lives: map[string]dataflow.Liveness{"victim": dataflow.LivenessDead},
	}
	there.catalog.Name = "there"
	return there
}

const sayElsewhere = "its tables are in catalog here, and the provider is configured with catalog there, which has none of them"

func wantElsewhere(t *testing.T, what string, err error) {
	t.Helper()
	if !dataflow.IsCode(err, dataflow.CodeCatalog) || !strings.Contains(err.Error(), sayElsewhere) {
		t.Errorf("%s: %v", what, err)
	}
}

func TestAnotherCatalog_IsRefusedAndHarmsNothing(t *testing.T) {
	w := newWorld(t)
	w.catalog.Name = "here"
	p := w.process("p1")
	order := p.declare(definition("users", "groups"))
	p.completes(order)
	there := w.elsewhere()
	other := there.process("p2")

	_, drift, err := other.Drift(t.Context(), p.state())
	wantElsewhere(t, "drift", err)
	want(t, "drift", 0, len(drift))
	_, err = other.Import(t.Context(), order)
	wantElsewhere(t, "an import", err)
	_, err = other.Remove(t.Context(), order)
	wantElsewhere(t, "a removal", err)
	_, err = other.Rollback(t.Context(), engine.Order{UID: order.UID, Definition: order.Definition, Trigger: dataflow.TriggerPin, Target: new(int64(1))})
	wantElsewhere(t, "a rollback", err)
	want(t, "tables there", 0, len(there.catalog.Tables("customers")))
	want(t, "current run", int64(1), *p.state().Standing.CurrentRun)
	w.holds(usersID, "users")
	want(t, "changes", dataflow.ChangeKeep, p.completes(order).Tables[0].Change)
}

func TestAnotherCatalog_DoesNotCarryOutWhatWasDecidedInTheFirst(t *testing.T) {
	w := newWorld(t)
	w.catalog.Name = "here"
	order := w.process("setup").declare(definition("users"))
	if _, err := w.process("victim", enginetest.FailOnce("publish", enginetest.Writing, enginetest.ErrKilled)).Import(t.Context(), order); err == nil {
		t.Fatal("the run was not stopped")
	}
	_, err := w.elsewhere().process("p2").Import(t.Context(), order)
	wantElsewhere(t, "a recovery", err)
	want(t, "history", "1 Processing", w.history())
	w.looks("victim", dataflow.LivenessDead)
	w.process("p3").completes(order)
	want(t, "history", "1 Completed, 2 Completed", w.history())
	w.holds(usersID, "users")
}

func TestAnotherNameOfTheSameCatalog_IsNoOther(t *testing.T) {
	w := newWorld(t)
	w.catalog.Name = "here"
	p := w.process("p1")
	order := p.declare(definition("users"))
	p.completes(order)
	w.catalog.Name = "here under another host name"
	want(t, "changes", dataflow.ChangeKeep, w.process("p2").completes(order).Tables[0].Change)
	want(t, "catalog", w.catalog.Name, p.state().Standing.Catalog)
}
