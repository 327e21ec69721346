package enginetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var (
	_ dataflow.Sources = Sources(nil)
	_ dataflow.Source  = (*session)(nil)
)

// Sources are the sources behind connectors, by the connector's name.
type Sources map[string]*Source

// Type of every fake source.
const Type = "Source of a test"

// Type implements dataflow.Sources.
func (Sources) Type(context.Context, string) (string, error) { return Type, nil }

// Source implements dataflow.Sources. Of a fake source the tables alone say what people call it.
func (Sources) Source(context.Context, string) (string, error) { return "", nil }

// Open implements dataflow.Sources.
func (s Sources) Open(ctx context.Context, connector string) (dataflow.Source, error) {
	source, ok := s[connector]
	if !ok {
		return nil, &dataflow.Error{
			Code: dataflow.CodeNoConnector, Object: fmt.Sprintf("connector %q", connector), Cause: errors.New("there is no such connector"),
		}
	}
	if err := source.at(ctx, Point{Call: "Open"}); err != nil {
		return nil, err
	}
	source.mu.Lock()
	defer source.mu.Unlock()
	source.open++
	return &session{source: source}, nil
}

// Source is a source with tables of rows, which a test changes between runs.
type Source struct {
	mu     sync.Mutex
	tables map[string]*sourceTable
	open   int
	before func(context.Context, Point) error
}

type sourceTable struct {
	dataflow.SourceTable
	inParts bool
	rows    map[string]dataflow.Row
	text    int64
}

// Point is a place in a source's work.
type Point struct {
	Call string // "Open", "CheckTables", "Table" or "Scan"
	Key  string // the table's; empty before there is one
	Row  int    // of a scan: how many rows were given before
}

// NewSource makes a source without tables.
func NewSource() *Source { return &Source{tables: map[string]*sourceTable{}} }

// SetTable makes a table, or gives the one with this key other columns. Its rows must be put anew then.
func (s *Source) SetTable(table dataflow.SourceTable) {
	s.mu.Lock()
	defer s.mu.Unlock()
	made := &sourceTable{SourceTable: table, rows: map[string]dataflow.Row{}}
	if before := s.tables[table.Key]; before != nil {
		made.inParts = before.inParts
	}
	s.tables[table.Key] = made
}

// Put adds rows to a table; a row whose key it has replaces that one. The key is the row's first column.
func (s *Source) Put(key string, rows ...dataflow.Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, row := range rows {
		s.tables[key].rows[fmt.Sprint(row[0])] = row
	}
}

// Delete takes rows out of a table.
func (s *Source) Delete(key string, rows ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, row := range rows {
		delete(s.tables[key].rows, row)
	}
}

// ReadInParts makes a scan of the table read it in parts: the rows whose keys begin with one letter, one letter after the other.
func (s *Source) ReadInParts(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables[key].inParts = true
}

// KeepAsText makes the table's scan report so many values kept as text.
func (s *Source) KeepAsText(key string, values int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables[key].text = values
}

// Rows gives the rows that a scan of the table would give.
func (s *Source) Rows(key string) map[string]dataflow.Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.tables[key].rows)
}

// Before sets what is called before every call and before every row of a scan, and once at its end:
// it may fail, block or panic there. Nil: nothing.
func (s *Source) Before(before func(context.Context, Point) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = before
}

// Open says how many sessions are open.
func (s *Source) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

func (s *Source) at(ctx context.Context, point Point) error {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	if before != nil {
		if err := before(ctx, point); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// session is a source that was opened.
type session struct {
	source *Source
	mu     sync.Mutex
	calls  int64
}

// CheckTables implements dataflow.Source. Nothing is forbidden here, unless Before says so.
func (s *session) CheckTables(ctx context.Context, _ map[string]bool) error {
	return s.call(ctx, Point{Call: "CheckTables"})
}

// Table implements dataflow.Source.
func (s *session) Table(ctx context.Context, key string) (dataflow.SourceTable, error) {
	if err := s.call(ctx, Point{Call: "Table", Key: key}); err != nil {
		return dataflow.SourceTable{}, err
	}
	s.source.mu.Lock()
	defer s.source.mu.Unlock()
	table, ok := s.source.tables[key]
	if !ok {
		return dataflow.SourceTable{}, &dataflow.Error{Code: dataflow.CodeNotFound, Cause: errors.New("the source has no such table")}
	}
	return table.SourceTable, nil
}

// Scan implements dataflow.Source. It gives the rows as they were when it began, in the order of their keys.
func (s *session) Scan(
	ctx context.Context, key string, schema dataflow.Schema, to dataflow.Sink,
) (dataflow.ScanReport, error) {
	point := Point{Call: "Scan", Key: key}
	if err := s.call(ctx, point); err != nil {
		return dataflow.ScanReport{}, err
	}
	has, _ := s.source.SourceTable(key)
	rows := s.source.Rows(key)
	s.source.mu.Lock()
	inParts, report := s.source.tables[key].inParts, dataflow.ScanReport{KeptAsText: s.source.tables[key].text}
	s.source.mu.Unlock()

	give := func(name string, put func(dataflow.Row) error) error {
		if err := put(project(rows[name], has.Schema, schema)); err != nil {
			return err
		}
		point.Row++
		return s.source.at(ctx, point)
	}
	names := slices.Sorted(maps.Keys(rows))
	if !inParts {
		for _, name := range names {
			if err := give(name, to.Put); err != nil {
				return dataflow.ScanReport{}, err
			}
		}
		return report, nil
	}
	read, err := to.Resume(func(string) bool { return true })
	if err != nil {
		return dataflow.ScanReport{}, err
	}
	for _, letter := range "abcdefghijklmnopqrstuvwxyz" {
		if slices.ContainsFunc(read, func(p dataflow.DonePart) bool { return p.Name == string(letter) }) {
			continue
		}
		part := to.Part(string(letter))
		for _, name := range names {
			if rune(name[0]) == letter {
				if err := give(name, part.Put); err != nil {
					return dataflow.ScanReport{}, err
				}
			}
		}
		if err := part.Done(0); err != nil {
			return dataflow.ScanReport{}, err
		}
	}
	return report, nil
}

// project gives a row with the columns of another schema: the source's own may have changed since that was described.
func project(row dataflow.Row, has, wanted dataflow.Schema) dataflow.Row {
	projected := make(dataflow.Row, len(wanted.Columns))
	for i, column := range wanted.Columns {
		if at := has.Index(column.Name); at >= 0 {
			projected[i] = row[at]
		}
	}
	return projected
}

func (s *session) call(ctx context.Context, point Point) error {
	s.mu.Lock()
	s.calls++
	s.mu.Unlock()
	return s.source.at(ctx, point)
}

// Usage implements dataflow.Source: a call for every call.
func (s *session) Usage() dataflow.Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return dataflow.Usage{Calls: s.calls}
}

// Close implements dataflow.Source.
func (s *session) Close() error {
	s.source.mu.Lock()
	defer s.source.mu.Unlock()
	s.source.open--
	return nil
}
