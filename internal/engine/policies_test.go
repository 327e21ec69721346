package engine_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

// hashKeys are dataflow.HashKeys in memory, by their fingerprints.
type hashKeys map[string]dataflow.HashKey

func (k hashKeys) HashKey(_ context.Context, fingerprint string) (dataflow.HashKey, error) {
	key, found := k[fingerprint]
	if !found {
		return nil, &dataflow.Error{Code: dataflow.CodeNotFound, Object: "hash key " + fingerprint, Cause: errors.New("it is not there")}
	}
	return key, nil
}

// add keeps a key, and gives its fingerprint.
func (k hashKeys) add(text string) string {
	key := dataflow.HashKey(text)
	k[key.Fingerprint()] = key
	return key.Fingerprint()
}

// hidingUsers gives the table of users these policies.
func hidingUsers(d dataflow.Definition, policies map[string]dataflow.Policy) dataflow.Definition {
	d.Tables = maps.Clone(d.Tables)
	table := d.Tables["users"]
	table.Columns = map[string]dataflow.ColumnPolicy{}
	for column, policy := range policies {
		table.Columns[column] = dataflow.ColumnPolicy{Policy: policy}
	}
	d.Tables["users"] = table
	return d
}

// orders gives an order for another definition of the same dataflow.
func orders(order engine.Order, d dataflow.Definition) engine.Order {
	order.Definition, order.Trigger = d, dataflow.TriggerDefinition
	return order
}

func TestImport_TakesNothingOverThatWasReadUnderAnotherPolicyOrKey(t *testing.T) {
	l := newLongImport(t)
	p := l.processWithClock("p1", l.clock)
	plain := definition("users")
	hashed := hidingUsers(plain, map[string]dataflow.Policy{"name": dataflow.PolicyHash})
	rekeyed := hashed
	rekeyed.HashKey = l.keys.add("a key of somebody's, of 32 bytes and more")
	masked := hidingUsers(plain, map[string]dataflow.Policy{"name": dataflow.PolicyMask})
	order := p.declare(plain)
	for _, d := range []dataflow.Definition{plain, hashed, rekeyed, masked} {
		if _, read := l.run(p, orders(order, d), 8); read != 8 { // it fails in the last part
			t.Fatalf("%d users were read: something was taken over that was read for another definition", read)
		}
	}
	run, read := l.run(p, orders(order, hashed), -1)
	want(t, "users read", 2, read)
	want(t, "resumed", int64(2), run.Tables[0].Resumed[0].Run) // the one with these policies and this key
}

func TestImport_KeepsNoPartsThatAreNamedByAHashedColumn(t *testing.T) {
	l := newLongImport(t)
	table := dataflow.SourceTable{Key: "users", FileName: "Users", Origin: "pool 1", Schema: columns("name"), PartsNamedBy: "id"}
	l.source.SetTable(table)
	l.source.Put("users", row("a1", "x"), row("a2", "x"), row("a3", "x"), row("b1", "x"), row("b2", "x"), row("b3", "x"), row("b4", "x"), row("c1", "x"), row("c2", "x"))
	p := l.processWithClock("p1", l.clock)
	plain := definition("users")
	order := p.declare(plain)
	failed, _ := l.run(p, orders(order, hidingUsers(plain, map[string]dataflow.Policy{"id": dataflow.PolicyHash})), 8)
	want(t, "kept", nil, failed.Resumable)
	failed, _ = l.run(p, orders(order, hidingUsers(plain, map[string]dataflow.Policy{"name": dataflow.PolicyHash})), 8)
	want(t, "parts kept", int64(2), failed.Resumable[0].Parts)
}

