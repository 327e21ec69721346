package lakehouse

import (
	"context"
	"fmt"
	"maps"
	"math"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/tablestest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/postgrestest"
)

func TestLakehouse_Conforms(t *testing.T) {
	tablestest.Suite(t, func(t testing.TB) tablestest.Subject { return newSubject(t) })
}

func TestLakehouse_OverPostgresConforms(t *testing.T) {
	server := postgrestest.Start(t)
	tablestest.Suite(t, func(t testing.TB) tablestest.Subject {
		catalog, dir := CatalogConfig{Type: CatalogPostgres, URI: server.NewDatabase(t)}, t.TempDir()
		return subject{&place{Lakehouse: openOver(t, catalog, dir, "workspace-1"), t: t, dir: dir}, catalog}
	})
}

// subject is a warehouse as the conformance suite sees it: its processes are lakehouses, its outside is Iceberg.
type subject struct {
	*place
	catalog CatalogConfig
}

var _ tablestest.Subject = subject{}

func newSubject(t testing.TB) subject {
	p := newPlace(t)
	return subject{p, CatalogConfig{URI: filepath.Join(p.dir, "catalog.db")}}
}

// Process implements tablestest.Subject.
func (s subject) Process(workspace string) (dataflow.Tables, error) {
	return openOver(s.t, s.catalog, s.dir, workspace), nil
}

// Look implements tablestest.Subject.
func (s subject) Look(id dataflow.TableID) (tablestest.Table, error) {
	ctx := context.Background()
	tbl, err := s.find(ctx, id)
	if err != nil {
		return tablestest.Table{}, err
	}
	meta := tbl.Metadata()
	seen := tablestest.Table{
		UUID: meta.TableUUID().String(), MetadataLocation: tbl.MetadataLocation(), HiddenBy: tbl.Properties()[propertyHidden],
		Refs: map[string]int64{}, Rows: map[string]tablestest.Rows{}, Profiles: map[string]dataflow.Profile{},
	}
	for _, field := range tbl.Schema().Fields() {
		seen.Columns = append(seen.Columns, field.Name)
	}
	for name, ref := range meta.Refs() {
		seen.Refs[name] = ref.SnapshotID
		if seen.Rows[name], err = rowsAt(ctx, tbl, ref.SnapshotID); err != nil {
			return seen, fmt.Errorf("ref %s: %w", name, err)
		}
		profile, err := readProfile(tbl.SnapshotByID(ref.SnapshotID), schemaAt(tbl, ref.SnapshotID))
		if err != nil {
			return seen, fmt.Errorf("ref %s: %w", name, err)
		}
		if profile != nil {
			seen.Profiles[name] = *profile
		}
	}
	files, err := tbl.FS(ctx)
	if err != nil {
		return seen, err
	}
	held := map[string]bool{}
	for _, snapshot := range meta.Snapshots() {
		seen.Snapshots = append(seen.Snapshots, snapshot.SnapshotID)
		manifests, err := snapshot.Manifests(files)
		if err != nil {
			return seen, err
		}
		for _, manifest := range manifests {
			for entry, err := range manifest.Entries(files, true) {
				if err != nil {
					return seen, err
				}
				held[path.Base(entry.DataFile().FilePath())] = true
			}
		}
	}
	slices.Sort(seen.Snapshots)
	seen.DataFiles = slices.Sorted(maps.Keys(held))
	return seen, nil
}

func schemaAt(tbl *table.Table, snapshot int64) *iceberg.Schema {
	if at := tbl.SnapshotByID(snapshot); at.SchemaID != nil {
		return tbl.Schemas()[*at.SchemaID]
	}
	return tbl.Schema()
}

// rowsAt reads a snapshot with the columns of its schema.
func rowsAt(ctx context.Context, tbl *table.Table, snapshot int64) (tablestest.Rows, error) {
	names, err := project(schemaAt(tbl, snapshot), nil)
	if err != nil {
		return nil, err
	}
	read, err := scan(ctx, tbl.Scan(table.WithSnapshotID(snapshot), table.WithSelectedFields(names...)), names, math.MaxInt)
	if err != nil {
		return nil, err
	}
	rows := tablestest.Rows{}
	for _, values := range read {
		row := map[string]any{}
		for i, value := range values {
			if value != nil {
				row[names[i]] = value
			}
		}
		key := fmt.Sprint(values[0])
		if rows[key] != nil {
			return nil, fmt.Errorf("key %q is there twice", key)
		}
		rows[key] = row
	}
	return rows, nil
}

// DataFiles implements tablestest.Subject.
func (s subject) DataFiles() ([]string, error) {
	var names []string
	for file := range s.dataFiles() {
		names = append(names, filepath.Base(file))
	}
	slices.Sort(names)
	return names, nil
}

// Databases implements tablestest.Subject.
func (s subject) Databases() ([]string, error) { return s.Lakehouse.Databases(context.Background()) }

// Overwrite implements tablestest.Subject.
func (s subject) Overwrite(id dataflow.TableID) (int64, error) {
	ctx := context.Background()
	tbl, err := s.find(ctx, id)
	if err != nil {
		return 0, err
	}
	if totalRecords(tbl.CurrentSnapshot()) > 0 {
		tbl, err = tbl.Delete(ctx, iceberg.AlwaysTrue{}, nil)
	} else {
		tx := tbl.NewTransaction()
		if err = appendNothing(ctx, tx, tbl, nil); err == nil {
			tbl, err = tx.Commit(ctx)
		}
	}
	if err != nil {
		return 0, err
	}
	return tbl.CurrentSnapshot().SnapshotID, nil
}

// appendNothing makes a snapshot that adds no row.
func appendNothing(ctx context.Context, tx *table.Transaction, tbl *table.Table, summary iceberg.Properties) error {
	schema, err := table.SchemaToArrowSchema(tbl.Schema(), nil, true, false)
	if err != nil {
		return err
	}
	nothing, err := array.NewRecordReader(schema, nil)
	if err != nil {
		return err
	}
	defer nothing.Release()
	return tx.Append(ctx, nothing, summary)
}

// Tag implements tablestest.Subject.
func (s subject) Tag(id dataflow.TableID, tag string, snapshot int64) error {
	ctx := context.Background()
	c, err := s.reading(ctx)
	if err != nil {
		return err
	}
	_, _, err = c.CommitTable(ctx, identifier(id), nil, []table.Update{table.NewSetSnapshotRefUpdate(tag, snapshot, table.TagRef, 0, 0, 0)})
	return err
}

func TestLakehouse_DoesWhatTheFakeTablesDo(t *testing.T) {
	tablestest.Alike(t, func(t testing.TB) tablestest.Subject { return newSubject(t) },
		func(testing.TB) tablestest.Subject { return enginetest.NewSubject() })
}
