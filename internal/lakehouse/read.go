package lakehouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// TableSummary is a table in a list.
type TableSummary struct {
	ID               dataflow.TableID
	UUID             string
	Dataflow         string // empty: the table is not of this workspace
	Key              string
	FileName         string
	Purpose          dataflow.Purpose
	Hidden           bool  // it has no main: never published, or hidden
	TotalRecords     int64 // rows of main
	MetadataLocation string
}

// TableDescription is what can be known of a table without reading its rows.
type TableDescription struct {
	TableSummary
	Columns    []ColumnDescription
	Files      int64  // data files of main
	Bytes      int64  // their size
	SnapshotID *int64 // main's; nil: hidden
	Location   string
	Runs       []TableRun        // the newest first
	Logged     []string          // the locations of its metadata files that are kept, the current one too
	Profile    *dataflow.Profile // of main's rows as the source gave them; nil: it has none
}

// ColumnDescription is a column as readers find it.
type ColumnDescription struct {
	Name        string
	Type        dataflow.ColumnType
	Description string
	Source      string // the source's own name for it; empty: not known
	Required    bool
}

// TableRun is a run whose data the table still holds.
type TableRun struct {
	Run          int64
	SnapshotID   int64
	TotalRecords int64
	CommittedAt  time.Time // when the snapshot was staged; a run that changed nothing has an earlier run's
}

// Databases lists the databases, in the order of their names.
func (l *Lakehouse) Databases(ctx context.Context) ([]string, error) {
	c, err := l.reading(ctx)
	if errors.Is(err, errNoCatalog) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names, err := c.ListNamespaces(ctx, nil)
	if err != nil {
		return nil, &dataflow.Error{Op: "list databases", Object: "catalog", Cause: err}
	}
	var databases []string
	for _, name := range names {
		databases = append(databases, name[len(name)-1])
	}
	slices.Sort(databases)
	return databases, nil
}

// List lists the tables of a database, in the order of their names; none when there is no such database.
func (l *Lakehouse) List(ctx context.Context, database string) ([]TableSummary, error) {
	c, err := l.reading(ctx)
	if errors.Is(err, errNoCatalog) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var summaries []TableSummary
	err = eachTable(ctx, c, database, func(id dataflow.TableID, tbl *table.Table) {
		summaries = append(summaries, l.summary(id, tbl))
	}, func(err error) error { return err })
	return summaries, err
}

func (l *Lakehouse) summary(id dataflow.TableID, tbl *table.Table) TableSummary {
	s := TableSummary{
		ID: id, UUID: tbl.Metadata().TableUUID().String(), Hidden: tbl.CurrentSnapshot() == nil,
		TotalRecords: totalRecords(tbl.CurrentSnapshot()), MetadataLocation: tbl.MetadataLocation(),
	}
	if properties := tbl.Properties(); l.isOfWorkspace(properties) {
		s.Dataflow, s.Key, s.FileName = properties[propertyDataflow], properties[propertyKey], properties[propertyFileName]
		s.Purpose = dataflow.Purpose(properties[propertyPurpose])
	}
	return s
}

// find loads a table for reading.
func (l *Lakehouse) find(ctx context.Context, id dataflow.TableID) (*table.Table, error) {
	c, err := l.reading(ctx)
	if errors.Is(err, errNoCatalog) {
		return nil, notFound(id)
	}
	if err != nil {
		return nil, err
	}
	return load(ctx, c, id)
}

