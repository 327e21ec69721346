package rowcodec

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

const (
	absent  = 0
	present = 1
)

// numberBytes is the length of a number.
const numberBytes = 16

// appendValue appends the bytes of one value. false: it is none of a column of this type.
func appendValue(dst []byte, kind dataflow.ColumnType, value any) ([]byte, bool) {
	switch v := value.(type) {
	case nil:
		return AppendAbsent(dst), true
	case string:
		return AppendText(dst, v), kind == dataflow.String && utf8.ValidString(v)
	case bool:
		return AppendBoolean(dst, v), kind == dataflow.Boolean
	case int64:
		return AppendLong(dst, v), kind == dataflow.Long
	case dataflow.Decimal:
		high, low, ok := v.Unscaled()
		return AppendNumber(dst, high, low), ok && kind == dataflow.Number
	case time.Time:
		micros := v.UnixMicro()
		return AppendLong(dst, micros), kind == dataflow.Timestamp && v.Equal(time.UnixMicro(micros))
	case map[string]string:
		ok := kind == dataflow.TextMap
		for key, text := range v {
			ok = ok && utf8.ValidString(key) && utf8.ValidString(text)
		}
		return AppendMap(dst, v), ok
	}
	return dst, false
}

// AppendAbsent appends the bytes of an absent value.
func AppendAbsent(dst []byte) []byte { return append(dst, absent) }

// AppendText appends the bytes of a text.
func AppendText(dst []byte, text string) []byte { return appendString(append(dst, present), text) }

func appendString(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// AppendBoolean appends the bytes of a boolean.
func AppendBoolean(dst []byte, v bool) []byte {
	if v {
		return append(dst, present, 1)
	}
	return append(dst, present, 0)
}

// AppendLong appends the bytes of a long, or of a timestamp in microseconds.
func AppendLong(dst []byte, v int64) []byte { return binary.AppendVarint(append(dst, present), v) }

// AppendNumber appends the bytes of a number, given by its unscaled 128-bit integer (dataflow.Decimal.Unscaled).
func AppendNumber(dst []byte, high int64, low uint64) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, present), uint64(high)) //nolint:gosec // the bits, not the number
	return binary.BigEndian.AppendUint64(dst, low)
}

// AppendMap appends the bytes of a map, in the order of its keys; nil is an absent one.
func AppendMap(dst []byte, v map[string]string) []byte {
	if v == nil {
		return AppendAbsent(dst)
	}
	dst = binary.AppendUvarint(append(dst, present), uint64(len(v)))
	for _, key := range slices.Sorted(maps.Keys(v)) {
		dst = appendString(appendString(dst, key), v[key])
	}
	return dst
}
