package simulation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// The one dataflow of a world.
const (
	flow     = "Customers"
	database = "customers"
)

// world is a workspace, a catalog and a source that processes share, with the oracle that watches them.
type world struct {
	catalog *enginetest.Catalog
	records *enginetest.Records
	kept    *enginetest.CheckpointFolder // of one machine, on which everybody is
	source  *enginetest.Source
	oracle  *oracle

	processes []*process // in the order in which they were started
	rows      int        // that were ever put into the source: makes each one new

	mu    sync.Mutex
	lives map[string]dataflow.Liveness // by Process.ID; who is not here is alive
}

// clone gives a world of its own that is what this one is now, without its processes.
func (w *world) clone() *world {
	c := &world{
		catalog: w.catalog.Clone(), records: w.records.Clone(), kept: w.kept.Clone(), source: w.source.Clone(),
		oracle: w.oracle.clone(), rows: w.rows, lives: map[string]dataflow.Liveness{},
	}
	c.watch()
	return c
}

// watch tells the oracle what every import reads.
func (w *world) watch() {
	w.source.Before(func(ctx context.Context, at enginetest.Point) error {
		table, _ := w.source.SourceTable(at.Key)
		switch {
		case at.Call == "Table":
			w.oracle.describes(processOf(ctx), at.Key, table.Schema)
		case at.Call == "Scan" && at.Row == 0:
			w.oracle.reads(processOf(ctx), at.Key, table.Schema, w.source.Rows(at.Key))
		}
		return nil
	})
}

// newWorld makes a world whose source, behind connector App, has the tables users and groups, and in which nothing has run.
func newWorld(transactions bool) *world {
	catalog := enginetest.NewCatalog()
	if transactions {
		catalog = enginetest.NewTransactionalCatalog()
	}
	w := &world{
		catalog: catalog, records: enginetest.NewRecords(), kept: enginetest.NewCheckpointFolder(), source: enginetest.NewSource(),
		oracle: newOracle(), lives: map[string]dataflow.Liveness{},
	}
	for key, fileName := range map[string]string{"users": "Users", "groups": "Groups"} {
		w.source.SetTable(dataflow.SourceTable{Key: key, FileName: fileName, Schema: columns("name")})
		w.source.ReadInParts(key)
		w.grow(key)
		w.grow(key)
	}
	w.watch()
	return w
}

// columns makes a schema with the key column id and these columns of text.
func columns(names ...string) dataflow.Schema {
	schema := dataflow.Schema{Columns: []dataflow.Column{{Name: "id", Type: dataflow.String, Required: true}}, Key: []string{"id"}}
	for _, name := range names {
		schema.Columns = append(schema.Columns, dataflow.Column{Name: name, Type: dataflow.String})
	}
	return schema
}

// grow puts a row that never was into a table of the source, into either of the two parts that the table is read in.
func (w *world) grow(key string) {
	w.rows++
	table, _ := w.source.SourceTable(key)
	row := dataflow.Row{fmt.Sprintf("%c-%s-%03d", "ab"[w.rows%2], key, w.rows)}
	for _, column := range table.Schema.Columns[1:] {
		row = append(row, fmt.Sprintf("%s %d", column.Name, w.rows))
	}
	w.source.Put(key, row)
}

// widen gives a table of the source one more column, in new rows and in those it has.
func (w *world) widen(key string) {
	table, _ := w.source.SourceTable(key)
	rows := w.source.Rows(key)
	w.rows++
	table.Schema.Columns = append(table.Schema.Columns, dataflow.Column{Name: fmt.Sprintf("extra_%03d", w.rows), Type: dataflow.String})
	w.source.SetTable(table)
	for _, row := range rows {
		w.source.Put(key, append(slices.Clone(row), "x"))
	}
}

// definition makes the dataflow's definition with tables of these keys, named after them.
func definition(keys ...string) dataflow.Definition {
	d := dataflow.Definition{
		Name: flow, Connector: "App", Database: database, Tables: map[string]dataflow.TableDefinition{},
		MaxRemovedPercent: 100, RetainRuns: dataflow.DefaultRetainRuns,
	}
	for _, key := range keys {
		d.Tables[key] = dataflow.TableDefinition{Purpose: dataflow.PurposeAll, Data: true, Metadata: true, TableName: key}
	}
	return d
}

// looks sets what every process sees when it looks at this one.
func (w *world) looks(id string, as dataflow.Liveness) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lives[id] = as
}

func (w *world) liveness(p dataflow.Process) dataflow.Liveness {
	w.mu.Lock()
	defer w.mu.Unlock()
	if as, ok := w.lives[p.ID]; ok {
		return as
	}
	return dataflow.LivenessAlive
}

// ledger reads the records as somebody who takes no step.
func (w *world) ledger() *enginetest.Ledger { return enginetest.NewLedger(w.records, nil) }

// A setup is what has run, alone and to its end, before a schedule begins.
var setups = map[string][]string{
	"nothing":              nil,
	"one import":           {"make"},
	"two imports":          {"make", "import"},
	"a rollback":           {"make", "import", "back"},
	"a hidden table":       {"make", "without"},
	"three runs, two kept": {"make", "import", "import-keep-2"},

	// The catalog has transactions, as one behind Iceberg's REST protocol.
	withTransactions + "nothing":        nil,
	withTransactions + "one import":     {"make"},
	withTransactions + "a hidden table": {"make", "without"},
}

const withTransactions = "transactions, "

var made sync.Map // setup → *world

// setUp gives a world of its own in which a setup has run.
func setUp(t *testing.T, name string) *world {
	t.Helper()
	if w, ok := made.Load(name); ok {
		return w.(*world).clone()
	}
	operations, ok := setups[name]
	if !ok {
		t.Fatalf("there is no setup %q", name)
	}
	w := newWorld(strings.HasPrefix(name, withTransactions))
	var broke *violation
	synctest.Test(t, func(*testing.T) {
		sched := &scheduler{world: w, byName: map[string]*process{}}
		defer sched.end()
		for i, op := range operations {
			if broke == nil {
				broke = sched.act(Action{Who: fmt.Sprintf("Setup%d", i+1), Op: op})
			}
		}
	})
	if broke != nil {
		alone := Schedule{Setup: "nothing"}
		if w.catalog.HasTransactions() {
			alone.Setup = withTransactions + alone.Setup
		}
		for i, op := range operations {
			alone.Actions = append(alone.Actions, Action{Who: fmt.Sprintf("Setup%d", i+1), Op: op})
		}
		t.Fatalf("%s=%q\n%s", scheduleEnv, alone, broke)
	}
	made.Store(name, w)
	return w.clone()
}
