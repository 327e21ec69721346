package lakehouse

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/puffin"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/rowcodec"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/theta"
)

// propertyDistinct is the property of a blob with a theta sketch from which Trino and Spark take the number of distinct values:
// https://iceberg.apache.org/puffin-spec/#apache-datasketches-theta-v1-blob-type.
const propertyDistinct = "ndv"

// distinctCounter counts the distinct values of a table's columns, for the planners of engines that join and group it.
//
// A sketch has hashes without a key of some values: whoever has a value can look whether it is there. So a column without bounds has no sketch either.
type distinctCounter struct {
	kinds    []dataflow.ColumnType
	sketches []*theta.Sketch // per column of the source; nil: none is made
	value    []byte
}

func newDistinctCounter(to layout, source dataflow.Schema, given iceberg.Properties) *distinctCounter {
	c := &distinctCounter{sketches: make([]*theta.Sketch, len(source.Columns))}
	bounds := hasBounds(to, source, given)
	for i, column := range source.Columns {
		c.kinds = append(c.kinds, column.Type)
		if bounds[i] && column.Type != dataflow.TextMap {
			c.sketches[i] = &theta.Sketch{}
		}
	}
	return c
}

// add takes in an encoded row of the table.
func (c *distinctCounter) add(encoded []byte) error {
	in := rowcodec.Read(encoded)
	for i, kind := range c.kinds {
		if !in.Present() {
			continue
		}
		value, err := c.next(&in, kind)
		if err != nil {
			return err
		}
		if c.sketches[i] != nil && in.Err() == nil {
			c.sketches[i].Add(value)
		}
	}
	return in.Err()
}

// next reads a value, and gives it as https://iceberg.apache.org/spec/#binary-single-value-serialization has it, until the next call.
func (c *distinctCounter) next(in *rowcodec.Cursor, kind dataflow.ColumnType) ([]byte, error) {
	switch kind {
	case dataflow.String:
		return in.Text(), nil
	case dataflow.Boolean:
		c.value = append(c.value[:0], 0)
		if in.Boolean() {
			c.value[0] = 1
		}
	case dataflow.Number:
		high, low := in.Number()
		return iceberg.DecimalLiteral{Val: decimal128.New(high, low), Scale: dataflow.DecimalScale}.MarshalBinary()
	case dataflow.Long, dataflow.Timestamp:
		c.value = binary.LittleEndian.AppendUint64(c.value[:0], uint64(in.Long())) //nolint:gosec // the bits, not the number
	case dataflow.TextMap:
		for entries := in.Length(); entries > 0 && in.Err() == nil; entries-- {
			in.Text()
			in.Text()
		}
		return nil, nil
	default:
		return nil, fmt.Errorf("there is no column type %q", kind)
	}
	return c.value, nil
}

// file makes the statistics file of a snapshot. It gives no content where no column has a sketch.
func (c *distinctCounter) file(to layout, snapshot *table.Snapshot) (table.StatisticsFile, []byte, error) {
	stats := table.StatisticsFile{SnapshotID: snapshot.SnapshotID}
	var content bytes.Buffer
	out, err := puffin.NewWriter(&content)
	if err != nil {
		return stats, nil, err
	}
	for i, sketch := range c.sketches {
		if sketch == nil {
			continue
		}
		written, err := sketch.AppendBinary(nil)
		if err != nil {
			return stats, nil, err
		}
		blob := table.BlobMetadata{
			Type: table.BlobTypeApacheDatasketchesThetaV1, SnapshotID: snapshot.SnapshotID, SequenceNumber: snapshot.SequenceNumber,
			Fields:     []int32{int32(to.schema.Field(to.fields[i]).ID)}, //nolint:gosec // a field's id: the spec's int
			Properties: map[string]string{propertyDistinct: strconv.FormatInt(sketch.Distinct(), 10)},
		}
		if _, err := out.AddBlob(puffin.BlobMetadataInput{
			Type: puffin.BlobTypeDataSketchesTheta, SnapshotID: blob.SnapshotID, SequenceNumber: blob.SequenceNumber, Fields: blob.Fields, Properties: blob.Properties,
		}, written); err != nil {
			return stats, nil, err
		}
		stats.BlobMetadata = append(stats.BlobMetadata, blob)
	}
	if len(stats.BlobMetadata) == 0 {
		return stats, nil, nil
	}
	if err := out.Finish(); err != nil {
		return stats, nil, err
	}
	stats.FileSizeInBytes = int64(content.Len())
	stats.FileFooterSizeInBytes = footerSize(content.Bytes())
	return stats, content.Bytes(), nil
}

// footerSize is how long a Puffin file's footer is, with its magic at both ends: https://iceberg.apache.org/puffin-spec/#footer-structure.
func footerSize(file []byte) int64 {
	const payloadSize, flags, magic = 4, 4, puffin.MagicSize
	tail := file[len(file)-payloadSize-flags-magic:]
	return int64(binary.LittleEndian.Uint32(tail)) + magic + payloadSize + flags + magic
}
