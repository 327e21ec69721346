package engine_test

import (
	"context"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

func TestRemove_DropsWhatTheDataflowOwnsAndKeepsItsHistory(t *testing.T) {
	w, p, order := imported(t, "users", "groups")
	order.Definition = definition("users")
	p.completes(order) // groups is hidden now
	order.Trigger = dataflow.TriggerDestroy
	run, err := p.Remove(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "kind", dataflow.KindRemoval, run.Kind)
	want(t, "description", "Removed 2 tables: groups dropped; users dropped.", run.Description)
	want(t, "standing", dataflow.Standing{}, run.Standing)
	want(t, "tables", nil, w.catalog.Tables("customers"))
	want(t, "data files", nil, w.catalog.Files(""))
	if _, ok := w.catalog.Namespace("customers"); ok {
		t.Error("the database that the dataflow made is still there")
	}
	want(t, "phase", dataflow.PhaseRemoved, w.record().Phase)
	want(t, "history", "1 Completed, 2 Completed, 3 Completed", w.history())
}

func TestRemove_FindsHiddenTablesInADatabaseThatTheDefinitionHasLeft(t *testing.T) {
	w, p, order := imported(t, "users")
	moved := definition("users")
	moved.Database = "people"
	order.Definition = moved
	p.completes(order)
	p.completes(order) // the standing does not name the hidden table any more
	run, err := p.Remove(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "description", "Removed 2 tables: users dropped; users dropped.", run.Description)
	want(t, "tables of the old database", nil, w.catalog.Tables("customers"))
	want(t, "tables of the new database", nil, w.catalog.Tables("people"))
	want(t, "data files", nil, w.catalog.Files(""))
}

func TestRemove_DropsTheEmptyTablesOfARunThatFailed(t *testing.T) {
	w, p, order := imported(t, "users")
	failing := order
	failing.Definition = definition("users")
	failing.Definition.Database = "people"
	w.source.Before(func(_ context.Context, at enginetest.Point) error {
		if at.Call == "Scan" {
			return context.DeadlineExceeded
		}
		return nil
	})
	if _, err := p.Import(t.Context(), failing); err == nil {
		t.Fatal("the scan failed and the run did not")
	}
	want(t, "tables that the failed run made", 1, len(w.catalog.Tables("people")))
	run, err := p.Remove(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "description", "Removed 2 tables: users dropped; users dropped.", run.Description)
	want(t, "tables", nil, w.catalog.Tables("people"))
}

func TestRemove_LeavesTheTablesOfOthersAlone(t *testing.T) {
	w := newWorld(t)
	if err := w.catalog.CreateNamespace("customers", nil); err != nil {
		t.Fatal(err)
	}
	other := definition("groups")
	other.Name = "Other"
	o := w.process("other")
	o.completes(o.declare(other))
	p := w.process("first")
	order := p.declare(definition("users"))
	p.completes(order)

	run, err := p.Remove(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "description", "Removed 1 table: users dropped.", run.Description)
	want(t, "tables", []dataflow.TableID{groupsID}, w.catalog.Tables("customers"))
	w.holds(groupsID, "groups")
	if _, ok := w.catalog.Namespace("customers"); !ok {
		t.Error("a database that the dataflow did not make was dropped")
	}
}

func TestRemove_OfADataflowWithoutATableCompletes(t *testing.T) {
	w := newWorld(t)
	p := w.process("first")
	order := p.declare(definition("users"))
	run, err := p.Remove(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "description", "Removed no table.", run.Description)
	want(t, "phase", dataflow.PhaseRemoved, w.record().Phase)
}

func TestRemove_AFailedOneLeavesTheTablesAndTheDataflowAsTheyWere(t *testing.T) {
	w, _, order := imported(t, "users", "groups")
	order.Definition = definition("users")
	first := w.process("second")
	first.completes(order)
	tickets := 0
	p := w.process("third", func(_ context.Context, step enginetest.Step) error {
		if step.Op == "ticket" && step.When == enginetest.Writing {
			if tickets++; tickets == 2 {
				return context.DeadlineExceeded
			}
		}
		return nil
	})
	_, err := p.Remove(t.Context(), order)
	failed(t, err, "table users: drop: context deadline exceeded. Nothing was published; the tables are at run 2.")
	want(t, "refs", "main run_1 run_2", w.refs(usersID))
	want(t, "refs of the hidden table", "run_1", w.refs(groupsID))
	want(t, "phase", dataflow.PhaseCreated, w.record().Phase)
	state, err := p.State(t.Context(), "Customers")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "status of the dataflow", dataflow.StatusCompleted, state.Status())
	want(t, "status of its last run", dataflow.StatusFailed, state.LastRun.Status)
}

func TestRemove_NumberingGoesOnWhenTheDataflowIsMadeAgain(t *testing.T) {
	w, p, order := imported(t, "users")
	if _, err := p.Remove(t.Context(), order); err != nil {
		t.Fatal(err)
	}
	again := p.declare(definition("users"))
	if again.UID == order.UID {
		t.Error("the new dataflow has the uid of the old one")
	}
	run := p.completes(again)
	want(t, "run", 3, run.Run)
	want(t, "description", "Imported 1 table: users 3 rows (3 added).", run.Description)
	want(t, "refs", "main run_3", w.refs(usersID))
	want(t, "history", "1 Completed, 2 Completed, 3 Completed", w.history())
}

