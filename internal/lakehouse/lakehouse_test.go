package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// place is a workspace in a folder of the test's own.
type place struct {
	*Lakehouse
	t   testing.TB
	dir string
}

func newPlace(t testing.TB) *place {
	t.Helper()
	dir := t.TempDir()
	return &place{Lakehouse: openAt(t, dir, "workspace-1"), t: t, dir: dir}
}

func openAt(t testing.TB, dir, workspace string) *Lakehouse {
	t.Helper()
	return openOver(t, CatalogConfig{URI: filepath.Join(dir, "catalog.db")}, dir, workspace)
}

func openOver(t testing.TB, catalog CatalogConfig, dir, workspace string) *Lakehouse {
	t.Helper()
	return openIn(t, filepath.Join(dir, "warehouse"), catalog, dir, workspace)
}

func openIn(t testing.TB, warehouse string, catalog CatalogConfig, dir, workspace string) *Lakehouse {
	t.Helper()
	l, err := Open(Config{
		Catalog: catalog, Warehouse: warehouse,
		WorkspaceID: isWorkspace(workspace), SpoolDir: filepath.Join(dir, "spool"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// isWorkspace is Config.WorkspaceID of a workspace that is there.
func isWorkspace(id string) func(context.Context, bool) (string, error) {
	return func(context.Context, bool) (string, error) { return id, nil }
}

var usersID = dataflow.TableID{Database: "customers", Name: "users"}

func usersSchema() dataflow.Schema {
	return dataflow.Schema{
		Columns: []dataflow.Column{
			{Name: "sub", Type: dataflow.String, Description: "The user's id.", Source: "sub", Required: true},
			{Name: "email", Type: dataflow.String, Source: "email"},
			{Name: "enabled", Type: dataflow.Boolean},
			{Name: "logins", Type: dataflow.Long},
			{Name: "custom_score", Type: dataflow.Number, Source: "custom:score"},
			{Name: "updated_at", Type: dataflow.Timestamp},
			{Name: "other_attributes", Type: dataflow.TextMap},
		},
		Key: []string{"sub"}, Version: "updated_at",
	}
}

func stageRequest(run int64, schema dataflow.Schema) dataflow.StageRequest {
	return dataflow.StageRequest{
		Dataflow: "Customers", Run: run, ID: usersID,
		Table:      dataflow.SourceTable{Key: "users", FileName: "Users", Description: "The users.", Schema: schema},
		Definition: dataflow.TableDefinition{Purpose: dataflow.PurposeAll, Data: true, Metadata: true, TableName: usersID.Name},
	}
}

// stage puts rows and commits.
func (p *place) stage(req dataflow.StageRequest, rows ...dataflow.Row) dataflow.TableChange {
	p.t.Helper()
	change, err := p.tryStage(req, rows...)
	if err != nil {
		p.t.Fatal(err)
	}
	return change
}

func (p *place) tryStage(req dataflow.StageRequest, rows ...dataflow.Row) (dataflow.TableChange, error) {
	p.t.Helper()
	ctx := context.Background()
	s, err := p.Stage(ctx, req)
	if err != nil {
		return dataflow.TableChange{}, err
	}
	defer func() {
		if err := s.Close(); err != nil {
			p.t.Error(err)
		}
	}()
	for _, row := range rows {
		if err := s.Put(ctx, row); err != nil {
			return dataflow.TableChange{}, err
		}
	}
	return s.Commit(ctx)
}

func (p *place) publishChange(run int64, change dataflow.TableChange) dataflow.TableResult {
	p.t.Helper()
	result, err := p.Publish(context.Background(), "Customers", run, change)
	if err != nil {
		p.t.Fatal(err)
	}
	return result
}

// load stages and publishes.
func (p *place) load(run int64, rows ...dataflow.Row) dataflow.TableChange {
	p.t.Helper()
	change := p.stage(stageRequest(run, usersSchema()), rows...)
	p.publishChange(run, change)
	return change
}

func (p *place) rows(req RowsRequest) map[string]dataflow.Row {
	p.t.Helper()
	_, rows, err := p.Rows(context.Background(), usersID, req)
	if err != nil {
		p.t.Fatal(err)
	}
	byKey := map[string]dataflow.Row{}
	for _, row := range rows {
		key, ok := row[0].(string)
		if !ok {
			p.t.Fatalf("a row without a key: %v", row)
		}
		if byKey[key] != nil {
			p.t.Fatalf("key %q is there twice", key)
		}
		byKey[key] = row
	}
	return byKey
}

func (p *place) wantRows(req RowsRequest, want ...dataflow.Row) {
	p.t.Helper()
	wanted := map[string]dataflow.Row{}
	for _, row := range want {
		wanted[row[0].(string)] = row
	}
	if diff := cmp.Diff(wanted, p.rows(req)); diff != "" {
		p.t.Fatalf("rows differ (-want +got):\n%s", diff)
	}
}

func (p *place) describe() TableDescription {
	p.t.Helper()
	d, err := p.Describe(context.Background(), usersID)
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}

// dataFiles gives the data files on disk with their sizes.
func (p *place) dataFiles() map[string]int64 {
	p.t.Helper()
	found := map[string]int64{}
	err := filepath.WalkDir(filepath.Join(p.dir, "warehouse"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".parquet") {
			info, err := entry.Info()
			if err != nil {
				return err
			}
			found[path] = info.Size()
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	return found
}

func closing(t interface{ Error(...any) }, c io.Closer) {
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func at(second int) time.Time { return time.Date(2026, 1, 2, 3, 4, second, 123456000, time.UTC) }

// user makes a row; version is the second of updated_at.
func user(sub, email string, version int) dataflow.Row {
	return dataflow.Row{sub, email, true, int64(version), dataflow.Decimal("12.5"), at(version), map[string]string{"x": "y"}}
}

func TestFirstImport_IsStagedUnseenAndPublishedWhole(t *testing.T) {
	p := newPlace(t)
	change := p.stage(stageRequest(1, usersSchema()), user("b", "b@x", 1), user("a", "a@x", 1))

	if got, want := change.Counts, (dataflow.Counts{Read: 2, Added: 2}); got != want {
		t.Errorf("counts are %+v, want %+v", got, want)
	}
	if change.Change != dataflow.ChangePublish || change.Before != nil || change.After == nil || !same(change.After, change.Ticket) || change.SchemaID != nil {
		t.Errorf("change is %+v", change)
	}
	if change.Key != "users" || change.FileName != "Users" || change.TableID != usersID || change.UUID == "" || change.MetadataLocation == "" {
		t.Errorf("change is %+v", change)
	}
	p.wantRows(RowsRequest{}) // nobody sees it
	if d := p.describe(); !d.Hidden || d.SnapshotID != nil || len(d.Runs) != 0 {
		t.Errorf("before publishing the table is %+v", d)
	}

	result := p.publishChange(1, change)
	if result.Replaced != nil || result.PublishedMetadataLocation == change.MetadataLocation || result.PublishedMetadataLocation == "" {
		t.Errorf("result is %+v", result)
	}
	p.wantRows(RowsRequest{}, user("a", "a@x", 1), user("b", "b@x", 1))

	d := p.describe()
	if d.MetadataLocation != result.PublishedMetadataLocation || d.TotalRecords != 2 || d.Files != 1 || d.Bytes == 0 || d.Dataflow != "Customers" ||
		d.Key != "users" || d.FileName != "Users" || d.Purpose != dataflow.PurposeAll || d.Hidden || !same(d.SnapshotID, change.After) {
		t.Errorf("description is %+v", d)
	}
	if len(d.Runs) != 1 || d.Runs[0].Run != 1 || d.Runs[0].TotalRecords != 2 || d.Runs[0].SnapshotID != *change.After {
		t.Errorf("runs are %+v", d.Runs)
	}
	wantColumns := []ColumnDescription{
		{"sub", dataflow.String, "The user's id.", "sub", true},
		{"email", dataflow.String, "", "email", false},
		{"enabled", dataflow.Boolean, "", "", false},
		{"logins", dataflow.Long, "", "", false},
		{"custom_score", dataflow.Number, "", "custom:score", false},
		{"updated_at", dataflow.Timestamp, "", "", false},
		{"other_attributes", dataflow.TextMap, "", "", false},
	}
	if diff := cmp.Diff(wantColumns, d.Columns); diff != "" {
		t.Errorf("columns differ (-want +got):\n%s", diff)
	}
	for file := range p.dataFiles() {
		if run, ok := runOfFile(file); !ok || run != 1 {
			t.Errorf("the path %s does not carry run 1", file)
		}
	}
	if left, err := os.ReadDir(filepath.Join(p.dir, "spool")); err == nil && len(left) > 0 {
		t.Errorf("the spool holds %d files", len(left))
	}
}

func TestEmptyImport_StillMakesASnapshot(t *testing.T) {
	p := newPlace(t)
	change := p.load(1)
	if change.Change != dataflow.ChangePublish || change.After == nil || change.Counts != (dataflow.Counts{}) {
		t.Errorf("change is %+v", change)
	}
	if d := p.describe(); d.SnapshotID == nil || d.TotalRecords != 0 || len(p.dataFiles()) != 0 {
		t.Errorf("description is %+v", d)
	}
	if second := p.load(2); second.Change != dataflow.ChangeKeep {
		t.Errorf("a second empty import is a %s", second.Change)
	}
	if third := p.load(3, user("a", "a@x", 1)); third.Counts.Added != 1 {
		t.Errorf("counts are %+v", third.Counts)
	}
	if fourth := p.load(4); fourth.Counts.Removed != 1 {
		t.Errorf("counts are %+v", fourth.Counts)
	}
	p.wantRows(RowsRequest{})
}

func TestReadingAnEmptyWorkspace_LeavesNoTrace(t *testing.T) {
	p := newPlace(t)
	ctx := context.Background()
	if databases, err := p.Databases(ctx); err != nil || len(databases) != 0 {
		t.Errorf("databases are %v, %v", databases, err)
	}
	if tables, err := p.List(ctx, "customers"); err != nil || len(tables) != 0 {
		t.Errorf("tables are %v, %v", tables, err)
	}
	if owned, err := p.Owned(ctx, "Customers", []string{"customers"}); err != nil || len(owned) != 0 {
		t.Errorf("owned are %v, %v", owned, err)
	}
	if _, err := p.Describe(ctx, usersID); !dataflow.IsCode(err, dataflow.CodeNotFound) {
		t.Errorf("describe: %v", err)
	}
	if _, _, err := p.Rows(ctx, usersID, RowsRequest{}); !dataflow.IsCode(err, dataflow.CodeNotFound) {
		t.Errorf("rows: %v", err)
	}
	if err := p.Sweep(ctx, "Customers", 1, []dataflow.TableID{usersID}); err != nil {
		t.Errorf("sweep: %v", err)
	}
	if entries, err := os.ReadDir(p.dir); err != nil || len(entries) != 0 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestRows_AreProjectedLimitedAndChosen(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1), user("b", "b@x", 2), user("c", "", 3))
	ctx := context.Background()
	tests := map[string]struct {
		req  RowsRequest
		want []string
		code dataflow.Code
	}{
		"string":        {req: RowsRequest{Equals: map[string]string{"email": "b@x"}}, want: []string{"b"}},
		"empty string":  {req: RowsRequest{Equals: map[string]string{"email": ""}}, want: []string{"c"}},
		"no match":      {req: RowsRequest{Equals: map[string]string{"email": "nobody"}}},
		"boolean":       {req: RowsRequest{Equals: map[string]string{"enabled": "false"}}},
		"long":          {req: RowsRequest{Equals: map[string]string{"logins": "3"}}, want: []string{"c"}},
		"number":        {req: RowsRequest{Equals: map[string]string{"custom_score": "12.5", "sub": "a"}}, want: []string{"a"}},
		"timestamp":     {req: RowsRequest{Equals: map[string]string{"updated_at": "2026-01-02T03:04:02.123456+00:00"}}, want: []string{"b"}},
		"limit":         {req: RowsRequest{Limit: 2}, want: []string{"a", "b"}},
		"both":          {req: RowsRequest{Limit: 1, Equals: map[string]string{"enabled": "true"}}, want: []string{"a"}},
		"bad value":     {req: RowsRequest{Equals: map[string]string{"logins": "many"}}, code: dataflow.CodeInvalid},
		"half a login":  {req: RowsRequest{Equals: map[string]string{"logins": "3.5"}}, code: dataflow.CodeInvalid},
		"bad boolean":   {req: RowsRequest{Equals: map[string]string{"enabled": "1"}}, code: dataflow.CodeInvalid},
		"ten digits":    {req: RowsRequest{Equals: map[string]string{"custom_score": "12.5000000001"}}, code: dataflow.CodeInvalid},
		"nanoseconds":   {req: RowsRequest{Equals: map[string]string{"updated_at": "2026-01-02T03:04:02.1234561Z"}}, code: dataflow.CodeInvalid},
		"a day":         {req: RowsRequest{Equals: map[string]string{"updated_at": "2026-01-02"}}, code: dataflow.CodeInvalid},
		"bad column":    {req: RowsRequest{Equals: map[string]string{"nope": "1"}}, code: dataflow.CodeInvalid},
		"map":           {req: RowsRequest{Equals: map[string]string{"other_attributes": "1"}}, code: dataflow.CodeInvalid},
		"bad selection": {req: RowsRequest{Columns: []string{"nope"}}, code: dataflow.CodeInvalid},
		"bad run":       {req: RowsRequest{Run: new(int64(9))}, code: dataflow.CodeNotFound},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, rows, err := p.Rows(ctx, usersID, test.req)
			if got := dataflow.CodeOf(err); got != test.code {
				t.Fatalf("error is %v, want code %q", err, test.code)
			}
			var wrong *ColumnError
			if column := errors.As(err, &wrong); column != (test.code == dataflow.CodeInvalid) || column && wrong.Equals != (test.req.Equals != nil) {
				t.Errorf("the error is about column %+v", wrong)
			}
			var got []string
			for _, row := range rows {
				got = append(got, row[0].(string))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("rows are %v, want %v", got, test.want)
			}
		})
	}
	names, rows, err := p.Rows(ctx, usersID, RowsRequest{Columns: []string{"logins", "sub"}, Limit: 1})
	if err != nil || !slices.Equal(names, []string{"logins", "sub"}) || fmt.Sprint(rows) != "[[1 a]]" {
		t.Errorf("columns in another order: %v %v %v", names, rows, err)
	}
}

func TestWarehousePath_MayHoldSpacesAndLettersOfAnyScript(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strangeFolder)
	p := &place{Lakehouse: openAt(t, dir, "w"), t: t, dir: dir}
	p.load(1, user("a", "a@x", 1))
	p.load(2, user("a", "a@x", 1), user("b", "b@x", 1))
	p.wantRows(RowsRequest{}, user("a", "a@x", 1), user("b", "b@x", 1))
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, entry := range entries {
		name, _, _ := strings.Cut(entry.Name(), "-") // catalog.db-wal and -shm
		names[name] = true
	}
	if want := map[string]bool{"catalog.db": true, "warehouse": true}; !maps.Equal(names, want) {
		t.Errorf("the folder holds %v", names)
	}
}

func TestLoad_SaysWhenTheWarehouseIsNotWhereItWas(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	if err := os.Rename(filepath.Join(p.dir, "warehouse"), filepath.Join(p.dir, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	_, err := p.Describe(t.Context(), usersID)
	if !dataflow.IsCode(err, dataflow.CodeCorrupt) || !strings.Contains(err.Error(), "If it was moved or is not mounted, put it back where it was.") {
		t.Errorf("error is %v", err)
	}
	if _, err := p.tryStage(stageRequest(2, usersSchema()), user("a", "a@x", 1)); !dataflow.IsCode(err, dataflow.CodeCorrupt) {
		t.Errorf("staging ended with %v", err)
	}
}
