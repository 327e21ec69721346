package lakehouse

import (
	"context"
	"slices"
	"testing"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/rowcodec"
)

// narrow is a schema of sub and the given columns.
func narrow(columns ...dataflow.Column) dataflow.Schema {
	return dataflow.Schema{
		Columns: append([]dataflow.Column{{Name: "sub", Type: dataflow.String, Required: true}}, columns...),
		Key:     []string{"sub"},
	}
}

func text(name string) dataflow.Column { return dataflow.Column{Name: name, Type: dataflow.String} }

func (p *place) loadAs(run int64, schema dataflow.Schema, rows ...dataflow.Row) dataflow.TableChange {
	p.t.Helper()
	change := p.stage(stageRequest(run, schema), rows...)
	p.publishChange(run, change)
	return change
}

func (p *place) columns() []string {
	p.t.Helper()
	var columns []string
	for _, column := range p.describe().Columns {
		columns = append(columns, column.Name+" "+string(column.Type))
	}
	return columns
}

func TestNewColumn_IsSeenWhenItsRunIsPublished_NotBefore(t *testing.T) {
	p := newPlace(t)
	p.loadAs(1, narrow(text("email")), dataflow.Row{"a", "a@x"}, dataflow.Row{"b", "b@x"})
	change := p.stage(stageRequest(2, narrow(text("email"), dataflow.Column{Name: "custom_score", Type: dataflow.Number, Source: "custom:score", Description: "The score."})),
		dataflow.Row{"a", "a@x", nil}, dataflow.Row{"b", "b@x", dataflow.Decimal("7")})
	if want := []string{"sub string", "email string"}; !slices.Equal(p.columns(), want) {
		t.Errorf("staging changed the columns to %v", p.columns())
	}
	if change.Counts != (dataflow.Counts{Read: 2, Changed: 1, Unchanged: 1}) || change.SchemaID == nil {
		t.Errorf("change is %+v", change)
	}
	p.publishChange(2, change)
	if want := []string{"sub string", "email string", "custom_score decimal(38,9)"}; !slices.Equal(p.columns(), want) {
		t.Errorf("columns are %v", p.columns())
	}
	p.wantRows(RowsRequest{}, dataflow.Row{"a", "a@x", nil}, dataflow.Row{"b", "b@x", dataflow.Decimal("7")})
	p.wantRows(RowsRequest{Run: new(int64(1))}, dataflow.Row{"a", "a@x"}, dataflow.Row{"b", "b@x"})
	added := p.describe().Columns[2]
	if added.Source != "custom:score" || added.Description != "The score." || added.Required {
		t.Errorf("the column is %+v", added)
	}
	_, tbl := p.raw()
	if staged := tbl.CurrentSnapshot(); staged.SchemaID == nil || *staged.SchemaID != *change.SchemaID || tbl.Schema().ID != *change.SchemaID {
		t.Errorf("the snapshot has schema %v, the table %d, the change %d", staged.SchemaID, tbl.Schema().ID, *change.SchemaID)
	}
}

func TestNewColumnAlone_IsPublishedWithoutADataFile(t *testing.T) {
	p := newPlace(t)
	p.loadAs(1, narrow(text("email")), dataflow.Row{"a", "a@x"})
	before := p.dataFiles()
	change := p.loadAs(2, narrow(text("email"), text("nickname")), dataflow.Row{"a", "a@x", nil})
	if change.Change != dataflow.ChangePublish || change.Counts != (dataflow.Counts{Read: 1, Unchanged: 1}) || change.SchemaID == nil {
		t.Errorf("change is %+v", change)
	}
	if diff := cmp.Diff(before, p.dataFiles()); diff != "" {
		t.Errorf("data files differ (-want +got):\n%s", diff)
	}
	p.wantRows(RowsRequest{}, dataflow.Row{"a", "a@x", nil})
	if third := p.loadAs(3, narrow(text("email"), text("nickname")), dataflow.Row{"a", "a@x", nil}); third.Change != dataflow.ChangeKeep {
		t.Errorf("the same again is a %s", third.Change)
	}
}

