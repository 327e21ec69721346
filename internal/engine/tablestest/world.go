package tablestest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

const (
	customers = "Customers" // the dataflow
	workspace = "workspace-1"
)

var (
	users  = dataflow.TableID{Database: "customers", Name: "users"}
	groups = dataflow.TableID{Database: "customers", Name: "groups"}
)

// world is a test with one process, which has one table in hand.
type world struct {
	*testing.T
	subject Subject
	tables  dataflow.Tables
	id      dataflow.TableID
	schema  dataflow.Schema

	withoutData, withoutMetadata bool
}

func newWorld(t *testing.T, subject Subject) *world {
	t.Helper()
	w := &world{T: t, subject: subject, id: users, schema: narrow()}
	w.tables = w.process(workspace)
	return w
}

// of gives the world with another table in hand.
func (w *world) of(id dataflow.TableID) *world {
	other := *w
	other.id = id
	return &other
}

// with gives the world with a source that has these columns.
func (w *world) with(schema dataflow.Schema) *world {
	other := *w
	other.schema = schema
	return &other
}

// loads gives the world with a definition that loads this.
func (w *world) loads(data, metadata bool) *world {
	other := *w
	other.withoutData, other.withoutMetadata = !data, !metadata
	return &other
}

func (w *world) process(workspace string) dataflow.Tables {
	w.Helper()
	tables, err := w.subject.Process(workspace)
	w.must(err)
	return tables
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) wantCode(err error, want dataflow.Code) {
	w.Helper()
	if got := dataflow.CodeOf(err); got != want {
		w.Errorf("the code is %q (%v), want %q", got, err, want)
	}
}

