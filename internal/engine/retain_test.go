package engine_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// retaining makes a world whose dataflow keeps so many runs, and has run once.
func retaining(t *testing.T, runs int64, keys ...string) (*world, *process, engine.Order) {
	t.Helper()
	w := newWorld(t)
	p := w.process("first")
	d := definition(keys...)
	d.RetainRuns = runs
	order := p.declare(d)
	p.completes(order)
	return w, p, order
}

// grow adds a user with every import, and gives the rows of each run.
func (p *process) grow(order engine.Order, from, to int64, rows map[int64]map[string]dataflow.Row) {
	p.w.t.Helper()
	for n := from; n <= to; n++ {
		p.w.source.Put("users", row(fmt.Sprintf("n%03d", n), "new"))
		run := p.completes(order)
		rows[run.Run] = p.w.rows(usersID)
	}
}

func TestRetain_KeepsTheNewestRunsReadableAndNothingElse(t *testing.T) {
	w, p, order := retaining(t, 3, "users", "groups")
	rows := map[int64]map[string]dataflow.Row{1: w.rows(usersID)}
	p.grow(order, 2, 6, rows)
	want(t, "refs of users", "main run_4 run_5 run_6", w.refs(usersID))
	want(t, "refs of groups", "main run_4 run_5 run_6", w.refs(groupsID))
	want(t, "kept", []int64{4, 5, 6}, p.run(6).Standing.Retained)
	for _, table := range p.run(6).Standing.Tables {
		now, err := w.catalog.Load(table.TableID)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "metadata of "+table.Key, now.MetadataLocation, table.PublishedMetadataLocation)
	}
	for _, run := range []int64{4, 5, 6} {
		got, err := w.catalog.Rows(usersID, fmt.Sprintf("run_%d", run))
		if err != nil {
			t.Fatal(err)
		}
		want(t, fmt.Sprintf("rows of run %d", run), rows[run], got)
	}
	m, err := w.catalog.Load(usersID)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "snapshots of users", 3, len(m.Snapshots))
	want(t, "data files of users", 3, len(w.catalog.Files(m.Location)))
	w.isClean(0)
}

func TestRetain_KeepsTheRunThatARollbackHasGoneTo(t *testing.T) {
	w, p, order := retaining(t, 2, "users")
	rows := map[int64]map[string]dataflow.Row{1: w.rows(usersID)}
	p.grow(order, 2, 2, rows)
	p.rollsBack(order, new(int64(1))) // run 3
	want(t, "refs", "main run_1 run_2 run_3", w.refs(usersID))
	want(t, "kept", []int64{1, 2}, p.run(3).Standing.Retained)
	order.Target = nil
	p.rollsBack(order, new(int64(2))) // run 4
	want(t, "refs", "main run_1 run_2 run_4", w.refs(usersID))
	want(t, "kept", []int64{1, 2}, p.run(4).Standing.Retained)
	want(t, "rows", rows[2], w.rows(usersID))
	p.rollsBack(order, new(int64(1)))
	p.grow(order, 6, 6, rows) // run 6: run 1 is neither new nor current any more
	want(t, "refs", "main run_2 run_6", w.refs(usersID))
	want(t, "kept", []int64{2, 6}, p.run(6).Standing.Retained)
}

func TestRetain_CountsImportsAndNoRollbacks(t *testing.T) {
	w, p, order := retaining(t, 3, "users")
	rows := map[int64]map[string]dataflow.Row{1: w.rows(usersID)}
	p.grow(order, 2, 4, rows)
	for range 3 { // pin, unpin, pin, …
		p.rollsBack(order, new(int64(2)))
		p.rollsBack(order, new(int64(4)))
	}
	p.rollsBack(order, new(int64(2)))
	want(t, "rows", rows[2], w.rows(usersID))
	want(t, "kept", []int64{2, 3, 4}, p.run(11).Standing.Retained)
	want(t, "refs", "main run_11 run_2 run_3 run_4", w.refs(usersID))
	w.isClean(0)
}

func TestRetain_DropsAHiddenTableWithItsLastRun(t *testing.T) {
	w, p, order := retaining(t, 2, "users", "groups")
	order.Definition.Tables = definition("users").Tables
	hidden := p.completes(order)
	want(t, "description", "Imported 1 table: users 3 rows (unchanged). Taken out: customers.groups hidden.", hidden.Description)
	want(t, "refs of groups", "run_1", w.refs(groupsID))
	dropped := p.completes(order)
	want(t, "description", "Imported 1 table: users 3 rows (unchanged). Taken out: customers.groups dropped.", dropped.Description)
	want(t, "tables", []dataflow.TableID{usersID}, w.catalog.Tables("customers"))
	want(t, "refs of users", "main run_2 run_3", w.refs(usersID))
	w.isClean(0)
}

func TestRetain_ManyUnchangedRunsLeaveTheDataAsItWas(t *testing.T) {
	w, p, order := retaining(t, 5, "users", "groups")
	files := w.catalog.Files("")
	for range 100 {
		p.completes(order)
	}
	want(t, "data files", files, w.catalog.Files(""))
	want(t, "refs", "main run_100 run_101 run_97 run_98 run_99", w.refs(usersID))
	m, err := w.catalog.Load(usersID)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "snapshots", 1, len(m.Snapshots))
}

func TestRetain_AFailedRunLetsNothingGo(t *testing.T) {
	w, p, order := retaining(t, 1, "users")
	order.Definition.Connector = "Gone"
	if _, err := p.Import(t.Context(), order); err == nil {
		t.Fatal("an import without a source completed")
	}
	want(t, "refs", "main run_1", w.refs(usersID))
	want(t, "kept", []int64{1}, p.run(2).Standing.Retained)
}

func TestRetain_KilledAtAnyWriteLetsTheSameRunsGo(t *testing.T) {
	for step := 1; ; step++ {
		w, p, order := retaining(t, 2, "users", "groups")
		rows := map[int64]map[string]dataflow.Row{1: w.rows(usersID)}
		p.grow(order, 2, 2, rows)
		w.source.Put("users", row("n003", "new"))
		hook, killed := enginetest.KillAt(step)
		_, _ = w.process("victim", hook).Import(t.Context(), order) // how it ends is the next process's matter
		if !killed() {
			if step < 20 {
				t.Errorf("%d places to die only: the test has lost its subject", step)
			}
			return
		}
		w.looks("victim", dataflow.LivenessDead)
		next := w.process("next")
		last := next.completes(order)
		w.isClean(step)
		w.holds(usersID, "users")
		kept := last.Standing.Retained
		if len(kept) != 2 || !slices.Contains(kept, last.Run) {
			t.Errorf("killed at step %d: kept are %v after run %d", step, kept, last.Run)
		}
		refs := fmt.Sprintf("main run_%d", kept[0]) + fmt.Sprintf(" run_%d", kept[1])
		want(t, "refs of users", refs, w.refs(usersID))
		want(t, "refs of groups", refs, w.refs(groupsID))
	}
}
