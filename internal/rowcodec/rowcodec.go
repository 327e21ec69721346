// Package rowcodec turns rows of one schema into bytes and back, exactly. Equal rows have equal bytes, whatever way they came:
// numbers in one form, maps in the order of their keys. So bytes can be compared and hashed in place of rows.
package rowcodec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Codec is the encoding of the rows of one schema. Its methods may be called concurrently.
//
// A row is its values in the schema's order. A value is one byte, absent or present, and then: a string its length and bytes;
// a boolean one byte; a long and a timestamp (microseconds) a signed varint; a number the 16 bytes of its integer; a map the number of its entries and both strings of each.
// encoding/gob, JSON and MessagePack were left aside: none of them gives equal bytes for equal rows.
type Codec struct {
	schema  dataflow.Schema
	key     []int
	version int // -1: none
}

// VersionBytes is the length of the version at the end of a sort key.
const VersionBytes = 8

// New makes the encoding of a schema. It refuses one whose rows can't be told apart, or can't be held.
func New(schema dataflow.Schema) (Codec, error) {
	c := Codec{schema: schema, version: -1}
	seen := map[string]bool{}
	for _, column := range schema.Columns {
		if column.Name == "" || seen[column.Name] {
			return c, fmt.Errorf("column %q is there twice, or has no name", column.Name)
		}
		seen[column.Name] = true
		if !column.Type.IsKnown() {
			return c, fmt.Errorf("column %q: there is no column type %q", column.Name, column.Type)
		}
	}
	if len(schema.Key) == 0 {
		return c, errors.New("the table has no key: rows can't be told apart")
	}
	for _, name := range schema.Key {
		i := schema.Index(name)
		if i < 0 || schema.Columns[i].Type != dataflow.String || !schema.Columns[i].Required {
			return c, fmt.Errorf("the key column %q must be a required string column of the table", name)
		}
		c.key = append(c.key, i)
	}
	if schema.Version != "" {
		c.version = schema.Index(schema.Version)
		if c.version < 0 || schema.Columns[c.version].Type != dataflow.Timestamp {
			return c, fmt.Errorf("the version column %q must be a timestamp column of the table", schema.Version)
		}
	}
	return c, nil
}

// AppendRow appends the row's bytes. Its errors name the column and never hold the value.
func (c Codec) AppendRow(dst []byte, row dataflow.Row) ([]byte, error) {
	if len(row) != len(c.schema.Columns) {
		return dst, fmt.Errorf("the row has %d values, the table %d columns", len(row), len(c.schema.Columns))
	}
	for i, column := range c.schema.Columns {
		var ok bool
		if dst, ok = appendValue(dst, column.Type, row[i]); !ok {
			return dst, fmt.Errorf("column %s: a value of Go type %T is not a %s", column.Name, row[i], column.Type)
		}
		if column.Required && row[i] == nil {
			return dst, fmt.Errorf("column %s: the value is absent, and the column is required", column.Name)
		}
	}
	return dst, nil
}

// AppendKey appends the row's key in a form whose bytes sort as the key's columns do: each part ends in 0 1, and a 0 inside it is 0 255.
func (c Codec) AppendKey(dst []byte, row dataflow.Row) ([]byte, error) {
	for _, i := range c.key {
		part, ok := row[i].(string)
		if !ok {
			return dst, fmt.Errorf("column %s: the value is absent, and rows are told apart by it", c.schema.Columns[i].Name)
		}
		dst = AppendKeyPart(dst, part)
	}
	return dst, nil
}

// AppendKeyPart appends one column of a key. A row of another writer may lack its value: its part is that of the empty text.
func AppendKeyPart(dst []byte, part string) []byte {
	for i := range len(part) {
		dst = append(dst, part[i])
		if part[i] == 0 {
			dst = append(dst, 255)
		}
	}
	return append(dst, 0, 1)
}

// Key gives the positions of the key's columns.
func (c Codec) Key() []int { return c.key }

// Schema gives the schema whose rows these are.
func (c Codec) Schema() dataflow.Schema { return c.schema }

// AppendVersion appends the row's version in a form whose bytes sort as time does; an absent one is the oldest.
func (c Codec) AppendVersion(dst []byte, row dataflow.Row) []byte {
	micros := int64(math.MinInt64)
	if c.version >= 0 {
		if at, ok := row[c.version].(time.Time); ok {
			micros = at.UnixMicro()
		}
	}
	return binary.BigEndian.AppendUint64(dst, uint64(micros)^(1<<63)) //nolint:gosec // the bits, not the number
}

// Row reads a whole row.
func (c Codec) Row(encoded []byte) (dataflow.Row, error) {
	in := Read(encoded)
	row, err := c.Next(&in)
	if err == nil && len(in.Rest()) > 0 {
		err = ErrEncoding
	}
	return row, err
}

// Next reads the row that comes next: the bytes of one row end where those of another may begin.
func (c Codec) Next(in *Cursor) (dataflow.Row, error) {
	row := make(dataflow.Row, len(c.schema.Columns))
	for i, column := range c.schema.Columns {
		if !in.Present() {
			continue
		}
		switch column.Type {
		case dataflow.String:
			row[i] = string(in.Text())
		case dataflow.Boolean:
			row[i] = in.Boolean()
		case dataflow.Long:
			row[i] = in.Long()
		case dataflow.Number:
			row[i] = dataflow.DecimalOf(in.Number())
		case dataflow.Timestamp:
			row[i] = time.UnixMicro(in.Long()).UTC()
		case dataflow.TextMap:
			entries := map[string]string{}
			for n := in.Length(); n > 0 && in.err == nil; n-- {
				key := string(in.Text())
				entries[key] = string(in.Text())
			}
			row[i] = entries
		}
	}
	return row, in.err
}
