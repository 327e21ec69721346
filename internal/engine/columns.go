package engine

import (
	"context"
	"fmt"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// naming is a staging of a table in which a column names the columns of another one (dataflow.Column.ColumnsOf): it puts the names in place
// that those have in their table. The source can't: a table keeps a column for what it was given to, whatever the source would call it today.
type naming struct {
	dataflow.Staging
	names map[int]map[string]string // per such column: the source's name → the table's
}

// Put implements Staging. What names no column is taken away.
func (n naming) Put(ctx context.Context, row dataflow.Row) error {
	for at, names := range n.names {
		source, _ := row[at].(string)
		row[at] = nil
		if name, known := names[source]; known {
			row[at] = name
		}
	}
	return n.Staging.Put(ctx, row)
}

// withNames gives the staging of a table, with the names of the columns that its own columns name.
func (e *Engine) withNames(ctx context.Context, started dataflow.Started, source dataflow.Source, table dataflow.SourceTable, staging dataflow.Staging) (dataflow.Staging, error) {
	names := map[int]map[string]string{}
	for at, column := range table.Schema.Columns {
		if column.ColumnsOf == "" {
			continue
		}
		named, err := source.Table(ctx, column.ColumnsOf)
		if err != nil {
			return nil, fmt.Errorf("columns of %s: %w", column.ColumnsOf, err)
		}
		if names[at], err = e.tables.Columns(ctx, started.Dataflow, started.Definition.TableID(column.ColumnsOf), named.Schema); err != nil {
			return nil, fmt.Errorf("columns of %s: %w", column.ColumnsOf, err)
		}
	}
	if len(names) == 0 {
		return staging, nil
	}
	return naming{staging, names}, nil
}
