package lakehouse

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// onDisk gives all files of the warehouse with their sizes.
func (p *place) onDisk() map[string]int64 {
	p.t.Helper()
	found := map[string]int64{}
	err := filepath.WalkDir(filepath.Join(p.dir, "warehouse"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			found[path] = info.Size()
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	return found
}

// written gives the bytes of files that are there now and were not before: data and delete files, and all files.
func written(before, after map[string]int64) (data, all int64) {
	for name, size := range after {
		if _, there := before[name]; there {
			continue
		}
		all += size
		if strings.HasSuffix(name, ".parquet") {
			data += size
		}
	}
	return data, all
}

// wideVersions is a table of wide rows of which a few change from run to run, spread over all keys.
type wideVersions struct {
	rows     int
	versions map[int]int
	next     uint64
}

func (w *wideVersions) change(count int) {
	for changed := map[int]bool{}; len(changed) < count; {
		w.next = w.next*6364136223846793005 + 1442695040888963407
		row := int(w.next>>33) % w.rows
		if !changed[row] {
			changed[row] = true
			w.versions[row]++
		}
	}
}

// run stages and publishes the rows as they are now: how long that took.
func (w *wideVersions) run(b *testing.B, p *place, run int64) time.Duration {
	b.Helper()
	ctx := context.Background()
	began := time.Now()
	s, err := p.Stage(ctx, stageRequest(run, wideSchema()))
	if err != nil {
		b.Fatal(err)
	}
	for i := range w.rows {
		if err := s.Put(ctx, wideRow(i, w.versions[i])); err != nil {
			b.Fatal(err)
		}
	}
	change, err := s.Commit(ctx)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	p.publishChange(run, change)
	return time.Since(began)
}

// scanTime is the shortest of three full scans, and the rows that it read.
func scanTime(b *testing.B, p *place) (time.Duration, int64) {
	b.Helper()
	_, tbl := p.raw()
	var best time.Duration
	var rows int64
	for range 3 {
		began := time.Now()
		_, batches, err := tbl.Scan().ToArrowRecords(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		rows = 0
		for batch, err := range batches {
			if err != nil {
				b.Fatal(err)
			}
			rows += batch.NumRows()
			batch.Release()
		}
		if took := time.Since(began); best == 0 || took < best {
			best = took
		}
	}
	return best, rows
}

// BenchmarkLayout_FewChanges imports a table, then again with 0, 100, 1,000 and 10,000 of its rows changed: bytes written and seconds of each.
func BenchmarkLayout_FewChanges(b *testing.B) {
	for _, rows := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			for b.Loop() {
				p := newPlace(b)
				w := &wideVersions{rows: rows, versions: map[int]int{}}
				for run, count := range []int{-1, 0, 100, 1_000, 10_000} {
					name := fmt.Sprint(count)
					if count < 0 {
						name = "full"
					} else {
						w.change(count)
					}
					before := p.onDisk()
					took := w.run(b, p, int64(run+1))
					data, all := written(before, p.onDisk())
					b.ReportMetric(float64(data), name+"-data-B")
					b.ReportMetric(float64(all), name+"-all-B")
					b.ReportMetric(took.Seconds(), name+"-s")
				}
			}
		})
	}
}

// BenchmarkLayout_ManySmallRuns changes 100 rows in each of 100 runs: all bytes written, the files at the end, and a full scan
// beside that of a table that was written at once.
func BenchmarkLayout_ManySmallRuns(b *testing.B) {
	for _, rows := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			for b.Loop() {
				p := newPlace(b)
				w := &wideVersions{rows: rows, versions: map[int]int{}}
				w.run(b, p, 1)
				full, _ := written(nil, p.onDisk())
				var data, all, most int64
				var took time.Duration
				for run := int64(2); run <= 101; run++ {
					w.change(100)
					before := p.onDisk()
					seconds := w.run(b, p, run)
					d, a := written(before, p.onDisk())
					data, all, most, took = data+d, all+a, max(most, d), took+seconds
				}
				_, tbl := p.raw()
				summary := tbl.CurrentSnapshot()
				b.ReportMetric(float64(full), "full-data-B")
				b.ReportMetric(float64(data)/100, "data-B/run")
				b.ReportMetric(float64(most), "most-data-B")
				b.ReportMetric(float64(all)/100, "all-B/run")
				b.ReportMetric(took.Seconds()/100, "s/run")
				b.ReportMetric(float64(total(summary, "total-data-files")), "data-files")
				b.ReportMetric(float64(total(summary, "total-delete-files")), "delete-files")
				b.ReportMetric(float64(total(summary, "total-position-deletes")), "deletes")
				b.ReportMetric(float64(total(summary, "total-files-size")), "main-B")

				fresh := newPlace(b)
				w.run(b, fresh, 1)
				worn, read := scanTime(b, p)
				at, again := scanTime(b, fresh)
				if read != int64(rows) || again != int64(rows) {
					b.Fatalf("%d and %d rows were read", read, again)
				}
				b.ReportMetric(worn.Seconds(), "scan-s")
				b.ReportMetric(at.Seconds(), "fresh-scan-s")
			}
		})
	}
}
