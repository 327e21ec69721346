package engine_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/checkpoint"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// world is a workspace, a catalog and a source that processes share.
type world struct {
	t           *testing.T
	catalog     *enginetest.Catalog
	records     *enginetest.Records
	source      *enginetest.Source
	checkpoints *checkpoint.Store
	keys        hashKeys
	onRead      func() // before the parts of an earlier import are read

	mu    sync.Mutex
	lives map[string]dataflow.Liveness // by Process.ID; what is not here is alive
}

// newWorld makes a world whose source, behind connector App, has the tables users (three rows) and groups (one row).
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, catalog: enginetest.NewCatalog(), records: enginetest.NewRecords(), source: enginetest.NewSource(),
		checkpoints: checkpoint.New(t.TempDir()), keys: hashKeys{"": dataflow.HashKey("the workspace's own, of 32 bytes and more")},
		lives: map[string]dataflow.Liveness{},
	}
	for key, fileName := range map[string]string{"users": "Users", "groups": "Groups"} {
		w.source.SetTable(dataflow.SourceTable{Key: key, FileName: fileName, Schema: columns("name")})
	}
	w.source.Put("users", row("u1", "Ada"), row("u2", "Bob"), row("u3", "Cyd"))
	w.source.Put("groups", row("g1", "Admins"))
	return w
}

// watched is a store of checkpoints that says when rows are read from it.
type watched struct {
	*checkpoint.Store
	onRead func() // nil: nothing
}

func (k watched) ReadRows(ctx context.Context, what dataflow.Checkpoint, names []string, put func(dataflow.Row) error) error {
	if k.onRead != nil {
		k.onRead()
	}
	return k.Store.ReadRows(ctx, what, names, put)
}

// columns makes a schema with the key column id and these columns of text.
func columns(names ...string) dataflow.Schema {
	schema := dataflow.Schema{Columns: []dataflow.Column{{Name: "id", Type: dataflow.String, Required: true}}, Key: []string{"id"}}
	for _, name := range names {
		schema.Columns = append(schema.Columns, dataflow.Column{Name: name, Type: dataflow.String})
	}
	return schema
}

func row(values ...any) dataflow.Row { return values }

// manyUsers makes rows u000, u001, …
func manyUsers(n int) []dataflow.Row {
	var rows []dataflow.Row
	for i := range n {
		rows = append(rows, row(fmt.Sprintf("u%03d", i), "x"))
	}
	return rows
}

// process is an engine in a process of its own.
type process struct {
	*engine.Engine
	w    *world
	self dataflow.Process

	mu     sync.Mutex
	events []dataflow.Event
}

// process starts a process. Its hooks see every step that it makes in the ledger and in the tables.
func (w *world) process(id string, hooks ...enginetest.Hook) *process {
	return w.processWithClock(id, time.Now, hooks...)
}

func (w *world) processWithClock(id string, now func() time.Time, hooks ...enginetest.Hook) *process {
	return w.processAs(dataflow.Process{ID: id, Host: "host-of-" + id, PID: 100 + len(id)}, now, hooks...)
}

func (w *world) processAs(self dataflow.Process, now func() time.Time, hooks ...enginetest.Hook) *process {
	hook := func(ctx context.Context, step enginetest.Step) error {
		for _, h := range hooks {
			if err := h(ctx, step); err != nil {
				return err
			}
		}
		return nil
	}
	p := &process{w: w, self: self}
	p.Engine = engine.New(engine.Config{
		Ledger: enginetest.NewLedger(w.records, hook), Tables: enginetest.NewTables(w.catalog, "workspace", hook),
		Sources: enginetest.Sources{"App": w.source}, Checkpoints: watched{w.checkpoints, w.onRead}, HashKeys: w.keys, Self: p.self, Now: now,
		Liveness: func(p dataflow.Process) dataflow.Liveness {
			w.mu.Lock()
			defer w.mu.Unlock()
			if l, ok := w.lives[p.ID]; ok {
				return l
			}
			return dataflow.LivenessAlive
		},
		Notify: func(_ context.Context, event dataflow.Event) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.events = append(p.events, event)
		},
	})
	return p
}

// looks sets what every process sees when it looks at this one.
func (w *world) looks(id string, as dataflow.Liveness) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lives[id] = as
}

// ledger reads the records without a hook.
func (w *world) ledger() *enginetest.Ledger { return enginetest.NewLedger(w.records, nil) }

var (
	usersID  = dataflow.TableID{Database: "customers", Name: "users"}
	groupsID = dataflow.TableID{Database: "customers", Name: "groups"}
)

