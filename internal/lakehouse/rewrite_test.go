package lakehouse

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/apache/iceberg-go"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func file(t *testing.T, name string, content iceberg.ManifestEntryContent, rows, size int64) iceberg.DataFile {
	t.Helper()
	builder, err := iceberg.NewDataFileBuilder(*iceberg.UnpartitionedSpec, content, name, iceberg.ParquetFile, nil, nil, nil, rows, size)
	if err != nil {
		t.Fatal(err)
	}
	return builder.Build()
}

func data(t *testing.T, name string, rows, size int64, deletes ...int64) *dataFile {
	f := &dataFile{DataFile: file(t, name, iceberg.EntryContentData, rows, size), deleted: roaring64.New()}
	for i, count := range deletes {
		f.deletes = append(f.deletes, file(t, fmt.Sprint(name, "-deletes-", i), iceberg.EntryContentPosDeletes, count, 1000))
		for range count {
			f.deleted.Add(f.deleted.GetCardinality())
		}
	}
	return f
}

func TestRewrite_MarksRowsInAFile_UntilTooManyOfItAreDeleted(t *testing.T) {
	limits := limits{fileBytes: 1 << 20, smallBytes: 1000, mergeFiles: 8, deadShare: 5, deleteBytes: 100}
	row := []byte("row")
	in := func(file int, position uint64) footprint { return footprint{fingerprint(row), file, position} }
	plan := newRewrite(limits, &current{files: []*dataFile{
		data(t, "untouched", 10, 10_000), data(t, "little", 10, 10_000), data(t, "much", 10, 10_000, 1), data(t, "tiny", 10, 90),
	}})
	pairs := map[string]pair{
		"unchanged in untouched": {row, []footprint{in(0, 0)}},
		"unchanged in little":    {row, []footprint{in(1, 0)}},
		"changed in little":      {[]byte("other"), []footprint{in(1, 1)}},
		"removed from much":      {nil, []footprint{in(2, 8)}},
		"unchanged in much":      {row, []footprint{in(2, 9)}},
		"changed in tiny":        {[]byte("other"), []footprint{in(3, 8)}},
		"unchanged in tiny":      {row, []footprint{in(3, 9)}},
		"added":                  {row, nil},
	}
	for _, p := range pairs {
		plan.note(p, p.change())
	}
	plan.decide()
	var written []string
	for name, p := range pairs {
		if plan.writes(p) {
			written = append(written, name)
		}
	}
	slices.Sort(written)
	if want := []string{"added", "changed in little", "changed in tiny", "unchanged in much", "unchanged in tiny"}; !slices.Equal(written, want) {
		t.Errorf("written are %v, want %v", written, want)
	}
	if want := []bool{false, false, true, true}; !slices.Equal(plan.replaced, want) {
		t.Errorf("replaced are %v, want %v", plan.replaced, want)
	}
	for i, want := range []bool{false, true, false, false} {
		if plan.marks(i) != want {
			t.Errorf("file %d gets position deletes: %t", i, plan.marks(i))
		}
	}
	if got := sortedKeys(plan.removed()); !slices.Equal(got, []string{"much", "much-deletes-0", "tiny"}) || plan.rows != 3+8+9 {
		t.Errorf("removed are %v, %d rows are to be written", got, plan.rows)
	}
}

