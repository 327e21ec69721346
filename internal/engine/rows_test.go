package engine

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// withoutColumn is a rowStep that takes a column away, as a column policy does.
type withoutColumn struct {
	before dataflow.Schema
	name   string
}

func (s withoutColumn) columns() dataflow.Schema {
	after := dataflow.Schema{Key: s.before.Key, Version: s.before.Version}
	for _, column := range s.before.Columns {
		if column.Name != s.name {
			after.Columns = append(after.Columns, column)
		}
	}
	return after
}

func (s withoutColumn) row(row dataflow.Row) (dataflow.Row, error) {
	at := s.before.Index(s.name)
	return append(append(dataflow.Row{}, row[:at]...), row[at+1:]...), nil
}

// inUpperCase is a rowStep of the table's side.
type inUpperCase struct{ schema dataflow.Schema }

func (s inUpperCase) columns() dataflow.Schema { return s.schema }

func (s inUpperCase) row(row dataflow.Row) (dataflow.Row, error) {
	for i, value := range row {
		if text, ok := value.(string); ok {
			row[i] = strings.ToUpper(text)
		}
	}
	return row, nil
}

// seen is what comes to a staging or a checkpoint.
type seen struct {
	dataflow.Staging
	noCheckpoints
	mu   sync.Mutex
	rows []dataflow.Row
}

func (s *seen) add(row dataflow.Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, append(dataflow.Row{}, row...))
}

type seenByStaging struct{ *seen }

func (s seenByStaging) Put(_ context.Context, row dataflow.Row) error { s.add(row); return nil }
func (s seenByStaging) Close() error                                  { return nil }

type seenByCheckpoint struct{ *seen }

func (s seenByCheckpoint) Put(row dataflow.Row)            { s.add(row) }
func (s seenByCheckpoint) Part(string) dataflow.PartWriter { return s }
func (s seenByCheckpoint) Done(int64, time.Time)           {}
func (s seenByCheckpoint) Close() error                    { return nil }

func TestRows_AreChangedBeforeAnythingKeepsThemAndNamedBehindThat(t *testing.T) {
	source := dataflow.Schema{Columns: []dataflow.Column{
		{Name: "id", Type: dataflow.String, Required: true}, {Name: "secret", Type: dataflow.String}, {Name: "name", Type: dataflow.String},
	}, Key: []string{"id"}}
	fromSource := rowSteps{withoutColumn{source, "secret"}}
	kept, staged := &seen{}, &seen{}
	r := &reading{
		e: New(Config{}), ctx: t.Context(), staging: seenByStaging{staged}, writer: seenByCheckpoint{kept}, progress: newProgress(time.Now, 0),
		rows: tableRows{fromSource: fromSource, toTable: rowSteps{inUpperCase{fromSource.columns(source)}}},
	}
	part := r.Part("a")
	for _, err := range []error{part.Put(dataflow.Row{"a1", "s3cret", "Ann"}), part.Done(0), r.Put(dataflow.Row{"b1", "s3cret", "Ben"})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"id", "name"}, []string{r.rows.toTable.columns(source).Columns[0].Name, r.rows.toTable.columns(source).Columns[1].Name}); diff != "" {
		t.Errorf("columns:\n%s", diff)
	}
	if diff := cmp.Diff([]dataflow.Row{{"a1", "Ann"}}, kept.rows); diff != "" {
		t.Errorf("the checkpoint (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]dataflow.Row{{"A1", "ANN"}, {"B1", "BEN"}}, staged.rows); diff != "" {
		t.Errorf("the staging (-want +got):\n%s", diff)
	}
	if err := r.toTable(dataflow.Row{"c1", "Cy"}); err != nil { // as a row that is resumed: it had the first steps when it was read
		t.Fatal(err)
	}
	if diff := cmp.Diff(dataflow.Row{"C1", "CY"}, staged.rows[2]); diff != "" {
		t.Errorf("a row that is resumed (-want +got):\n%s", diff)
	}
}
