package lakehouse

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// hostile are texts that broke somebody's importer.
var hostile = []string{
	"", " ", "\x00", "a\x00b", "\x00\x01", "\x00\xff"[:1], "null", "NULL", "'\"\\,;\n\r\t", "é", "e\u0301", "\u202e\u200f", "👩‍👩‍👧", "\U0010ffff", "\ufeff", "\u2028", strings.Repeat("x", 2048),
}

func textGen() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom(hostile), rapid.String())
}

func decimalGen() *rapid.Generator[dataflow.Decimal] {
	return rapid.Custom(func(t *rapid.T) dataflow.Decimal {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,28})(\.[0-9]{1,9})?`).Draw(t, "number")
		d, ok := dataflow.ParseDecimal(text)
		if !ok {
			return "0" // "-0"
		}
		return d
	})
}

var (
	firstMoment = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	lastMoment  = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
)

func momentGen() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMicro(rapid.Int64Range(firstMoment.UnixMicro(), lastMoment.UnixMicro()).Draw(t, "micros")).UTC()
	})
}

func valueGen(column dataflow.Column) *rapid.Generator[any] {
	var value *rapid.Generator[any]
	switch column.Type {
	case dataflow.String:
		value = textGen().AsAny()
	case dataflow.Boolean:
		value = rapid.Bool().AsAny()
	case dataflow.Long:
		value = rapid.Int64().AsAny()
	case dataflow.Number:
		value = decimalGen().AsAny()
	case dataflow.Timestamp:
		value = momentGen().AsAny()
	case dataflow.TextMap:
		value = rapid.MapOfN(textGen(), textGen(), 0, 4).AsAny()
	}
	if column.Required {
		return value
	}
	return rapid.OneOf(value, rapid.Just[any](nil))
}

func rowGen(schema dataflow.Schema) *rapid.Generator[dataflow.Row] {
	return rapid.Custom(func(t *rapid.T) dataflow.Row {
		row := make(dataflow.Row, len(schema.Columns))
		for i, column := range schema.Columns {
			row[i] = valueGen(column).Draw(t, column.Name)
		}
		return row
	})
}

func mustCodec(t testing.TB, schema dataflow.Schema) codec {
	t.Helper()
	c, err := newCodec(schema)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCodec_GivesBackEveryRow(t *testing.T) {
	c := mustCodec(t, usersSchema())
	rapid.Check(t, func(t *rapid.T) {
		row := rowGen(usersSchema()).Draw(t, "row")
		encoded, err := c.appendRow(nil, row)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.row(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(row, got); diff != "" {
			t.Fatalf("the row differs (-want +got):\n%s", diff)
		}
	})
}

func TestCodec_GivesEqualBytesExactlyForEqualRows(t *testing.T) {
	c := mustCodec(t, usersSchema())
	encode := func(row dataflow.Row) string {
		encoded, err := c.appendRow(nil, row)
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	row := func(change func(dataflow.Row)) string {
		r := dataflow.Row{"a", "", false, int64(0), dataflow.Decimal("1"), at(1), map[string]string{}}
		change(r)
		return encode(r)
	}
	base := row(func(dataflow.Row) {})
	same := map[string]func(dataflow.Row){
		"nothing":                  func(dataflow.Row) {},
		"a number in another form": func(r dataflow.Row) { r[4] = dataflow.Decimal("1.000") },
		"a time in another zone":   func(r dataflow.Row) { r[5] = at(1).In(time.FixedZone("", 3600)) },
	}
	for name, change := range same {
		if row(change) != base {
			t.Errorf("%s: the bytes differ", name)
		}
	}
	seen := map[string]string{base: "nothing"}
	different := map[string]func(dataflow.Row){
		"absent text":      func(r dataflow.Row) { r[1] = nil },
		"absent boolean":   func(r dataflow.Row) { r[2] = nil },
		"absent long":      func(r dataflow.Row) { r[3] = nil },
		"absent number":    func(r dataflow.Row) { r[4] = nil },
		"absent time":      func(r dataflow.Row) { r[5] = nil },
		"absent map":       func(r dataflow.Row) { r[6] = nil },
		"map of the empty": func(r dataflow.Row) { r[6] = map[string]string{"": ""} },
		"a microsecond":    func(r dataflow.Row) { r[5] = at(1).Add(time.Microsecond) },
		"NUL":              func(r dataflow.Row) { r[1] = "\x00" },
	}
	for name, change := range different {
		encoded := row(change)
		if other, ok := seen[encoded]; ok {
			t.Errorf("%s has the bytes of %s", name, other)
		}
		seen[encoded] = name
	}
}

func TestCodec_RefusesWhatAColumnCannotHold_WithoutTheValue(t *testing.T) {
	c := mustCodec(t, usersSchema())
	tests := map[string]func(dataflow.Row){
		"wrong type":         func(r dataflow.Row) { r[1] = 4711 },
		"text in a long":     func(r dataflow.Row) { r[3] = "4711" },
		"no number":          func(r dataflow.Row) { r[4] = dataflow.Decimal("4711e5") },
		"too many digits":    func(r dataflow.Row) { r[4] = dataflow.Decimal("0.1234567890") },
		"too large":          func(r dataflow.Row) { r[4] = dataflow.Decimal("1" + strings.Repeat("0", 29)) },
		"nanoseconds":        func(r dataflow.Row) { r[5] = at(1).Add(time.Nanosecond) },
		"not UTF-8":          func(r dataflow.Row) { r[1] = "4711\xff" },
		"map with not UTF-8": func(r dataflow.Row) { r[6] = map[string]string{"4711": "\xff"} },
		"no key":             func(r dataflow.Row) { r[0] = nil },
	}
	for name, change := range tests {
		row := user("a", "a@x", 1)
		change(row)
		_, err := c.appendRow(nil, row)
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if strings.Contains(err.Error(), "4711") {
			t.Errorf("%s: the error holds the value: %v", name, err)
		}
	}
	if _, err := c.appendRow(nil, dataflow.Row{"a"}); err == nil {
		t.Error("a row that is too short: no error")
	}
}

func TestNewCodec_RefusesASchemaThatCannotWork(t *testing.T) {
	tests := map[string]func(*dataflow.Schema){
		"no key":              func(s *dataflow.Schema) { s.Key = nil },
		"unknown key":         func(s *dataflow.Schema) { s.Key = []string{"nope"} },
		"optional key":        func(s *dataflow.Schema) { s.Key = []string{"email"} },
		"unknown version":     func(s *dataflow.Schema) { s.Version = "nope" },
		"version of a text":   func(s *dataflow.Schema) { s.Version = "email" },
		"column twice":        func(s *dataflow.Schema) { s.Columns = append(s.Columns, s.Columns[1]) },
		"unknown type":        func(s *dataflow.Schema) { s.Columns[1].Type = "int" },
		"column with no name": func(s *dataflow.Schema) { s.Columns[1].Name = "" },
	}
	for name, change := range tests {
		schema := usersSchema()
		change(&schema)
		if _, err := newCodec(schema); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSortKeys_SortAsTheirColumnsAndThenTheirVersionDo(t *testing.T) {
	schema := dataflow.Schema{
		Columns: []dataflow.Column{
			{Name: "a", Type: dataflow.String, Required: true},
			{Name: "b", Type: dataflow.String, Required: true},
			{Name: "v", Type: dataflow.Timestamp},
		},
		Key: []string{"a", "b"}, Version: "v",
	}
	c := mustCodec(t, schema)
	rapid.Check(t, func(t *rapid.T) {
		x, y := rowGen(schema).Draw(t, "x"), rowGen(schema).Draw(t, "y")
		key := func(row dataflow.Row) []byte {
			key, err := c.appendKey(nil, row)
			if err != nil {
				t.Fatal(err)
			}
			return c.appendVersion(key, row)
		}
		want := strings.Compare(x[0].(string), y[0].(string))
		if want == 0 {
			want = strings.Compare(x[1].(string), y[1].(string))
		}
		if want == 0 {
			vx, okX := x[2].(time.Time)
			vy, okY := y[2].(time.Time)
			switch {
			case okX && okY:
				want = vx.Compare(vy)
			case okX:
				want = 1
			case okY:
				want = -1
			}
		}
		if got := bytes.Compare(key(x), key(y)); got != want {
			t.Fatalf("sort keys compare %d, rows %d", got, want)
		}
	})
}

func TestDecimal_IsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := decimalGen().Draw(t, "d")
		n, ok := parseDecimal(d)
		if !ok {
			t.Fatalf("%q is not read", d)
		}
		if got := formatDecimal(n); got != d {
			t.Fatalf("%q comes back as %q", d, got)
		}
		exact, _ := new(big.Rat).SetString(string(d))
		exact.Mul(exact, new(big.Rat).SetInt64(1_000_000_000))
		if n.BigInt().Cmp(exact.Num()) != 0 || !exact.IsInt() {
			t.Fatalf("%q is stored as %s", d, n.BigInt())
		}
	})
	for _, text := range []string{"", "-", ".", "1.", ".5", "1e5", "+1", " 1", "1.0000000000", "--1"} {
		if _, ok := parseDecimal(dataflow.Decimal(text)); ok {
			t.Errorf("%q is read as a number", text)
		}
	}
	for _, text := range []string{strings.Repeat("9", 29) + "." + strings.Repeat("9", 9), "-" + strings.Repeat("9", 29) + "." + strings.Repeat("9", 9), "0.000000001", "-0.1", "10000000000", "20000000000000000001"} {
		n, ok := parseDecimal(dataflow.Decimal(text))
		if got := formatDecimal(n); !ok || string(got) != text {
			t.Errorf("%q comes back as %q, %t", text, got, ok)
		}
	}
}

// FuzzCodec: bytes from anywhere are a row or an error, never a panic; what is read as a row is written as the same row.
func FuzzCodec(f *testing.F) {
	c, err := newCodec(usersSchema())
	if err != nil {
		f.Fatal(err)
	}
	for _, row := range []dataflow.Row{
		user("a", "a@x", 1),
		{"", nil, nil, nil, nil, nil, nil},
		{"k", "\x00", false, int64(math.MinInt64), dataflow.Decimal("-99999999999999999999999999999.999999999"), lastMoment, map[string]string{}},
	} {
		encoded, err := c.appendRow(nil, row)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Fuzz(func(t *testing.T, encoded []byte) {
		row, err := c.row(encoded)
		if err != nil {
			return
		}
		again, err := c.appendRow(nil, row)
		if err != nil {
			return // not UTF-8, a number beyond 38 digits, no key: only a row can be written
		}
		back, err := c.row(again)
		if err != nil || fmt.Sprint(back) != fmt.Sprint(row) {
			t.Fatalf("the row differs: %v", err)
		}
	})
}
