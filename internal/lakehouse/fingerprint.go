package lakehouse

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/extsort"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/rowcodec"
)

// fingerprintBytes is how much of a row's SHA-256 stands for it. 128 bits of a cryptographic hash: two of ten million rows meet by chance
// once in 10^24 runs, and nobody can make a changed row pass for an unchanged one, as he could with a faster hash.
const fingerprintBytes = 16

// strange marks a row with a value in a column that the source lacks: another writer's. With the mark it differs from every row of the source.
const strange = 0xff

func fingerprint(encoded []byte) [fingerprintBytes]byte {
	sum := sha256.Sum256(encoded)
	return [fingerprintBytes]byte(sum[:])
}

// footprint is a row of the table as it is: its fingerprint, the data file it is in, and its position there.
type footprint struct {
	fingerprint [fingerprintBytes]byte
	file        int
	position    uint64
}

func (p footprint) append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, p.fingerprint[:]...), uint64(p.file)) //nolint:gosec // a position in a list
	return binary.AppendUvarint(dst, p.position)
}

func readFootprint(payload []byte) (footprint, error) {
	var p footprint
	if len(payload) <= fingerprintBytes {
		return p, rowcodec.ErrEncoding
	}
	copy(p.fingerprint[:], payload)
	payload = payload[fingerprintBytes:]
	file, size := binary.Uvarint(payload)
	if size <= 0 {
		return p, rowcodec.ErrEncoding
	}
	p.file = int(file) //nolint:gosec // written by append
	if p.position, size = binary.Uvarint(payload[size:]); size <= 0 {
		return p, rowcodec.ErrEncoding
	}
	return p, nil
}

// addFootprints adds the rows of a batch that begins at this position of the file, without those that are deleted.
func (to layout) addFootprints(prints *extsort.Sorter, batch arrow.RecordBatch, file int, position uint64, deleted *roaring64.Bitmap) error {
	readers := make([]reader, len(to.source.Columns))
	sourced := make([]bool, batch.NumCols())
	for i, field := range to.fields {
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
	keys := make([]array.StringLike, len(to.source.Key))
	for i, name := range to.source.Key {
		column := to.source.Index(name)
		key, ok := batch.Column(to.fields[column]).(array.StringLike)
		if !ok {
			return fmt.Errorf("column %s: the key is no text", name)
		}
		keys[i] = key
	}
	var key, row, payload []byte
	for i := range int(batch.NumRows()) {
		at := position + uint64(i)
		if deleted.Contains(at) {
			continue
		}
		key, row = key[:0], row[:0]
		for _, part := range keys {
			key = rowcodec.AppendKeyPart(key, part.Value(i)) // absent (another writer's row): the empty key, and so removed or changed
		}
		for _, read := range readers {
			row = read(row, i)
		}
		for _, other := range others {
			if other.IsValid(i) {
				row = append(row, strange)
			}
		}
		payload = footprint{fingerprint(row), file, at}.append(payload[:0])
		if err := prints.Add(key, payload); err != nil {
			return err
		}
	}
	return nil
}
