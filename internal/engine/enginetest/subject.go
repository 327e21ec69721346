package enginetest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/tablestest"
)

// Subject is a catalog of its own as the conformance suite sees it.
type Subject struct{ catalog *Catalog }

var _ tablestest.Subject = Subject{}

// NewSubject makes an empty one.
func NewSubject() Subject { return Subject{catalog: NewCatalog()} }

// NewTransactionalSubject makes an empty one that can change several tables in one commit.
func NewTransactionalSubject() Subject { return Subject{catalog: NewTransactionalCatalog()} }

// Process implements tablestest.Subject.
func (s Subject) Process(workspace string) (dataflow.Tables, error) {
	return NewTables(s.catalog, workspace, nil), nil
}

// Look implements tablestest.Subject.
func (s Subject) Look(id dataflow.TableID) (tablestest.Table, error) {
	m, err := s.catalog.Load(id)
	if err != nil {
		return tablestest.Table{}, &dataflow.Error{Code: dataflow.CodeNotFound, Object: "table " + id.String(), Op: "look", Cause: err}
	}
	table := tablestest.Table{
		UUID: m.UUID, MetadataLocation: m.MetadataLocation, HiddenBy: m.Properties[propertyHidden],
		Refs: map[string]int64{}, Rows: map[string]tablestest.Rows{}, Profiles: map[string]dataflow.Profile{}, Snapshots: slices.Sorted(maps.Keys(m.Snapshots)),
	}
	for _, column := range m.Schemas[m.CurrentSchema].Columns {
		table.Columns = append(table.Columns, column.Name)
	}
	for name, ref := range m.Refs {
		records, err := s.catalog.Records(m, ref.Snapshot)
		if err != nil {
			return tablestest.Table{}, fmt.Errorf("ref %s: %w", name, err)
		}
		rows := tablestest.Rows{}
		for _, record := range records {
			key := record.key(m.Schemas[m.Snapshots[ref.Snapshot].SchemaID])
			if rows[key] != nil {
				return tablestest.Table{}, fmt.Errorf("ref %s: key %q is there twice", name, key)
			}
			rows[key] = record
		}
		table.Refs[name], table.Rows[name] = ref.Snapshot, rows
		if profile := m.Snapshots[ref.Snapshot].Profile; profile != nil {
			table.Profiles[name] = *profile
		}
	}
	for _, snapshot := range m.Snapshots {
		table.DataFiles = append(table.DataFiles, snapshot.Files...)
	}
	slices.Sort(table.DataFiles)
	table.DataFiles = slices.Compact(table.DataFiles)
	return table, nil
}

// DataFiles implements tablestest.Subject.
func (s Subject) DataFiles() ([]string, error) { return s.catalog.Files(""), nil }

// Databases implements tablestest.Subject.
func (s Subject) Databases() ([]string, error) {
	s.catalog.mu.Lock()
	defer s.catalog.mu.Unlock()
	return slices.Sorted(maps.Keys(s.catalog.namespaces)), nil
}

// Overwrite implements tablestest.Subject.
func (s Subject) Overwrite(id dataflow.TableID) (int64, error) { return s.catalog.Overwrite(id) }

// Tag implements tablestest.Subject.
func (s Subject) Tag(id dataflow.TableID, tag string, snapshot int64) error {
	_, err := s.catalog.Commit(id, nil, []Update{SetRef(tag, Ref{Snapshot: snapshot, Tag: true})})
	return err
}
