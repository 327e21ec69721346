package engine

import (
	"context"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/columnpolicy"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// The way of a row, from its source to its table, is a chain:
//
//	source → fromSource steps → checkpoint, for resuming → toTable steps → staging
//
// Steps know the schema. A fromSource step comes before anything is kept, so what it removes or changes is on no disk. A toTable step
// depends on the table as it is now, so it is done after the checkpoint, and again for rows that come out of one.

// rowStep changes the rows of one table on their way. Its methods may be called concurrently.
type rowStep interface {
	// columns gives the columns that rows have after the step.
	columns() dataflow.Schema
	// row gives the row after the step. It may change the one that it is given, or give another one. An error of it ends the import.
	row(dataflow.Row) (dataflow.Row, error)
}

// rowSteps are steps one after the other.
type rowSteps []rowStep

// columns gives the columns that rows have after all steps; before are those that they have before the first.
func (steps rowSteps) columns(before dataflow.Schema) dataflow.Schema {
	if len(steps) == 0 {
		return before
	}
	return steps[len(steps)-1].columns()
}

// row takes a row through all steps.
func (steps rowSteps) row(row dataflow.Row) (dataflow.Row, error) {
	for _, step := range steps {
		var err error
		if row, err = step.row(row); err != nil {
			return nil, err
		}
	}
	return row, nil
}

// tableRows is the way of the rows of one table.
type tableRows struct {
	source     dataflow.SourceTable // as its source describes it
	table      dataflow.SourceTable // with the columns that its rows have after the fromSource steps
	policies   *columnpolicy.Policies
	fromSource rowSteps
	toTable    rowSteps
}

// rowsOf makes the way of a table's rows. Every step of it is chosen here.
func (e *Engine) rowsOf(ctx context.Context, started dataflow.Started, before dataflow.Standing, source dataflow.Source, key string) (tableRows, error) {
	table, err := source.Table(ctx, key)
	if err != nil {
		return tableRows{}, err
	}
	rows := tableRows{source: table, table: table}
	if rows.policies, err = e.policiesOf(ctx, started, before, table); err != nil {
		return tableRows{}, err
	}
	if rows.policies != nil {
		rows.fromSource = append(rows.fromSource, policyStep{rows.policies})
	}
	rows.table.Schema = rows.fromSource.columns(table.Schema)
	names, err := e.columnNames(ctx, started, before, source, rows.table.Schema)
	if err != nil {
		return tableRows{}, err
	}
	if names != nil {
		rows.toTable = append(rows.toTable, names)
	}
	return rows, nil
}
