package lakehouse

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// codec turns rows of one schema into bytes and back, exactly. Equal rows have equal bytes, whatever way they came:
// numbers in one form, maps in the order of their keys. So bytes can be compared and hashed in place of rows.
//
// A row is its values in the schema's order. A value is one byte, absent or present, and then: a string its length and bytes;
// a boolean one byte; a long and a timestamp (microseconds) a signed varint; a number the 16 bytes of its integer; a map the number of its entries and both strings of each.
// encoding/gob, JSON and MessagePack were left aside: none of them gives equal bytes for equal rows.
type codec struct {
	schema  dataflow.Schema
	key     []int
	version int // -1: none
}

const (
	absent  = 0
	present = 1
)

// versionBytes is the length of the version at the end of a sort key.
const versionBytes = 8

// decimalBytes is the length of a number.
const decimalBytes = 16

func newCodec(schema dataflow.Schema) (codec, error) {
	c := codec{schema: schema, version: -1}
	seen := map[string]bool{}
	for _, column := range schema.Columns {
		if column.Name == "" || seen[column.Name] {
			return c, fmt.Errorf("column %q is there twice, or has no name", column.Name)
		}
		seen[column.Name] = true
		if _, err := icebergType(column.Type, nil); err != nil {
			return c, fmt.Errorf("column %q: %w", column.Name, err)
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

// appendRow appends the row's bytes. Its errors name the column and never hold the value.
func (c codec) appendRow(dst []byte, row dataflow.Row) ([]byte, error) {
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

func appendValue(dst []byte, kind dataflow.ColumnType, value any) ([]byte, bool) {
	switch v := value.(type) {
	case nil:
		return append(dst, absent), true
	case string:
		return appendText(append(dst, present), v), kind == dataflow.String && utf8.ValidString(v)
	case bool:
		return appendBool(dst, v), kind == dataflow.Boolean
	case int64:
		return appendLong(dst, v), kind == dataflow.Long
	case dataflow.Decimal:
		n, ok := parseDecimal(v)
		return appendDecimal(dst, n), ok && kind == dataflow.Number
	case time.Time:
		micros := v.UnixMicro()
		return appendLong(dst, micros), kind == dataflow.Timestamp && v.Equal(time.UnixMicro(micros))
	case map[string]string:
		if v == nil {
			return append(dst, absent), kind == dataflow.TextMap
		}
		dst = binary.AppendUvarint(append(dst, present), uint64(len(v)))
		ok := kind == dataflow.TextMap
		for _, key := range slices.Sorted(maps.Keys(v)) {
			dst = appendText(appendText(dst, key), v[key])
			ok = ok && utf8.ValidString(key) && utf8.ValidString(v[key])
		}
		return dst, ok
	}
	return dst, false
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

func appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, present, 1)
	}
	return append(dst, present, 0)
}

func appendLong(dst []byte, v int64) []byte { return binary.AppendVarint(append(dst, present), v) }

func appendDecimal(dst []byte, n decimal128.Num) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, present), uint64(n.HighBits())) //nolint:gosec // the bits, not the number
	return binary.BigEndian.AppendUint64(dst, n.LowBits())
}

// appendKey appends the row's key in a form whose bytes sort as the key's columns do: each part ends in 0 1, and a 0 inside it is 0 255.
func (c codec) appendKey(dst []byte, row dataflow.Row) ([]byte, error) {
	for _, i := range c.key {
		part, ok := row[i].(string)
		if !ok {
			return dst, fmt.Errorf("column %s: the value is absent, and rows are told apart by it", c.schema.Columns[i].Name)
		}
		dst = appendKeyPart(dst, part)
	}
	return dst, nil
}

func appendKeyPart(dst []byte, part string) []byte {
	for i := range len(part) {
		dst = append(dst, part[i])
		if part[i] == 0 {
			dst = append(dst, 255)
		}
	}
	return append(dst, 0, 1)
}

// appendVersion appends the row's version in a form whose bytes sort as time does; an absent one is the oldest.
func (c codec) appendVersion(dst []byte, row dataflow.Row) []byte {
	micros := int64(math.MinInt64)
	if c.version >= 0 {
		if at, ok := row[c.version].(time.Time); ok {
			micros = at.UnixMicro()
		}
	}
	return binary.BigEndian.AppendUint64(dst, uint64(micros)^(1<<63)) //nolint:gosec // the bits, not the number
}

var errEncoding = errors.New("the bytes are not those of a row")

// cursor reads values one after the other. The first error stays: check err once, at the end.
type cursor struct {
	buf []byte
	err error
}

func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.buf)) {
		c.err, c.buf = errEncoding, nil
		return nil
	}
	taken := c.buf[:n]
	c.buf = c.buf[n:]
	return taken
}

func (c *cursor) present() bool {
	b := c.take(1)
	if len(b) == 1 && b[0] > present {
		c.err = errEncoding
	}
	return len(b) == 1 && b[0] == present
}

func (c *cursor) length() uint64 {
	n, size := binary.Uvarint(c.buf)
	if size <= 0 || n > uint64(len(c.buf)) {
		c.err, c.buf = errEncoding, nil
		return 0
	}
	c.buf = c.buf[size:]
	return n
}

func (c *cursor) text() []byte { return c.take(c.length()) }

func (c *cursor) boolean() bool {
	b := c.take(1)
	return len(b) == 1 && b[0] == 1
}

func (c *cursor) long() int64 {
	v, size := binary.Varint(c.buf)
	if size <= 0 {
		c.err, c.buf = errEncoding, nil
		return 0
	}
	c.buf = c.buf[size:]
	return v
}

func (c *cursor) decimal() decimal128.Num {
	b := c.take(decimalBytes)
	if b == nil {
		return decimal128.Num{}
	}
	return decimal128.New(int64(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint64(b[8:])) //nolint:gosec // the bits, not the number
}

// row reads a whole row.
func (c codec) row(encoded []byte) (dataflow.Row, error) {
	in := cursor{buf: encoded}
	row := make(dataflow.Row, len(c.schema.Columns))
	for i, column := range c.schema.Columns {
		if !in.present() {
			continue
		}
		switch column.Type {
		case dataflow.String:
			row[i] = string(in.text())
		case dataflow.Boolean:
			row[i] = in.boolean()
		case dataflow.Long:
			row[i] = in.long()
		case dataflow.Number:
			row[i] = formatDecimal(in.decimal())
		case dataflow.Timestamp:
			row[i] = time.UnixMicro(in.long()).UTC()
		case dataflow.TextMap:
			entries := map[string]string{}
			for n := in.length(); n > 0 && in.err == nil; n-- {
				key := string(in.text())
				entries[key] = string(in.text())
			}
			row[i] = entries
		}
	}
	if in.err == nil && len(in.buf) > 0 {
		in.err = errEncoding
	}
	return row, in.err
}
