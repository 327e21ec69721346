package lakehouse

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/rowcodec"
)

// batchRows is how many rows go through Arrow at a time. Small batches and small pages are what keeps Parquet's memory flat.
const batchRows = 1024

// batches turns encoded rows into Arrow batches of the layout. Columns that the source lacks are absent.
func (to layout) batches(encoded iter.Seq2[[]byte, error]) (*arrow.Schema, iter.Seq2[arrow.RecordBatch, error], error) {
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
				err = to.appendTo(builder, row)
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

func (to layout) appendTo(builder *array.RecordBuilder, encoded []byte) error {
	in := rowcodec.Read(encoded)
	for i := range to.source.Columns {
		field := builder.Field(to.fields[i])
		if !in.Present() {
			field.AppendNull()
			continue
		}
		switch b := field.(type) {
		case *array.StringBuilder:
			b.BinaryBuilder.Append(in.Text())
		case *array.BooleanBuilder:
			b.Append(in.Boolean())
		case *array.Int64Builder:
			b.Append(in.Long())
		case *array.Decimal128Builder:
			high, low := in.Number()
			b.Append(decimal128.New(high, low))
		case *array.TimestampBuilder:
			b.Append(arrow.Timestamp(in.Long()))
		case *array.MapBuilder:
			keys, okKeys := b.KeyBuilder().(*array.StringBuilder)
			items, okItems := b.ItemBuilder().(*array.StringBuilder)
			if !okKeys || !okItems {
				return fmt.Errorf("column %s: no way to write a %s", to.source.Columns[i].Name, field.Type())
			}
			b.Append(true)
			for n := in.Length(); n > 0 && in.Err() == nil; n-- {
				keys.BinaryBuilder.Append(in.Text())
				items.BinaryBuilder.Append(in.Text())
			}
		default:
			return fmt.Errorf("column %s: no way to write a %s", to.source.Columns[i].Name, field.Type())
		}
	}
	return in.Err()
}

// reader appends the bytes of one value of an Arrow column, as package rowcodec does.
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
			return rowcodec.AppendAbsent(dst)
		}
		return read(dst, row)
	}, true
}

func newPresentReader(column arrow.Array) (reader, bool) {
	switch a := column.(type) {
	case array.StringLike:
		return func(dst []byte, row int) []byte { return rowcodec.AppendText(dst, a.Value(row)) }, true
	case *array.Boolean:
		return func(dst []byte, row int) []byte { return rowcodec.AppendBoolean(dst, a.Value(row)) }, true
	case *array.Int64:
		return func(dst []byte, row int) []byte { return rowcodec.AppendLong(dst, a.Value(row)) }, true
	case *array.Decimal128:
		return func(dst []byte, row int) []byte {
			n := a.Value(row)
			return rowcodec.AppendNumber(dst, n.HighBits(), n.LowBits())
		}, true
	case *array.Timestamp:
		if t, ok := a.DataType().(*arrow.TimestampType); !ok || t.Unit != arrow.Microsecond {
			return nil, false
		}
		return func(dst []byte, row int) []byte { return rowcodec.AppendLong(dst, int64(a.Value(row))) }, true
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
			return rowcodec.AppendMap(dst, entries) // in the order of the keys, whoever wrote them
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
				n := a.Value(row)
				return dataflow.DecimalOf(n.HighBits(), n.LowBits())
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