// Forget is on_destroy = "retain": a dataflow that is made again finds its tables and goes on with them.
func TestForget_LeavesTheTablesToADataflowThatIsMadeAgain(t *testing.T) {
	w, p, order := imported(t, "users", "groups")
	if err := p.Forget(t.Context(), order.UID, "Customers"); err != nil {
		t.Fatal(err)
	}
	want(t, "phase", dataflow.PhaseRemoved, w.record().Phase)
	w.holds(usersID, "users")
	want(t, "history", "1 Completed", w.history())

	run := p.completes(p.declare(definition("users")))
	want(t, "description", "Imported 1 table: users 3 rows (unchanged). Taken out: customers.groups hidden.", run.Description)
	want(t, "code of the old order", dataflow.CodeForeign, codeOf(p.Remove(t.Context(), order)))
	w.holds(usersID, "users")
}

func codeOf(_ dataflow.Run, err error) dataflow.Code { return dataflow.CodeOf(err) }

// A run that was started for one dataflow and brought to its end by another process after a later Create took the name over.
func TestRecord_OfALaterCreateIsNotTouchedByTheFinishOfAnOlderRun(t *testing.T) {
	w := newWorld(t)
	first := w.process("first")
	order := first.declare(definition("users", "groups"))
	w.killed(order, killedAt("publish", enginetest.Written)) // decided, half published, not recorded

	second := w.process("second")
	again := second.declare(definition("users")) // nobody works on the first one any more
	taken := w.record()
	want(t, "phase", dataflow.PhaseCreating, taken.Phase)
	var record dataflow.Record
	w.source.Before(func(ctx context.Context, at enginetest.Point) (err error) {
		if at.Call == "Open" {
			record, err = w.ledger().Dataflow(ctx, "Customers")
		}
		return err
	})
	run := second.completes(again)
	want(t, "record once the old run was rolled forward", taken, record)
	want(t, "history", "1 Completed, 2 Completed", w.history())
	want(t, "description", "Imported 1 table: users 3 rows (unchanged). Taken out: customers.groups hidden.", run.Description)
	want(t, "uid", again.UID, w.record().UID)
	want(t, "definition", again.Definition, w.record().Definition)
}

// A process that finished its run sleeps before it writes the record. What others wrote meanwhile stays.
func TestRecord_AProcessThatWakesLateWritesNoOlderDefinition(t *testing.T) {
	for name, others := range map[string]func(t *testing.T, p *process, order engine.Order) engine.Order{
		"others imported a newer one": func(_ *testing.T, p *process, order engine.Order) engine.Order {
			order.Definition = definition("users", "groups")
			p.completes(order)
			return order
		},
		"others recorded a newer one without a run": func(t *testing.T, p *process, order engine.Order) engine.Order {
			t.Helper()
			if _, err := p.Settle(t.Context(), "Customers"); err != nil {
				t.Fatal(err)
			}
			order.Definition.RetainRuns = 3
			if err := p.Define(t.Context(), order.UID, order.Definition); err != nil {
				t.Fatal(err)
			}
			return order
		},
		"others removed the dataflow and made it anew": func(t *testing.T, p *process, order engine.Order) engine.Order {
			t.Helper()
			if _, err := p.Remove(t.Context(), order); err != nil {
				t.Fatal(err)
			}
			again := p.declare(definition("groups"))
			p.completes(again)
			return again
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, p, order := imported(t, "users")
			slept := order
			slept.Definition = definition("groups")
			slept.Definition.RetainRuns = 7
			hook, asleep, wake := enginetest.SleepAt("dataflow", enginetest.Writing)
			ended := make(chan error)
			go func() {
				_, err := w.process("sleeper", hook).Import(t.Context(), slept)
				ended <- err
			}()
			<-asleep
			last := others(t, p, order)
			standing := w.record()
			wake()
			if err := <-ended; err != nil {
				t.Errorf("its run was finished by others, and it says %v", err)
			}
			want(t, "record", standing, w.record())
			want(t, "definition", last.Definition, w.record().Definition)
			want(t, "uid", last.UID, w.record().UID)
		})
	}
}

// Who gives a dataflow up does not wait for a run of it; that run must not bring it back.
func TestRecord_ARunThatWasUnderWayDoesNotBringBackARemovedDataflow(t *testing.T) {
	w, p, order := imported(t, "users")
	forget := func(ctx context.Context, step enginetest.Step) error {
		if step.Op == "decision" && step.When == enginetest.Writing {
			return p.Forget(ctx, order.UID, "Customers")
		}
		return nil
	}
	order.Definition.RetainRuns = 3
	w.process("second", forget).completes(order)
	want(t, "phase", dataflow.PhaseRemoved, w.record().Phase)
}

func TestDefine_ChangesTheDefinitionWithoutARun(t *testing.T) {
	w, p, order := imported(t, "users")
	order.Definition.RetainRuns = 3
	if err := p.Define(t.Context(), order.UID, order.Definition); err != nil {
		t.Fatal(err)
	}
	want(t, "definition", order.Definition, w.record().Definition)
	want(t, "uid", order.UID, w.record().UID)
	want(t, "history", "1 Completed", w.history())
}

func TestDefine_AndForgetLeaveADataflowAloneThatIsNotTheOnePlannedFor(t *testing.T) {
	w, p, order := imported(t, "users")
	if err := p.Forget(t.Context(), order.UID, "Customers"); err != nil {
		t.Fatal(err)
	}
	refused := func(when string, code dataflow.Code) {
		t.Helper()
		before := w.record()
		want(t, "code of Define once it was "+when, code, dataflow.CodeOf(p.Define(t.Context(), order.UID, definition("groups"))))
		want(t, "code of Forget once it was "+when, code, dataflow.CodeOf(p.Forget(t.Context(), order.UID, "Customers")))
		want(t, "record once it was "+when, before, w.record())
	}
	refused("removed", dataflow.CodeNotFound)
	p.completes(p.declare(definition("users")))
	refused("made anew", dataflow.CodeForeign)
}
