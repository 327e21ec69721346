package engine_test

import (
	"fmt"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// rollsBack runs a rollback that must complete.
func (p *process) rollsBack(order engine.Order, target *int64) dataflow.Run {
	p.w.t.Helper()
	order.Target, order.Trigger = target, dataflow.TriggerPin
	run, err := p.Rollback(p.w.t.Context(), order)
	if err != nil {
		p.w.t.Fatalf("rollback: %v", err)
	}
	return run
}

// run reads a run's finished record.
func (p *process) run(n int64) dataflow.Run {
	p.w.t.Helper()
	run, err := p.Run(p.w.t.Context(), "Customers", n)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return run
}

// twoImports makes a world with two imports: a user came and one went in between, and users got a column.
func twoImports(t *testing.T) (*world, *process, engine.Order, [3]map[string]dataflow.Row) {
	t.Helper()
	w, p, order := imported(t, "users", "groups")
	var rows [3]map[string]dataflow.Row
	rows[1] = w.rows(usersID)
	w.source.SetTable(dataflow.SourceTable{Key: "users", FileName: "Users", Schema: columns("name", "plan")})
	w.source.Put("users", row("u1", "Ada", "pro"), row("u3", "Cyd", nil), row("u4", "Dan", "free"), row("u5", "Eve", "free"))
	p.completes(order)
	rows[2] = w.rows(usersID)
	return w, p, order, rows
}

func TestRollback_BringsRowsAndSchemaBackAndWritesNoDataFile(t *testing.T) {
	w, p, order, rows := twoImports(t)
	files := w.catalog.Files("")
	run := p.rollsBack(order, nil)
	want(t, "kind", dataflow.KindRollback, run.Kind)
	want(t, "target", int64(1), *run.Target)
	want(t, "description", "Rolled back to run 1: groups 1 → 1 rows; users 4 → 3 rows.", run.Description)
	want(t, "rows", rows[1], w.rows(usersID))
	want(t, "data files", files, w.catalog.Files(""))
	m, err := w.catalog.Load(usersID)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "columns", 2, len(m.Schemas[m.CurrentSchema].Columns))
	want(t, "current run", int64(1), *run.Standing.CurrentRun)
	want(t, "kept", []int64{1, 2}, run.Standing.Retained)
	want(t, "last import", dataflow.StatusCompleted, run.Standing.LastImport)
	want(t, "digest", order.Definition.Digest(), run.Standing.Digest)
	want(t, "last refresh is the import's", *p.run(2).EndedAt, *run.Standing.LastRefreshAt)
	want(t, "refs", "main run_1 run_2 run_3", w.refs(usersID))
	for _, table := range run.Standing.Tables {
		want(t, "data of "+table.Key+" as of", p.run(1).StartedAt, *table.DataAsOf)
	}
}

func TestRollback_IsUndoneByAnotherOneAndByAnImport(t *testing.T) {
	w, p, order, rows := twoImports(t)
	p.rollsBack(order, nil)
	forward := p.rollsBack(order, new(int64(2)))
	want(t, "description", "Went forward to run 2: groups 1 → 1 rows; users 3 → 4 rows.", forward.Description)
	want(t, "rows", rows[2], w.rows(usersID))
	p.rollsBack(order, new(int64(1)))
	p.completes(order)
	w.holds(usersID, "users")
	want(t, "kept", []int64{1, 2, 6}, p.run(6).Standing.Retained)
}

func TestRollback_HidesWhatTheTargetDidNotHaveAndBringsBackWhatWasHidden(t *testing.T) {
	w, p, order := imported(t, "users")
	order.Definition = definition("groups")
	p.completes(order)
	run := p.rollsBack(order, nil)
	want(t, "description", "Rolled back to run 1: users 0 → 3 rows; customers.groups hidden.", run.Description)
	w.holds(usersID, "users")
	want(t, "refs of groups", "run_2", w.refs(groupsID))
	run = p.rollsBack(order, new(int64(2)))
	want(t, "description", "Went forward to run 2: groups 0 → 1 rows; customers.users hidden.", run.Description)
	w.holds(groupsID, "groups")
	want(t, "digest", definition("groups").Digest(), run.Standing.Digest)
}