// Describe says what is known of a table. One that is not there is an error with dataflow.CodeNotFound.
func (l *Lakehouse) Describe(ctx context.Context, id dataflow.TableID) (TableDescription, error) {
	tbl, err := l.find(ctx, id)
	if err != nil {
		return TableDescription{}, err
	}
	d := TableDescription{TableSummary: l.summary(id, tbl), Location: tbl.Location()}
	for _, field := range tbl.Schema().Fields() {
		d.Columns = append(d.Columns, ColumnDescription{
			Name: field.Name, Type: columnType(field.Type), Description: field.Doc,
			Source: tbl.Properties()[propertySource(field.Name)], Required: field.Required,
		})
	}
	if now := tbl.CurrentSnapshot(); now != nil {
		d.SnapshotID, d.Files, d.Bytes = &now.SnapshotID, total(now, "total-data-files"), total(now, "total-files-size")
		if d.Profile, err = readProfile(now, tbl.Schema()); err != nil {
			return TableDescription{}, &dataflow.Error{Op: "describe", Object: object(id), Cause: err}
		}
	}
	d.Logged = append(d.Logged, d.MetadataLocation)
	for entry := range tbl.Metadata().PreviousFiles() {
		d.Logged = append(d.Logged, entry.MetadataFile)
	}
	for name, ref := range tbl.Metadata().Refs() {
		run, ok := runOfTag(name)
		snapshot := tbl.SnapshotByID(ref.SnapshotID)
		if !ok || ref.SnapshotRefType != table.TagRef || snapshot == nil {
			continue
		}
		d.Runs = append(d.Runs, TableRun{
			Run: run, SnapshotID: ref.SnapshotID, TotalRecords: totalRecords(snapshot),
			CommittedAt: time.UnixMilli(snapshot.TimestampMs).UTC(),
		})
	}
	slices.SortFunc(d.Runs, func(a, b TableRun) int { return cmp.Compare(b.Run, a.Run) })
	return d, nil
}