// definition makes the definition of dataflow Customers with tables of these keys, named after them.
func definition(keys ...string) dataflow.Definition {
	d := dataflow.Definition{
		Name: "Customers", Connector: "App", Database: "customers", Tables: map[string]dataflow.TableDefinition{},
		MaxRemovedPercent: dataflow.DefaultMaxRemovedPercent, RetainRuns: dataflow.DefaultRetainRuns,
	}
	for _, key := range keys {
		d.Tables[key] = dataflow.TableDefinition{Purpose: dataflow.PurposeAll, Data: true, Metadata: true, TableName: key}
	}
	return d
}

// declare makes the dataflow's record.
func (p *process) declare(d dataflow.Definition) engine.Order {
	p.w.t.Helper()
	record, err := p.Declare(p.w.t.Context(), d)
	if err != nil {
		p.w.t.Fatalf("declare: %v", err)
	}
	return engine.Order{UID: record.UID, Definition: d, Trigger: dataflow.TriggerCreate}
}

// completes runs an import that must complete.
func (p *process) completes(order engine.Order) dataflow.Run {
	p.w.t.Helper()
	run, err := p.Import(p.w.t.Context(), order)
	if err != nil {
		p.w.t.Fatalf("import: %v", err)
	}
	if run.Status != dataflow.StatusCompleted {
		p.w.t.Fatalf("run %d is %s: %s", run.Run, run.Status, run.Description)
	}
	return run
}

// imported makes a world in which dataflow Customers has imported these tables once.
func imported(t *testing.T, keys ...string) (*world, *process, engine.Order) {
	t.Helper()
	w := newWorld(t)
	p := w.process("first")
	order := p.declare(definition(keys...))
	p.completes(order)
	return w, p, order
}

// rows reads a table's main as a reader would.
func (w *world) rows(id dataflow.TableID) map[string]dataflow.Row {
	w.t.Helper()
	rows, err := w.catalog.Rows(id, enginetest.MainBranch)
	if err != nil {
		w.t.Fatalf("read %s: %v", id, err)
	}
	return rows
}

// holds checks that a table's main holds what the source's table holds now.
func (w *world) holds(id dataflow.TableID, key string) {
	w.t.Helper()
	if diff := cmp.Diff(w.source.Rows(key), w.rows(id)); diff != "" {
		w.t.Errorf("table %s is not what the source has (-source +table):\n%s", id, diff)
	}
}

// refs lists a table's branches and tags in order.
func (w *world) refs(id dataflow.TableID) string {
	w.t.Helper()
	m, err := w.catalog.Load(id)
	if err != nil {
		w.t.Fatalf("load %s: %v", id, err)
	}
	return strings.Join(slices.Sorted(maps.Keys(m.Refs)), " ")
}

// history lists the runs that were started: "1 Completed, 2 Failed, 3 Processing".
func (w *world) history() string {
	w.t.Helper()
	ctx := context.Background()
	latest, err := w.ledger().Latest(ctx, "Customers")
	if err != nil {
		w.t.Fatalf("latest: %v", err)
	}
	var runs []string
	for n := int64(1); n <= latest; n++ {
		run, err := w.ledger().Finished(ctx, "Customers", n)
		switch {
		case dataflow.IsCode(err, dataflow.CodeNotFound):
			run.Status = dataflow.StatusProcessing
		case err != nil:
			w.t.Fatalf("run %d: %v", n, err)
		}
		runs = append(runs, fmt.Sprintf("%d %s", n, run.Status))
	}
	return strings.Join(runs, ", ")
}

// record reads the dataflow's record.
func (w *world) record() dataflow.Record {
	w.t.Helper()
	record, err := w.ledger().Dataflow(context.Background(), "Customers")
	if err != nil {
		w.t.Fatalf("record: %v", err)
	}
	return record
}

// seen lists the events as "step table".
func (p *process) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var events []string
	for _, e := range p.events {
		events = append(events, strings.TrimSpace(e.Step+" "+e.Table))
	}
	return events
}

// failed checks that err is a run that failed with this description, and gives the run.
func failed(t *testing.T, err error, description string) dataflow.Run {
	t.Helper()
	var failure *engine.RunError
	if !errors.As(err, &failure) {
		t.Fatalf("the error is %v, not a failed run", err)
	}
	if diff := cmp.Diff(description, failure.Run.Description); diff != "" {
		t.Errorf("the description differs (-want +got):\n%s", diff)
	}
	if failure.Run.Status != dataflow.StatusFailed || failure.Run.EndedAt == nil {
		t.Errorf("run %d is %s, ended at %v; want a run that is Failed and ended", failure.Run.Run, failure.Run.Status, failure.Run.EndedAt)
	}
	return failure.Run
}

func want[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
