package lakehouse

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// smallLimits make a table of some dozens of rows have all that a large one has: full files, small ones, delete files and merges.
func smallLimits() limits {
	return limits{fileBytes: 8000, smallBytes: 4500, mergeFiles: 3, deadShare: 3, deleteBytes: 10, manifests: 3}
}

// stageWith stages rows with these limits.
func (p *place) stageWith(limits limits, req dataflow.StageRequest, rows map[string]dataflow.Row) dataflow.TableChange {
	p.t.Helper()
	ctx := context.Background()
	s, err := p.newStaging(ctx, req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer closing(p.t, s)
	s.limits = limits
	for _, row := range rows {
		if err := s.Put(ctx, row); err != nil {
			p.t.Fatal(err)
		}
	}
	change, err := s.Commit(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	return change
}

// wantSound checks what must hold of every snapshot that a run made: its counts are those of its files, and no delete names a row twice, or one that is not there.
// Every file in the folder is one of some snapshot, and every file of a snapshot is there.
func (p *place) wantSound() {
	p.t.Helper()
	ctx := context.Background()
	_, tbl := p.raw()
	fs, err := tbl.FS(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	held := map[string]bool{}
	for _, snapshot := range tbl.Metadata().Snapshots() {
		now := &current{snapshot: &snapshot}
		if err := now.readManifests(fs); err != nil {
			p.t.Fatal(err)
		}
		if err := now.readDeletes(ctx, tbl); err != nil {
			p.t.Fatal(err)
		}
		ours := snapshot.Summary.Properties[propertyRun] != ""
		if len(now.loose) > 0 && ours {
			p.t.Fatalf("%d delete files are not of one data file alone", len(now.loose))
		}
		counts := map[string]int64{}
		for _, m := range now.manifests {
			for _, entry := range m.entries {
				held[filepath.Base(entry.DataFile().FilePath())] = true
				count(counts, "total-", entry.DataFile())
			}
		}
		if !ours {
			continue
		}
		for _, name := range []string{"data-files", "delete-files", "records", "files-size", "position-deletes"} {
			if got, want := total(&snapshot, "total-"+name), counts["total-"+name]; got != want {
				p.t.Fatalf("the summary says %d total-%s, the manifests have %d", got, name, want)
			}
		}
		if len(now.manifests) > 2*smallLimits().manifests {
			p.t.Fatalf("a snapshot has %d manifests", len(now.manifests))
		}
	}
	there := p.dataFiles()
	missing := maps.Clone(held)
	for file := range there {
		delete(missing, filepath.Base(file))
		if by, ok := runOfFile(file); ok && by < 1000 && !held[filepath.Base(file)] { // another writer's files bear a number by chance, and are its own
			p.t.Fatalf("no snapshot has the file %s", filepath.Base(file))
		}
	}
	if len(missing) > 0 {
		p.t.Fatalf("snapshots have files that are not there: %v", slices.Sorted(maps.Keys(missing)))
	}
}

// foreignMark is another program that deletes rows by position, of all data files in one file, and one of them twice when it is careless.
func (p *place) foreignMark(careless bool, positions map[string][]int64) {
	p.t.Helper()
	ctx := context.Background()
	_, tbl := p.raw()
	view, err := deletesView(tbl)
	if err != nil {
		p.t.Fatal(err)
	}
	schema, batches := deleteRows(p.t, positions, careless)
	for written, err := range table.WriteRecords(ctx, view, schema, batches) {
		if err != nil {
			p.t.Fatal(err)
		}
		builder, err := iceberg.NewDataFileBuilder(*iceberg.UnpartitionedSpec, iceberg.EntryContentPosDeletes, written.FilePath(), iceberg.ParquetFile,
			nil, nil, nil, written.Count(), written.FileSizeBytes())
		if err != nil {
			p.t.Fatal(err)
		}
		tx := tbl.NewTransaction()
		if err := tx.NewRowDelta(nil).AddDeletes(builder.Build()).Commit(ctx); err != nil {
			p.t.Fatal(err)
		}
		if _, err := tx.Commit(ctx); err != nil {
			p.t.Fatal(err)
		}
	}
}

// TestLayout_IsExactWhateverComesAfterWhat plays imports of all sizes, rollbacks, retention, abandoned runs and another writer's deletes in random
// order, with limits so small that every import meets another layout, and compares all runs with a model.
func TestLayout_IsExactWhateverComesAfterWhat(test *testing.T) {
	test.Parallel() // beside the other long one
	fewer(test)
	rapid.Check(test, func(t *rapid.T) {
		dir := tempDir(t)
		tb := rapidTB{test, t}
		p := &place{Lakehouse: openAt(tb, dir, "w"), t: tb, dir: dir}

		model := map[string]dataflow.Row{}
		kept := map[int64]map[string]dataflow.Row{}
		run, version := int64(0), 0
		mutate := func(share int) map[string]dataflow.Row {
			next := maps.Clone(model)
			for _, key := range slices.Sorted(maps.Keys(model)) {
				switch n := rapid.IntRange(0, 99).Draw(t, "fate"); {
				case n < share/2:
					delete(next, key)
				case n < share:
					version++
					next[key] = user(key, fmt.Sprint(key, version), version%60)
				}
			}
			for range rapid.IntRange(0, share).Draw(t, "added") {
				version++
				key := fmt.Sprintf("%08x", uint32(version)*2654435761)
				next[key] = user(key, "new", version%60)
			}
			return next
		}
		ours := func(snapshot int64) bool {
			_, tbl := p.raw()
			return tbl.SnapshotByID(snapshot).Summary.Properties[propertyRun] != ""
		}
		read := map[int64]bool{} // runs that were read since a file was last removed: what is written is never changed
		check := func() {
			for run, want := range kept {
				if read[run] {
					continue
				}
				read[run] = true
				if diff := cmp.Diff(want, p.rows(RowsRequest{Run: &run})); diff != "" {
					t.Fatalf("run %d reads otherwise (-want +got):\n%s", run, diff)
				}
			}
			if diff := cmp.Diff(model, p.rows(RowsRequest{})); diff != "" {
				t.Fatalf("main reads otherwise (-want +got):\n%s", diff)
			}
			p.wantSound()
			for _, r := range p.describe().Runs {
				if ours(r.SnapshotID) && r.TotalRecords != int64(len(kept[r.Run])) {
					t.Fatalf("run %d has %d rows by its summary, %d by its files", r.Run, r.TotalRecords, len(kept[r.Run]))
				}
			}
		}
		load := func(share int) {
			run++
			next := mutate(share)
			change := p.stageWith(smallLimits(), stageRequest(run, usersSchema()), next)
			if want := int64(len(next)); change.Counts.Read != want || change.Counts.Unchanged+change.Counts.Added+change.Counts.Changed != want {
				t.Fatalf("counts are %+v of %d rows", change.Counts, want)
			}
			p.publishChange(run, change)
			model, kept[run] = next, next
		}
		load(99)
		t.Repeat(map[string]func(*rapid.T){
			"":                 func(*rapid.T) { check() },
			"a small import":   func(*rapid.T) { load(6) },
			"another":          func(*rapid.T) { load(12) },
			"an unchanged one": func(*rapid.T) { load(0) },
			"a large import":   func(*rapid.T) { load(60) },
			"a removal of all": func(t *rapid.T) {
				if rapid.IntRange(0, 5).Draw(t, "really") == 0 {
					run++
					p.publishChange(run, p.stageWith(smallLimits(), stageRequest(run, usersSchema()), nil))
					model, kept[run] = map[string]dataflow.Row{}, map[string]dataflow.Row{}
				}
			},
			"a rollback": func(t *rapid.T) {
				run++
				target := rapid.SampledFrom(slices.Sorted(maps.Keys(kept))).Draw(t, "target")
				change, err := p.back(run, target)
				if err != nil {
					t.Fatal(err)
				}
				p.publishChange(run, change)
				model, kept[run] = kept[target], kept[target]
			},
			"retention": func(t *rapid.T) {
				var gone []int64
				runs := slices.Sorted(maps.Keys(kept))
				for _, old := range runs[:len(runs)-1] {
					if rapid.Bool().Draw(t, "let go") {
						gone = append(gone, old)
						delete(kept, old)
					}
				}
				p.retain(run, gone...)
				clear(read)
			},
			"an abandoned run": func(*rapid.T) {
				run++
				p.stageWith(smallLimits(), stageRequest(run, usersSchema()), mutate(20))
				if err := p.Sweep(context.Background(), "Customers", run, []dataflow.TableID{usersID}); err != nil {
					t.Fatal(err)
				}
				clear(read)
			},
			"deletes of another writer": func(t *rapid.T) {
				positions, gone := p.somePositions(t)
				if len(gone) == 0 {
					t.Skip("there is no row")
				}
				p.foreignMark(rapid.Bool().Draw(t, "careless"), positions)
				model = maps.Clone(model)
				for _, key := range gone {
					delete(model, key)
				}
			},
		})
		clear(read)
		check()
	})
}

// somePositions draws some rows of main: where they lie, and their keys.
func (p *place) somePositions(t *rapid.T) (map[string][]int64, []string) {
	ctx := context.Background()
	_, tbl := p.raw()
	positions := map[string][]int64{}
	if tbl.CurrentSnapshot() == nil {
		return nil, nil
	}
	fs, err := tbl.FS(ctx)
	if err != nil {
		t.Fatal(err)
	}
	now := &current{snapshot: tbl.CurrentSnapshot()}
	if err := now.readManifests(fs); err != nil {
		t.Fatal(err)
	}
	if err := now.readDeletes(ctx, tbl); err != nil {
		t.Fatal(err)
	}
	var gone []string
	for _, file := range now.files {
		at := int64(0)
		for batch, err := range readWhole(ctx, tbl.Scan(table.WithSelectedFields("sub")), file.DataFile) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range int(batch.NumRows()) {
				if !file.deleted.Contains(uint64(at)) && rapid.IntRange(0, 9).Draw(t, "marked") == 0 {
					positions[file.FilePath()] = append(positions[file.FilePath()], at)
					gone = append(gone, batch.Column(0).(array.StringLike).Value(i))
				}
				at++
			}
			batch.Release()
		}
	}
	return positions, gone
}

// deleteRows are the rows of a position-delete file; a careless writer's name each row twice, and one of a file that is not there.
func deleteRows(t testing.TB, positions map[string][]int64, careless bool) (*arrow.Schema, iter.Seq2[arrow.RecordBatch, error]) {
	t.Helper()
	schema, err := table.SchemaToArrowSchema(iceberg.PositionalDeleteSchema, nil, true, false)
	if err != nil {
		t.Fatal(err)
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	add := func(path string, position int64) {
		builder.Field(0).(*array.StringBuilder).Append(path)
		builder.Field(1).(*array.Int64Builder).Append(position)
	}
	for _, path := range sortedKeys(positions) {
		for _, position := range positions[path] {
			add(path, position)
			if careless {
				add(path, position)
			}
		}
	}
	if careless {
		add("file:///nowhere.parquet", 0)
	}
	batch := builder.NewRecordBatch()
	return schema, func(yield func(arrow.RecordBatch, error) bool) { yield(batch, nil) }
}

// fewer makes a property be checked ten times where the command line does not say how often: each time is some dozens of imports.
func fewer(t *testing.T) {
	t.Helper()
	checks := flag.Lookup("rapid.checks")
	if was := checks.Value.String(); was == checks.DefValue {
		if err := flag.Set(checks.Name, "10"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set(checks.Name, was) }) // it was taken before
	}
}

// rapidTB is a test whose failures are rapid's to shrink.
type rapidTB struct {
	testing.TB
	rapid *rapid.T
}

func (t rapidTB) Helper()                   { t.rapid.Helper() }
func (t rapidTB) Context() context.Context  { return t.rapid.Context() }
func (t rapidTB) Cleanup(f func())          { t.rapid.Cleanup(f) }
func (t rapidTB) Error(args ...any)         { t.rapid.Error(args...) }
func (t rapidTB) Errorf(f string, a ...any) { t.rapid.Errorf(f, a...) }
func (t rapidTB) Fatal(args ...any)         { t.rapid.Fatal(args...) }
func (t rapidTB) Fatalf(f string, a ...any) { t.rapid.Fatalf(f, a...) }

func TestDeletionVectorsOfAnotherWriter_GoWithTheNextChange(t *testing.T) {
	p := newPlace(t)
	rows := map[string]dataflow.Row{}
	for i := range 40 {
		key := fmt.Sprintf("user-%02d", i)
		rows[key] = user(key, "x", i)
	}
	p.publishChange(1, p.stageWith(smallLimits(), stageRequest(1, usersSchema()), rows))
	ctx := context.Background()
	_, tbl := p.raw()
	tx := tbl.NewTransaction()
	if err := tx.UpgradeFormatVersion(3); err != nil { // deletion vectors are of format version 3
		t.Fatal(err)
	}
	if err := tx.SetProperties(iceberg.Properties{table.WriteDeleteModeKey: table.WriteModeMergeOnRead}); err != nil {
		t.Fatal(err)
	}
	tbl, err := tx.Commit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tbl.Delete(ctx, iceberg.EqualTo(iceberg.Reference("sub"), "user-07"), nil); err != nil {
		t.Fatal(err)
	}
	if n := total(p.mainSnapshot(), "total-position-deletes"); n != 1 {
		t.Fatalf("the other writer has deleted %d rows by position", n)
	}
	rows["user-09"] = user("user-09", "changed", 59)
	change := p.stageWith(smallLimits(), stageRequest(2, usersSchema()), rows)
	if want := (dataflow.Counts{Read: 40, Added: 1, Changed: 1, Unchanged: 38}); change.Counts != want {
		t.Errorf("counts are %+v, want %+v", change.Counts, want)
	}
	p.publishChange(2, change)
	if diff := cmp.Diff(rows, p.rows(RowsRequest{})); diff != "" {
		t.Errorf("rows differ (-want +got):\n%s", diff)
	}
	if n := p.describe().TotalRecords; n != 40 || total(p.mainSnapshot(), "total-delete-files") != 0 {
		t.Errorf("the table says it has %d rows", n)
	}
}

func (p *place) mainSnapshot() *table.Snapshot {
	_, tbl := p.raw()
	return tbl.CurrentSnapshot()
}
