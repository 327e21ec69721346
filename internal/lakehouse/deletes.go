package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// Position-delete files: https://iceberg.apache.org/spec/#position-delete-files. Each one that is written here is of one data file alone,
// and no row is named twice. So a data file goes together with its delete files, total-records minus total-position-deletes
// is the number of rows, and a reader of a data file opens no deletes of other ones.

// deletesView is the table as if its rows were those of position-delete files: so the library reads and writes them as it does data files.
func deletesView(tbl *table.Table) (*table.Table, error) {
	view, _, err := ahead(tbl, iceberg.PositionalDeleteSchema, nil)
	return view, err
}

// readDeletes visits the rows of a position-delete file: the data file's path and the position in it.
func readDeletes(ctx context.Context, view *table.Table, file iceberg.DataFile, visit func(path string, position int64)) error {
	scan := view.Scan(table.WithMaxConcurrency(1), table.WithArrowBatchSize(batchRows))
	for batch, err := range readWhole(ctx, scan, file) {
		if err != nil {
			return err
		}
		paths, okPaths := batch.Column(0).(array.StringLike)
		positions, okPositions := batch.Column(1).(*array.Int64)
		if !okPaths || !okPositions {
			batch.Release()
			return errors.New("this is no file of position deletes")
		}
		for i := range int(batch.NumRows()) {
			visit(paths.Value(i), positions.Value(i))
		}
		batch.Release()
	}
	return nil
}

// addDeleted adds the positions that these delete files of one data file name.
func addDeleted(ctx context.Context, view *table.Table, files []iceberg.DataFile, to *roaring64.Bitmap) error {
	for _, file := range files {
		err := readDeletes(ctx, view, file, func(_ string, position int64) { to.Add(uint64(position)) }) //nolint:gosec // it was checked when main was read
		if err != nil {
			return err
		}
	}
	return nil
}

// readWhole reads the rows of a file in their order, none left out: what row comes when is its position.
func readWhole(ctx context.Context, scan *table.Scan, file iceberg.DataFile) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		_, batches, err := scan.ReadTasks(ctx, []table.FileScanTask{{File: file, Length: file.FileSizeBytes()}})
		if err != nil {
			yield(nil, err)
			return
		}
		for batch, err := range batches {
			if !yield(batch, err) {
				return
			}
		}
	}
}

// writeDeletes writes position-delete files that name these rows of one data file. They belong to no snapshot yet.
func writeDeletes(ctx context.Context, view *table.Table, run int64, of iceberg.DataFile, rows *roaring64.Bitmap) ([]iceberg.DataFile, error) {
	schema, err := table.SchemaToArrowSchema(iceberg.PositionalDeleteSchema, nil, true, false)
	if err != nil {
		return nil, fmt.Errorf("make the Arrow schema: %w", err)
	}
	batches := func(yield func(arrow.RecordBatch, error) bool) {
		builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		defer builder.Release()
		paths, okPaths := builder.Field(0).(*array.StringBuilder)
		positions, okPositions := builder.Field(1).(*array.Int64Builder)
		if !okPaths || !okPositions {
			yield(nil, errors.New("no way to write position deletes"))
			return
		}
		for at := rows.Iterator(); at.HasNext(); {
			for range batchRows {
				if !at.HasNext() {
					break
				}
				paths.Append(of.FilePath())
				positions.Append(int64(at.Next())) //nolint:gosec // a position in a file
			}
			if !yield(builder.NewRecordBatch(), nil) {
				return
			}
		}
	}
	var files []iceberg.DataFile
	for written, err := range table.WriteRecords(ctx, view, schema, batches, table.WithWriteUUID(writeUUID(run)), table.WithRecordBatchBufferSize(1)) {
		if err != nil {
			return files, fmt.Errorf("write a delete file: %w", err)
		}
		file, err := positionDeletes(written, of.FilePath())
		if err != nil {
			return files, err
		}
		files = append(files, file)
	}
	return files, nil
}

// positionDeletes says of a file that it holds position deletes of this data file. The bounds of file_path are whole:
// readers that do not know referenced_data_file go by them.
func positionDeletes(written iceberg.DataFile, of string) (iceberg.DataFile, error) {
	builder, err := iceberg.NewDataFileBuilder(*iceberg.UnpartitionedSpec, iceberg.EntryContentPosDeletes, plain(written.FilePath()), written.FileFormat(),
		nil, nil, nil, written.Count(), written.FileSizeBytes())
	if err != nil {
		return nil, fmt.Errorf("describe a delete file: %w", err)
	}
	lower, upper := map[int][]byte{}, map[int][]byte{}
	maps.Copy(lower, written.LowerBoundValues())
	maps.Copy(upper, written.UpperBoundValues())
	path := iceberg.PositionalDeleteSchema.Field(0).ID
	lower[path], upper[path] = []byte(of), []byte(of)
	return builder.ColumnSizes(written.ColumnSizes()).ValueCounts(written.ValueCounts()).NullValueCounts(written.NullValueCounts()).
		LowerBoundValues(lower).UpperBoundValues(upper).SplitOffsets(written.SplitOffsets()).ReferencedDataFile(of).Build(), nil
}
