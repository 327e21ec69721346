package lakehouse

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/iceberg-go"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func file(t *testing.T, name string, bytes int64) iceberg.DataFile {
	t.Helper()
	builder, err := iceberg.NewDataFileBuilder(*iceberg.UnpartitionedSpec, iceberg.EntryContentData, name, iceberg.ParquetFile, nil, nil, nil, 1, bytes)
	if err != nil {
		t.Fatal(err)
	}
	return builder.Build()
}

func TestRewrite_ReplacesTheFilesInWhichSomethingChanged_AndKeepsTheirOtherRows(t *testing.T) {
	plan := newRewrite([]iceberg.DataFile{file(t, "f0", targetFileBytes), file(t, "f1", targetFileBytes), file(t, "f2", targetFileBytes)})
	row := []byte("row")
	in := func(file int) footprint { return footprint{fingerprint(row), file} }
	pairs := map[string]pair{
		"unchanged in f0": {row, []footprint{in(0)}},
		"unchanged in f1": {row, []footprint{in(1)}},
		"changed in f1":   {[]byte("other"), []footprint{in(1)}},
		"removed from f2": {nil, []footprint{in(2)}},
		"unchanged in f2": {row, []footprint{in(2)}},
		"added":           {row, nil},
	}
	for _, p := range pairs {
		plan.note(p, p.change())
	}
	plan.tidy()
	var written []string
	for name, p := range pairs {
		if plan.writes(p) {
			written = append(written, name)
		}
	}
	slices.Sort(written)
	if want := []string{"added", "changed in f1", "unchanged in f1", "unchanged in f2"}; !slices.Equal(written, want) {
		t.Errorf("written are %v, want %v", written, want)
	}
	var replaced []string
	for _, file := range plan.replaced() {
		replaced = append(replaced, file.FilePath())
	}
	if !slices.Equal(replaced, []string{"f1", "f2"}) || !plan.differs {
		t.Errorf("replaced are %v", replaced)
	}
}

func TestRewrite_TidiesSmallFiles_OnceThereAreMany(t *testing.T) {
	for _, small := range []int{tidyFiles - 1, tidyFiles} {
		files := []iceberg.DataFile{file(t, "large", targetFileBytes)}
		for i := range small {
			files = append(files, file(t, fmt.Sprint("small", i), 1000))
		}
		plan := newRewrite(files)
		plan.tidy()
		want := 0
		if small == tidyFiles {
			want = small
		}
		if got := len(plan.replaced()); got != want || plan.touched[0] {
			t.Errorf("with %d small files %d are replaced, want %d", small, got, want)
		}
	}
}

func TestManyRunsThatOnlyAdd_LeaveFewFiles(t *testing.T) {
	p := newPlace(t)
	var rows []dataflow.Row
	for run := int64(1); run <= 3*tidyFiles; run++ {
		rows = append(rows, user(fmt.Sprintf("user-%02d", run), "x", int(run)%60))
		change := p.load(run, rows...)
		if want := (dataflow.Counts{Read: run, Added: 1, Unchanged: run - 1}); change.Counts != want {
			t.Fatalf("counts are %+v, want %+v", change.Counts, want)
		}
	}
	if d := p.describe(); d.Files > tidyFiles || d.TotalRecords != 3*tidyFiles {
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
		run, _ := runOfDataFile(name)
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
		if got, ok := runOfDataFile(name); !ok || got != run {
			t.Errorf("run %d is read as %d, %t", run, got, ok)
		}
	}
	for _, name := range []string{"", "part-00000.parquet", "00000-0-not-a-uuid-00001.parquet", strings.Repeat("-", 60)} {
		if run, ok := runOfDataFile(name); ok {
			t.Errorf("%q is read as of run %d", name, run)
		}
	}
	for name, want := range map[string]int64{"run_1": 1, "run_42": 42, "run_0": 0, "run_01": 0, "run_1_staging": 0, "run_-1": 0, "main": 0, "run_": 0} {
		if run, ok := runOfTag(name); ok != (want > 0) || ok && run != want {
			t.Errorf("tag %q is read as run %d, %t", name, run, ok)
		}
	}
}
