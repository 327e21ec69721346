package lakehouse

import (
	"context"
	"fmt"
	"iter"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/extsort"
)

// current is what main has: the fingerprints of its rows sorted by key, and its files.
type current struct {
	snapshot  *table.Snapshot // nil: there is no main
	manifests []manifest
	files     []*dataFile
	loose     []iceberg.DataFile // delete files that are not of one data file of main alone; the next snapshot has none
	prints    *extsort.Sorter

	// opaque says that rows are deleted in another way than by position deletes that can be read here: positions are not known.
	opaque bool
	// encoded says that some of it has a name that other readers do not find (plain.go): everything gets another one.
	encoded bool
	// wholeFiles says that position deletes can't be written: the positions are not known, the format version has none
	// (https://iceberg.apache.org/spec/#deletion-vectors in 3), or somebody has partitioned or sorted the table.
	wholeFiles bool
}

// manifest is a manifest with its entries that are not removed.
type manifest struct {
	iceberg.ManifestFile
	entries []iceberg.ManifestEntry
}

// dataFile is a data file of main.
type dataFile struct {
	iceberg.DataFile
	sequence int64              // its data sequence number: only delete files of this one and later ones count
	deletes  []iceberg.DataFile // the delete files of this data file alone
	deleted  *roaring64.Bitmap  // the positions that are deleted
	loose    bool               // some of them are named by a file that goes, or twice
}

// readCurrent reads main of a table, a data file at a time, with the columns that the layout maps to the source's.
func (to layout) readCurrent(ctx context.Context, tbl *table.Table, spoolDir string, buffer int) (*current, error) {
	now := &current{snapshot: tbl.CurrentSnapshot(), prints: extsort.New(spoolDir, buffer)}
	now.wholeFiles = tbl.Metadata().Version() != 2 || !tbl.Spec().IsUnpartitioned() || tbl.SortOrder().Len() > 0
	if now.snapshot == nil {
		return now, now.prints.Seal(ctx)
	}
	fs, err := tbl.FS(ctx)
	if err != nil {
		return now, err
	}
	if err := now.readManifests(fs); err != nil {
		return now, fmt.Errorf("read the manifests: %w", err)
	}
	now.encoded = now.encoded && tbl.Spec().IsUnpartitioned() // see plainFile
	if err := now.readDeletes(ctx, tbl); err != nil {
		return now, fmt.Errorf("read the delete files: %w", err)
	}
	scan := tbl.Scan(table.WithMaxConcurrency(1), table.WithArrowBatchSize(batchRows))
	read := to.readFiles
	if now.opaque {
		read = to.readMerged
	}
	if err := read(ctx, scan, now); err != nil {
		return now, err
	}
	return now, now.prints.Seal(ctx)
}

func (now *current) readManifests(fs iceio.IO) error {
	manifests, err := now.snapshot.Manifests(fs)
	if err != nil {
		return err
	}
	now.encoded = now.encoded || isEncoded(now.snapshot.ManifestList)
	for _, file := range manifests {
		m := manifest{ManifestFile: file}
		now.encoded = now.encoded || isEncoded(file.FilePath())
		for entry, err := range file.Entries(fs, true) {
			if err != nil {
				return err
			}
			m.entries = append(m.entries, entry)
			now.encoded = now.encoded || isEncoded(entry.DataFile().FilePath())
			if data := entry.DataFile(); data.ContentType() == iceberg.EntryContentData {
				now.files = append(now.files, &dataFile{DataFile: data, sequence: entry.SequenceNum(), deleted: roaring64.New()})
			}
		}
		now.manifests = append(now.manifests, m)
	}
	return nil
}

