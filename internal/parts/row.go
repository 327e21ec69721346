package parts

import (
	"bytes"
	"fmt"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// encodeRow writes a row, whose values are as the schema says.
func encodeRow(out *msgpack.Encoder, row dataflow.Row) error {
	for _, value := range row {
		var err error
		switch v := value.(type) {
		case nil:
			err = out.EncodeNil()
		case string:
			err = out.EncodeString(v)
		case bool:
			err = out.EncodeBool(v)
		case int64:
			err = out.EncodeInt(v)
		case dataflow.Decimal:
			err = out.EncodeString(string(v))
		case time.Time:
			err = out.EncodeInt(v.UnixMicro())
		case map[string]string:
			err = encodeMap(out, v)
		default:
			err = fmt.Errorf("no way to keep a %T", value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func encodeMap(out *msgpack.Encoder, m map[string]string) error {
	if err := out.EncodeMapLen(len(m)); err != nil {
		return err
	}
	for name, text := range m {
		if err := out.EncodeString(name); err != nil {
			return err
		}
		if err := out.EncodeString(text); err != nil {
			return err
		}
	}
	return nil
}

// decodeRows reads the rows of a block.
func decodeRows(payload []byte, schema dataflow.Schema, put func(dataflow.Row) error) error {
	rest := bytes.NewReader(payload)
	in := msgpack.NewDecoder(rest)
	for rest.Len() > 0 {
		row := make(dataflow.Row, len(schema.Columns))
		for i, column := range schema.Columns {
			value, err := decodeValue(in, column.Type)
			if err != nil {
				return fmt.Errorf("%w: column %s", errDamaged, column.Name)
			}
			row[i] = value
		}
		if err := put(row); err != nil {
			return err
		}
	}
	return nil
}

func decodeValue(in *msgpack.Decoder, of dataflow.ColumnType) (any, error) {
	code, err := in.PeekCode()
	if err != nil {
		return nil, err
	}
	if code == msgpcode.Nil {
		return nil, in.DecodeNil()
	}
	switch of {
	case dataflow.String:
		return in.DecodeString()
	case dataflow.Boolean:
		return in.DecodeBool()
	case dataflow.Long:
		return in.DecodeInt64()
	case dataflow.Number:
		text, err := in.DecodeString()
		return dataflow.Decimal(text), err
	case dataflow.Timestamp:
		micros, err := in.DecodeInt64()
		return time.UnixMicro(micros).UTC(), err
	case dataflow.TextMap:
		return decodeMap(in)
	default:
		return nil, fmt.Errorf("there is no column type %q", of)
	}
}

func decodeMap(in *msgpack.Decoder) (map[string]string, error) {
	n, err := in.DecodeMapLen()
	if err != nil {
		return nil, err
	}
	m := map[string]string{}
	for range n {
		name, err := in.DecodeString()
		if err != nil {
			return nil, err
		}
		if m[name], err = in.DecodeString(); err != nil {
			return nil, err
		}
	}
	return m, nil
}
