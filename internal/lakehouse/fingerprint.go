package lakehouse

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// fingerprintBytes is how much of a row's SHA-256 stands for it. 128 bits of a cryptographic hash: two of ten million rows meet by chance
// once in 10^24 runs, and nobody can make a changed row pass for an unchanged one, as he could with a faster hash.
const fingerprintBytes = 16

// strange marks a row that holds what the source cannot have given: a value in a column that the source lacks. It differs from every row of the source.
const strange = 0xff

func fingerprint(encoded []byte) [fingerprintBytes]byte {
	sum := sha256.Sum256(encoded)
	return [fingerprintBytes]byte(sum[:])
}

// footprint is a row of the table as it is: its fingerprint, and the data file it is in.
type footprint struct {
	fingerprint [fingerprintBytes]byte
	file        int
}

func (p footprint) append(dst []byte) []byte {
	return binary.AppendUvarint(append(dst, p.fingerprint[:]...), uint64(p.file)) //nolint:gosec // a position in a list
}

func readFootprint(payload []byte) (footprint, error) {
	var p footprint
	if len(payload) <= fingerprintBytes {
		return p, errEncoding
	}
	copy(p.fingerprint[:], payload)
	file, size := binary.Uvarint(payload[fingerprintBytes:])
	if size <= 0 {
		return p, errEncoding
	}
	p.file = int(file) //nolint:gosec // written by append
	return p, nil
}

// current is the rows that main has: their fingerprints sorted by key, and the data files they are in.
type current struct {
	prints *sorter
	files  []iceberg.DataFile
}

// readCurrent reads main of a table, a data file at a time, with the columns that the layout maps to the source's.
func (c codec) readCurrent(ctx context.Context, tbl *table.Table, to layout, spoolDir string, buffer int) (*current, error) {
	now := &current{prints: newSorter(spoolDir, buffer)}
	if tbl.CurrentSnapshot() == nil {
		return now, now.prints.seal()
	}
	scan := tbl.Scan(table.WithMaxConcurrency(1), table.WithArrowBatchSize(batchRows))
	tasks, err := scan.PlanFiles(ctx)
	if err != nil {
		return now, fmt.Errorf("plan the scan: %w", err)
	}
	ordinals := map[string]int{}
	for _, task := range tasks {
		ordinal, known := ordinals[task.File.FilePath()] // a large file is read in several tasks
		if !known {
			ordinal = len(now.files)
			ordinals[task.File.FilePath()] = ordinal
			now.files = append(now.files, task.File)
		}
		_, batches, err := scan.ReadTasks(ctx, []table.FileScanTask{task})
		if err != nil {
			return now, fmt.Errorf("read a data file: %w", err)
		}
		for batch, err := range batches {
			if err != nil {
				return now, fmt.Errorf("read a data file: %w", err)
			}
			err = c.addFootprints(now.prints, batch, to, ordinal)
			batch.Release()
			if err != nil {
				return now, err
			}
		}
	}
	return now, now.prints.seal()
}

func (c codec) addFootprints(to *sorter, batch arrow.RecordBatch, layout layout, file int) error {
	readers := make([]reader, len(c.schema.Columns))
	sourced := make([]bool, batch.NumCols())
	for i, field := range layout.fields {
		column := batch.Column(field)
		read, ok := newReader(column)
		if !ok {
			return fmt.Errorf("column %s: no way to read a %s", batch.ColumnName(field), column.DataType())
		}
		readers[i], sourced[field] = read, true
	}
	var others []arrow.Array
	for i := range sourced {
		if column := batch.Column(i); !sourced[i] && column.NullN() < column.Len() {
			others = append(others, column)
		}
	}
	keys := make([]array.StringLike, len(c.key))
	for i, column := range c.key {
		key, ok := batch.Column(layout.fields[column]).(array.StringLike)
		if !ok {
			return fmt.Errorf("column %s: the key is no text", c.schema.Columns[column].Name)
		}
		keys[i] = key
	}
	var key, row, payload []byte
	for i := range int(batch.NumRows()) {
		key, row = key[:0], row[:0]
		for _, part := range keys {
			key = appendKeyPart(key, part.Value(i)) // absent (another writer's row): the empty key, and so removed or changed
		}
		for _, read := range readers {
			row = read(row, i)
		}
		for _, other := range others {
			if other.IsValid(i) {
				row = append(row, strange)
			}
		}
		payload = footprint{fingerprint(row), file}.append(payload[:0])
		if err := to.add(key, payload); err != nil {
			return err
		}
	}
	return nil
}
