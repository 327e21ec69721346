package enginetest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

var id = dataflow.TableID{Database: "customers", Name: "users"}

func schema() dataflow.Schema {
	return dataflow.Schema{
		Columns: []dataflow.Column{
			{Name: "id", Type: dataflow.String, Required: true}, {Name: "updated_at", Type: dataflow.Timestamp},
		},
		Key: []string{"id"}, Version: "updated_at",
	}
}

func stage(t *testing.T, tables *enginetest.Tables, run int64, rows ...dataflow.Row) dataflow.TableChange {
	t.Helper()
	staging, err := tables.Stage(t.Context(), dataflow.StageRequest{
		Dataflow: "Customers", Run: run, ID: id, Table: dataflow.SourceTable{Key: "users", FileName: "Users", Schema: schema()},
		Definition: dataflow.TableDefinition{Data: true, Metadata: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := staging.Put(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	change, err := staging.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := staging.Close(); err != nil {
		t.Fatal(err)
	}
	return change
}

func publish(t *testing.T, tables *enginetest.Tables, run int64, change dataflow.TableChange) dataflow.TableResult {
	t.Helper()
	result, err := tables.Publish(t.Context(), "Customers", run, change)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func newTables() (*enginetest.Catalog, *enginetest.Tables) {
	catalog := enginetest.NewCatalog()
	return catalog, enginetest.NewTables(catalog, "workspace", nil)
}

func load(t *testing.T, catalog *enginetest.Catalog) enginetest.Metadata {
	t.Helper()
	m, err := catalog.Load(id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestCommit_IsAllOrNothing(t *testing.T) {
	catalog, tables := newTables()
	change := stage(t, tables, 1)
	before := load(t, catalog)
	move := enginetest.SetRef("main", enginetest.Ref{Snapshot: *change.Ticket})
	elsewhere := *change.Ticket + 1
	for name, c := range map[string]struct {
		requirement enginetest.Requirement
		update      enginetest.Update
		refused     bool
	}{
		"another uuid":             {enginetest.AssertUUID("another"), move, true},
		"a ref that is elsewhere":  {enginetest.AssertRef("run_1_staging", &elsewhere), move, true},
		"a ref that is there":      {enginetest.AssertRef("run_1_staging", nil), move, true},
		"a ref that is not there":  {enginetest.AssertRef("run_9_staging", &elsewhere), move, true},
		"no such snapshot":         {enginetest.AssertUUID(before.UUID), enginetest.SetRef("main", enginetest.Ref{Snapshot: elsewhere}), false},
		"no such schema":           {enginetest.AssertUUID(before.UUID), enginetest.SetCurrentSchema(1), false},
		"a snapshot that is there": {enginetest.AssertUUID(before.UUID), enginetest.AddSnapshot(*change.Ticket, enginetest.Snapshot{}), false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := catalog.Commit(id, []enginetest.Requirement{c.requirement}, []enginetest.Update{move, c.update})
			if err == nil || errors.Is(err, enginetest.ErrRefused) != c.refused {
				t.Errorf("the commit gave %v; refused: want %t", err, c.refused)
			}
			if diff := cmp.Diff(before.MetadataLocation, load(t, catalog).MetadataLocation); diff != "" {
				t.Errorf("the table moved: %s", diff)
			}
			if diff := cmp.Diff(before.Refs, load(t, catalog).Refs); diff != "" {
				t.Errorf("the refs changed: %s", diff)
			}
		})
	}
}

func TestStaging_OfRowsWithOneKeyTheNewestCountsOnce(t *testing.T) {
	older, newer := time.Unix(1, 0).UTC(), time.Unix(2, 0).UTC()
	for name, rows := range map[string][]dataflow.Row{
		"the newer one comes last":  {{"u1", older}, {"u1", newer}},
		"the newer one comes first": {{"u1", newer}, {"u1", older}},
	} {
		t.Run(name, func(t *testing.T) {
			catalog, tables := newTables()
			change := stage(t, tables, 1, rows...)
			publish(t, tables, 1, change)
			if change.Counts != (dataflow.Counts{Read: 1, Added: 1}) {
				t.Errorf("the counts are %+v", change.Counts)
			}
			got, err := catalog.Rows(id, enginetest.MainBranch)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]dataflow.Row{"u1": {"u1", newer}}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStaging_RefusesRowsThatBreakTheSchemaOrComeTooLate(t *testing.T) {
	_, tables := newTables()
	staging, err := tables.Stage(t.Context(), dataflow.StageRequest{
		Dataflow: "Customers", Run: 1, ID: id, Table: dataflow.SourceTable{Key: "users", Schema: schema()},
		Definition: dataflow.TableDefinition{Data: true, Metadata: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]dataflow.Row{"too short": {"u1"}, "without its key": {nil, nil}} {
		if err := staging.Put(t.Context(), row); err == nil {
			t.Errorf("a row %s was taken", name)
		}
	}
	if _, err := staging.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := staging.Put(t.Context(), dataflow.Row{"u1", nil}); err == nil {
		t.Error("a row was taken after the commit")
	}
}

func TestPublish_TwiceAndLateChangesNothing(t *testing.T) {
	catalog, tables := newTables()
	first := stage(t, tables, 1, dataflow.Row{"u1", nil})
	publish(t, tables, 1, first)
	once := load(t, catalog)
	publish(t, tables, 1, first)
	if got := load(t, catalog).MetadataLocation; got != once.MetadataLocation {
		t.Errorf("the second publish moved the table to %s", got)
	}
	publish(t, tables, 2, stage(t, tables, 2, dataflow.Row{"u2", nil}))
	later := load(t, catalog)
	publish(t, tables, 1, first)
	if diff := cmp.Diff(later.Refs, load(t, catalog).Refs); diff != "" {
		t.Errorf("the late publish changed the refs: %s", diff)
	}

	// Retention lets run 1 go: only the ticket, which is used up, keeps the late one from undoing run 2.
	if _, err := catalog.Commit(id, nil, []enginetest.Update{enginetest.RemoveRef("run_1")}); err != nil {
		t.Fatal(err)
	}
	if _, err := tables.Publish(t.Context(), "Customers", 1, first); !dataflow.IsCode(err, dataflow.CodeAbandoned) {
		t.Errorf("the late publish of a run that is let go gave %v", err)
	}
	if got := load(t, catalog).Ref("main"); *got != *later.Ref("main") {
		t.Errorf("main is on %d, not on %d", *got, *later.Ref("main"))
	}
}

func TestDrop_LeavesATableThatWasMadeAnewUnderTheName(t *testing.T) {
	catalog, tables := newTables()
	publish(t, tables, 1, stage(t, tables, 1, dataflow.Row{"u1", nil}))
	drop, err := tables.Ticket(t.Context(), dataflow.TicketRequest{Dataflow: "Customers", Run: 2, ID: id, Change: dataflow.ChangeDrop})
	if err != nil {
		t.Fatal(err)
	}
	publish(t, tables, 2, drop)
	if _, err := catalog.Load(id); !errors.Is(err, enginetest.ErrNoTable) {
		t.Fatalf("the dropped table gave %v", err)
	}
	publish(t, tables, 3, stage(t, tables, 3, dataflow.Row{"u2", nil}))
	anew, files := load(t, catalog), catalog.Files("")
	publish(t, tables, 2, drop)
	if got := load(t, catalog); got.MetadataLocation != anew.MetadataLocation {
		t.Errorf("the late drop moved the new table to %s", got.MetadataLocation)
	}
	if diff := cmp.Diff(files, catalog.Files("")); diff != "" {
		t.Errorf("the late drop changed the files: %s", diff)
	}
}

func TestDrop_OfAnEntryThatMovedIsRefused(t *testing.T) {
	catalog, tables := newTables()
	publish(t, tables, 1, stage(t, tables, 1))
	read := load(t, catalog)
	if _, err := catalog.Overwrite(id); err != nil {
		t.Fatal(err)
	}
	if err := catalog.Drop(id, read.MetadataLocation); !errors.Is(err, enginetest.ErrRefused) {
		t.Errorf("the drop gave %v", err)
	}
}

func TestTables_RefuseWhatBelongsToAnother(t *testing.T) {
	catalog, tables := newTables()
	change := stage(t, tables, 1, dataflow.Row{"u1", nil})
	publish(t, tables, 1, change)
	before := load(t, catalog)
	for name, other := range map[string]struct {
		tables   *enginetest.Tables
		dataflow string
	}{
		"of this workspace":    {tables, "Other"},
		"of another workspace": {enginetest.NewTables(catalog, "elsewhere", nil), "Customers"},
	} {
		t.Run("dataflow "+name, func(t *testing.T) {
			_, stageErr := other.tables.Stage(t.Context(), dataflow.StageRequest{Dataflow: other.dataflow, Run: 2, ID: id})
			_, ticketErr := other.tables.Ticket(t.Context(), dataflow.TicketRequest{Dataflow: other.dataflow, Run: 2, ID: id, Change: dataflow.ChangeDrop})
			_, publishErr := other.tables.Publish(t.Context(), other.dataflow, 1, change)
			sweepErr := other.tables.Sweep(t.Context(), other.dataflow, 1, []dataflow.TableID{id})
			for verb, err := range map[string]error{"Stage": stageErr, "Ticket": ticketErr, "Publish": publishErr, "Sweep": sweepErr} {
				if !dataflow.IsCode(err, dataflow.CodeForeign) {
					t.Errorf("%s gave %v", verb, err)
				}
			}
			owned, err := other.tables.Owned(t.Context(), other.dataflow, []string{id.Database})
			if err != nil || len(owned) != 0 {
				t.Errorf("it owns %v (%v)", owned, err)
			}
			if got := load(t, catalog).MetadataLocation; got != before.MetadataLocation {
				t.Errorf("the table moved to %s", got)
			}
		})
	}
}

func TestSweep_RemovesTheBranchAndOnlyTheFilesOfThatRun(t *testing.T) {
	catalog, tables := newTables()
	publish(t, tables, 1, stage(t, tables, 1, dataflow.Row{"u1", nil}))
	before, files := load(t, catalog), catalog.Files("")
	stage(t, tables, 2, dataflow.Row{"u2", nil})
	third := stage(t, tables, 3, dataflow.Row{"u3", nil})
	if err := tables.Sweep(t.Context(), "Customers", 2, []dataflow.TableID{{Database: "customers", Name: "gone"}, id}); err != nil {
		t.Fatal(err)
	}
	if load(t, catalog).Ref("run_3_staging") == nil {
		t.Error("the branch of a newer run was swept")
	}
	publish(t, tables, 3, third)
	if got := len(catalog.Files("")); got != len(files)+1 {
		t.Errorf("there are %d data files, not %d", got, len(files)+1)
	}
	if err := tables.Sweep(t.Context(), "Customers", 1, []dataflow.TableID{id}); err != nil {
		t.Fatal(err)
	}
	if got := load(t, catalog).Ref("run_1"); got == nil || *got != *before.Ref("main") {
		t.Error("the sweep of a published run removed its tag")
	}
	if _, err := catalog.Rows(id, "run_1"); err != nil {
		t.Errorf("run 1 can't be read any more: %v", err)
	}
}