// total reads a count from a snapshot's summary: https://iceberg.apache.org/spec/#optional-snapshot-summary-fields.
func total(snapshot *table.Snapshot, name string) int64 {
	if snapshot == nil || snapshot.Summary == nil {
		return 0
	}
	n, err := strconv.ParseInt(snapshot.Summary.Properties[name], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// totalRecords is the number of rows of a snapshot. Position deletes, which another writer may have made, are rows in its files that readers do not see.
func totalRecords(snapshot *table.Snapshot) int64 {
	return total(snapshot, "total-records") - total(snapshot, "total-position-deletes")
}

// RowsRequest says which rows to read.
type RowsRequest struct {
	Columns []string          // nil: all, in the table's order
	Run     *int64            // the rows as they were since this run; nil: as they are
	Limit   int               // at most so many; 0 or less: no limit
	Equals  map[string]string // column to the value it must have, in text: true, -12.5, 2026-01-31T12:00:00Z
}

// ColumnError is a column of a RowsRequest that can't be read, or that can't have the value which is asked for.
type ColumnError struct {
	Column string
	Equals bool // it is one of Equals, not of Columns
	reason string
}

// Error never holds the value.
func (e *ColumnError) Error() string { return e.reason }

// Rows reads rows. A request that the table can't answer is a ColumnError with dataflow.CodeInvalid, a run that it has not kept
// dataflow.CodeNotFound. A value is a string, bool, int64, dataflow.Decimal, time.Time in UTC, map[string]string, or nil when it is absent.
// The order is that of the table's files, not of the key.
func (l *Lakehouse) Rows(ctx context.Context, id dataflow.TableID, req RowsRequest) ([]string, [][]any, error) {
	tbl, err := l.find(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	invalid := func(err error) error {
		return &dataflow.Error{Code: dataflow.CodeInvalid, Op: "read rows", Object: object(id), Cause: err}
	}
	schema, options := tbl.Schema(), []table.ScanOption{table.WithMaxConcurrency(1), table.WithArrowBatchSize(batchRows)}
	switch {
	case req.Run != nil:
		snapshot := tbl.SnapshotByName(RunTag(*req.Run))
		if snapshot == nil {
			return nil, nil, &dataflow.Error{Code: dataflow.CodeNotFound, Op: "read rows", Object: object(id), Cause: fmt.Errorf("run %d is not kept", *req.Run)}
		}
		options = append(options, table.WithSnapshotID(snapshot.SnapshotID))
		if snapshot.SchemaID != nil && tbl.Schemas()[*snapshot.SchemaID] != nil {
			schema = tbl.Schemas()[*snapshot.SchemaID]
		}
	case tbl.CurrentSnapshot() == nil:
		names, err := project(schema, req.Columns)
		if err != nil {
			return nil, nil, invalid(err)
		}
		return names, nil, nil
	}
	names, err := project(schema, req.Columns)
	if err != nil {
		return nil, nil, invalid(err)
	}
	filter, err := equals(schema, req.Equals)
	if err != nil {
		return nil, nil, invalid(err)
	}
	options = append(options, table.WithSelectedFields(names...), table.WithRowFilter(filter))
	if req.Limit <= 0 {
		req.Limit = math.MaxInt
	}
	rows, err := scan(ctx, tbl.Scan(options...), names, req.Limit)
	if err != nil {
		return nil, nil, &dataflow.Error{Op: "read rows", Object: object(id), Cause: err}
	}
	return names, rows, nil
}

func project(schema *iceberg.Schema, columns []string) ([]string, error) {
	if columns == nil {
		for _, field := range schema.Fields() {
			columns = append(columns, field.Name)
		}
		return columns, nil
	}
	for i, name := range columns {
		if _, ok := schema.FindFieldByName(name); !ok {
			return nil, &ColumnError{Column: name, reason: noColumn(schema, name)}
		}
		if slices.Contains(columns[:i], name) {
			return nil, &ColumnError{Column: name, reason: fmt.Sprintf("the column %q is asked for twice", name)}
		}
	}
	return columns, nil
}

// noColumn says which columns there are instead.
func noColumn(schema *iceberg.Schema, name string) string {
	var names []string
	for _, field := range schema.Fields() {
		names = append(names, field.Name)
	}
	return fmt.Sprintf("the table has no column %q: it has %s", name, strings.Join(names, ", "))
}

// equals makes the filter that Iceberg prunes files and row groups by.
func equals(schema *iceberg.Schema, wanted map[string]string) (iceberg.BooleanExpression, error) {
	var filter iceberg.BooleanExpression = iceberg.AlwaysTrue{}
	for _, name := range sortedKeys(wanted) {
		wrong := &ColumnError{Column: name, Equals: true}
		field, ok := schema.FindFieldByName(name)
		if !ok {
			wrong.reason = noColumn(schema, name)
			return nil, wrong
		}
		if _, ok := field.Type.(iceberg.PrimitiveType); !ok {
			wrong.reason = fmt.Sprintf("rows can't be chosen by the column %q: it is a %s", name, columnType(field.Type))
			return nil, wrong
		}
		value, err := iceberg.NewLiteral(wanted[name]).To(field.Type)
		if err != nil || !isExact(wanted[name], columnType(field.Type)) {
			wrong.reason = fmt.Sprintf("the value for the column %q is no %s", name, columnType(field.Type)) // without err, which holds the value
			return nil, wrong
		}
		filter = iceberg.NewAnd(filter, iceberg.LiteralPredicate(iceberg.OpEQ, iceberg.Reference(name), value))
	}
	return filter, nil
}

// isExact says whether a value in text is one that the type holds: Iceberg's own conversion cuts off digits, and takes "1" for true.
func isExact(text string, kind dataflow.ColumnType) bool {
	switch kind {
	case dataflow.Number:
		_, ok := dataflow.ParseDecimal(text)
		return ok
	case dataflow.Boolean:
		return text == "true" || text == "false"
	case dataflow.Timestamp:
		t, err := time.Parse(time.RFC3339Nano, text)
		return err == nil && t.Nanosecond()%int(time.Microsecond) == 0
	case dataflow.String, dataflow.Long, dataflow.TextMap:
	}
	return true
}

func scan(ctx context.Context, scan *table.Scan, names []string, limit int) ([][]any, error) {
	_, batches, err := scan.ToArrowRecords(ctx)
	if err != nil {
		return nil, err
	}
	var rows [][]any
	for batch, err := range batches {
		if err != nil {
			return nil, err
		}
		rows = appendRows(rows, batch, names, limit)
		batch.Release()
		if len(rows) == limit {
			break
		}
	}
	return rows, nil
}

func appendRows(rows [][]any, batch arrow.RecordBatch, names []string, limit int) [][]any {
	readers := make([]func(int) any, len(names))
	for i, name := range names {
		readers[i] = valueReader(batch.Column(batch.Schema().FieldIndices(name)[0]))
	}
	for at := 0; at < int(batch.NumRows()) && len(rows) < limit; at++ {
		row := make([]any, len(readers))
		for i, read := range readers {
			row[i] = read(at)
		}
		rows = append(rows, row)
	}
	return rows
}
