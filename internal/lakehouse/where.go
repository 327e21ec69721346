package lakehouse

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Where gives the metadata location of each of these tables, from the catalog alone: no metadata file is read. Iceberg never changes
// such a file, so a table is as it was when its location is. A table that the catalog has not, or whose file is not there, as far as
// this machine tells without asking another one, is left out.
func (l *Lakehouse) Where(ctx context.Context, ids []dataflow.TableID) (map[dataflow.TableID]string, error) {
	where := map[dataflow.TableID]string{}
	c, err := l.reading(ctx)
	if errors.Is(err, errNoCatalog) {
		return where, nil
	}
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		at, err := c.metadataLocation(ctx, id)
		if err != nil {
			return nil, errSQLite("find", object(id), err)
		}
		if path, local := localPath(at); local {
			if !isWhole(path) {
				continue
			}
		}
		if at != "" {
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

// metadataLocation is empty for a table that the catalog has not.
func (c *sqlCatalog) metadataLocation(ctx context.Context, id dataflow.TableID) (string, error) {
	var at sql.NullString
	err := c.db.QueryRowContext(ctx, `SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?`,
		CatalogName, id.Database, id.Name).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return at.String, err
}