func TestRewrite_MergesSmallFiles_OnceThereAreManyNoLargerThanTheRest(t *testing.T) {
	limits := limits{fileBytes: 1 << 20, smallBytes: 10_000, mergeFiles: 3, deadShare: 5}
	for name, test := range map[string]struct {
		rows []int64
		want []bool
	}{
		"too few":        {[]int64{1, 1}, []bool{false, false}},
		"enough":         {[]int64{1, 1, 1}, []bool{true, true, true}},
		"one larger":     {[]int64{100, 1, 1, 1}, []bool{false, true, true, true}},
		"as large":       {[]int64{4, 1, 1, 1}, []bool{true, true, true, true}},
		"doubling":       {[]int64{2, 4, 8, 16}, []bool{false, false, false, false}},
		"all but one":    {[]int64{3, 3, 3, 3, 99}, []bool{true, true, true, true, false}},
		"none are small": {[]int64{1000, 1000, 1000}, []bool{false, false, false}},
	} {
		now := &current{}
		for i, rows := range test.rows {
			now.files = append(now.files, data(t, fmt.Sprint(i), rows, rows*10))
		}
		plan := newRewrite(limits, now)
		plan.rows = 1
		plan.decide()
		if !slices.Equal(plan.replaced, test.want) {
			t.Errorf("%s: replaced are %v, want %v", name, plan.replaced, test.want)
		}
	}
}

func TestRewrite_MergesTheDeleteFilesOfADataFile_ThatAreNoLargerThanTheRest(t *testing.T) {
	plan := newRewrite(limits{deadShare: 5, deleteBytes: 100}, &current{files: []*dataFile{data(t, "f", 100_000, 1<<30, 5000, 10, 30)}})
	plan.note(pair{nil, []footprint{{position: 90_000}}}, removed)
	plan.decide()
	if got, want := sortedKeys(plan.removed()), []string{"f-deletes-2"}; len(got) != 2 || got[1] != want[0] {
		t.Errorf("merged are %v", got)
	}
}

func TestManyRunsThatOnlyAdd_LeaveFewFiles(t *testing.T) {
	p := newPlace(t)
	mergeFiles := int64(defaultLimits().mergeFiles)
	var rows []dataflow.Row
	for run := int64(1); run <= 3*mergeFiles; run++ {
		rows = append(rows, user(fmt.Sprintf("user-%02d", run), "x", int(run)%60))
		change := p.load(run, rows...)
		if want := (dataflow.Counts{Read: run, Added: 1, Unchanged: run - 1}); change.Counts != want {
			t.Fatalf("counts are %+v, want %+v", change.Counts, want)
		}
	}
	if d := p.describe(); d.Files > mergeFiles+2 || d.TotalRecords != 3*mergeFiles {
		t.Errorf("%d files hold %d rows", d.Files, d.TotalRecords)
	}
	p.wantRows(RowsRequest{}, rows...)
}

func TestAddedRows_RewriteNoOtherFile(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1), user("z", "z@x", 1))
	first := p.dataFiles()
	p.load(2, user("a", "a@x", 1), user("m", "m@x", 1), user("z", "z@x", 1))
	for name := range p.dataFiles() {
		run, _ := runOfFile(name)
		if _, old := first[name]; !old && run != 2 || old && run != 1 {
			t.Errorf("the file %s is of run %d", filepath.Base(name), run)
		}
	}
	if d := p.describe(); d.Files != 2 {
		t.Errorf("main has %d files", d.Files)
	}
}

func TestDataFileNames_SayTheirRun(t *testing.T) {
	for _, run := range []int64{1, 255, 4294967295} {
		name := "file:///w/customers/users-0a1b2c3d/data/00000-0-" + writeUUID(run).String() + "-00001.parquet"
		if got, ok := runOfFile(name); !ok || got != run {
			t.Errorf("run %d is read as %d, %t", run, got, ok)
		}
	}
	for _, name := range []string{"", "part-00000.parquet", "00000-0-not-a-uuid-00001.parquet", strings.Repeat("-", 60)} {
		if run, ok := runOfFile(name); ok {
			t.Errorf("%q is read as of run %d", name, run)
		}
	}
	for name, want := range map[string]int64{"run_1": 1, "run_42": 42, "run_0": 0, "run_01": 0, "run_1_staging": 0, "run_-1": 0, "main": 0, "run_": 0} {
		if run, ok := runOfTag(name); ok != (want > 0) || ok && run != want {
			t.Errorf("tag %q is read as run %d, %t", name, run, ok)
		}
	}
}
