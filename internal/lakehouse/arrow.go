package lakehouse

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// batchRows is how many rows go through Arrow at a time. Small batches and small pages are what keeps Parquet's memory flat.
const batchRows = 1024

// batches turns encoded rows into Arrow batches of the layout. Columns that the source lacks are absent.
func (c codec) batches(to layout, encoded iter.Seq2[[]byte, error]) (*arrow.Schema, iter.Seq2[arrow.RecordBatch, error], error) {
	schema, err := table.SchemaToArrowSchema(to.schema, nil, true, false)
	if err != nil {
		return nil, nil, fmt.Errorf("make the Arrow schema: %w", err)
	}
	return schema, func(yield func(arrow.RecordBatch, error) bool) {
		builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		defer builder.Release()
		sourced := make([]bool, schema.NumFields())
		for _, field := range to.fields {
			sourced[field] = true
		}
		rows := 0
		flush := func() bool {
			rows = 0
			return yield(builder.NewRecordBatch(), nil)
		}
		for row, err := range encoded {
			if err == nil {
				err = c.appendTo(builder, to, row)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for i, column := range builder.Fields() {
				if !sourced[i] {
					column.AppendNull()
				}
			}
			if rows++; rows == batchRows && !flush() {
				return
			}
		}
		if rows > 0 {
			flush()
		}
	}, nil
}

func (c codec) appendTo(builder *array.RecordBuilder, to layout, encoded []byte) error {
	in := cursor{buf: encoded}
	for i := range c.schema.Columns {
		field := builder.Field(to.fields[i])
		if !in.present() {
			field.AppendNull()
			continue
		}
		switch b := field.(type) {
		case *array.StringBuilder:
			b.BinaryBuilder.Append(in.text())
		case *array.BooleanBuilder:
			b.Append(in.boolean())
		case *array.Int64Builder:
			b.Append(in.long())
		case *array.Decimal128Builder:
			b.Append(in.decimal())
		case *array.TimestampBuilder:
			b.Append(arrow.Timestamp(in.long()))
		case *array.MapBuilder:
			keys, okKeys := b.KeyBuilder().(*array.StringBuilder)
			items, okItems := b.ItemBuilder().(*array.StringBuilder)
			if !okKeys || !okItems {
				return fmt.Errorf("column %s: no way to write a %s", c.schema.Columns[i].Name, field.Type())
			}
			b.Append(true)
			for n := in.length(); n > 0 && in.err == nil; n-- {
				keys.BinaryBuilder.Append(in.text())
				items.BinaryBuilder.Append(in.text())
			}
		default:
			return fmt.Errorf("column %s: no way to write a %s", c.schema.Columns[i].Name, field.Type())
		}
	}
	return in.err
}

// reader appends the bytes of one value of an Arrow column, as appendValue does.
type reader func(dst []byte, row int) []byte

// newReader makes the reader of an Arrow column. A type that is none of ours (another writer's column) gives false.
func newReader(column arrow.Array) (reader, bool) {
	read, ok := newPresentReader(column)
	if !ok {
		return nil, false
	}
	if column.NullN() == 0 {
		return read, true
	}
	return func(dst []byte, row int) []byte {
		if column.IsNull(row) {
			return append(dst, absent)
		}
		return read(dst, row)
	}, true
}

func newPresentReader(column arrow.Array) (reader, bool) {
	switch a := column.(type) {
	case array.StringLike:
		return func(dst []byte, row int) []byte { return appendText(append(dst, present), a.Value(row)) }, true
	case *array.Boolean:
		return func(dst []byte, row int) []byte { return appendBool(dst, a.Value(row)) }, true
	case *array.Int64:
		return func(dst []byte, row int) []byte { return appendLong(dst, a.Value(row)) }, true
	case *array.Decimal128:
		return func(dst []byte, row int) []byte { return appendDecimal(dst, a.Value(row)) }, true
	case *array.Timestamp:
		if t, ok := a.DataType().(*arrow.TimestampType); !ok || t.Unit != arrow.Microsecond {
			return nil, false
		}
		return func(dst []byte, row int) []byte { return appendLong(dst, int64(a.Value(row))) }, true
	case *array.Map:
		keys, okKeys := a.Keys().(array.StringLike)
		items, okItems := a.Items().(array.StringLike)
		if !okKeys || !okItems {
			return nil, false
		}
		return func(dst []byte, row int) []byte {
			start, end := a.ValueOffsets(row)
			entries := make(map[string]string, end-start)
			for i := int(start); i < int(end); i++ {
				entries[keys.Value(i)] = items.Value(i)
			}
			dst, _ = appendValue(dst, dataflow.TextMap, entries) // in the order of the keys, whoever wrote them
			return dst
		}, true
	}
	return nil, false
}

// valueReader reads values of one Arrow column as they are shown.
func valueReader(column arrow.Array) func(row int) any {
	return func(row int) any {
		if column.IsNull(row) {
			return nil
		}
		switch a := column.(type) {
		case array.StringLike:
			return strings.Clone(a.Value(row)) // what Arrow gives is a view of the whole batch
		case *array.Boolean:
			return a.Value(row)
		case *array.Int64:
			return a.Value(row)
		case *array.Decimal128:
			if t, ok := a.DataType().(*arrow.Decimal128Type); ok && t.Scale == dataflow.DecimalScale {
				return formatDecimal(a.Value(row))
			}
		case *array.Timestamp:
			if t, ok := a.DataType().(*arrow.TimestampType); ok {
				return a.Value(row).ToTime(t.Unit).UTC()
			}
		case *array.Map:
			keys, okKeys := a.Keys().(array.StringLike)
			items, okItems := a.Items().(array.StringLike)
			if okKeys && okItems {
				start, end := a.ValueOffsets(row)
				entries := make(map[string]string, end-start)
				for i := int(start); i < int(end); i++ {
					entries[strings.Clone(keys.Value(i))] = strings.Clone(items.Value(i))
				}
				return entries
			}
		}
		return column.ValueStr(row) // a type of another writer's, in Arrow's text
	}
}

// sortedKeys gives a map's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
