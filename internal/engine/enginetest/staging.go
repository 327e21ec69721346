package enginetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// staging is a table being written by one run.
type staging struct {
	tables *Tables
	req    dataflow.StageRequest

	mu     sync.Mutex
	rows   map[string]Record
	closed bool // nothing may be put any more
}

// Put takes a row. Of rows with one key the newest counts.
func (s *staging) Put(ctx context.Context, row dataflow.Row) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	schema := s.req.Table.Schema
	if len(row) != len(schema.Columns) {
		return s.invalid(fmt.Errorf("a row of %d values for %d columns", len(row), len(schema.Columns)))
	}
	record := Record{}
	for i, column := range schema.Columns {
		if row[i] != nil {
			record[column.Name] = row[i]
		} else if column.Required {
			return s.invalid(fmt.Errorf("column %s is required", column.Name))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("a row was put after the commit had begun")
	}
	key := record.key(schema)
	if known, ok := s.rows[key]; !ok || !newer(known, record, schema.Version) {
		s.rows[key] = record
	}
	return nil
}

func (s *staging) invalid(cause error) error {
	return &dataflow.Error{Code: dataflow.CodeInvalid, Object: "table " + s.req.ID.String(), Op: "put", Cause: cause}
}

// newer says whether a is a newer version of the row than b.
func newer(a, b Record, version string) bool {
	x, _ := a[version].(time.Time)
	y, _ := b[version].(time.Time)
	return version != "" && x.After(y)
}

// Commit writes the table as it will be to the run's branch.
func (s *staging) Commit(ctx context.Context) (dataflow.TableChange, error) {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for {
		change, err := s.commit(ctx)
		if errors.Is(err, ErrRefused) {
			continue // the table moved meanwhile: compare again
		}
		return change, err
	}
}

// commit tries once.
func (s *staging) commit(ctx context.Context) (dataflow.TableChange, error) {
	m, err := s.tables.load(ctx, s.req.Dataflow, s.req.ID)
	if err != nil {
		return dataflow.TableChange{}, err
	}
	main, branch := m.Ref(MainBranch), branchOf(s.req.Run)
	if m.Ref(branch) != nil {
		return dataflow.TableChange{}, alreadyStaged(s.req.ID, s.req.Run)
	}
	change := dataflow.TableChange{
		Key: s.req.Table.Key, FileName: s.req.Table.FileName, TableID: s.req.ID, Definition: s.req.Definition,
		UUID: m.UUID, Before: main, MetadataLocation: m.MetadataLocation,
	}
	if change.Counts, err = s.compare(m, main); err != nil {
		return dataflow.TableChange{}, err
	}
	schema, widened := widen(m.Schemas[m.CurrentSchema], s.req.Table.Schema)
	profile := s.profile(schema)
	if c := change.Counts; main != nil && !widened && c.Added+c.Changed+c.Removed == 0 && reflect.DeepEqual(profile, m.Snapshots[*main].Profile) {
		m, err = s.tables.commit(ctx, "ticket", s.req.ID,
			[]Requirement{AssertUUID(m.UUID), AssertRef(branch, nil), AssertRef(MainBranch, main)}, []Update{SetRef(branch, Ref{Snapshot: *main})})
		change.Change, change.After, change.Ticket, change.MetadataLocation = dataflow.ChangeKeep, main, main, m.MetadataLocation
		return change, err
	}

	id := s.tables.catalog.NewSnapshotID()
	snapshot := Snapshot{SchemaID: m.CurrentSchema, Run: s.req.Run, Profile: profile}
	requirements := []Requirement{AssertUUID(m.UUID), AssertRef(branch, nil), AssertRef(MainBranch, main), AssertSchemas(len(m.Schemas))}
	var made []string
	var updates []Update
	if widened {
		// The schema becomes current with the publish, not here: readers of main must not see it before.
		snapshot.SchemaID = len(m.Schemas)
		change.SchemaID = &snapshot.SchemaID
		updates = append(updates, AddSchema(schema))
	}
	switch c := change.Counts; {
	case main != nil && c.Added+c.Changed+c.Removed == 0:
		snapshot.Files = m.Snapshots[*main].Files
	case len(s.loaded()) > 0:
		path := fmt.Sprint(dataPrefix(m.Location, s.req.Run), id)
		if err := s.tables.hook.write(ctx, "write file", path, func() error {
			s.tables.catalog.WriteFile(path, s.records())
			return nil
		}); err != nil {
			return dataflow.TableChange{}, err
		}
		made = []string{path}
		snapshot.Files = made
	}
	updates = append(updates, AddSnapshot(id, snapshot), SetRef(branch, Ref{Snapshot: id}))
	m, err = s.tables.commit(ctx, "stage", s.req.ID, requirements, updates)
	if errors.Is(err, ErrRefused) {
		for _, path := range made { // no snapshot will ever have it
			err = errors.Join(err, s.tables.deleteFile(ctx, path))
		}
	}
	if err != nil {
		return dataflow.TableChange{}, err
	}
	change.Change, change.After, change.Ticket, change.MetadataLocation = dataflow.ChangePublish, &id, &id, m.MetadataLocation
	return change, nil
}

// compare counts what differs between the rows on main and those that were put.
func (s *staging) compare(m Metadata, main *int64) (dataflow.Counts, error) {
	counts := dataflow.Counts{Read: int64(len(s.rows))}
	had := map[string][]Record{} // several under one key are another writer's, or have none of this schema's keys
	if main != nil {
		records, err := s.tables.catalog.Records(m, *main)
		if err != nil {
			return counts, err
		}
		for _, r := range records {
			key := r.key(s.req.Table.Schema)
			had[key] = append(had[key], r)
		}
	}
	rows := s.loaded()
	for key, row := range rows {
		before, ok := had[key]
		switch {
		case !ok:
			counts.Added++
		case len(before) == 1 && equal(before[0], row):
			counts.Unchanged++
		default:
			counts.Changed++
			counts.Removed += int64(len(before) - 1)
		}
	}
	for key, records := range had {
		if _, ok := rows[key]; !ok {
			counts.Removed += int64(len(records))
		}
	}
	return counts, nil
}

// loaded gives the rows that the table is to have.
func (s *staging) loaded() map[string]Record {
	if !s.req.Definition.Data {
		return nil
	}
	return s.rows
}

func (s *staging) records() []Record {
	records := make([]Record, 0, len(s.rows))
	for _, r := range s.loaded() {
		records = append(records, r)
	}
	return records
}

// Close gives up what was put.
func (s *staging) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.rows = nil
	return nil
}

// widen adds the source's new columns to the table's. A column that the source no longer has stays.
func widen(has, source dataflow.Schema) (dataflow.Schema, bool) {
	next := source
	next.Columns = slices.Clone(has.Columns)
	widened := false
	for _, column := range source.Columns {
		if next.Index(column.Name) < 0 {
			next.Columns = append(next.Columns, column)
			widened = true
		}
	}
	return next, widened
}

func equal(a, b Record) bool {
	if len(a) != len(b) {
		return false
	}
	for column, x := range a {
		y, ok := b[column]
		if !ok {
			return false
		}
		if t, isTime := x.(time.Time); isTime {
			u, _ := y.(time.Time)
			if !t.Equal(u) {
				return false
			}
		} else if !reflect.DeepEqual(x, y) {
			return false
		}
	}
	return true
}