func (w *world) want(what string, want, got any) {
	w.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		w.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func narrow() dataflow.Schema {
	return dataflow.Schema{
		Columns: []dataflow.Column{
			{Name: "id", Type: dataflow.String, Required: true}, {Name: "name", Type: dataflow.String}, {Name: "updated_at", Type: dataflow.Timestamp},
		},
		Key: []string{"id"}, Version: "updated_at",
	}
}

func wide() dataflow.Schema {
	schema := narrow()
	schema.Columns = append(schema.Columns, dataflow.Column{Name: "plan", Type: dataflow.String})
	return schema
}

// row makes a row of the narrow schema; the version is a second. A row of the wide one has a plan in addition.
func row(id, name string, version int) dataflow.Row {
	return dataflow.Row{id, name, time.Date(2026, 1, 2, 3, 4, version, 0, time.UTC)}
}

func request(run int64, id dataflow.TableID, schema dataflow.Schema) dataflow.StageRequest {
	return dataflow.StageRequest{
		Dataflow: customers, Run: run, ID: id,
		Table:      dataflow.SourceTable{Key: id.Name, FileName: "File of " + id.Name, Schema: schema},
		Definition: dataflow.TableDefinition{Purpose: dataflow.PurposeAll, Data: true, Metadata: true, TableName: id.Name},
	}
}

// tryStage puts rows and commits.
func (w *world) tryStage(tables dataflow.Tables, req dataflow.StageRequest, rows ...dataflow.Row) (dataflow.TableChange, error) {
	w.Helper()
	staging, err := tables.Stage(w.Context(), req)
	if err != nil {
		return dataflow.TableChange{}, err
	}
	defer func() { w.must(staging.Close()) }()
	for _, row := range rows {
		if err := staging.Put(w.Context(), row); err != nil {
			return dataflow.TableChange{}, err
		}
	}
	return staging.Commit(w.Context())
}

func (w *world) stage(run int64, rows ...dataflow.Row) dataflow.TableChange {
	w.Helper()
	req := request(run, w.id, w.schema)
	req.Definition.Data, req.Definition.Metadata = !w.withoutData, !w.withoutMetadata
	change, err := w.tryStage(w.tables, req, rows...)
	w.must(err)
	return change
}

func (w *world) publish(run int64, change dataflow.TableChange) dataflow.TableResult {
	w.Helper()
	result, err := w.tables.Publish(w.Context(), customers, run, change)
	w.must(err)
	return result
}

// load stages and publishes.
func (w *world) load(run int64, rows ...dataflow.Row) dataflow.TableChange {
	w.Helper()
	change := w.stage(run, rows...)
	w.publish(run, change)
	return change
}

func ticketRequest(run int64, id dataflow.TableID, change dataflow.Change, target int64) dataflow.TicketRequest {
	return dataflow.TicketRequest{
		Dataflow: customers, Run: run, Key: id.Name, FileName: "File of " + id.Name, ID: id, Change: change, Target: target,
	}
}

func (w *world) ticket(run int64, change dataflow.Change) dataflow.TableChange {
	w.Helper()
	ticket, err := w.tables.Ticket(w.Context(), ticketRequest(run, w.id, change, 0))
	w.must(err)
	return ticket
}

// back makes the ticket of a rollback.
func (w *world) back(run, target int64) dataflow.TableChange {
	w.Helper()
	ticket, err := w.tables.Ticket(w.Context(), ticketRequest(run, w.id, dataflow.ChangePublish, target))
	w.must(err)
	return ticket
}

func (w *world) sweep(run int64) {
	w.Helper()
	w.must(w.tables.Sweep(w.Context(), customers, run, []dataflow.TableID{{Database: "customers", Name: "gone"}, w.id}))
}

func (w *world) retain(run int64, letGo ...int64) {
	w.Helper()
	where, err := w.tables.Retain(w.Context(), customers, run, []dataflow.TableID{{Database: "customers", Name: "gone"}, w.id}, letGo)
	w.must(err)
	if _, there := where[w.id]; there {
		w.want("where the tables are", map[dataflow.TableID]string{w.id: w.look().MetadataLocation}, where)
	}
}

func (w *world) owned() []dataflow.TableState {
	w.Helper()
	owned, err := w.tables.Owned(w.Context(), customers, []string{"customers"})
	w.must(err)
	return owned
}

func (w *world) look() Table {
	w.Helper()
	table, err := w.subject.Look(w.id)
	w.must(err)
	return table
}

// main gives the snapshot that main is on; nil: there is no main.
func (w *world) main() *int64 {
	w.Helper()
	if snapshot, ok := w.look().Refs["main"]; ok {
		return &snapshot
	}
	return nil
}

func (w *world) overwrite() int64 {
	w.Helper()
	snapshot, err := w.subject.Overwrite(w.id)
	w.must(err)
	return snapshot
}

func (w *world) dataFiles() []string {
	w.Helper()
	files, err := w.subject.DataFiles()
	w.must(err)
	return files
}

// wantGone says that there is no such table.
func (w *world) wantGone() {
	w.Helper()
	_, err := w.subject.Look(w.id)
	w.wantCode(err, dataflow.CodeNotFound)
}

// wantRows compares the rows of a branch or tag: "name" or "name/plan" by id.
func (w *world) wantRows(ref string, want map[string]string) {
	w.Helper()
	rows, ok := w.look().Rows[ref]
	if !ok {
		w.Fatalf("there is no %s", ref)
	}
	got := map[string]string{}
	for key, row := range rows {
		got[key] = fmt.Sprint(row["name"])
		if plan, ok := row["plan"]; ok {
			got[key] += fmt.Sprint("/", plan)
		}
	}
	w.want("rows of "+ref, want, got)
}

// wantProfile compares the profile of a branch or tag; nil: none.
func (w *world) wantProfile(ref string, want *dataflow.Profile) {
	w.Helper()
	var got *dataflow.Profile
	if profile, ok := w.look().Profiles[ref]; ok {
		got = &profile
	}
	w.want("profile of "+ref, want, got)
}

func (w *world) wantRefs(want map[string]int64) {
	w.Helper()
	w.want("refs", want, w.look().Refs)
}

func (w *world) wantRefNames(want ...string) {
	w.Helper()
	w.want("refs", want, slices.Sorted(maps.Keys(w.look().Refs)))
}

// wantNoOrphans says that every data file in the place is one that a snapshot of these tables has, and the other way round.
func (w *world) wantNoOrphans(ids ...dataflow.TableID) {
	w.Helper()
	var held []string
	for _, id := range ids {
		held = append(held, w.of(id).look().DataFiles...)
	}
	slices.Sort(held)
	w.want("data files", held, w.dataFiles())
}

// unchanged says that what is done changes nothing of the table: no commit, no data file.
func (w *world) unchanged(what string, do func()) {
	w.Helper()
	before, files := w.look(), w.dataFiles()
	do()
	w.want(what+" changed the table", before, w.look())
	w.want(what+" changed the data files", files, w.dataFiles())
}

func same(a, b *int64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
