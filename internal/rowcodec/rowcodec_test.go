package rowcodec

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/rowcodec/rowtest"
)

func usersSchema() dataflow.Schema {
	return dataflow.Schema{
		Columns: []dataflow.Column{
			{Name: "sub", Type: dataflow.String, Required: true}, {Name: "email", Type: dataflow.String}, {Name: "enabled", Type: dataflow.Boolean},
			{Name: "logins", Type: dataflow.Long}, {Name: "score", Type: dataflow.Number}, {Name: "updated_at", Type: dataflow.Timestamp}, {Name: "other", Type: dataflow.TextMap},
		},
		Key: []string{"sub"}, Version: "updated_at",
	}
}

func at(second int) time.Time { return time.Date(2026, 1, 2, 3, 4, second, 123456000, time.UTC) }

func user(sub, email string, version int) dataflow.Row {
	return dataflow.Row{sub, email, true, int64(version), dataflow.Decimal("12.5"), at(version), map[string]string{"x": "y"}}
}

func mustCodec(t testing.TB, schema dataflow.Schema) Codec {
	t.Helper()
	c, err := New(schema)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCodec_GivesBackEveryRow(t *testing.T) {
	c := mustCodec(t, usersSchema())
	rapid.Check(t, func(t *rapid.T) {
		row := rowtest.Row(usersSchema()).Draw(t, "row")
		encoded, err := c.AppendRow(nil, row)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Row(encoded)
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
		encoded, err := c.AppendRow(nil, row)
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
		_, err := c.AppendRow(nil, row)
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if strings.Contains(err.Error(), "4711") {
			t.Errorf("%s: the error holds the value: %v", name, err)
		}
	}
	if _, err := c.AppendRow(nil, dataflow.Row{"a"}); err == nil {
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
		if _, err := New(schema); err == nil {
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
		x, y := rowtest.Row(schema).Draw(t, "x"), rowtest.Row(schema).Draw(t, "y")
		key := func(row dataflow.Row) []byte {
			key, err := c.AppendKey(nil, row)
			if err != nil {
				t.Fatal(err)
			}
			return c.AppendVersion(key, row)
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

// FuzzCodec: bytes from anywhere are a row or an error, never a panic; what is read as a row is written as the same row.
func FuzzCodec(f *testing.F) {
	c, err := New(usersSchema())
	if err != nil {
		f.Fatal(err)
	}
	for _, row := range []dataflow.Row{
		user("a", "a@x", 1),
		{"", nil, nil, nil, nil, nil, nil},
		{"k", "\x00", false, int64(math.MinInt64), dataflow.Decimal("-99999999999999999999999999999.999999999"), rowtest.LastMoment, map[string]string{}},
	} {
		encoded, err := c.AppendRow(nil, row)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Fuzz(func(t *testing.T, encoded []byte) {
		row, err := c.Row(encoded)
		if err != nil {
			return
		}
		again, err := c.AppendRow(nil, row)
		if err != nil {
			return // not UTF-8, a number beyond 38 digits, no key: only a row can be written
		}
		back, err := c.Row(again)
		if err != nil || fmt.Sprint(back) != fmt.Sprint(row) {
			t.Fatalf("the row differs: %v", err)
		}
	})
}
