// Package rowtest makes rows for property tests.
package rowtest

import (
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Hostile are texts that broke somebody's importer.
var Hostile = []string{
	"", " ", "\x00", "a\x00b", "\x00\x01", "\x00\xff"[:1], "null", "NULL", "'\"\\,;\n\r\t", "é", "e\u0301", "\u202e\u200f", "👩‍👩‍👧", "\U0010ffff", "\ufeff", "\u2028", strings.Repeat("x", 2048),
}

// Text makes texts.
func Text() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom(Hostile), rapid.String())
}

// Decimal makes numbers of all sizes.
func Decimal() *rapid.Generator[dataflow.Decimal] {
	return rapid.Custom(func(t *rapid.T) dataflow.Decimal {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,28})(\.[0-9]{1,9})?`).Draw(t, "number")
		d, ok := dataflow.ParseDecimal(text)
		if !ok {
			return "0" // "-0"
		}
		return d
	})
}

// The first and the last moment that a timestamp column holds for every reader.
var (
	FirstMoment = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	LastMoment  = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
)

func moment() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMicro(rapid.Int64Range(FirstMoment.UnixMicro(), LastMoment.UnixMicro()).Draw(t, "micros")).UTC()
	})
}

func value(column dataflow.Column) *rapid.Generator[any] {
	var made *rapid.Generator[any]
	switch column.Type {
	case dataflow.String:
		made = Text().AsAny()
	case dataflow.Boolean:
		made = rapid.Bool().AsAny()
	case dataflow.Long:
		made = rapid.Int64().AsAny()
	case dataflow.Number:
		made = Decimal().AsAny()
	case dataflow.Timestamp:
		made = moment().AsAny()
	case dataflow.TextMap:
		made = rapid.MapOfN(Text(), Text(), 0, 4).AsAny()
	}
	if column.Required {
		return made
	}
	return rapid.OneOf(made, rapid.Just[any](nil))
}

// Row makes rows of a schema, the ones that broke somebody's importer too.
func Row(schema dataflow.Schema) *rapid.Generator[dataflow.Row] {
	return rapid.Custom(func(t *rapid.T) dataflow.Row {
		row := make(dataflow.Row, len(schema.Columns))
		for i, column := range schema.Columns {
			row[i] = value(column).Draw(t, column.Name)
		}
		return row
	})
}