// readDeletes finds the deleted positions of each data file. Other writers may name a row twice, one that is not there,
// or those of many data files in one file: readers take that, but the number of rows can't be told from the counts any more.
func (now *current) readDeletes(ctx context.Context, tbl *table.Table) error {
	byPath := map[string]*dataFile{}
	for _, file := range now.files {
		byPath[file.FilePath()] = file
	}
	view, err := deletesView(tbl)
	if err != nil {
		return err
	}
	for _, m := range now.manifests {
		for _, entry := range m.entries {
			deletes := entry.DataFile()
			if deletes.ContentType() == iceberg.EntryContentData {
				continue
			}
			if deletes.ContentType() != iceberg.EntryContentPosDeletes || deletes.FileFormat() != iceberg.ParquetFile {
				now.opaque, now.wholeFiles = true, true
			}
			if now.opaque {
				continue
			}
			of, loose := map[*dataFile]bool{}, false
			err := readDeletes(ctx, view, deletes, func(path string, position int64) {
				file := byPath[path]
				if file == nil || entry.SequenceNum() < file.sequence || position < 0 || position >= file.Count() {
					loose = true
					return
				}
				of[file] = true
				loose = !file.deleted.CheckedAdd(uint64(position)) || loose
			})
			if err != nil {
				return err
			}
			now.assign(deletes, of, loose)
		}
	}
	if now.opaque {
		now.dissolve()
	}
	return nil
}

// assign notes a delete file with the data file that it is of, or that it is loose.
func (now *current) assign(deletes iceberg.DataFile, of map[*dataFile]bool, loose bool) {
	loose = loose || len(of) != 1
	for file := range of {
		if loose {
			file.loose = true
		} else {
			file.deletes = append(file.deletes, deletes)
		}
	}
	if loose {
		now.loose = append(now.loose, deletes)
	}
}

// dissolve makes all delete files loose: every data file will be replaced.
func (now *current) dissolve() {
	now.loose = nil
	for _, m := range now.manifests {
		for _, entry := range m.entries {
			if file := entry.DataFile(); file.ContentType() != iceberg.EntryContentData {
				now.loose = append(now.loose, file)
			}
		}
	}
	for _, file := range now.files {
		file.deletes, file.deleted = nil, roaring64.New()
	}
}

// readFiles reads all rows of each data file, so that each one's position is known.
func (to layout) readFiles(ctx context.Context, scan *table.Scan, now *current) error {
	for i, file := range now.files {
		rows, err := to.addRows(readWhole(ctx, scan, file.DataFile), now, i, 0)
		if err != nil {
			return err
		}
		if int64(rows) != file.Count() { //nolint:gosec // rows of a file
			return fmt.Errorf("a data file has %d rows where its manifest says %d", rows, file.Count())
		}
	}
	return nil
}

// readMerged reads the rows as any reader does. Their positions are not those in the file.
func (to layout) readMerged(ctx context.Context, scan *table.Scan, now *current) error {
	tasks, err := scan.PlanFiles(ctx)
	if err != nil {
		return fmt.Errorf("plan the scan: %w", err)
	}
	ordinals, positions := map[string]int{}, map[string]uint64{}
	for i, file := range now.files {
		ordinals[file.FilePath()] = i
	}
	for _, task := range tasks {
		path := task.File.FilePath()
		_, batches, err := scan.ReadTasks(ctx, []table.FileScanTask{task})
		if err != nil {
			return fmt.Errorf("read a data file: %w", err)
		}
		if positions[path], err = to.addRows(batches, now, ordinals[path], positions[path]); err != nil {
			return err
		}
	}
	return nil
}

// addRows adds the rows of a data file that begin at this position, and gives the position after them.
func (to layout) addRows(batches iter.Seq2[arrow.RecordBatch, error], now *current, file int, position uint64) (uint64, error) {
	for batch, err := range batches {
		if err != nil {
			return position, fmt.Errorf("read a data file: %w", err)
		}
		err = to.addFootprints(now.prints, batch, file, position, now.files[file].deleted)
		position += uint64(batch.NumRows()) //nolint:gosec // rows of a batch
		batch.Release()
		if err != nil {
			return position, err
		}
	}
	return position, nil
}
