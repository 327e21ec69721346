package cognito

import (
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// field is a column with the way to its value in an item of AWS's.
type field[Item any] struct {
	dataflow.Column
	value func(Item) any
}

// columns gives the columns of fields.
func columns[Item any](fields []field[Item]) []dataflow.Column {
	all := make([]dataflow.Column, 0, len(fields))
	for _, f := range fields {
		all = append(all, f.Column)
	}
	return all
}

// project gives, per column of schema, the way to its value; nil for a column that no field has.
func project[Item any](fields []field[Item], schema dataflow.Schema) []func(Item) any {
	values := make([]func(Item) any, len(schema.Columns))
	for _, f := range fields {
		if i := schema.Index(f.Name); i >= 0 {
			values[i] = f.value
		}
	}
	return values
}

// rowOf makes the row of an item.
func rowOf[Item any](values []func(Item) any, item Item) dataflow.Row {
	row := make(dataflow.Row, len(values))
	for i, value := range values {
		if value != nil {
			row[i] = value(item)
		}
	}
	return row
}

// text gives the string, or nil for none: absent and empty are different.
func text(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

// word gives a value of an enumeration, or nil for none.
func word[T ~string](value T) any {
	if value == "" {
		return nil
	}
	return string(value)
}

// flag gives a boolean, or nil for none.
func flag(value *bool) any {
	if value == nil {
		return nil
	}
	return *value
}

// long gives a whole number, or nil for none.
func long(value *int32) any {
	if value == nil {
		return nil
	}
	return int64(*value)
}

// of gives a value of a part of an item; nil where the item has no such part.
func of[Item, Part any](part func(Item) *Part, value func(*Part) any) func(Item) any {
	return func(item Item) any {
		if p := part(item); p != nil {
			return value(p)
		}
		return nil
	}
}

// column describes a column that may be absent.
func column(name string, kind dataflow.ColumnType, source, description string) dataflow.Column {
	return dataflow.Column{Name: name, Type: kind, Source: source, Description: description}
}

// jsonColumn describes a column of JSON text that may be absent.
func jsonColumn(name, source, description string) dataflow.Column {
	return dataflow.Column{Name: name, Type: dataflow.String, Source: source, Description: description, JSON: true}
}

// keyColumn describes a column that names a row.
func keyColumn(name, source, description string) dataflow.Column {
	return dataflow.Column{Name: name, Type: dataflow.String, Source: source, Required: true, Description: description}
}

// moment gives a time of AWS's as a Timestamp. The wire has epoch seconds with milliseconds, and the SDK gives
// whole milliseconds; anything finer than a microsecond, which Timestamp can't hold, would be an artefact of the float.
func moment(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.UTC().Truncate(time.Microsecond)
}