func TestVanishedColumn_StaysAndIsAbsentFromThenOn(t *testing.T) {
	p := newPlace(t)
	p.loadAs(1, narrow(text("email"), text("nickname")), dataflow.Row{"a", "a@x", "A"}, dataflow.Row{"b", "b@x", nil})
	change := p.loadAs(2, narrow(text("email")), dataflow.Row{"a", "a@x"}, dataflow.Row{"b", "b@x"})
	if change.Counts != (dataflow.Counts{Read: 2, Changed: 1, Unchanged: 1}) || change.SchemaID != nil {
		t.Errorf("change is %+v", change)
	}
	p.wantRows(RowsRequest{}, dataflow.Row{"a", "a@x", nil}, dataflow.Row{"b", "b@x", nil})
	if again := p.loadAs(3, narrow(text("email")), dataflow.Row{"a", "a@x"}, dataflow.Row{"b", "b@x"}); again.Change != dataflow.ChangeKeep {
		t.Errorf("the same again is a %s", again.Change)
	}
	back := p.loadAs(4, narrow(text("nickname"), text("email")), dataflow.Row{"a", "A", "a@x"}, dataflow.Row{"b", nil, "b@x"})
	if back.Counts != (dataflow.Counts{Read: 2, Changed: 1, Unchanged: 1}) || back.SchemaID != nil {
		t.Errorf("the column is back, in another order: %+v", back)
	}
	p.wantRows(RowsRequest{}, dataflow.Row{"a", "a@x", "A"}, dataflow.Row{"b", "b@x", nil})
}

func TestRetypedColumn_GetsAColumnOfItsOwn_AndTheOldOneStays(t *testing.T) {
	p := newPlace(t)
	score := func(kind dataflow.ColumnType) dataflow.Schema {
		return narrow(dataflow.Column{Name: "custom_score", Type: kind, Source: "custom:score"})
	}
	p.loadAs(1, score(dataflow.String), dataflow.Row{"a", "high"})
	number := p.loadAs(2, score(dataflow.Number), dataflow.Row{"a", dataflow.Decimal("3")})
	if number.Counts.Changed != 1 {
		t.Errorf("counts are %+v", number.Counts)
	}
	want := []string{"sub string", "custom_score string", "custom_score_number decimal(38,9)"}
	if !slices.Equal(p.columns(), want) {
		t.Errorf("columns are %v", p.columns())
	}
	p.wantRows(RowsRequest{}, dataflow.Row{"a", nil, dataflow.Decimal("3")})
	if again := p.loadAs(3, score(dataflow.Number), dataflow.Row{"a", dataflow.Decimal("3")}); again.Change != dataflow.ChangeKeep {
		t.Errorf("the same again is a %s", again.Change)
	}
	p.loadAs(4, score(dataflow.String), dataflow.Row{"a", "low"})
	if !slices.Equal(p.columns(), want) {
		t.Errorf("columns are %v", p.columns())
	}
	p.wantRows(RowsRequest{}, dataflow.Row{"a", "low", nil})

	// A column of the source that has the very name is never mixed up with it.
	clash := narrow(dataflow.Column{Name: "custom_score", Type: dataflow.Boolean}, text("custom_score_boolean"))
	p.loadAs(5, clash, dataflow.Row{"a", true, "x"})
	want = append(want, "custom_score_boolean_2 boolean", "custom_score_boolean string")
	if !slices.Equal(p.columns(), want) {
		t.Errorf("columns are %v", p.columns())
	}
	p.wantRows(RowsRequest{}, dataflow.Row{"a", nil, nil, true, "x"})
}

