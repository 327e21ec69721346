package engine

import (
	"context"
	"fmt"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// columnNames is the rowStep of a table with a column that names the columns of another table (dataflow.Column.ColumnsOf). It replaces the source's names by
// those that the columns have in their table. The source can't do that: a column keeps its name while the table lives, even where the source would choose
// another one today.
type columnNames struct {
	schema dataflow.Schema
	names  map[int]map[string]string // per such column: the source's name → the table's
}

var _ rowStep = columnNames{}

func (n columnNames) columns() dataflow.Schema { return n.schema }

// row takes away what names no column.
func (n columnNames) row(row dataflow.Row) (dataflow.Row, error) {
	for at, names := range n.names {
		source, _ := row[at].(string)
		row[at] = nil
		if name, known := names[source]; known {
			row[at] = name
		}
	}
	return row, nil
}

// columnNames gives the step for rows of a schema; nil: no column of it names others.
func (e *Engine) columnNames(ctx context.Context, started dataflow.Started, before dataflow.Standing, source dataflow.Source, schema dataflow.Schema) (rowStep, error) {
	step := columnNames{schema: schema, names: map[int]map[string]string{}}
	for at, column := range schema.Columns {
		if column.ColumnsOf == "" {
			continue
		}
		named, err := source.Table(ctx, column.ColumnsOf)
		if err != nil {
			return nil, fmt.Errorf("columns of %s: %w", column.ColumnsOf, err)
		}
		if step.names[at], err = e.namesIn(ctx, started, before, named); err != nil {
			return nil, fmt.Errorf("columns of %s: %w", column.ColumnsOf, err)
		}
	}
	if len(step.names) == 0 {
		return nil, nil
	}
	return step, nil
}

// namesIn gives the names that the columns of a source's table have in the dataflow's, by the source's own names. One that is not loaded has none.
func (e *Engine) namesIn(ctx context.Context, started dataflow.Started, before dataflow.Standing, table dataflow.SourceTable) (map[string]string, error) {
	policies, err := e.policiesOf(ctx, started, before, table)
	if err != nil {
		return nil, err
	}
	schema := table.Schema
	if policies != nil {
		schema = policies.Columns()
	}
	names, err := e.tables.Columns(ctx, started.Dataflow, started.Definition.TableID(table.Key), schema)
	if err != nil || policies == nil {
		return names, err
	}
	bySource := map[string]string{}
	for after, before := range policies.Sources(table.Schema) {
		bySource[before] = names[after]
	}
	return bySource, nil
}
