package lakehouse

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/rowcodec"
)

func (p *place) wantProfile(want *dataflow.Profile) {
	p.t.Helper()
	if diff := cmp.Diff(want, p.describe().Profile); diff != "" {
		p.t.Errorf("the profile differs (-want +got):\n%s", diff)
	}
}

// withoutData is the request of a run that loads what is known of the users and none of them.
func withoutData(run int64, schema dataflow.Schema) dataflow.StageRequest {
	req := stageRequest(run, schema)
	req.Definition.Purpose, req.Definition.Data = dataflow.PurposePrivacyMetadata, false
	return req
}

func TestProfile_SaysOfEveryTypeWhatIsFilledEmptyDistinctAndLongest(t *testing.T) {
	p := newPlace(t)
	p.publishChange(1, p.stage(stageRequest(1, usersSchema()),
		dataflow.Row{"a", "ä@x", true, int64(7), dataflow.Decimal("1.50"), at(1), map[string]string{"a long name": "x", "y": "日本語"}},
		dataflow.Row{"b", "ä@x", true, int64(-7), dataflow.Decimal("1.5"), at(1), map[string]string{}},
		dataflow.Row{"c", "", false, int64(7), nil, at(2), map[string]string{"y": ""}},
		dataflow.Row{"dd", nil, nil, nil, dataflow.Decimal("0"), nil, nil},
	))
	p.wantProfile(&dataflow.Profile{Rows: 4, Columns: map[string]dataflow.ColumnProfile{
		"sub":              {Filled: 4, Distinct: 4, Longest: new(int64(2))},
		"email":            {Filled: 3, Empty: 1, Distinct: 2, Longest: new(int64(3))},
		"enabled":          {Filled: 3, Distinct: 2},
		"logins":           {Filled: 3, Distinct: 2},
		"custom_score":     {Filled: 3, Distinct: 2},
		"updated_at":       {Filled: 3, Distinct: 2},
		"other_attributes": {Filled: 3, Empty: 1, Distinct: 3, Longest: new(int64(3))},
	}})
}

func TestProfile_IsOfTheColumnThatTakesTheValuesWhenATypeChanges(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	schema := usersSchema()
	schema.Columns[4].Type = dataflow.String // custom_score
	row := user("a", "a@x", 1)
	row[4] = "12,50"
	p.publishChange(2, p.stage(stageRequest(2, schema), row))
	columns := p.describe().Profile.Columns
	want := map[string]dataflow.ColumnProfile{"custom_score": {}, "custom_score_string": {Filled: 1, Distinct: 1, Longest: new(int64(5))}}
	got := map[string]dataflow.ColumnProfile{"custom_score": columns["custom_score"], "custom_score_string": columns["custom_score_string"]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the profile differs (-want +got):\n%s", diff)
	}
}

// Which is what the documentation says; https://github.com/axiomhq/hyperloglog keeps few values one by one.
func TestProfile_DistinctIsExactWhileFewAndNearWhenMany(t *testing.T) {
	schema := dataflow.Schema{Key: []string{"id"}, Columns: []dataflow.Column{
		{Name: "id", Type: dataflow.String, Required: true}, {Name: "value", Type: dataflow.String},
	}}
	c, err := rowcodec.New(schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		distinct int64
		off      float64 // at most, as a share
	}{{0, 0}, {1, 0}, {500, 0}, {5_000, 0.001}, {100_000, 0.03}} {
		p := newProfiler(schema)
		for i := range 2 * test.distinct {
			row, err := c.AppendRow(nil, dataflow.Row{fmt.Sprint(i), fmt.Sprint("value ", i%test.distinct)})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.add(row); err != nil {
				t.Fatal(err)
			}
		}
		if got := p.columns[0].distinct(); got != 2*test.distinct {
			t.Errorf("the key has %d distinct values of %d", got, 2*test.distinct)
		}
		if got := p.columns[1].distinct(); float64(max(got-test.distinct, test.distinct-got)) > test.off*float64(test.distinct) {
			t.Errorf("%d distinct values are estimated as %d", test.distinct, got)
		}
	}
}

func TestProfile_WhatIsNoRowIsAnError(t *testing.T) {
	c, err := rowcodec.New(usersSchema())
	if err != nil {
		t.Fatal(err)
	}
	row, err := c.AppendRow(nil, user("a", "a@x", 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := newProfiler(usersSchema()).add(row); err != nil {
		t.Errorf("a row ended with %v", err)
	}
	for n := range row {
		if err := newProfiler(usersSchema()).add(row[:n]); err == nil {
			t.Errorf("the first %d of a row's %d bytes were taken in", n, len(row))
		}
	}
	if err := newProfiler(usersSchema()).add(append(row, 0)); err == nil {
		t.Error("a row with a byte too many was taken in")
	}
}

func TestWithoutData_NoValueIsInAnyFile(t *testing.T) {
	p := newPlace(t)
	planted := user("planted-sub", "planted-email", 1)
	planted[6] = map[string]string{"planted-name": "planted-value"}
	p.publishChange(1, p.stage(withoutData(1, usersSchema()), planted, user("b", "planted-other", 2)))
	p.wantRows(RowsRequest{})
	if d := p.describe(); d.TotalRecords != 0 || d.Files != 0 || d.Profile.Rows != 2 || d.Purpose != dataflow.PurposePrivacyMetadata {
		t.Errorf("description is %+v", d)
	}
	files := 0
	err := filepath.WalkDir(p.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), "planted") {
			t.Errorf("a value is in %s", path)
		}
		return err
	})
	if err != nil || files < 4 {
		t.Errorf("%d files were read: %v", files, err)
	}
}

// BenchmarkProfile takes in rows of 20 columns.
func BenchmarkProfile(b *testing.B) {
	c, err := rowcodec.New(wideSchema())
	if err != nil {
		b.Fatal(err)
	}
	const rows = 400_000
	encoded := make([][]byte, rows)
	for i := range encoded {
		if encoded[i], err = c.AppendRow(nil, wideRow(i, 0)); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		p := newProfiler(wideSchema())
		for _, row := range encoded {
			if err := p.add(row); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
	b.ReportAllocs()
}