func TestColumnsOfAnAbandonedRun_GetTheSameIdsInTheNext(t *testing.T) {
	p := newPlace(t)
	p.loadAs(1, narrow(), dataflow.Row{"a"})
	wide := narrow(dataflow.Column{Name: "more", Type: dataflow.TextMap})
	abandoned := p.stage(stageRequest(2, wide), dataflow.Row{"a", map[string]string{"k": "v"}})
	if err := p.Sweep(context.Background(), "Customers", 2, []dataflow.TableID{usersID}); err != nil {
		t.Fatal(err)
	}
	change := p.loadAs(3, wide, dataflow.Row{"a", map[string]string{"k": "w"}})
	if change.SchemaID == nil || *change.SchemaID != *abandoned.SchemaID {
		t.Errorf("the schema is %v, the abandoned run's was %v", change.SchemaID, abandoned.SchemaID)
	}
	p.wantRows(RowsRequest{}, dataflow.Row{"a", map[string]string{"k": "w"}})
}

func TestKey_IsRequiredAndIcebergsIdentifier(t *testing.T) {
	p := newPlace(t)
	p.loadAs(1, narrow(text("email")), dataflow.Row{"a", "a@x"})
	_, tbl := p.raw()
	field, _ := tbl.Schema().FindFieldByName("sub")
	if !field.Required || !slices.Equal(tbl.Schema().IdentifierFieldIDs, []int{field.ID}) {
		t.Errorf("the key is %+v, the identifier fields are %v", field, tbl.Schema().IdentifierFieldIDs)
	}
}

func TestColumnOfAnotherWriter_StaysAndItsValuesGoWithTheNextImport(t *testing.T) {
	p := newPlace(t)
	p.loadAs(1, narrow(text("email")), dataflow.Row{"a", "a@x"}, dataflow.Row{"b", "b@x"})
	ctx := context.Background()
	_, tbl := p.raw()
	tx := tbl.NewTransaction()
	if err := tx.UpdateSchema(true, false).AddColumn([]string{"theirs"}, iceberg.PrimitiveTypes.Float64, "", false, nil).Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	change := p.loadAs(2, narrow(text("email")), dataflow.Row{"a", "a@x"}, dataflow.Row{"c", "c@x"})
	if change.Counts != (dataflow.Counts{Read: 2, Added: 1, Removed: 1, Unchanged: 1}) || change.SchemaID != nil {
		t.Errorf("change is %+v", change)
	}
	p.wantRows(RowsRequest{}, dataflow.Row{"a", "a@x", nil}, dataflow.Row{"c", "c@x", nil})
}

func TestRowsOfAnotherWriterUnderOneKey_BecomeOneAgain(t *testing.T) {
	p := newPlace(t)
	p.loadAs(1, narrow(text("email")), dataflow.Row{"a", "a@x"}, dataflow.Row{"b", "b@x"})
	_, tbl := p.raw()
	c, err := rowcodec.New(narrow(text("email")))
	if err != nil {
		t.Fatal(err)
	}
	to, err := tableLayout(tbl.Metadata(), c.Schema())
	if err != nil {
		t.Fatal(err)
	}
	schema, batches, err := to.batches(func(yield func([]byte, error) bool) {
		for _, key := range []string{"b", "a"} { // the order of nobody's choice
			if !yield(c.AppendRow(nil, dataflow.Row{key, "theirs"})) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var files []iceberg.DataFile
	for file, err := range table.WriteRecords(context.Background(), tbl, schema, batches) {
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	tx := tbl.NewTransaction()
	if err := tx.AddDataFiles(context.Background(), files, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(context.Background()); err != nil {
		t.Fatal(err)
	}
	change := p.loadAs(2, narrow(text("email")), dataflow.Row{"a", "a@x"})
	if change.Counts != (dataflow.Counts{Read: 1, Changed: 1, Removed: 3}) {
		t.Errorf("counts are %+v", change.Counts)
	}
	p.wantRows(RowsRequest{}, dataflow.Row{"a", "a@x"})
}
