// Package foldertest is a connector type for tests: a folder of CSV files, each a table. It shows what a second type takes.
package foldertest

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Type is the connector type.
type Type struct{}

var _ dataflow.ConnectorType = Type{}

// Settings is what a connector's record has.
type Settings struct {
	Path string `json:"path"` // of the folder
}

// Raw gives the settings as a record has them.
func (s Settings) Raw() json.RawMessage {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return text
}

// Info implements dataflow.ConnectorType.
func (Type) Info() dataflow.ConnectorTypeInfo {
	return dataflow.ConnectorTypeInfo{Name: "Folder", Category: "Files", Thing: "folder", Description: "CSV files in a folder."}
}

// Tables implements dataflow.ConnectorType.
func (Type) Tables() []dataflow.TableInfo {
	return []dataflow.TableInfo{
		{Key: "people", FileName: "people.csv", Description: "One row per person.", IsOpen: true},
		{Key: "visits", FileName: "visits.csv", Description: "One row per visit.", IsOpen: true},
	}
}

// Source implements dataflow.ConnectorType.
func (Type) Source(c dataflow.Connector) (string, error) {
	folder, err := folderOf(c)
	return "folder " + folder, err
}

// Open implements dataflow.ConnectorType. A folder needs no secret.
func (Type) Open(_ context.Context, c dataflow.Connector, _ func(context.Context) (string, error)) (dataflow.Source, error) {
	folder, err := folderOf(c)
	if err != nil {
		return nil, err
	}
	return source{folder}, nil
}

// Cost implements dataflow.ConnectorType.
func (Type) Cost(key string, _ *dataflow.Connector) *dataflow.CostWarning {
	if key != "visits" {
		return nil
	}
	return &dataflow.CostWarning{Summary: "Table is long", Detail: "It has a row for every visit."}
}

func folderOf(c dataflow.Connector) (string, error) {
	var s Settings
	err := json.Unmarshal(c.Settings, &s)
	return s.Path, err
}

// source reads the files of a folder. The first line of a file names the columns, the first of which is the key.
type source struct{ folder string }

// CheckTables implements dataflow.Source.
func (s source) CheckTables(ctx context.Context, scanned map[string]bool) error {
	for key := range scanned {
		if _, err := s.Table(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// Table implements dataflow.Source.
func (s source) Table(_ context.Context, key string) (dataflow.SourceTable, error) {
	table := dataflow.SourceTable{Key: key, Origin: s.folder, Source: "folder " + s.folder}
	for _, info := range (Type{}).Tables() {
		if info.Key == key {
			table.FileName, table.Description = info.FileName, info.Description
		}
	}
	err := s.read(key, func(header []string) error {
		for i, name := range header {
			table.Schema.Columns = append(table.Schema.Columns, dataflow.Column{Name: name, Type: dataflow.String, Source: name, Required: i == 0})
		}
		table.Schema.Key = header[:1]
		return io.EOF
	})
	return table, err
}

// Scan implements dataflow.Source.
func (s source) Scan(_ context.Context, key string, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	isHeader := true
	return dataflow.ScanReport{}, s.read(key, func(line []string) error {
		if isHeader {
			isHeader = false
			return nil
		}
		row := make(dataflow.Row, len(schema.Columns))
		for i := range row {
			row[i] = line[i]
		}
		return to.Put(row)
	})
}

// read visits the lines of a table's file, until visit gives io.EOF.
func (s source) read(key string, visit func([]string) error) error {
	file, err := os.Open(filepath.Join(s.folder, key+".csv"))
	if errors.Is(err, fs.ErrNotExist) {
		return &dataflow.Error{Code: dataflow.CodeNoSource, Op: "read", Object: "table " + key, Cause: fmt.Errorf("folder %s has no file %s.csv", s.folder, key)}
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	lines := csv.NewReader(file)
	for {
		line, err := lines.Read()
		if err == nil {
			err = visit(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Usage implements dataflow.Source. Nobody counts what a folder is asked.
func (source) Usage() dataflow.Usage { return dataflow.Usage{} }

// Close implements dataflow.Source.
func (source) Close() error { return nil }