func TestRollback_ToARunThatIsNotKeptStartsNoRunAndListsTheOnesThatAre(t *testing.T) {
	w, p, order, _ := twoImports(t)
	p.rollsBack(order, nil)
	for target, cause := range map[int64]string{
		0: "run 0 is not a completed import whose data is kept", 3: "run 3 is not a completed import whose data is kept", 9: "run 9 is not a completed import whose data is kept",
	} {
		order.Target = &target
		_, err := p.Rollback(t.Context(), order)
		want(t, "code", dataflow.CodeNotFound, dataflow.CodeOf(err))
		want(t, "message", fmt.Sprintf(`dataflow "Customers": roll back: %s. The runs that are kept: 1, 2.`, cause), err.Error())
	}
	order.Target = nil
	_, err := p.Rollback(t.Context(), order)
	want(t, "message", `dataflow "Customers": roll back: there is no import before the current one. The runs that are kept: 1, 2.`, err.Error())
	want(t, "history", "1 Completed, 2 Completed, 3 Completed", w.history())
}

func TestCheckTarget_RefusesARunOfWhichATableIsGone(t *testing.T) {
	w, p, order, _ := twoImports(t)
	m, err := w.catalog.Load(usersID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.catalog.Drop(usersID, m.MetadataLocation); err != nil {
		t.Fatal(err)
	}
	p.completes(order)
	if err := p.CheckTarget(t.Context(), "Customers", 3); err != nil {
		t.Errorf("run 3 is whole: %v", err)
	}
	err = p.CheckTarget(t.Context(), "Customers", 1)
	want(t, "code", dataflow.CodeNotFound, dataflow.CodeOf(err))
	want(t, "message", `dataflow "Customers": roll back: table customers.users does not have run 1 any more: somebody dropped it since. The runs that are kept: 3.`, err.Error())
}

func TestRollback_ThatFailsIsNotAFailedDataflow(t *testing.T) {
	w, p, order, rows := twoImports(t)
	if _, err := w.catalog.Commit(usersID, nil, []enginetest.Update{enginetest.RemoveRef("run_1")}); err != nil {
		t.Fatal(err)
	}
	order.Target = new(int64(1))
	_, err := p.Rollback(t.Context(), order)
	failed(t, err, "table users: table customers.users: roll back: run 1 is not kept. Nothing was published; the tables are at run 2.")
	want(t, "rows", rows[2], w.rows(usersID))
	want(t, "refs of groups", "main run_1 run_2", w.refs(groupsID))
	want(t, "status", dataflow.StatusCompleted, p.state().Status())
}

func TestRollback_KilledAtAnyWriteIsAllOrNothingAfterTheNextRun(t *testing.T) {
	for step := 1; ; step++ {
		w, _, order, _ := twoImports(t)
		order.Target = new(int64(1))
		hook, killed := enginetest.KillAt(step)
		_, _ = w.process("victim", hook).Rollback(t.Context(), order) // how it ends is the next process's matter
		if !killed() {
			if step < 15 {
				t.Errorf("%d places to die only: the test has lost its subject", step)
			}
			return
		}
		w.looks("victim", dataflow.LivenessDead)
		next := w.process("next")
		next.completes(order)
		w.holds(usersID, "users")
		w.holds(groupsID, "groups")
		w.isClean(step)
		stands := map[dataflow.Status]int64{dataflow.StatusCompleted: 1, dataflow.StatusFailed: 2}
		if run := next.run(3); run.Kind == dataflow.KindRollback { // else it died before it had started
			want(t, fmt.Sprintf("current run after the rollback killed at %d, %s", step, run.Status), stands[run.Status], *run.Standing.CurrentRun)
		}
	}
}
