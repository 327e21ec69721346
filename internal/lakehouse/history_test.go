package lakehouse

import (
	"context"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/extsort"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/rowcodec/rowtest"
)

// TestHistory_IsWhatAModelSays imports random states one after the other, through small sort buffers so that rows meet the
// disk, and compares counts, rows and every earlier run with a map.
func TestHistory_IsWhatAModelSays(test *testing.T) {
	rapid.Check(test, func(t *rapid.T) {
		dir := tempDir(t)
		l := openAt(rapidTB{test, t}, dir, "w")
		ctx := context.Background()
		buffer := rapid.SampledFrom([]int{200, 2000, 1 << 20}).Draw(t, "buffer")

		model := map[string]dataflow.Row{}
		runs := map[int64]map[string]dataflow.Row{}
		for run := int64(1); run <= int64(rapid.IntRange(1, 5).Draw(t, "runs")); run++ {
			next := maps.Clone(model)
			for _, key := range slices.Sorted(maps.Keys(model)) {
				if rapid.IntRange(0, 4).Draw(t, "remove") == 0 {
					delete(next, key)
				}
			}
			for _, row := range rapid.SliceOfN(rowtest.Row(usersSchema()), 0, 12).Draw(t, "rows") {
				next[row[0].(string)] = row
			}
			want := dataflow.Counts{Read: int64(len(next))}
			for key, row := range next {
				switch old, ok := model[key]; {
				case !ok:
					want.Added++
				case cmp.Equal(old, row):
					want.Unchanged++
				default:
					want.Changed++
				}
			}
			for key := range model {
				if _, ok := next[key]; !ok {
					want.Removed++
				}
			}

			s, err := l.newStaging(ctx, stageRequest(run, usersSchema()))
			if err != nil {
				t.Fatal(err)
			}
			s.buffer = buffer
			s.rows = extsort.New(l.config.SpoolDir, buffer)
			var group sync.WaitGroup
			for _, row := range next {
				group.Go(func() {
					if err := s.Put(ctx, row); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			change, err := s.Commit(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if change.Counts != want {
				t.Fatalf("run %d counts %+v, want %+v", run, change.Counts, want)
			}
			if keep := run > 1 && want.Added+want.Changed+want.Removed == 0; keep != (change.Change == dataflow.ChangeKeep) {
				t.Fatalf("run %d with counts %+v is a %s", run, want, change.Change)
			}
			if _, err := l.Publish(ctx, "Customers", run, change); err != nil {
				t.Fatal(err)
			}
			model, runs[run] = next, next
		}
		for run, want := range runs {
			_, rows, err := l.Rows(ctx, usersID, RowsRequest{Run: &run})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]dataflow.Row{}
			for _, row := range rows {
				got[row[0].(string)] = row
			}
			if diff := cmp.Diff(want, got); diff != "" || len(rows) != len(got) {
				t.Fatalf("run %d reads back otherwise, %d rows (-want +got):\n%s", run, len(rows), diff)
			}
		}
	})
}

func TestHostileValues_ComeBackAsTheyWere(t *testing.T) {
	p := newPlace(t)
	var rows []dataflow.Row
	for _, text := range rowtest.Hostile {
		rows = append(rows, dataflow.Row{text + "#", text, nil, nil, nil, nil, map[string]string{text: text, "k": ""}})
	}
	rows = append(rows,
		dataflow.Row{"first moment", nil, nil, nil, nil, rowtest.FirstMoment, nil},
		dataflow.Row{"last moment", nil, nil, nil, nil, rowtest.LastMoment, map[string]string{}},
		dataflow.Row{"largest", nil, nil, int64(9223372036854775807), dataflow.Decimal("99999999999999999999999999999.999999999"), nil, nil},
		dataflow.Row{"smallest", nil, nil, int64(-9223372036854775808), dataflow.Decimal("-99999999999999999999999999999.999999999"), nil, nil},
		dataflow.Row{"beyond float64", nil, nil, nil, dataflow.Decimal("20000000000000000001.000000001"), nil, nil},
		dataflow.Row{"", "", nil, nil, nil, nil, nil},
	)
	p.load(1, rows...)
	p.wantRows(RowsRequest{}, rows...)
	if second := p.load(2, rows...); second.Change != dataflow.ChangeKeep {
		t.Errorf("the same rows again are a %s with counts %+v", second.Change, second.Counts)
	}
	absent := slices.Clone(rows[0])
	absent[1] = nil
	rows[0] = absent
	if third := p.load(3, rows...); third.Counts.Changed != 1 {
		t.Errorf("a text that was empty and is absent now counts %+v", third.Counts)
	}
}

func tempDir(t *rapid.T) string {
	dir, err := os.MkdirTemp("", "lakehouse")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestPut_MayBeCalledConcurrently(t *testing.T) {
	p := newPlace(t)
	ctx := context.Background()
	s, err := p.newStaging(ctx, stageRequest(1, usersSchema()))
	if err != nil {
		t.Fatal(err)
	}
	s.rows = extsort.New(t.TempDir(), 4096)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 300 {
				if err := s.Put(ctx, user(string(rune('a'+worker))+at(i%60).String(), "x", i%60)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	change, err := s.Commit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if change.Counts != (dataflow.Counts{Read: 480, Added: 480}) {
		t.Errorf("counts are %+v", change.Counts)
	}
	if err := s.Put(ctx, user("z", "z", 1)); err == nil {
		t.Error("a row was put after Commit")
	}
}