func TestImport_UnderAnotherKeyRemovesOnlyWhatTheSourceLacks(t *testing.T) {
	w := newWorld(t)
	p := w.process("p1")
	d := definition("users")
	d.MaxRemovedPercent = 40
	order := p.declare(d)
	p.completes(order)
	hashed := hidingUsers(d, map[string]dataflow.Policy{"id": dataflow.PolicyHash})

	run := p.completes(orders(order, hashed)) // of three rows none is missing
	want(t, "counts", dataflow.Counts{Read: 3, Added: 3, Removed: 3}, run.Tables[0].Counts)
	want(t, "the key", w.keys[""].Fingerprint(), run.Tables[0].HashKey)
	if !run.Tables[0].Rekeyed || !strings.Contains(run.Description, "users 3 rows (3 added, 3 removed, under other keys)") {
		t.Errorf("run 2: %s", run.Description)
	}
	run = p.completes(orders(order, hashed))
	want(t, "counts under the same key", dataflow.Counts{Read: 3, Unchanged: 3}, run.Tables[0].Counts)

	rekeyed := hashed
	rekeyed.HashKey = w.keys.add("a key of somebody's, of 32 bytes and more")
	w.source.Delete("users", "u1")
	run = p.completes(orders(order, rekeyed)) // one of three is missing: 33 %
	want(t, "counts under another key", dataflow.Counts{Read: 2, Added: 2, Removed: 3}, run.Tables[0].Counts)
	if want := "Columns of table users are hashed with another key (" + rekeyed.HashKey + ", before " + w.keys[""].Fingerprint() + "): their hashes join no more with those of earlier runs."; !strings.Contains(run.Description, want) {
		t.Errorf("run 4: %s", run.Description)
	}
	w.source.Delete("users", "u2")
	if _, err := p.Import(t.Context(), orders(order, d)); !dataflow.IsCode(err, dataflow.CodeGuard) || !strings.Contains(err.Error(), "1 of 2 rows of table users") {
		t.Errorf("half of the rows are missing: %v", err)
	}
}

func TestRollback_TakesThePolicyAndTheKeyAlong(t *testing.T) {
	w := newWorld(t)
	p := w.process("p1")
	d := definition("users")
	order := p.declare(d)
	p.completes(order)
	hidden := hidingUsers(d, map[string]dataflow.Policy{"name": dataflow.PolicyHash})
	table := hidden.Tables["users"]
	table.NewColumns = dataflow.NewColumnsDrop
	hidden.Tables["users"] = table
	second := p.completes(orders(order, hidden))
	p.completes(orders(order, d))
	back := orders(order, d)
	back.Target = new(second.Run)
	run, err := p.Rollback(t.Context(), back)
	if err != nil {
		t.Fatal(err)
	}
	got := run.Standing.Tables[0]
	want(t, "the key", w.keys[""].Fingerprint(), got.HashKey)
	want(t, "known columns", []string{"id", "name"}, got.KnownColumns)
	want(t, "the policy", dataflow.PolicyHash, got.Definition.Columns["name"].Policy)
}

func TestImport_FailsWhereItsHashKeyIsGone(t *testing.T) {
	w := newWorld(t)
	p := w.process("p1")
	d := hidingUsers(definition("users"), map[string]dataflow.Policy{"name": dataflow.PolicyHash})
	d.HashKey = "0011223344556677"
	run, err := p.Import(t.Context(), p.declare(d))
	if !dataflow.IsCode(err, dataflow.CodeNotFound) || !strings.Contains(run.Description, "table users: hash: hash key 0011223344556677: it is not there. Nothing was published") {
		t.Errorf("%v: %s", err, run.Description)
	}
}

func TestDescription_NamesThePoliciesThatChanged(t *testing.T) {
	w := newWorld(t)
	p := w.process("p1")
	d := definition("users")
	order := p.declare(d)
	first := p.completes(order)
	if strings.Contains(first.Description, "olicies") {
		t.Errorf("run 1: %s", first.Description)
	}
	run := p.completes(orders(order, hidingUsers(d, map[string]dataflow.Policy{"name": dataflow.PolicyMask})))
	if want := "Policies of table users changed: name mask (before: load). Runs up to 1 hold the values as they were, until retain_runs lets them go."; !strings.Contains(run.Description, want) {
		t.Errorf("run 2: %s", run.Description)
	}
	names := map[any]bool{}
	for _, row := range w.rows(usersID) {
		names[row[1]] = true
	}
	want(t, "names", []any{"********"}, slices.Collect(maps.Keys(names)))
	run = p.completes(orders(order, d))
	if want := "Policies of table users changed: name load (before: mask). Runs up to 2"; !strings.Contains(run.Description, want) {
		t.Errorf("run 3: %s", run.Description)
	}
	alone := hidingUsers(d, map[string]dataflow.Policy{"name": dataflow.PolicyDrop})
	alone.RetainRuns = 1
	run = p.completes(orders(order, alone))
	if want := "name drop (before: load). No earlier run is kept."; !strings.Contains(run.Description, want) {
		t.Errorf("run 4: %s", run.Description)
	}
}
