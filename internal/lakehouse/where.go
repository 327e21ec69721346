package lakehouse

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Where implements dataflow.Tables, from the catalog alone: Iceberg never changes a metadata file, so a table is as it was when its location is.
// Whether a file is gone is looked up on this machine's own file systems only.
func (l *Lakehouse) Where(ctx context.Context, ids []dataflow.TableID) (map[dataflow.TableID]string, error) {
	where := map[dataflow.TableID]string{}
	c, err := l.reading(ctx)
	if errors.Is(err, errNoCatalog) {
		return where, nil
	}
	if err != nil {
		return nil, err
	}
	found, err := c.MetadataLocations(ctx, ids)
	if err != nil {
		return nil, c.Explain("find", "tables", err)
	}
	for id, at := range found {
		if path, local := localPath(at); !local || isWhole(path) {
			where[id] = at
		}
	}
	return where, nil
}

// isWhole says whether a metadata file is there and ends as JSON does: one that was cut off does not.
func isWhole(path string) bool {
	if strings.HasSuffix(path, ".gz.metadata.json") || strings.HasSuffix(path, ".zstd.metadata.json") {
		_, err := os.Stat(path)
		return err == nil
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }() // it is only read
	end := make([]byte, 2)
	info, err := file.Stat()
	if err != nil || info.Size() < int64(len(end)) {
		return false
	}
	if _, err := file.ReadAt(end, info.Size()-int64(len(end))); err != nil {
		return false
	}
	return bytes.HasSuffix(bytes.TrimSpace(end), []byte("}"))
}
